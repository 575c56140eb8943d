import type { Rule } from './events/rules.ts'
import type { DeviceStatus } from './events/devices.ts'

/**
 * What the decider of a family remembers (timelimit 9.2): plain JSON, so that it can be snapshotted. Names and titles are here only as
 * far as warning mails say them. Maps are keyed by ids of outside: read them with `at`.
 */
export type FamilyState = {
  readonly status: 'none' | 'active' | 'deleted'
  readonly premium: Premium
  readonly users: Map6<UserState>
  readonly devices: Map6<DeviceState>
  readonly categories: Map6<CategoryState>
  readonly rules: Map6<RuleState>
  readonly tasks: Map6<TaskState>
  /** By key id (timelimit 1.5). */
  readonly u2f: Map6<U2fState>
  /** By server sequence number. */
  readonly requests: Map6<KeyRequestState>
  /** The number that the next key request gets. */
  readonly nextRequest: number
  /** By `<service> <transaction id>`. */
  readonly purchases: Map6<PurchaseState>
}

export type Map6<T> = { readonly [id: string]: T }

/** Milliseconds since the epoch, and what is owed of it (timelimit 1.9). */
export type Premium = { readonly until: number; readonly isFull: boolean; readonly debts: number }

export type UserState = {
  readonly type: 'parent' | 'child'
  /** `''`: none. */
  readonly mail: string
  readonly locale: string
  /** `''`: the user has no password. */
  readonly secondHash: string
  readonly flags: number
  readonly notificationFlags: number
  /** The primary device, as stored: it may not exist any more (timelimit 1.10). */
  readonly currentDevice: string
  /** Takes the apps that are in no category; `''`: none. */
  readonly unassignedCategory: string
  /** The category in whose blocked times the parent cannot sign in. */
  readonly limitLogin?: { readonly categoryId: string; readonly preBlock: number }
}

export type DeviceState = {
  readonly name: string
  /** `''`: it reported its removal, nobody knows its token. */
  readonly tokenHash: string
  readonly userId: string
  readonly keptSignedIn: boolean
  readonly defaultUser: string
  readonly hasKey: boolean
  readonly status: DeviceStatus
  readonly nextSequenceNumber: number
  readonly nextReply: number
  /** SHA-256 of the app lists that stand. */
  readonly lists: { readonly base?: string; readonly diff?: string }
}

export type CategoryState = {
  readonly childId: string
  readonly parentId: string
  readonly extraTime: number
  readonly extraTimeDay: number
  readonly blockedTimes: string
  readonly tempBlocked: boolean
  readonly tempBlockTime: number
  readonly blocksNotifications: boolean
  readonly timeWarnings: number
  /** Additional warnings, in minutes. */
  readonly minutes: readonly number[]
  readonly flags: number
  readonly sort: number
  /** Item ids. */
  readonly networks: readonly string[]
  /** App specifiers. */
  readonly apps: readonly string[]
  /** `dayKey` → `start-end` → counter. */
  readonly counters: Map6<Map6<Counter>>
  /** `start-end-max-pause` → session. */
  readonly sessions: Map6<Session>
}

/** Milliseconds used, and the server's clock when that was counted, as rounded for the clean-up (timelimit 4.2). */
export type Counter = readonly [used: number, touched: number]
/** Milliseconds; `lastUsage` and `touched` since the epoch. */
export type Session = readonly [duration: number, lastUsage: number, touched: number]

export type RuleState = Rule & { readonly categoryId: string }

export type TaskState = {
  readonly categoryId: string
  readonly title: string
  readonly duration: number
  readonly pending: boolean
  /** When it was approved last, milliseconds since the epoch, 0 for never. */
  readonly lastGrant: number
}

export type U2fState = { readonly userId: string; readonly keyHandle: string; readonly publicKey: string }

export type KeyRequestState = {
  readonly sender: string
  /** The sender's own number. */
  readonly dsn: number
  readonly dataType: number
  readonly deviceId?: string
  readonly categoryId?: string
  /** Devices that have answered. */
  readonly replied: readonly string[]
}

export type PurchaseState = { readonly type: string; readonly at: number }

export const NO_FAMILY: FamilyState = {
  status: 'none',
  premium: { until: 0, isFull: false, debts: 0 },
  users: {},
  devices: {},
  categories: {},
  rules: {},
  tasks: {},
  u2f: {},
  requests: {},
  nextRequest: 1,
  purchases: {},
}

/** An entry of a map whose key came from outside: never a member of `Object.prototype`. */
export const at = <T>(map: Map6<T>, key: string): T | undefined =>
  Object.hasOwn(map, key) ? map[key] : undefined

/** A map without some of its keys. */
export const without = <T>(map: Map6<T>, keys: readonly string[]): Map6<T> => {
  if (!keys.some((key) => Object.hasOwn(map, key))) return map
  const gone = new Set(keys)
  return Object.fromEntries(Object.entries(map).filter(([key]) => !gone.has(key)))
}

/** The key of a day of the epoch. Not its number alone: objects whose keys are numbers take a hundred times as long to copy. */
export const dayKey = (day: number): string => `d${day}`
export const dayOf = (key: string): number => Number(key.slice(1))

/** The slot of a counter: minutes of the day, both included. */
export const slotOf = (start: number, end: number): string => `${start}-${end}`
export const sessionKey = (session: {
  readonly start: number
  readonly end: number
  readonly max: number
  readonly pause: number
}): string => `${session.start}-${session.end}-${session.max}-${session.pause}`

/** The slot of a whole day. */
export const WHOLE_DAY = { start: 0, end: 1439 } as const
