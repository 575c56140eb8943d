import type { Output, Response } from './output.ts'
import { consumerTooSlow } from './refusals.ts'

/** What a subscriber gets. */
export type LiveQueue = {
  /** Catching up: a promise if the subscriber has to be waited for. Live: never; one who is too slow is dropped. */
  readonly push: (response: Response) => Promise<void> | undefined
  readonly goLive: () => void
}

export const makeLiveQueue = (output: Output, eventsMax = LIVE_BUFFER_EVENTS): LiveQueue => {
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
