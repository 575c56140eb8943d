import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js'
import type { Page } from '../../history/port.ts'
import { patternOf, type Pattern } from './patterns.ts'
import { invalidArgument } from './refusals.ts'
import type { EventCodec } from './served.ts'

export type Filter = {
  /** Event by event. Throws a call's failure if that cannot be told in time. */
  readonly matches: (page: Page) => readonly boolean[]
  /** What matches is in a stream whose name begins with one of these. */
  readonly prefixes: readonly string[] | undefined
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
    const prefixes = onStream.getPrefixList()
    return {
      matches: (page) => test(page.map(({ stream }) => stream)),
      prefixes: prefixes.length > 0 ? prefixes : undefined,
      checkpointEvents,
    }
  }
  if (onType === undefined) throw invalidArgument('a filter is on streams or on types')
  const test = testOf(onType)
  return { matches: (page) => test(page.map(codec.typeOf)), prefixes: undefined, checkpointEvents }
}

export const matching = (page: Page, filter: Filter | undefined): Page => {
  if (filter === undefined) return page
  const matches = filter.matches(page)
  return page.filter((_, index) => matches[index])
}

const testOf = (expression: ReadReq.Options.FilterOptions.Expression): Pattern => {
  const prefixes = expression.getPrefixList()
  if (prefixes.length > 0)
    return (names) => names.map((name) => prefixes.some((prefix) => name.startsWith(prefix)))
  return patternOf(expression.getRegex())
}

/** What the server examines at once. */
const WINDOW_EVENTS = 32
