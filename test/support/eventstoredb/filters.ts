import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js'
import type { StoredEvent } from '../../../src/history/port.ts'
import { invalidArgument } from './refusals.ts'
import type { EventCodec } from './served.ts'

export type Filter = {
  readonly matches: (event: StoredEvent) => boolean
  /** Events examined between two checkpoints. */
  readonly checkpointEvents: number
}

/** Throws a call's failure if the filter says nothing that can be matched. */
export const filterOf = (
  options: ReadReq.Options.FilterOptions | undefined,
  codec: EventCodec,
): Filter | undefined => {
  if (options === undefined) return undefined
  const window = options.hasMax() ? options.getMax() : WINDOW_EVENTS
  const multiplier = options.getCheckpointintervalmultiplier()
  const onStream = options.getStreamIdentifier()
  const onType = options.getEventType()
  if (window <= 0 || multiplier <= 0) throw invalidArgument('a checkpoint interval is positive')
  const checkpointEvents = window * multiplier
  if (onStream !== undefined) {
    const test = testOf(onStream)
    return { matches: ({ stream }) => test(stream), checkpointEvents }
  }
  if (onType === undefined) throw invalidArgument('a filter is on streams or on types')
  const test = testOf(onType)
  return { matches: (event) => test(codec.typeOf(event)), checkpointEvents }
}

const testOf = (expression: ReadReq.Options.FilterOptions.Expression): ((text: string) => boolean) => {
  const prefixes = expression.getPrefixList()
  if (prefixes.length > 0) return (text) => prefixes.some((prefix) => text.startsWith(prefix))
  const regex = regexOf(expression.getRegex())
  return (text) => regex.test(text)
}

const regexOf = (text: string): RegExp => {
  if (text === '') throw invalidArgument('a filter has a regular expression or prefixes')
  try {
    return new RegExp(text)
  } catch {
    throw invalidArgument('the regular expression is none')
  }
}

/** What the server examines at once. */
const WINDOW_EVENTS = 32
