/** What a family's devices see of each other (timelimit 7.4). */
export type Visible<R> = {
  /** Is told what there is to see, with the next look. */
  readonly greet: (recipient: R) => void
  readonly ungreet: (recipient: R) => void
  /** Tells everybody if the set has changed since it was last told. */
  readonly look: () => void
  /** The same, with the devices' settings read anew. */
  readonly lookAnew: () => void
}

export type VisibleParts<R> = {
  /** Devices that let themselves be seen. `undefined`: nobody wants to know any more. */
  readonly sharing: () => Promise<ReadonlySet<string> | undefined>
  readonly connected: () => ReadonlySet<string>
  /** The complete set; to everybody if no recipients are given. */
  readonly tell: (devices: readonly string[], recipients?: readonly R[]) => void
}

export const createVisible = <R>({ sharing, connected, tell }: VisibleParts<R>): Visible<R> => {
  const newcomers = new Set<R>()
  let sharers: ReadonlySet<string> | undefined
  let isStale = true
  let isReading = false
  let told: readonly string[] = []

  const show = (): void => {
    if (sharers === undefined) return
    const seen = [...connected()].filter((device) => sharers?.has(device)).sort()
    const greeted = [...newcomers]
    newcomers.clear()
    if (String(seen) !== String(told)) {
      told = seen
      tell(seen)
    } else if (seen.length > 0 && greeted.length > 0) tell(seen, greeted)
  }
  const read = async (): Promise<void> => {
    isReading = true
    while (isStale) {
      isStale = false
      sharers = (await sharing()) ?? sharers
    }
    isReading = false
    show()
  }
  const look = (): void => {
    if (isReading) return
    if (isStale) void read()
    else show()
  }

  return {
    greet: (recipient) => void newcomers.add(recipient),
    ungreet: (recipient) => void newcomers.delete(recipient),
    look,
    lookAnew: () => {
      isStale = true
      look()
    },
  }
}
