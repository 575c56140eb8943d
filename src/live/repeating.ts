import type { HubLog } from './feed.ts'

/** Work that is done again and again while a node runs. */
export type Repeating = {
  /** The next round begins at once, or when the running one has ended, unless that failed. */
  readonly wake: () => void
  /** Resolves when the running round has ended. */
  readonly stop: () => Promise<void>
}

export type RepeatingParts = {
  /** Pause between two rounds. */
  readonly ms: number
  readonly round: () => Promise<void>
  /** What is logged at the first failure of a row. */
  readonly trouble: string
  readonly log: HubLog
}

export const repeat = ({ ms, round, trouble, log }: RepeatingParts): Repeating => {
  let stopped = false
  let again = false
  let failing = false
  let cut: (() => void) | undefined

  const failed = (error: unknown): void => {
    if (!failing && !stopped) log.warn({ err: error }, trouble)
    failing = true
  }
  const rest = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      timer.unref()
      cut = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  const run = async (): Promise<void> => {
    while (!stopped) {
      again = false
      await round().then(() => {
        failing = false
      }, failed)
      if (isWaiting()) await rest()
    }
  }
  /** Read after an await: a function, so that nothing is concluded from what was before it. */
  const isWaiting = (): boolean => !stopped && (failing || !again)
  const ended = run()

  return {
    wake: () => {
      again = true
      if (!failing) cut?.()
    },
    stop: () => {
      stopped = true
      cut?.()
      return ended
    },
  }
}

/** Waits for what ends a part, but no longer than so: a store that does not answer must not hold up the end of the process. */
export const within = (ms: number, ending: Promise<unknown>): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    void ending
      .catch(() => undefined)
      .then(() => {
        clearTimeout(timer)
        resolve()
      })
  })
