import { createHmac } from 'node:crypto'
import type { Added, Device, Push } from './timelimit-devices.ts'

/** Names of sums, from what is sent and from what is pulled. */
export const counterName = (category: string, day: number, start: number, end: number): string =>
  `${category} day ${day} ${start}-${end}`
export const sessionName = (category: string): string => `${category} session`

/** Days that a long past is spread over. */
const DAYS = 10

/** The push after all that were made; six of ten have one action, three have 10, one has 50. */
export const nextPush = (device: Device): Push =>
  device.prepared.shift() ?? makePush(device, sizeOf(device.made), mixed)

/** Makes pushes before the clock runs. */
export const prepare = (device: Device, count: number): void => {
  while (device.prepared.length < count) device.prepared.push(makePush(device, sizeOf(device.made), mixed))
}

/** Used time alone: each action adds to one category, which is one event. */
export const usedTimePush = (device: Device, size: number): Push => makePush(device, size, plain)

/** Actions of the parent, proved by `device` or with the password in turns. */
export const parentPush = (device: Device, actions: readonly object[]): Push =>
  makePush(device, actions.length, (_, n, index) => ({ parent: actions[index] ?? {}, signed: n % 2 === 1 }))

export const acknowledge = ({ family: { used } }: Device, { adds }: Push): void => {
  for (const { counter, ms } of adds) used.set(counter, (used.get(counter) ?? 0) + ms)
}

type Made = { readonly app: object; readonly adds?: readonly Added[] } | Parents
type Parents = { readonly parent: object; readonly signed: boolean }
type Make = (device: Device, sequenceNumber: number, index: number) => Made

const SIZES = [1, 1, 10, 1, 50, 1, 10, 1, 10, 1] as const
const sizeOf = (made: number): number => SIZES[made % SIZES.length] ?? 1

const makePush = (device: Device, size: number, make: Make): Push => {
  const adds: Added[] = []
  const actions = Array.from({ length: size }, (_, index) => {
    const sequenceNumber = device.sequenceNumber++
    const made = make(device, sequenceNumber, index)
    if ('parent' in made) return parentAction(device, sequenceNumber, made)
    adds.push(...(made.adds ?? []))
    const encodedAction = JSON.stringify(made.app)
    return { encodedAction, sequenceNumber, integrity: '', type: 'appLogic', userId: '' }
  })
  device.made++
  const body = JSON.stringify({ deviceAuthToken: device.token, actions })
  return { request: device.encode('/sync/push-actions', body), actions: size, adds }
}

const parentAction = (device: Device, sequenceNumber: number, { parent, signed }: Parents): object => {
  const encodedAction = JSON.stringify(parent)
  const integrity = signed ? signature(device, sequenceNumber, encodedAction) : 'device'
  return { encodedAction, sequenceNumber, integrity, type: 'parent', userId: device.family.parentId }
}

/** timelimit 3.3.3 */
const signature = ({ id, family }: Device, sequenceNumber: number, encodedAction: string): string => {
  const [device, action] = [Buffer.from(id), Buffer.from(encodedAction)]
  const message = Buffer.alloc(16 + device.length + action.length)
  message.writeBigUInt64BE(BigInt(sequenceNumber))
  message.writeUInt32BE(device.length, 8)
  device.copy(message, 12)
  message.writeUInt32BE(action.length, 12 + device.length)
  action.copy(message, 16 + device.length)
  return `password:${createHmac('sha256', family.secondHash).update(message).digest('base64')}`
}

const mixed: Make = (device, n, index) => {
  if (n % 20 === 7) return { app: deviceStatus(n) }
  if (device.isParents && n % 3 === 1) return { parent: parentChange(device, n), signed: n % 2 === 1 }
  return usedTime(device, n, { items: 1 + (index % 3 === 2 ? 1 : 0), day: TODAY })
}

const plain: Make = (device, n) => usedTime(device, n, { items: 1, day: TODAY - (n % DAYS) })

const DAY_MS = 86_400_000
const NOW = Date.now()
const TODAY = Math.floor(NOW / DAY_MS)
const WHOLE_DAY = [0, 1439] as const
/** Apart from each other: a new counter begins with the greatest within it, so nested ones would depend on the order of the pushes. */
const SLOTS = [
  [0, 479],
  [480, 959],
  [960, 1438],
] as const
/** Start, end, greatest duration, pause. */
const SESSION = [0, 1439, 1_800_000, 600_000] as const

/** Sums do not depend on the order in which devices of a family are served: no counter gets full, no session is ever interrupted. */
const usedTime = (
  { charges }: Device,
  n: number,
  { items, day }: { readonly items: number; readonly day: number },
): Made => {
  const adds: Added[] = []
  const i = Array.from({ length: Math.min(items, charges.length) }, (_, at) => {
    const categoryId = charges[(n + at) % charges.length] ?? ''
    const tta = 1 + ((n * 37 + at) % 500)
    const slots = n % 4 === 0 ? SLOTS.slice((n / 4) % 3, ((n / 4) % 3) + 1) : []
    for (const [start, end] of [WHOLE_DAY, ...slots])
      adds.push({ counter: counterName(categoryId, day, start, end), ms: tta })
    if (n % 5 === 0) adds.push({ counter: sessionName(categoryId), ms: tta })
    return {
      categoryId,
      tta,
      etts: n % 10 === 0 ? tta : 0,
      ...(slots.length === 0 ? {} : { as: slots }),
      ...(n % 5 === 0 ? { sdl: [SESSION] } : {}),
    }
  })
  return { app: { type: 'ADD_USED_TIME_V2', d: day, i, t: NOW }, adds }
}

/** Nothing in it ever falls: a device that loses something would be reported by mail. */
const deviceStatus = (n: number): object => ({
  type: 'UPDATE_DEVICE_STATUS',
  protectionLevel: 'device owner',
  usageStats: 'granted',
  notificationAccess: 'granted',
  overlayPermission: 'granted',
  appVersion: 200 + n,
  platformType: 'android',
  platformLevel: 34,
})

const parentChange = ({ family: { categoryIds, childIds } }: Device, n: number): object => {
  const categoryId = categoryIds[n % categoryIds.length] ?? ''
  const changes = [
    { type: 'UPDATE_CATEGORY_TITLE', categoryId, newTitle: `Category ${n}` },
    { type: 'UPDATE_CATEGORY_BLOCKED_TIMES', categoryId, times: `0,${360 + (n % 60)},1320,1440` },
    { type: 'SET_CATEGORY_EXTRA_TIME', categoryId, newExtraTime: 60_000 * (n % 60), day: TODAY },
    {
      type: 'UPDATE_TIMELIMIT_RULE',
      ruleId: ruleIdOf(categoryId),
      time: 3_600_000 + n,
      days: 31,
      extraTime: false,
    },
    { type: 'RENAME_CHILD', childId: childIds[n % childIds.length], newName: `Child ${n}` },
  ]
  return changes[(n >> 1) % changes.length] ?? {}
}

export const ruleIdOf = (categoryId: string): string => `r${categoryId.slice(1)}`
