/** Numbers for operators (timelimit 2.18), of this process since its start or since they were set back. */
export type Counters = {
  /** @param milliseconds how long its answer took */
  readonly count: (name: string, milliseconds: number) => void
  readonly counts: () => { readonly [name: string]: number }
  /** Of the longest answers. */
  readonly longest: () => { readonly [name: string]: number }
  readonly reset: () => void
}

export const createCounters = (): Counters => {
  const entries = new Map<string, { count: number; longest: number }>()
  return {
    count: (name, milliseconds) => {
      const entry = entries.get(name)
      if (entry === undefined) entries.set(name, { count: 1, longest: milliseconds })
      else {
        entry.count += 1
        if (milliseconds > entry.longest) entry.longest = milliseconds
      }
    },
    counts: () => Object.fromEntries([...entries].map(([name, { count }]) => [name, count])),
    longest: () =>
      Object.fromEntries([...entries].map(([name, { longest }]) => [`${name} ms`, Math.ceil(longest)])),
    reset: () => entries.clear(),
  }
}
