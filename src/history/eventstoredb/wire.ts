import { randomBytes } from 'node:crypto'
import emptyMessages from 'google-protobuf/google/protobuf/empty_pb.js'
import shared from '@eventstore/db-client/generated/shared_pb.js'
import streams from '@eventstore/db-client/generated/streams_pb.js'
import type {
  BatchAppendReq,
  BatchAppendResp,
  ReadReq,
  ReadResp,
} from '@eventstore/db-client/generated/streams_pb.js'
import type { Status } from '@eventstore/db-client/generated/status_pb.js'
import { isObject, type Json, type JsonObject } from '../../json.ts'
import { FOREIGN_META, foreignEvent } from '../foreign.ts'
import type {
  Appended,
  AppendFailure,
  Direction,
  EventMeta,
  Expected,
  NewEvent,
  StoredEvent,
} from '../port.ts'

export type Recorded = ReadResp.ReadEvent.RecordedEvent

export type StreamRead = {
  readonly stream: string
  readonly from: bigint | 'start' | 'end'
  readonly direction: Direction
  readonly count: number
}

export const streamRequest = ({ stream, from, direction, count }: StreamRead): ReadReq => {
  const options = new streams.ReadReq.Options.StreamOptions()
  options.setStreamIdentifier(identifierOf(stream))
  if (from === 'start') options.setStart(new shared.Empty())
  else if (from === 'end') options.setEnd(new shared.Empty())
  else options.setRevision(from.toString())
  return requestOf((request) => {
    request.setStream(options)
    request.setNoFilter(new shared.Empty())
    request.setCount(count.toString())
    request.setReadDirection(directionOf(direction))
  })
}

export type WholeRead = {
  /** Inclusive forwards; positions begin above 0n. */
  readonly from: bigint | 'start' | 'end'
  readonly direction: Direction
  readonly count: number
  readonly prefixes?: readonly string[] | undefined
}

export const wholeRequest = ({ from, direction, count, prefixes }: WholeRead): ReadReq =>
  requestOf((request) => {
    request.setAll(allFrom(from))
    request.setFilter(filterOf(prefixes, SEARCH_WINDOW_EVENTS))
    request.setCount(count.toString())
    request.setReadDirection(directionOf(direction))
  })

/** Everything behind `after` that is not the server's own, and then what comes. */
export const subscriptionRequest = (after: bigint): ReadReq =>
  requestOf((request) => {
    request.setAll(allFrom(after > 0n ? after : 'start'))
    request.setFilter(filterOf(undefined, undefined))
    request.setSubscription(new streams.ReadReq.Options.SubscriptionOptions())
  })

export const appendRequest = (
  correlation: bigint,
  stream: string,
  expected: Expected,
  events: readonly EncodedEvent[],
): BatchAppendReq => {
  const options = new streams.BatchAppendReq.Options()
  options.setStreamIdentifier(identifierOf(stream))
  if (expected === 'any') options.setAny(new emptyMessages.Empty())
  else if (expected === 'none') options.setNoStream(new emptyMessages.Empty())
  else options.setStreamPosition(expected.toString())
  const request = new streams.BatchAppendReq()
  request.setCorrelationId(correlationOf(correlation))
  request.setOptions(options)
  request.setProposedMessagesList(events.map(({ message }) => message))
  request.setIsFinal(true)
  return request
}

export type EncodedEvent = {
  /** At least the length of data and meta as JSON. */
  readonly text: string
  readonly message: BatchAppendReq.ProposedMessage
}

export const encodedEvent = ({ id, type, data, meta }: NewEvent): EncodedEvent => {
  const [dataText, metaText] = [JSON.stringify(data), JSON.stringify(meta)]
  const uuid = new shared.UUID()
  uuid.setString(id)
  const message = new streams.BatchAppendReq.ProposedMessage()
  message.setId(uuid)
  message.getMetadataMap().set('type', type).set('content-type', 'application/json')
  message.setData(Buffer.from(dataText))
  message.setCustomMetadata(Buffer.from(metaText))
  return { text: dataText + metaText, message }
}

/** The number that `appendRequest` was given; `undefined` for what was never asked. */
export const correlationOfAnswer = (answer: BatchAppendResp): bigint | undefined => {
  const id = answer.getCorrelationId()
  if (id === undefined) return undefined
  const structured = id.getStructured()
  if (structured !== undefined) return BigInt(structured.getLeastSignificantBits())
  const text = id.getString().replaceAll('-', '')
  return /^[0-9a-f]{32}$/i.test(text) ? BigInt(`0x${text.slice(16)}`) : undefined
}

export type AppendAnswer =
  | { readonly _tag: 'Right'; readonly right: Appended }
  | { readonly _tag: 'Left'; readonly left: AppendFailure }

/** `bytes`: those of the append, for a server whose own limit is lower than ours. Never throws. */
export const outcomeOf = (answer: BatchAppendResp, bytes: number): AppendAnswer => {
  try {
    const error = answer.getError()
    if (error !== undefined) return { _tag: 'Left', left: failureOf(error, bytes) }
    const position = answer.getSuccess()?.getPosition()?.getCommitPosition()
    const revision = answer.getSuccess()?.getCurrentRevision()
    if (position !== undefined && revision !== undefined)
      return { _tag: 'Right', right: { revision: BigInt(revision), position: BigInt(position) } }
  } catch {
    // Not understood is not known either.
  }
  return { _tag: 'Left', left: { _tag: 'Unknown', reason: 'the answer says no place' } }
}

const failureOf = (error: Status, bytes: number): AppendFailure => {
  const details = error.getDetails()
  const name = details?.getTypeName() ?? ''
  const kind = name.slice(name.lastIndexOf('.') + 1)
  if (kind === 'WrongExpectedVersion') {
    const wrong = details?.unpack((binary) => shared.WrongExpectedVersion.deserializeBinary(binary), name)
    const known = wrong?.hasCurrentStreamRevision() === true
    return { _tag: 'WrongRevision', actual: known ? BigInt(wrong.getCurrentStreamRevision()) : 'none' }
  }
  if (kind === 'MaximumAppendSizeExceeded') return { _tag: 'TooLarge', bytes }
  const reason = `${kind}: ${error.getMessage()}`
  return { _tag: REFUSED.has(kind) ? 'Unavailable' : 'Unknown', reason }
}

/** What the server says before it writes; `Empty` is how it says that it is not ready, or busy. */
const REFUSED = new Set(['AccessDenied', 'StreamDeleted', 'Empty'])

export const positionOf = (recorded: Recorded): bigint => BigInt(recorded.getCommitPosition())
export const revisionOf = (recorded: Recorded): bigint => BigInt(recorded.getStreamRevision())
export const bytesOf = (recorded: Recorded): number =>
  recorded.getData_asU8().length + recorded.getCustomMetadata_asU8().length

/** `undefined` for the server's own events and for those of other applications on the same server, unless it is a Headwater that keeps these. */
export const storedOf = (recorded: Recorded): StoredEvent | undefined => {
  const stream = textOf(recorded.getStreamIdentifier()?.getStreamName_asU8() ?? new Uint8Array())
  if (stream.startsWith('$')) return undefined
  const kept = recorded.getMetadataMap().get(FOREIGN_META)
  const event = kept === undefined ? ownOf(recorded) : keptOf(recorded, kept)
  return event && { ...event, stream, revision: revisionOf(recorded), position: positionOf(recorded) }
}

const ownOf = (recorded: Recorded): NewEvent | undefined => {
  const meta = metaOf(recorded.getCustomMetadata_asU8())
  const data = meta === undefined ? undefined : jsonOf(recorded.getData_asU8())
  if (meta === undefined || data === undefined) return undefined
  return { id: idOf(recorded), type: recorded.getMetadataMap().get('type') ?? '', data, meta }
}

const keptOf = (recorded: Recorded, kept: string): NewEvent | undefined => {
  const meta = metaOf(Buffer.from(kept))
  const metadata = recorded.getMetadataMap()
  const foreign = {
    type: metadata.get('type') ?? '',
    contentType: metadata.get('content-type') ?? '',
    data: recorded.getData_asU8(),
    metadata: recorded.getCustomMetadata_asU8(),
  }
  return meta && foreignEvent(idOf(recorded), foreign, meta)
}

const idOf = (recorded: Recorded): string => recorded.getId()?.getString() ?? ''

const metaOf = (bytes: Uint8Array): EventMeta | undefined => {
  const meta = jsonOf(bytes)
  return meta !== undefined && isMeta(meta) ? meta : undefined
}

const isMeta = (meta: object): meta is EventMeta => {
  const { at, actor, commandId, correlationId, schema } = meta as { readonly [key: string]: unknown }
  return (
    typeof at === 'number' &&
    typeof actor === 'string' &&
    typeof commandId === 'string' &&
    typeof correlationId === 'string' &&
    typeof schema === 'number'
  )
}

const jsonOf = (bytes: Uint8Array): JsonObject | undefined => {
  if (bytes.length === 0) return undefined
  try {
    const value = JSON.parse(textOf(bytes)) as Json
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

const textOf = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString()

const requestOf = (describe: (options: ReadReq.Options) => unknown): ReadReq => {
  const ids = new streams.ReadReq.Options.UUIDOption()
  ids.setString(new shared.Empty())
  const options = new streams.ReadReq.Options()
  options.setUuidOption(ids)
  options.setResolveLinks(false)
  describe(options)
  const request = new streams.ReadReq()
  request.setOptions(options)
  return request
}

const identifierOf = (stream: string) => {
  const identifier = new shared.StreamIdentifier()
  identifier.setStreamName(Buffer.from(stream))
  return identifier
}

const allFrom = (from: bigint | 'start' | 'end'): ReadReq.Options.AllOptions => {
  const all = new streams.ReadReq.Options.AllOptions()
  if (from === 'start') all.setStart(new shared.Empty())
  else if (from === 'end') all.setEnd(new shared.Empty())
  else {
    const position = new streams.ReadReq.Options.Position()
    position.setCommitPosition(from.toString())
    // The same for whatever was not written in an explicit transaction, which no client can begin any more.
    position.setPreparePosition(from.toString())
    all.setPosition(position)
  }
  return all
}

/** An empty prefix would let the server's own streams in, and not every version takes it. */
const filterOf = (prefixes: readonly string[] | undefined, window: number | undefined) => {
  const names = new streams.ReadReq.Options.FilterOptions.Expression()
  if (prefixes === undefined || prefixes.includes('')) names.setRegex('^[^$]')
  else names.setPrefixList([...prefixes])
  const filter = new streams.ReadReq.Options.FilterOptions()
  filter.setStreamIdentifier(names)
  if (window === undefined) filter.setCount(new shared.Empty())
  else filter.setMax(window)
  filter.setCheckpointintervalmultiplier(CHECKPOINT_INTERVAL)
  return filter
}

const directionOf = (direction: Direction): ReadReq.Options.ReadDirection => {
  const { FORWARDS, BACKWARDS } = streams.ReadReq.Options.ReadDirection
  return direction === 'forwards' ? FORWARDS : BACKWARDS
}

const correlationOf = (number: bigint) => {
  const structured = new shared.UUID.Structured()
  structured.setMostSignificantBits(CORRELATION_HIGH_BITS)
  structured.setLeastSignificantBits(number.toString())
  const uuid = new shared.UUID()
  uuid.setStructured(structured)
  return uuid
}

/** The server takes no UUID of zeros; the low bits alone tell the appends of a call apart. */
const CORRELATION_HIGH_BITS = randomBytes(8).readBigInt64BE().toString()

/** Events that the server examines at once while nothing matches: its default of 32 makes a sparse filter slow. */
const SEARCH_WINDOW_EVENTS = 1_000
/** Has to be positive; nobody listens to the checkpoints. */
const CHECKPOINT_INTERVAL = 1_000
