/** Waits no longer once the signal aborts; what was begun goes on by itself. */
export const untilAborted = <T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> =>
  new Promise((resolve, reject) => {
    const leave = (): void => resolve(undefined)
    if (signal.aborted) leave()
    else signal.addEventListener('abort', leave, { once: true })
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
  })

/** Rejects when none of them is under way any more, so that nothing reaches into stores that are closed then. */
export const untilAll = async <A>(working: readonly Promise<A>[]): Promise<readonly A[]> => {
  await Promise.allSettled(working)
  return Promise.all(working)
}
