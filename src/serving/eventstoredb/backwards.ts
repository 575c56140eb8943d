import { HISTORY_PAGE_BYTES, HISTORY_PAGE_EVENTS } from '../../limits.ts'
import type { History, Page } from '../../history/port.ts'

/** An event that is wanted, as it will be sent. */
export type Picked = { readonly position: bigint; readonly bytes: Buffer }

export type BackwardsOptions = {
  /** How many are asked for. */
  readonly count: number
  readonly pick: (page: Page) => readonly Picked[]
  readonly closed: () => boolean
}

/**
 * What lies before a position, the newest first. The history is read forwards only, so a window before the position is read and turned
 * round. Of what is wanted in it no more than a page is kept, and the next window ends where that begins: memory stays bounded whatever
 * the size of the events.
 */
export async function* backwards(
  history: History,
  from: bigint,
  options: BackwardsOptions,
): AsyncGenerator<readonly Buffer[]> {
  let before = from
  let window = BigInt(Math.min(options.count, FIRST_WINDOW))
  while (before > 1n && !options.closed()) {
    const after = before > window ? before - window - 1n : 0n
    const { kept, reached } = await lastOf(history, { after, before }, options)
    if (kept.length > 0) yield kept.map(({ bytes }) => bytes).reverse()
    before = reached
    // Larger while nothing is found, and no larger than what can be kept otherwise.
    const most = kept.length === 0 ? window * 2n : min(window * 2n, PAGE)
    window = reached > after + 1n ? min(BigInt(kept.length) * 2n, PAGE) : most
  }
}

/** Positions that are looked at first: how large the events are is not known yet. */
const FIRST_WINDOW = 32
const PAGE = BigInt(HISTORY_PAGE_EVENTS)
const min = (a: bigint, b: bigint): bigint => (a < b ? a : b)

/** The last page of what is wanted between two positions, and how far down it reaches. */
const lastOf = async (
  history: History,
  { after, before }: { readonly after: bigint; readonly before: bigint },
  { pick, closed }: BackwardsOptions,
): Promise<{ readonly kept: readonly Picked[]; readonly reached: bigint }> => {
  let kept: readonly Picked[] = []
  let reached = after + 1n
  // As many as there are positions between the two is as many as can be there.
  for await (const page of history.readAll({ after, limit: Number(before - after - 1n) })) {
    const inside = page.filter(({ position }) => position < before)
    const found = [...kept, ...pick(inside)]
    kept = lastPage(found)
    if (kept.length < found.length) reached = kept[0]?.position ?? reached
    if (inside.length < page.length || closed()) break
  }
  return { kept, reached }
}

/** At least one, if there is one. */
const lastPage = (found: readonly Picked[]): readonly Picked[] => {
  let first = found.length
  let bytes = 0
  while (first > 0 && found.length - first < HISTORY_PAGE_EVENTS) {
    bytes += found[first - 1]?.bytes.length ?? 0
    if (bytes > HISTORY_PAGE_BYTES && first < found.length) break
    first -= 1
  }
  return found.slice(first)
}
