/** Waits for a mark that only grows, each with a deadline; thousands at once cost one timer. */
export type Waiters = {
  /** Whether the mark got there within `ms`. */
  readonly until: (position: bigint, ms: number) => Promise<boolean>
  readonly moved: (mark: bigint) => void
  /** Who waits, and whoever comes later, is told that it was not reached. */
  readonly close: () => void
}

type Waiter = {
  readonly position: bigint
  readonly deadline: number
  readonly answer: (reached: boolean) => void
}

const SWEEP_MS = 250

export const createWaiters = (from: bigint): Waiters => {
  let mark = from
  let waiting: Waiter[] = []
  let closed = false
  const answerThose = (reached: (waiter: Waiter) => boolean, answer: boolean): void => {
    const left: Waiter[] = []
    for (const waiter of waiting) {
      if (reached(waiter)) waiter.answer(answer)
      else left.push(waiter)
    }
    waiting = left
  }
  const sweeper = setInterval(() => {
    const now = performance.now()
    answerThose((waiter) => waiter.deadline <= now, false)
  }, SWEEP_MS).unref()
  return {
    until: (position, ms) =>
      position <= mark || closed
        ? Promise.resolve(position <= mark)
        : new Promise((answer) => waiting.push({ position, deadline: performance.now() + ms, answer })),
    moved: (to) => {
      mark = to
      if (waiting.length > 0) answerThose((waiter) => waiter.position <= to, true)
    },
    close: () => {
      closed = true
      clearInterval(sweeper)
      answerThose(() => true, false)
    },
  }
}
