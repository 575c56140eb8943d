import * as E from 'fp-ts/lib/Either.js'
import type * as t from 'io-ts'
import type { Fact } from '../../decider.ts'
import type { JsonObject } from '../../../json.ts'
import { TIMELIMIT_CATEGORY_SESSIONS_MAX, TIMELIMIT_CATEGORY_SLOTS_A_DAY_MAX } from '../../../limits.ts'
import { fact } from '../events.ts'
import {
  at,
  dayKey,
  sessionKey,
  slotOf,
  WHOLE_DAY,
  type CategoryState,
  type FamilyState,
  type Map6,
  type Session,
} from '../state.ts'
import { action, type ActionContext } from './action.ts'
import { check, distinct, id6, int, int32, INT32_MAX, members, ms, strictObject } from './codec.ts'

/** Minutes of the day, both included. */
type Slot = readonly [start: number, end: number]
/** With the longest session and the pause after it, in milliseconds. */
type Limit = readonly [start: number, end: number, duration: number, pause: number]

const isSlot = ([start, end]: readonly number[]): boolean =>
  start !== undefined && end !== undefined && start >= 0 && start <= end && end <= WHOLE_DAY.end

const isNumbers = (value: unknown, length: number): value is readonly number[] =>
  Array.isArray(value) && value.length === length && value.every((one) => Number.isSafeInteger(one))

const numbers = (length: number, description: string): JsonObject => ({
  type: 'array',
  items: { type: 'integer' },
  minItems: length,
  maxItems: length,
  description,
})

const slot = check(
  'slot',
  (value): value is Slot =>
    isNumbers(value, 2) && isSlot(value) && !(value[0] === WHOLE_DAY.start && value[1] === WHOLE_DAY.end),
  numbers(2, 'First and last minute of the day'),
)

const limit = check(
  'session limit',
  (value): value is Limit => {
    if (!isNumbers(value, 4) || !isSlot(value)) return false
    const [, , duration = 0, pause = 0] = value
    return duration > 0 && duration <= INT32_MAX && pause > 0 && pause <= INT32_MAX
  },
  numbers(4, 'First and last minute of the day; milliseconds of a session and of the pause after it'),
)

const item = strictObject(
  { categoryId: id6, tta: ms, etts: ms },
  { as: distinct(slot, String), sdl: distinct(limit, String) },
)
type Item = t.TypeOf<typeof item>

/** Times that devices have counted (timelimit 4.2). */
export const USED_TIME_ACTIONS = {
  ADD_USED_TIME_V2: action({
    envelope: 'appLogic',
    codec: members({ d: int32(0), i: distinct(item, ({ categoryId }) => categoryId, 1) }, { t: int(0) }),
    decide: ({ d, i, t: until = 0 }, context) => {
      const known = i.filter(({ categoryId }) => at(context.state.categories, categoryId) !== undefined)
      if (!known.every((one) => hasRoomFor(one, d, context.state))) return E.left('LIMIT')
      const facts = known.map((one) => charge(one, { day: d, until }, context))
      const skipped = known.length < i.length ? { fullSync: true as const } : {}
      return E.right({ facts, told: 1, ...skipped })
    },
  }),
  ADD_USED_TIME: action({
    envelope: 'appLogic',
    codec: members({ categoryId: id6, day: int32(0), timeToAdd: ms, extraTimeToSubtract: ms }),
    decide: ({ categoryId, day, timeToAdd: tta, extraTimeToSubtract: etts }, { state, now }) => {
      const category = at(state.categories, categoryId)
      if (category === undefined) return E.left('NO_CATEGORY')
      const parent = at(state.categories, category.parentId)
      const charged = parent?.childId === category.childId ? [categoryId, category.parentId] : [categoryId]
      return E.right({ facts: charged.map((id) => chargeWholeDay(state, id, { day, tta, etts, now })) })
    },
  }),
} as const

/** What a device counted, in the order of the spec's steps 2 to 6. */
const charge = (
  { categoryId, tta, etts, as = [], sdl = [] }: Item,
  { day, until }: { readonly day: number; readonly until: number },
  { state, deviceId, now }: ActionContext,
): Fact => {
  const category = categoryOf(state, categoryId)
  const isForeign = category.childId !== at(state.devices, deviceId)?.userId
  return fact('UsedTimeAdded', {
    categoryId,
    day,
    added: tta,
    counters: countersOf(category, day, [[WHOLE_DAY.start, WHOLE_DAY.end], ...as], tta),
    sessions: sessionsOf(category, sdl, tta, until),
    touched: touchedAt(now),
    ...extraTimeOf(category, etts),
    ...(isForeign ? { isForeign } : {}),
  })
}

type WholeDay = { readonly day: number; readonly tta: number; readonly etts: number; readonly now: number }

const chargeWholeDay = (state: FamilyState, categoryId: string, { day, tta, etts, now }: WholeDay): Fact => {
  const category = categoryOf(state, categoryId)
  const { start, end } = WHOLE_DAY
  const before = category.counters[dayKey(day)]?.[slotOf(start, end)]?.[0] ?? 0
  const used = clamp(before + tta, msOf([start, end]))
  return fact('UsedTimeAdded', {
    categoryId,
    day,
    added: tta,
    counters: tta === 0 ? [] : [{ start, end, used }],
    sessions: [],
    touched: touchedAt(now),
    ...extraTimeOf(category, etts),
  })
}

const categoryOf = ({ categories }: FamilyState, id: string): CategoryState => {
  const category = at(categories, id)
  if (category === undefined) throw new Error('a category was looked up before it was checked')
  return category
}

/** Asked before anything is counted: what is new is compared with all that is there. */
const hasRoomFor = ({ categoryId, as = [], sdl = [] }: Item, day: number, state: FamilyState): boolean => {
  const { counters, sessions } = categoryOf(state, categoryId)
  const slots = as.map(([start, end]) => slotOf(start, end))
  const limits = sdl.map(([start, end, max, pause]) => sessionKey({ start, end, max, pause }))
  return (
    hasRoomAmong(at(counters, dayKey(day)) ?? {}, slots, TIMELIMIT_CATEGORY_SLOTS_A_DAY_MAX) &&
    hasRoomAmong(sessions, limits, TIMELIMIT_CATEGORY_SESSIONS_MAX)
  )
}

const hasRoomAmong = (held: Map6<unknown>, keys: readonly string[], max: number): boolean => {
  const added = keys.filter((key) => !Object.hasOwn(held, key)).length
  return added === 0 || added + Object.keys(held).length <= max
}

/** Each slot in turn sees those before it: a new one begins with the most that is counted inside of it. */
const countersOf = (category: CategoryState, day: number, slots: readonly Slot[], added: number) => {
  const counted = new Map(
    Object.entries(category.counters[dayKey(day)] ?? {}).map(([key, [used]]) => [key, usedIn(key, used)]),
  )
  return slots.map(([start, end]) => {
    const before = counted.get(slotOf(start, end))?.used ?? largestWithin(counted, start, end)
    const counter = { start, end, used: clamp(before + added, msOf([start, end])) }
    counted.set(slotOf(start, end), counter)
    return counter
  })
}

type Used = { readonly start: number; readonly end: number; readonly used: number }

const usedIn = (key: string, used: number): Used => {
  const [start = 0, end = 0] = key.split('-').map(Number)
  return { start, end, used }
}

const largestWithin = (counted: ReadonlyMap<string, Used>, start: number, end: number): number => {
  let largest = 0
  for (const one of counted.values())
    if (one.start >= start && one.end <= end && one.used > largest) largest = one.used
  return largest
}

const sessionsOf = (category: CategoryState, limits: readonly Limit[], added: number, until: number) => {
  if (limits.length === 0) return []
  const held = new Map(Object.entries(category.sessions).map(([key, session]) => [key, heldOf(key, session)]))
  const usageStart = until - added
  const goesOn = ({ lastUsage, pause }: Held): boolean =>
    until === 0 || usageStart <= lastUsage + pause - SESSION_TOLERANCE_MS
  return limits.map(([start, end, max, pause]) => {
    const wanted = { start, end, max, pause }
    const present = held.get(sessionKey(wanted))
    const begun =
      present !== undefined && goesOn(present) ? present.duration : inherited(held, wanted, goesOn)
    const session = {
      ...wanted,
      duration: Math.min(begun + added, Number.MAX_SAFE_INTEGER),
      lastUsage: Math.max(present?.lastUsage ?? 0, until),
    }
    held.set(sessionKey(wanted), session)
    return session
  })
}

type Range = { readonly start: number; readonly end: number; readonly max: number; readonly pause: number }
type Held = Range & { readonly duration: number; readonly lastUsage: number }

const heldOf = (key: string, [duration, lastUsage]: Session): Held => {
  const [start = 0, end = 0, max = 0, pause = 0] = key.split('-').map(Number)
  return { start, end, max, pause, duration, lastUsage }
}

/** The longest session under a limit that is no looser, in a part of the same time of day. */
const inherited = (
  held: ReadonlyMap<string, Held>,
  { start, end, max, pause }: Range,
  goesOn: (session: Held) => boolean,
): number => {
  let longest = 0
  for (const one of held.values()) {
    const isWithin = one.start >= start && one.end <= end && one.max >= max && one.pause <= pause
    if (isWithin && one.duration > longest && goesOn(one)) longest = one.duration
  }
  return longest
}

const extraTimeOf = ({ extraTime }: CategoryState, subtracted: number) =>
  subtracted === 0 ? {} : { extraTimeSubtracted: subtracted, extraTime: Math.max(0, extraTime - subtracted) }

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const SESSION_TOLERANCE_MS = 5_000

const msOf = ([start, end]: Slot): number => (end - start + 1) * MINUTE_MS

const clamp = (value: number, max: number): number => Math.min(Math.max(value, 0), max)

/** The server's clock as counters and sessions remember it for the clean-up. */
const touchedAt = (now: number): readonly [number, number] => [
  Math.floor(now / (48 * HOUR_MS)) * 48 * HOUR_MS,
  Math.floor(now / (12 * HOUR_MS)) * 12 * HOUR_MS,
]
