import type { Output, Response } from '../../../src/serving/eventstoredb/output.ts'
import { consumerTooSlow } from '../../../src/serving/eventstoredb/refusals.ts'
import type { Subscriber } from '../../../src/serving/eventstoredb/served.ts'

/** A subscriber as 23.10 treats him: waited for while he catches up, dropped when he is too slow in the live phase. */
export const makeLiveQueue = (output: Output, eventsMax: number = LIVE_BUFFER_EVENTS): Subscriber => {
  let waiting: Response[] = []
  let live = false
  const flush = (): void => {
    const taken = waiting
    waiting = []
    for (const response of taken) pushLive(response)
  }
  const pushLive = (response: Response): void => {
    if (!output.isFull()) {
      void output.write(response)
      return
    }
    if (waiting.length === 0) void output.room().then(flush)
    waiting.push(response)
    if (waiting.length > eventsMax) output.fail(consumerTooSlow())
  }
  return {
    push: (response) => {
      if (!live) return output.write(response)
      pushLive(response)
      return undefined
    },
    goLive: () => {
      live = true
    },
  }
}

/** Events that 23.10 keeps for a subscriber in the live phase. */
const LIVE_BUFFER_EVENTS = 32
