import * as E from 'fp-ts/lib/Either.js'
import { FOREIGN_META, foreignEvent, foreignOf } from '../../history/foreign.ts'
import { isMeta } from '../../history/event-json.ts'
import type { EventMeta, NewEvent, StoredEvent } from '../../history/port.ts'
import { parseJsonObject } from '../../http/json-body.ts'
import { accessDenied, invalidArgument, type Refusal } from './refusals.ts'
import type { EventCodec, Positions, Proposed, Recorded } from './served.ts'

/**
 * `closed`: beside a running server, whose own streams nobody else writes. `import`: whatever has the form of an event of ours is stored as
 * one, in any stream, so that a history can be copied here.
 */
export type Mode = 'closed' | 'import'

/** Ours go out as the `eventstoredb` adapter writes them, sealed fields sealed; those of others as they came in. */
export const storedCodec = (mode: Mode): EventCodec => ({
  toNew: (event, stream) => {
    const own = mode === 'import' ? ownEvent(event) : undefined
    if (own !== undefined) return own
    if (isOwnStream(stream)) throw invalidArgument('an event of this stream has JSON as data and as meta')
    return foreignEvent(event.id, event, metaOf(event))
  },
  toRecorded: (event) => ({ ...contentOf(event), ...placeOf(event) }),
  typeOf: (event) => foreignOf(event)?.type ?? event.type,
})

/** What nobody may append: what only a server writes, and beside a running server what is ours. */
export const refuserOf =
  (mode: Mode) =>
  (stream: string, events: readonly Proposed[]): Refusal | undefined => {
    if (stream.startsWith('$') || events.some(({ type }) => type.startsWith('$')))
      return accessDenied('What begins with $ is written by the server alone')
    if (mode === 'closed' && isOwnStream(stream))
      return accessDenied('Streams of Headwater are written by its own commands alone')
    return undefined
  }

/** Of the contexts, and of claims (decisions 3). */
export const OWN_PREFIXES = ['stores.', 'timelimit.', 'afrodite.', 'cc.', 'platform.', 'claim-'] as const

/** The commit and the prepare position of an event are its position. */
export const samePositions: Positions = { toWire: (position) => position, fromWire: (position) => position }

const isOwnStream = (stream: string): boolean => OWN_PREFIXES.some((prefix) => stream.startsWith(prefix))

const ownEvent = ({ id, type, contentType, data, metadata }: Proposed): NewEvent | undefined => {
  if (contentType !== JSON_TYPE) return undefined
  const [content, meta] = [parseJsonObject(bufferOf(data)), parseJsonObject(bufferOf(metadata))]
  if (E.isLeft(content) || E.isLeft(meta) || !isMeta(meta.right)) return undefined
  return { id, type, data: content.right, meta: meta.right }
}

/** Who wrote it is not known here; a correlation is, where the client keeps to the convention of EventStoreDB. */
const metaOf = ({ id, metadata }: Proposed): EventMeta => {
  const parsed = parseJsonObject(bufferOf(metadata))
  const correlationId = E.isRight(parsed) ? parsed.right['$correlationId'] : undefined
  return {
    at: Date.now(),
    actor: 'foreign:client:eventstoredb',
    commandId: id,
    correlationId: typeof correlationId === 'string' && UUID.test(correlationId) ? correlationId : id,
    schema: 1,
    via: { protocol: 'eventstoredb' },
  }
}

const contentOf = (
  event: StoredEvent,
): Pick<Recorded, 'type' | 'contentType' | 'data' | 'metadata' | 'more'> => {
  const meta = JSON.stringify(event.meta)
  const foreign = foreignOf(event)
  if (foreign !== undefined) return { ...foreign, more: [FOREIGN_META, meta] }
  return {
    type: event.type,
    contentType: JSON_TYPE,
    data: Buffer.from(JSON.stringify(event.data)),
    metadata: Buffer.from(meta),
  }
}

const placeOf = ({ id, stream, revision, position, meta: { at } }: StoredEvent) => ({
  ...{ id, stream, revision, position },
  created: Number.isSafeInteger(at) && at >= 0 ? at : 0,
})

const bufferOf = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength)

const JSON_TYPE = 'application/json'
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
