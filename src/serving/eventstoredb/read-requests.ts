import streams from '@eventstore/db-client/generated/streams_pb.js'
import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js'
import { filterOf, type Filter } from './filters.ts'
import type { Direction } from '../../history/port.ts'
import { invalid, invalidArgument } from './refusals.ts'
import type { EventCodec, Served } from './served.ts'
import { revisionOf, streamOf } from './wire.ts'

export type ReadRequest = {
  /** `undefined`: the whole history. */
  readonly stream: string | undefined
  /** A revision, or the position on the wire. */
  readonly from: bigint | 'start' | 'end'
  readonly direction: Direction
  /** `undefined`: a subscription. */
  readonly count: number | undefined
  readonly filter: Filter | undefined
  readonly structuredIds: boolean
}

/** Throws a call's failure. Whether links shall be resolved does not matter: no event of this history is one. */
export const readRequestOf = (request: ReadReq, codec: EventCodec): ReadRequest => {
  const options = request.getOptions()
  if (options === undefined) throw invalidArgument('a read says what it reads')
  return {
    ...placeIn(options),
    direction: options.getReadDirection() === FORWARDS ? 'forwards' : 'backwards',
    count: options.hasSubscription() ? undefined : countOf(options.getCount()),
    filter: filterOf(options.getFilter(), codec),
    structuredIds: options.getUuidOption()?.hasString() !== true,
  }
}

/** The history's position that a client means; 0 for the one before everything. Throws a call's failure where no event can be. */
export const placeOf = async ({ history, positions }: Served, wire: bigint): Promise<bigint> => {
  if (wire === 0n) return 0n
  const place = positions.fromWire(wire)
  if (place !== undefined) return place
  const head = await history.head()
  if (wire > positions.toWire(head)) return head + 1n
  throw invalid('no event begins at the position')
}

const placeIn = (options: ReadReq.Options): Pick<ReadRequest, 'stream' | 'from'> => {
  const stream = options.getStream()
  if (stream !== undefined)
    return { stream: streamOf(stream.getStreamIdentifier()), from: fromRevision(stream) }
  const all = options.getAll()
  if (all === undefined) throw invalidArgument('a read is of a stream or of everything')
  return { stream: undefined, from: fromPosition(all) }
}

const fromRevision = (options: ReadReq.Options.StreamOptions): ReadRequest['from'] => {
  if (options.hasRevision()) return revisionOf(options.getRevision())
  return options.hasEnd() ? 'end' : 'start'
}

const fromPosition = (options: ReadReq.Options.AllOptions): ReadRequest['from'] => {
  const position = options.getPosition()
  if (position === undefined) return options.hasEnd() ? 'end' : 'start'
  const commit = revisionOf(position.getCommitPosition())
  if (commit !== revisionOf(position.getPreparePosition())) throw invalid('no event begins at the position')
  return commit
}

const countOf = (text: string): number => {
  const count = Number(text)
  if (count < 1) throw invalidArgument('a read takes at least one event')
  return Math.min(count, Number.MAX_SAFE_INTEGER)
}

const FORWARDS = streams.ReadReq.Options.ReadDirection.FORWARDS
