import { setTimeout as pause } from 'node:timers/promises'
import type { Documents } from '../documents/port.ts'
import { EVENT_TYPES, isOurStream, OUR_PREFIXES, type EventType } from '../domain/event-types.ts'
import type { History, StoredEvent } from '../history/port.ts'
import { KINDS_RETRY_MS } from '../limits.ts'
import { AUDIT, KINDS_ID, kindsIn, STATE_ID, stateIn, TREE } from '../proofs/collections.ts'

/** A type of event at a schema, and where it stands first. */
export type StoredKind = {
  readonly type: string
  readonly schema: number
  readonly position: bigint
  readonly stream: string
}

export type KindsParts = {
  /** As it is stored: sealed, and with the schemas that were written. */
  readonly stored: Pick<History, 'readAll' | 'head'>
  readonly documents: Pick<Documents, 'get'>
  /** Those that this version reads. */
  readonly types?: ReadonlyMap<string, Pick<EventType, 'schema'>>
}

/** The history has events of ours that this version cannot read. */
export class UnknownKinds extends Error {
  override readonly name = 'UnknownKinds'
  constructor(kinds: readonly StoredKind[]) {
    super(`the history has events that this version does not know: ${kinds.map(kindText).join('; ')}`)
  }
}

/**
 * What our streams have and this version cannot bring up to a current schema: types that it does not know, schemas of a newer one. The keeper
 * of the tree notes every type and schema up to where it stands; only what is behind that is read, or all if there are no notes.
 */
export const unknownKinds = async (parts: KindsParts): Promise<readonly StoredKind[]> => {
  const types = parts.types ?? EVENT_TYPES
  const isKnown = (type: string, schema: number): boolean => {
    const current = types.get(type)?.schema
    return current !== undefined && Number.isInteger(schema) && schema >= 1 && schema <= current
  }
  const head = await parts.stored.head()
  const noted = await notedKinds(parts.documents, head)
  const found = new Map<string, StoredKind>()
  const look = ({ type, meta: { schema }, position, stream }: StoredEvent): void => {
    if (isKnown(type, schema) || !isOurStream(stream)) return
    const name = `${schema} ${type}`
    if (!found.has(name)) found.set(name, { type, schema, position, stream })
  }
  for (const { type, schema, first } of noted.kinds) {
    if (isKnown(type, schema)) continue
    for await (const page of parts.stored.readAll({ after: first - 1n, limit: 1 })) page.forEach(look)
  }
  for await (const page of parts.stored.readAll({ after: noted.upTo, prefixes: OUR_PREFIXES })) {
    page.forEach(look)
    if ((page.at(-1)?.position ?? head) >= head) break
  }
  return [...found.values()]
}

/** For who projects or decides in a process of its own. Rejects with `UnknownKinds`. */
export const refuseUnknownKinds = async (parts: KindsParts): Promise<void> => {
  const unknown = await unknownKinds(parts)
  if (unknown.length > 0) throw new UnknownKinds(unknown)
}

export type KindsCheck = {
  /** Why nothing may be written or projected yet. */
  readonly missing: () => string | undefined
  /** Resolves when all stored events are known. Rejects with `UnknownKinds`, or when it is closed before. */
  readonly through: Promise<void>
  readonly close: () => void
}

/**
 * Before anything is decided or projected: whoever passes over an event that it does not know has lost it. Shared stores may be away for now, and are
 * tried again.
 */
export const startKindsCheck = (parts: KindsParts & { readonly isShared: boolean }): KindsCheck => {
  const closing = new AbortController()
  let missing: string | undefined = 'the stored events are being looked through'
  const run = async (): Promise<void> => {
    for (;;) {
      try {
        await refuseUnknownKinds(parts)
        missing = undefined
        return
      } catch (error) {
        missing = error instanceof Error ? error.message : String(error)
        if (!parts.isShared || error instanceof UnknownKinds) throw error
      }
      await pause(KINDS_RETRY_MS, undefined, { signal: closing.signal })
    }
  }
  const through = run()
  // Who is interested asks for it; nobody may be.
  through.catch(() => undefined)
  return { missing: () => missing, through, close: () => closing.abort() }
}

const kindText = ({ type, schema, position, stream }: StoredKind): string =>
  `${type} at schema ${schema}, first at position ${position} in ${stream}`

type Noted = {
  readonly upTo: bigint
  readonly kinds: readonly { readonly type: string; readonly schema: number; readonly first: bigint }[]
}

const NOTHING_NOTED: Noted = { upTo: 0n, kinds: [] }

/** The state is written after the kinds, so these are complete up to it. Notes that are ahead of the history are of another one. */
const notedKinds = async (documents: Pick<Documents, 'get'>, head: bigint): Promise<Noted> => {
  const state = stateIn((await documents.get(TREE, STATE_ID))?.value)
  const kinds = kindsIn((await documents.get(AUDIT, KINDS_ID))?.value)
  // Documents without kinds are damaged.
  if (state === undefined || kinds.length === 0 || state.position > head) return NOTHING_NOTED
  return { upTo: state.position, kinds: kinds.map((kind) => ({ ...kind, first: BigInt(kind.first) })) }
}
