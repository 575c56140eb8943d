import type { Fact } from '../decider.ts'
import type { FamilyCommand } from './commands.ts'
import { fact } from './events.ts'
import { dayOf, type CategoryState, type FamilyState } from './state.ts'

/** Counters and sessions that were touched before the times given go, in every category that has any (timelimit 8.4). */
export const decidePruning = (
  { countersBefore, sessionsBefore }: Extract<FamilyCommand, { readonly type: 'PruneUsedTimes' }>,
  { categories }: FamilyState,
): readonly Fact[] => {
  const items = Object.entries(categories)
    .map(([categoryId, category]) => ({
      categoryId,
      ...countersOf(category, countersBefore),
      ...sessionsOf(category, sessionsBefore),
    }))
    .filter(({ counters, sessions }) => counters.length + sessions.length > 0)
    .slice(0, CATEGORIES_MAX)
    .map(({ categoryId, counters, sessions, countersLeft, sessionsLeft }) => ({
      categoryId,
      counters,
      sessions,
      touched: { counters: countersLeft, sessions: sessionsLeft },
    }))
  return items.length === 0 ? [] : [fact('UsedTimesPruned', { items })]
}

const countersOf = ({ counters }: CategoryState, before: number) => {
  const all = Object.entries(counters).flatMap(([day, slots]) =>
    Object.entries(slots).map(([slot, [, touched]]) => {
      const [start = 0, end = 0] = slot.split('-').map(Number)
      return { day: dayOf(day), start, end, touched }
    }),
  )
  const { gone, left } = parted(all, before)
  return { counters: gone.map(({ day, start, end }) => ({ day, start, end })), countersLeft: left }
}

const sessionsOf = ({ sessions }: CategoryState, before: number) => {
  const all = Object.entries(sessions).map(([key, [, , touched]]) => {
    const [start = 0, end = 0, max = 0, pause = 0] = key.split('-').map(Number)
    return { start, end, max, pause, touched }
  })
  const { gone, left } = parted(all, before)
  return {
    sessions: gone.map(({ start, end, max, pause }) => ({ start, end, max, pause })),
    sessionsLeft: left,
  }
}

/** What goes, and when what stays was touched. */
const parted = <T extends { readonly touched: number }>(all: readonly T[], before: number) => {
  const gone = all.filter(({ touched }) => touched < before).slice(0, ITEMS_MAX)
  const going = new Set(gone)
  const left = new Set(all.flatMap((one) => (going.has(one) ? [] : [one.touched])))
  return { gone, left: [...left] }
}

/** So much at once that the event fits into an append; what is left is for the next command. */
const CATEGORIES_MAX = 10
const ITEMS_MAX = 500
