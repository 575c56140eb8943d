import type { Encode } from './timelimit-client.ts'

/** What the devices of a family have in common. */
export type Family = {
  readonly parentId: string
  /** What a parent signs with. */
  readonly secondHash: string
  readonly childIds: readonly string[]
  /** The first half is the first child's. */
  readonly categoryIds: readonly string[]
  /** What the server has acknowledged, in milliseconds: the name of a counter or session → its sum. */
  readonly used: Map<string, number>
}

export type Device = {
  readonly family: Family
  readonly id: string
  readonly token: string
  /** Categories that it charges: those of its child; a parent's device lends itself to every child. */
  readonly charges: readonly string[]
  readonly isParents: boolean
  readonly encode: Encode
  readonly seen: Versions
  readonly prepared: Push[]
  /** Of the next action. */
  sequenceNumber: number
  /** Pushes so far. Devices begin at different numbers, or the pushes of 50 would come together. */
  made: number
}

/** A request, ready to be written, and what it adds to the sums once it is acknowledged. */
export type Push = { readonly request: Buffer; readonly actions: number; readonly adds: readonly Added[] }

export type Added = { readonly counter: string; readonly ms: number }

export type Versions = {
  devices: string
  users: string
  dh: string
  u2f: string
  readonly categories: Record<string, CategoryVersions>
}

export type CategoryVersions = { base: string; apps: string; rules: string; usedTime: string; tasks: string }

export const createDevice = (
  of: Pick<Device, 'family' | 'id' | 'token' | 'charges' | 'isParents' | 'encode' | 'made'>,
): Device => ({ ...of, seen: nothingSeen(), prepared: [], sequenceNumber: 0 })

export const nothingSeen = (): Versions => ({ devices: '', users: '', dh: '', u2f: '', categories: {} })
