import { SERVED_APPEND_EVENTS_MAX, SERVED_APPENDS_BYTES_MAX } from '../../limits.ts'
import { WIRE_APPEND_BYTES_MAX } from './appending.ts'
import { tooLarge, unavailable } from './refusals.ts'
import type { Proposed } from './served.ts'

/** The events of one append as they arrive. */
export type Arrived = {
  readonly events: readonly Proposed[]
  /** Throws a call's failure when one append may not have so much, or when all clients together have too much that is not answered. */
  readonly add: (event: Proposed) => void
  /** It is answered, or nobody waits for it any more. */
  readonly release: () => void
}

/** One for all calls of a service: appends that have arrived and are not answered share it. */
export const makeArrivals = (): (() => Arrived) => {
  let left = SERVED_APPENDS_BYTES_MAX
  return () => {
    const events: Proposed[] = []
    let held = 0
    let bytes = 0
    return {
      events,
      add: (event) => {
        bytes += event.data.length + event.metadata.length
        if (bytes > WIRE_APPEND_BYTES_MAX || events.length >= SERVED_APPEND_EVENTS_MAX)
          throw tooLarge(WIRE_APPEND_BYTES_MAX)
        const weight = weightOf(event)
        if (weight > left) throw unavailable(BUSY)
        left -= weight
        held += weight
        events.push(event)
      },
      release: () => {
        left += held
        held = 0
        events.length = 0
      },
    }
  }
}

/** Roughly what it takes in memory. */
const weightOf = ({ data, metadata, type, contentType }: Proposed): number =>
  data.length + metadata.length + 2 * (type.length + contentType.length) + EVENT_BYTES

const EVENT_BYTES = 512
/** As EventStoreDB says it. */
const BUSY = 'Server Is Too Busy'
