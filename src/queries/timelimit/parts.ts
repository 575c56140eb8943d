import type { Versioned } from '../../documents/port.ts'
import { WHOLE_DAY } from '../../domain/timelimit/state.ts'
import type { Json, JsonObject } from '../../json.ts'
import { contentOf, type CategoryDocument, type UsedTimesDocument } from './documents.ts'
import { LEVEL } from './status.ts'

/** Parts of the answer to a pull out of the documents that hold them (timelimit 5.4). */

export const listOf = (found: Versioned, member: 'devices' | 'users'): JsonObject => {
  const { version, [member]: entries } = contentOf<{
    version: string
    devices: JsonObject
    users: JsonObject
  }>(found)
  return { version, data: Object.values(entries) }
}

export const u2fOf = (found: Versioned): JsonObject => {
  const { version, keys } = contentOf<{ version: string; keys: JsonObject }>(found)
  return { v: version, d: Object.values(keys) }
}

export const baseOf = (found: Versioned): JsonObject => contentOf<CategoryDocument>(found).base

export const appsOf = (found: Versioned, categoryId: string): JsonObject => {
  const { version, list } = contentOf<CategoryDocument>(found).apps
  return { categoryId, apps: list, version }
}

export const rulesOf = (found: Versioned, categoryId: string): JsonObject => {
  const { version, rules } = contentOf<CategoryDocument>(found).rules
  return { categoryId, rules: Object.values(rules), version }
}

export const tasksOf = (found: Versioned, categoryId: string): JsonObject => {
  const { version, tasks } = contentOf<CategoryDocument>(found).tasks
  return { categoryId, version, tasks: Object.values(tasks) }
}

/** Devices of the lowest levels know whole days only. */
export const usedTimesOf = (found: Versioned, categoryId: string, level: number): JsonObject => {
  const { version, counters, sessions } = contentOf<UsedTimesDocument>(found)
  const times: Json[] = []
  for (const [key, time] of Object.entries(counters)) {
    const [day = 0, start = 0, end = 0] = numbersOf(key)
    if (level >= LEVEL.slots || (start === WHOLE_DAY.start && end === WHOLE_DAY.end))
      times.push({ day, time, start, end })
  }
  const sessionDurations = Object.entries(sessions).map(([key, [d, l]]) => {
    const [sm = 0, em = 0, md = 0, spd = 0] = numbersOf(key)
    return { md, spd, sm, em, l, d }
  })
  return { categoryId, times, sessionDurations, version }
}

const numbersOf = (key: string): readonly number[] => key.split('-').map(Number)
