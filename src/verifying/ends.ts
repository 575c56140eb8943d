import type { Fault } from './faults.ts'
import type { Part } from './parts.ts'
import type { Description } from './reading/jobs.ts'
import type { Walk } from './walk.ts'

/** What something beside a history says of it: a copy's manifest. */
export type Expected = {
  readonly who: string
  readonly events: number
  readonly firstPosition: string
  readonly lastPosition: string
  readonly root?: string
  /** It came from an embedded store, whose positions have no gaps. */
  readonly isContiguous?: boolean
}

/** Whether the history ends where it has to. */
export const createEnds = ({ reads }: Description) => {
  let end: Part['end']
  let more = 0
  let first = 0n
  let last = 0n
  return {
    take: (part: Part): void => {
      // Whatever comes in the parts behind the end.
      if (end !== undefined) more += part.hashes.length
      end ??= part.end
      more += part.more ?? 0
      if (first === 0n) first = part.positions[0] ?? 0n
      last = part.positions.at(-1) ?? last
    },
    /** `isWhole`: then the root says something of its own. */
    faults: async (
      walk: Walk,
      expected: Expected | undefined,
      isWhole: boolean,
    ): Promise<readonly Fault[]> => {
      const found = { events: walk.size(), firstPosition: String(first), lastPosition: String(last) }
      const root = isWhole ? (await walk.rootAt(walk.size())).toString('base64') : undefined
      const next = String(last + 1n)
      const said: readonly (Expected | Omit<Expected, 'firstPosition'>)[] = [
        ...(end === undefined ? [] : [{ who: 'its last line', ...end }]),
        ...(expected === undefined ? [] : [expected]),
      ]
      return [
        ...(reads === 'bytes' && end === undefined
          ? [{ kind: 'end', position: next, detail: 'it has no last line that says where it ends' } as const]
          : []),
        ...(more > 0
          ? [{ kind: 'end', position: next, detail: 'something stands behind its last line' } as const]
          : []),
        ...said.flatMap((saying) =>
          disagreements(saying, { ...found, ...(root === undefined ? {} : { root }) }, next),
        ),
      ]
    },
  }
}

type Found = Omit<Expected, 'who'>

const disagreements = (
  said: Expected | Omit<Expected, 'firstPosition'>,
  found: Found,
  position: string,
): readonly Fault[] => {
  const first = 'firstPosition' in said ? said.firstPosition : found.firstPosition
  const differing = [
    ['events', said.events, found.events],
    ['the first position', first, found.firstPosition],
    ['the last position', said.lastPosition, found.lastPosition],
    ['the root', said.root ?? found.root, found.root ?? said.root],
  ].filter(([, a, b]) => a !== b)
  if (differing.length === 0) return []
  const [name, a, b] = differing[0] ?? []
  return [
    { kind: 'end', position, detail: `${said.who} says ${name ?? ''} ${a ?? ''}, here it is ${b ?? ''}` },
  ]
}
