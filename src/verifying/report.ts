import type { JsonObject } from '../json.ts'
import type { FaultGroup } from './faults.ts'
import type { Verdict } from './verify.ts'

export const verdictJson = (verdict: Verdict): JsonObject => {
  const { what, events, firstPosition, lastPosition, root, tree, heads, faults, notes } = verdict
  const { newest, last: _last, ...counts } = heads
  return {
    holds: faults.length === 0,
    ...{ what, events, firstPosition, lastPosition, root, tree },
    heads: {
      ...counts,
      ...(newest === undefined
        ? {}
        : { newest: { position: newest.position, size: newest.note.size, note: newest.note.text } }),
    },
    faults: faults.map((fault) => ({ ...fault })),
    notes: [...notes],
  }
}

export const verdictText = (verdict: Verdict): string => {
  const { what, events, firstPosition, lastPosition, root, faults, notes } = verdict
  return [
    `${what}: ${events} events${events > 0 ? `, positions ${firstPosition} to ${lastPosition}` : ''}`,
    `root: ${root}`,
    treeText(verdict),
    ...headsText(verdict),
    ...notes,
    ...faults.map(faultText),
    faults.length === 0 ? 'It holds.' : 'It does not hold.',
  ].join('\n')
}

const treeText = ({ tree }: Verdict): string => {
  if ('none' in tree) return `tree: none (${tree.none}): a changed event shows only before a signed head`
  return `tree: ${tree.size} events${tree.notCovered > 0 ? `; ${tree.notCovered} behind it are not covered by it yet` : ''}`
}

const headsText = ({ heads }: Verdict): readonly string[] => {
  const { count, covered, notCovered, key, isPinned } = heads
  if (count === 0) return ['signed heads: none: who can write the stores could have changed all of it']
  return [
    `signed heads: ${count}, the newest that holds over ${covered} events${notCovered > 0 ? `; ${notCovered} behind it are not covered yet` : ''}`,
    `key: ${key ?? '?'}${isPinned ? '' : ' (found in the history itself: compare it, or name it with --key)'}`,
  ]
}

const faultText = ({ kind, detail, position, stream, revision, count }: FaultGroup): string => {
  const event = stream === undefined ? '' : ` (${stream}, revision ${revision ?? '?'})`
  const where = position === undefined ? '' : ` at position ${position}${event}`
  return `FAULT ${kind}${where}: ${detail}${count > 1 ? ` — and ${count - 1} more of this kind` : ''}`
}
