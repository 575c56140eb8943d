/** Whether the process is fit to serve: each part says why not. */
export type Health = {
  /** A check answers the reason why it is not ready, or `undefined`. It is called on every `/ready`: it must be cheap. */
  readonly add: (name: string, check: () => string | undefined) => void
  /** `name: reason` of every part that is not ready, in the order they were added. */
  readonly reasons: () => readonly string[]
}

export const createHealth = (): Health => {
  const checks = new Map<string, () => string | undefined>()
  return {
    add: (name, check) => void checks.set(name, check),
    reasons: () =>
      [...checks].flatMap(([name, check]) => {
        const reason = outcome(check)
        return reason === undefined ? [] : [`${name}: ${reason}`]
      }),
  }
}

const outcome = (check: () => string | undefined): string | undefined => {
  try {
    return check()
  } catch {
    return 'check failed'
  }
}
