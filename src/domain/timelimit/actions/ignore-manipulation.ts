import * as E from 'fp-ts/lib/Either.js'
import type * as t from 'io-ts'
import { fact } from '../events.ts'
import type { DeviceStatus } from '../events/devices.ts'
import { at } from '../state.ts'
import { action } from './action.ts'
import { bits, bool, id6, int, members } from './codec.ts'

const codec = members(
  {
    deviceId: id6,
    admin: bool,
    adminA: bool,
    downgrade: bool,
    notification: bool,
    usageStats: bool,
    hadManipulation: bool,
  },
  {
    reboot: bool,
    overlay: bool,
    accessibilityService: bool,
    ignoreHadManipulationFlags: bits(63),
    ignoreManipulationFlags: int(Number.MIN_SAFE_INTEGER),
  },
)

/** A parent takes a device for what it is now (timelimit 4.4). */
export const IGNORE_MANIPULATION = action({
  envelope: 'parent',
  codec,
  decide: (ignored, { state }) => {
    const { deviceId } = ignored
    const status = at(state.devices, deviceId)?.status
    if (status === undefined) return E.left('NO_DEVICE')
    const set = different(status, { ...accepted(ignored, status), ...cleared(ignored, status) })
    return E.right({ facts: [fact('DeviceManipulationIgnored', { deviceId, set })] })
  },
})

type Ignored = t.TypeOf<typeof codec>

/** What is now is as it has to be. */
const accepted = (ignored: Ignored, now: DeviceStatus): Partial<DeviceStatus> => ({
  ...(ignored.admin && { hProtectionLevel: now.cProtectionLevel }),
  ...(ignored.adminA && { tDisablingAdmin: false }),
  ...(ignored.downgrade && { hAppVersion: now.cAppVersion }),
  ...(ignored.notification && { hNotificationAccess: now.cNotificationAccess }),
  ...(ignored.usageStats && { hUsageStats: now.cUsageStats }),
  ...(ignored.overlay === true && { hOverlay: now.cOverlay }),
  ...(ignored.accessibilityService === true && { wasAsEnabled: now.asEnabled }),
  ...(ignored.reboot === true && { reboot: false }),
})

/** Without the marks of what was. */
const cleared = (
  { hadManipulation, ignoreHadManipulationFlags = 0, ignoreManipulationFlags = 0 }: Ignored,
  now: DeviceStatus,
): Partial<DeviceStatus> => {
  const hadManipulationFlags = now.hadManipulationFlags & ~ignoreHadManipulationFlags
  const isOver = ignoreHadManipulationFlags !== 0 && hadManipulationFlags === 0
  return {
    hadManipulationFlags,
    mFlags: now.mFlags & ~ignoreManipulationFlags,
    ...((hadManipulation || isOver) && { hadManipulation: false }),
  }
}

const different = (
  now: { readonly [name: string]: unknown },
  next: Partial<DeviceStatus>,
): Partial<DeviceStatus> =>
  Object.fromEntries(Object.entries(next).filter(([name, value]) => now[name] !== value))
