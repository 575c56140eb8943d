/** Results of one thing that are noted together. */
export type Gathering<Which, Result> = {
  /** Resolves when the result is noted: alone or, while others of the same key are being noted, with all that come meanwhile. */
  readonly add: (key: string, which: Which, result: Result) => Promise<void>
}

/** Nobody waits for company, and many who come at once cost one append. */
export const createGathering = <Which, Result>(
  note: (which: Which, results: readonly Result[]) => Promise<void>,
): Gathering<Which, Result> => {
  const waiting = new Map<string, { readonly results: Result[]; readonly noted: Promise<void> }>()
  const last = new Map<string, Promise<void>>()
  return {
    add: (key, which, result) => {
      const open = waiting.get(key)
      if (open !== undefined) {
        open.results.push(result)
        return open.noted
      }
      const results = [result]
      const noted = (async () => {
        await last.get(key)?.catch(() => undefined)
        waiting.delete(key)
        await note(which, results)
      })()
      waiting.set(key, { results, noted })
      last.set(key, noted)
      const forget = (): void => {
        if (last.get(key) === noted) last.delete(key)
      }
      noted.then(forget, forget)
      return noted
    },
  }
}
