/**
 * Numbers of messages as ranges, ascending and never adjacent. `n` of a range's messages were marked, and `others` are another's: these and
 * deleted ones, which fill gaps as the user's own do.
 */
export type Span = { readonly from: number; readonly to: number; readonly n: number; readonly others: number }
export type Spans = readonly Span[]

export const covers = (spans: Spans, seq: number): boolean => {
  let low = 0
  let high = spans.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const span = spans[middle]
    if (span === undefined || seq < span.from) high = middle - 1
    else if (seq > span.to) low = middle + 1
    else return true
  }
  return false
}

/** With those numbers, as far as they are not covered yet. One that is named twice is what it is named first. */
export const covering = (
  spans: Spans,
  marked: readonly number[],
  filling: { readonly gone?: readonly number[]; readonly mine?: readonly number[] } = {},
): Spans => {
  const added = new Map<number, Span>()
  const add = (seqs: readonly number[], n: number, others: number): void => {
    for (const seq of seqs)
      if (!added.has(seq) && !covers(spans, seq)) added.set(seq, { from: seq, to: seq, n, others })
  }
  add(marked, 1, 1)
  add(filling.gone ?? [], 0, 1)
  add(filling.mine ?? [], 0, 0)
  return joined([...spans, ...added.values()].sort((a, b) => a.from - b.from))
}

/** What lies above a number; no span may begin below it and end above. */
export const above = (spans: Spans, seq: number): Spans =>
  spans.every(({ to }) => to > seq) ? spans : spans.filter(({ to }) => to > seq)

/** Of another's messages. */
export const othersIn = (spans: Spans): number => spans.reduce((sum, { others }) => sum + others, 0)

const joined = (sorted: Spans): Spans => {
  const result: Span[] = []
  for (const span of sorted) {
    const last = result.at(-1)
    if (last !== undefined && last.to + 1 === span.from)
      result[result.length - 1] = {
        from: last.from,
        to: span.to,
        n: last.n + span.n,
        others: last.others + span.others,
      }
    else result.push(span)
  }
  return result
}
