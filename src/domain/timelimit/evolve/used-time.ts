import type { DataOf } from '../events.ts'
import {
  at,
  dayKey,
  sessionKey,
  slotOf,
  without,
  type CategoryState,
  type Counter,
  type Map6,
  type Session,
} from '../state.ts'
import { withCategory, type Rows } from './rows.ts'

/** Counters and sessions (timelimit 4.2). */
export const USED_TIME_ROWS: Rows<'UsedTimeAdded' | 'UsedTimesPruned'> = {
  UsedTimeAdded: (state, data) => withCategory(state, data.categoryId, (category) => counted(category, data)),
  UsedTimesPruned: (state, { items }) =>
    items.reduce(
      (before, item) => withCategory(before, item.categoryId, (category) => pruned(category, item)),
      state,
    ),
}

const counted = (category: CategoryState, data: DataOf<'UsedTimeAdded'>): CategoryState => {
  const [touched = 0, sessionTouched = 0] = data.touched
  const { counters, sessions, extraTime = category.extraTime } = data
  const day = dayKey(data.day)
  return {
    ...category,
    extraTime,
    counters:
      counters.length === 0
        ? category.counters
        : {
            ...category.counters,
            [day]: withEntries(at(category.counters, day), counters, (counter): [string, Counter] => [
              slotOf(counter.start, counter.end),
              [counter.used, touched],
            ]),
          },
    sessions:
      sessions.length === 0
        ? category.sessions
        : withEntries(category.sessions, sessions, (session): [string, Session] => [
            sessionKey(session),
            [session.duration, session.lastUsage, sessionTouched],
          ]),
  }
}

const withEntries = <I, T>(
  map: Map6<T> | undefined,
  items: readonly I[],
  entryOf: (item: I) => readonly [string, T],
): Map6<T> => {
  const entries: { [key: string]: T } = { ...map }
  for (const item of items) {
    const [key, entry] = entryOf(item)
    entries[key] = entry
  }
  return entries
}

type Pruned = DataOf<'UsedTimesPruned'>['items'][number]

const pruned = (category: CategoryState, item: Pruned): CategoryState => ({
  ...category,
  counters: item.counters.reduce(withoutCounter, category.counters),
  sessions: without(category.sessions, item.sessions.map(sessionKey)),
})

/** Without the day too, if it was the last one. */
const withoutCounter = (
  counters: CategoryState['counters'],
  { day, start, end }: Pruned['counters'][number],
): CategoryState['counters'] => {
  const key = dayKey(day)
  const left = without(at(counters, key) ?? {}, [slotOf(start, end)])
  return Object.keys(left).length === 0 ? without(counters, [key]) : { ...counters, [key]: left }
}
