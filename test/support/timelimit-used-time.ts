/** How used time is counted, written from the text of timelimit 4.2 and from nothing of the server's. */
export type Item = {
  readonly categoryId: string
  readonly tta: number
  readonly etts: number
  readonly as?: readonly (readonly [start: number, end: number])[]
  readonly sdl?: readonly (readonly [start: number, end: number, duration: number, pause: number])[]
}
export type Usage = { readonly d: number; readonly t?: number; readonly i: readonly Item[] }

type Counter = { readonly day: number; readonly start: number; readonly end: number; used: number }
type Session = {
  readonly start: number
  readonly end: number
  readonly max: number
  readonly pause: number
  duration: number
  last: number
}
export type Counted = { readonly counters: Counter[]; readonly sessions: Session[]; extra: number }

const TOLERANCE_MS = 5_000

/** Counts one action's items into the categories that are there. */
export const count = (categories: ReadonlyMap<string, Counted>, { d, t = 0, i }: Usage): void => {
  for (const item of i) {
    const category = categories.get(item.categoryId)
    if (category === undefined) continue
    for (const [start, end] of [[0, 1439] as const, ...(item.as ?? [])]) {
      addTime(category.counters, { day: d, start, end }, item.tta)
    }
    for (const limit of item.sdl ?? []) addSession(category.sessions, limit, { t, tta: item.tta })
    category.extra = Math.max(0, category.extra - item.etts)
  }
}

const addTime = (counters: Counter[], slot: Omit<Counter, 'used'>, tta: number): void => {
  const { day, start, end } = slot
  const most = (end - start + 1) * 60_000
  const clamped = (used: number): number => Math.min(most, Math.max(0, used))
  const same = counters.find((each) => each.day === day && each.start === start && each.end === end)
  if (same !== undefined) {
    same.used = clamped(same.used + tta)
    return
  }
  let base = 0
  for (const each of counters) {
    const isInside = each.day === day && each.start >= start && each.end <= end
    if (isInside && each.used > base) base = each.used
  }
  counters.push({ ...slot, used: clamped(base + tta) })
}

const addSession = (
  sessions: Session[],
  [start, end, max, pause]: readonly [number, number, number, number],
  { t, tta }: { readonly t: number; readonly tta: number },
): void => {
  const isGoingOn = (session: Session): boolean =>
    t === 0 || t - tta <= session.last + session.pause - TOLERANCE_MS
  const key = String([start, end, max, pause])
  const same = sessions.find((each) => String([each.start, each.end, each.max, each.pause]) === key)
  const isInside = (each: Session): boolean => each.start >= start && each.end <= end
  const isStricter = (each: Session): boolean => each.max >= max && each.pause <= pause
  const heirs = sessions.filter((each) => isInside(each) && isStricter(each) && isGoingOn(each))
  const inherited = Math.max(0, ...heirs.map(({ duration }) => duration))
  if (same === undefined) {
    sessions.push({ start, end, max, pause, duration: inherited + tta, last: t })
    return
  }
  same.duration = (isGoingOn(same) ? same.duration : inherited) + tta
  if (t !== 0 && same.last < t) same.last = t
}

/** As a picture of the client has it. */
export const shownOf = ({ counters, sessions, extra }: Counted) => ({
  times: Object.fromEntries(
    counters.map(({ day, start, end, used }) => [`${day}/${start}/${end}`, { time: used }]),
  ),
  sessions: Object.fromEntries(
    sessions.map(({ max, pause, start, end, last, duration }) => [
      `${max}/${pause}/${start}/${end}`,
      { l: last, d: duration },
    ]),
  ),
  extra,
})
