/** Used time as the text of timelimit 4.2 has it, sentence by sentence, on the rows of a database. */

type Counter = { category: string; day: number; start: number; end: number; used: number }
type Range = { start: number; end: number; max: number; pause: number }
type Session = Range & { category: string; duration: number; last: number }

type Item = {
  readonly categoryId: string
  readonly tta: number
  readonly etts: number
  readonly as?: readonly (readonly [start: number, end: number])[]
  readonly sdl?: readonly (readonly [start: number, end: number, duration: number, pause: number])[]
}
type Action = { readonly d: number; readonly t?: number; readonly i: readonly Item[] }

export const shownCounter = ({ category, day, start, end, used }: Counter): string =>
  `${category} ${day} ${start}-${end} ${used}`
export const shownSession = ({ category, start, end, max, pause, duration, last }: Session): string =>
  `${category} ${start}-${end}-${max}-${pause} ${duration} ${last}`

/** Begins with these categories and their extra time. */
export const naiveTimes = (categories: readonly (readonly [category: string, extraTime: number])[]) => {
  const counters: Counter[] = []
  const sessions: Session[] = []
  const extraTime = new Map(categories)
  /** Whether there has to be a full sync, and in which categories times and extra times moved. */
  const addUsedTime = ({ d, t = 0, i }: Action) => {
    const known = i.filter(({ categoryId }) => extraTime.has(categoryId))
    for (const { categoryId: category, tta, etts, as = [], sdl = [] } of known) {
      for (const [start, end] of [[0, 1439] as const, ...as])
        count(counters, { category, day: d, start, end, used: tta })
      for (const [start, end, max, pause] of sdl)
        hold(sessions, { category, start, end, max, pause, duration: tta, last: t })
      if (etts !== 0) extraTime.set(category, Math.max(0, (extraTime.get(category) ?? 0) - etts))
    }
    const idsOf = (items: readonly Item[]) => items.map(({ categoryId }) => categoryId)
    return {
      fullSync: known.length < i.length,
      times: idsOf(known),
      extraTimes: idsOf(known.filter(({ etts }) => etts !== 0)),
    }
  }
  return { counters, sessions, extraTime, addUsedTime }
}

/** Step 3. `used` of the new one is what to add. */
const count = (counters: Counter[], added: Counter): void => {
  const { category, day, start, end } = added
  const clamp = (value: number) => Math.max(0, Math.min((end - start + 1) * 60000, value))
  const ofDay = counters.filter((one) => one.category === category && one.day === day)
  const present = ofDay.find((one) => one.start === start && one.end === end)
  if (present !== undefined) {
    present.used = clamp(present.used + added.used)
    return
  }
  const inside = ofDay.filter((one) => one.start >= start && one.end <= end)
  const base = Math.max(0, ...inside.map(({ used }) => used))
  counters.push({ ...added, used: clamp(base + added.used) })
}

/** Step 4. `duration` of the new one is what to add, `last` the trusted time. */
const hold = (sessions: Session[], added: Session): void => {
  const { category, start, end, max, pause, duration: tta, last: t } = added
  const usageStart = t - tta
  const continued = (one: Session) => t === 0 || usageStart <= one.last + one.pause - 5000
  const ofCategory = sessions.filter((one) => one.category === category)
  const inherited = ofCategory
    .filter((one) => one.start >= start && one.end <= end && one.max >= max && one.pause <= pause)
    .filter(continued)
    .reduce((longest, { duration }) => Math.max(longest, duration), 0)
  const present = ofCategory
    .filter((one) => one.start === start && one.end === end)
    .find((one) => one.max === max && one.pause === pause)
  if (present === undefined) {
    sessions.push({ ...added, duration: inherited + tta })
    return
  }
  present.duration = (continued(present) ? present.duration : inherited) + tta
  if (t !== 0 && present.last < t) present.last = t
}
