import { HistoryUnavailable } from '../port.ts'

/** The promise's value, or `HistoryUnavailable` after `ms`. */
export const within = <A>(promise: Promise<A>, ms: number): Promise<A> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new HistoryUnavailable(`the event store did not answer within ${Math.round(ms)} ms`)),
      Math.max(ms, 0),
    )
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })

/** Resolves after `ms`, or as soon as the signal aborts. */
export const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end)
  })

/** The promise's value, or `undefined` as soon as the signal aborts. */
export const unless = <A>(signal: AbortSignal, promise: Promise<A>): Promise<A | undefined> =>
  new Promise((resolve, reject) => {
    const end = (): void => resolve(undefined)
    if (signal.aborted) end()
    signal.addEventListener('abort', end)
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', end))
  })
