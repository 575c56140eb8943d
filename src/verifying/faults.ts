/**
 * What does not fit, and where. Numbers are text, because JSON's end at 2^53.
 *
 * - `unreadable`: damage, up to a store that ends or hangs whoever reads it.
 * - `missing`: a position, a line or an event that has to be there.
 * - `order`: a position that does not grow.
 * - `shape`: no event, or not as events are written.
 * - `leaf`: another event than the tree was made of.
 * - `revision`: a stream's events do not count 0, 1, 2, …
 * - `index`: the embedded store's index of streams does not agree with the records.
 * - `tree`: the stored tree does not agree with itself.
 * - `head`: a signed head that is not one, or that commits to another history.
 * - `end`: what says how much there is does not agree with what is there.
 * - `part`: another file of a copy is not the one that was written.
 */
export type FaultKind =
  | 'unreadable'
  | 'missing'
  | 'order'
  | 'shape'
  | 'leaf'
  | 'revision'
  | 'index'
  | 'tree'
  | 'head'
  | 'end'
  | 'part'

export type Fault = {
  readonly kind: FaultKind
  readonly detail: string
  readonly position?: string
  readonly stream?: string
  readonly revision?: string
}

/** The first of each kind in order of position, and how many there were. */
export type FaultGroup = Fault & { readonly count: number }

/** Collected as they come, one group a kind: a history of which all is wrong has a fault for each event. */
export type Faults = {
  readonly add: (fault: Fault) => void
  /** No fault was found that by itself makes every later root another one. */
  readonly isWhole: () => boolean
  /** In order of where they are; what has no place comes last. */
  readonly groups: () => readonly FaultGroup[]
}

export const createFaults = (): Faults => {
  const groups = new Map<FaultKind, FaultGroup>()
  return {
    add: (fault) => {
      const known = groups.get(fault.kind)
      const first = known === undefined || compareFaults(fault, known) < 0 ? fault : known
      groups.set(fault.kind, { ...first, count: (known?.count ?? 0) + 1 })
    },
    isWhole: () => !CONTENT.some((kind) => groups.has(kind)),
    groups: () => [...groups.values()].sort(compareFaults),
  }
}

const CONTENT: readonly FaultKind[] = ['unreadable', 'missing', 'order', 'shape', 'leaf', 'revision']

const compareFaults = (a: Fault, b: Fault): number => {
  if (a.position === undefined || b.position === undefined)
    return Number(a.position === undefined) - Number(b.position === undefined)
  const difference = BigInt(a.position) - BigInt(b.position)
  return difference < 0n ? -1 : Number(difference > 0n)
}
