import * as E from 'fp-ts/lib/Either.js'
import type * as t from 'io-ts'
import type { Fact } from '../../decider.ts'
import { fact } from '../events.ts'
import type { DeviceStatus } from '../events/devices.ts'
import { at, type DeviceState } from '../state.ts'
import { action, type ActionContext } from './action.ts'
import { bool, check, int, int32, members, oneOf } from './codec.ts'
import { mailsTo, MANIPULATION_MAILS } from './mails.ts'

/** In ascending order (timelimit 4.3.1). */
const PROTECTION = ['none', 'simple device admin', 'password device admin', 'device owner'] as const
const PERMISSION = ['not granted', 'not required', 'granted'] as const
const NOTIFICATION = ['not granted', 'not supported', 'granted'] as const

const report = members(
  {},
  {
    protectionLevel: oneOf(...PROTECTION),
    usageStats: oneOf(...PERMISSION),
    notificationAccess: oneOf(...NOTIFICATION),
    overlayPermission: oneOf(...PERMISSION),
    accessibilityServiceEnabled: bool,
    appVersion: int32(0),
    didReboot: bool,
    isQOrLaterNow: bool,
    addedManipulationFlags: int(Number.MIN_SAFE_INTEGER),
    platformType: check(
      'platform type',
      (value): value is string => typeof value === 'string' && value.length >= 1 && value.length <= 8,
      { type: 'string', minLength: 1, maxLength: 8 },
    ),
    platformLevel: int(0, 128),
  },
)
type Report = t.TypeOf<typeof report>

/** What devices say about themselves. */
export const STATUS_ACTIONS = {
  UPDATE_DEVICE_STATUS: action({
    envelope: 'appLogic',
    codec: report,
    decide: (reported, context) => {
      const device = at(context.state.devices, context.deviceId)
      if (device === undefined) return E.left('NO_DEVICE')
      const next = afterReport(device.status, reported)
      const { platformType: pType, platformLevel: pLevel } = reported
      const platform = {
        ...(pType === undefined ? {} : { pType }),
        ...(pLevel === undefined ? {} : { pLevel }),
      }
      const set = { ...differences(device.status, next), ...platform }
      const facts = [fact('DeviceStatusReported', { deviceId: context.deviceId, set })]
      return E.right({ facts: [...facts, ...warnings(device, next, context)] })
    },
  }),
  TRIED_DISABLING_DEVICE_ADMIN: action({
    envelope: 'appLogic',
    codec: members({}),
    decide: (_, context) => {
      const device = at(context.state.devices, context.deviceId)
      if (device === undefined) return E.left('NO_DEVICE')
      if (device.status.tDisablingAdmin) return E.right({ facts: [] })
      const next = { ...device.status, tDisablingAdmin: true }
      const tried = fact('DeviceAdminDisablingTried', { deviceId: context.deviceId })
      return E.right({ facts: [tried, ...warnings(device, next, context)] })
    },
  }),
} as const

/** Something about the device is less than it once was, or was tampered with. */
export const showsManipulation = (status: DeviceStatus): boolean =>
  PAIRS.some(({ current, highest }) => status[current] !== status[highest]) ||
  status.asEnabled !== status.wasAsEnabled ||
  status.tDisablingAdmin ||
  status.reboot ||
  status.hadManipulation ||
  status.mFlags !== 0

/** What a device reports as it is now and as it was at best, and the bit that remembers a fall. */
const PAIRS = [
  {
    member: 'protectionLevel',
    current: 'cProtectionLevel',
    highest: 'hProtectionLevel',
    order: PROTECTION,
    bit: 1,
  },
  { member: 'usageStats', current: 'cUsageStats', highest: 'hUsageStats', order: PERMISSION, bit: 2 },
  {
    member: 'notificationAccess',
    current: 'cNotificationAccess',
    highest: 'hNotificationAccess',
    order: NOTIFICATION,
    bit: 4,
  },
  { member: 'appVersion', current: 'cAppVersion', highest: 'hAppVersion', order: undefined, bit: 8 },
  { member: 'overlayPermission', current: 'cOverlay', highest: 'hOverlay', order: PERMISSION, bit: 16 },
] as const

const ACCESSIBILITY_BIT = 32
/** The only manipulation flag that devices may add. */
const ADDABLE_FLAGS = 1

type Next = { -readonly [name in keyof DeviceStatus]: DeviceStatus[name] }

const afterReport = (before: DeviceStatus, reported: Report): DeviceStatus => {
  const next: Next = { ...before }
  takePairs(next, before, reported)
  takeAccessibility(next, before, reported.accessibilityServiceEnabled)
  next.reboot ||= reported.didReboot === true
  next.qOrLater ||= reported.isQOrLaterNow === true
  next.mFlags |= (reported.addedManipulationFlags ?? 0) & ADDABLE_FLAGS
  return next
}

const takePairs = (next: Next, before: DeviceStatus, reported: Report): void => {
  for (const { member, current, highest, order, bit } of PAIRS) {
    const value = reported[member]
    if (value === undefined) continue
    const best = rank(order, value) > rank(order, before[highest]) ? value : before[highest]
    Object.assign(next, { [current]: value, [highest]: best })
    if (value !== before[current] && value !== best) fall(next, bit)
  }
}

const takeAccessibility = (next: Next, before: DeviceStatus, enabled: boolean | undefined): void => {
  if (enabled === undefined) return
  next.asEnabled = enabled
  next.wasAsEnabled ||= enabled
  if (enabled !== before.asEnabled && enabled !== next.wasAsEnabled) fall(next, ACCESSIBILITY_BIT)
}

/** It is remembered, also when it is mended. */
const fall = (next: Next, bit: number): void => {
  next.hadManipulation = true
  next.hadManipulationFlags |= bit
}

const rank = (order: readonly string[] | undefined, value: string | number): number =>
  typeof value === 'number' ? value : (order?.indexOf(value) ?? 0)

const differences = (before: DeviceStatus, after: DeviceStatus): Partial<DeviceStatus> =>
  Object.fromEntries(
    Object.entries(after).filter(([name, value]) => before[name as keyof DeviceStatus] !== value),
  )

/** Parents are warned when a device that showed nothing begins to. */
const warnings = (
  before: DeviceState,
  after: DeviceStatus,
  { state, deviceId, now }: ActionContext,
): readonly Fact[] => {
  if (showsManipulation(before.status) || !showsManipulation(after)) return []
  const mail = { kind: 'manipulation', params: { deviceName: before.name } }
  return [fact('DeviceManipulationDetected', { deviceId }), ...mailsTo(state, MANIPULATION_MAILS, mail, now)]
}
