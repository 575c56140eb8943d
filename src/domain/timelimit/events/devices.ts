import * as t from 'io-ts'
import { event, optional, sealed } from './event.ts'

export const DeviceRegistered = t.type({
  deviceId: t.string,
  userId: t.string,
  keptSignedIn: t.boolean,
  addedAt: t.number,
  sealed: sealed({ name: t.string, model: t.string, tokenHash: t.string }),
})
/**
 * `tokenHash` is in the clear: the token is dead, and has to be known after the family's key is gone (decisions 22). `requests`: server
 * numbers of the key requests that go with it (timelimit 2.14).
 */
export const DeviceRemoved = t.intersection([
  t.type({ deviceId: t.string, requests: t.readonlyArray(t.number) }),
  t.partial({ tokenHash: t.string }),
])
export const DeviceUninstallReported = t.type({ deviceId: t.string, tokenHash: t.string })
/** `''`: nobody. The user is no longer kept signed in, whoever it was. */
export const DeviceUserAssigned = t.type({ deviceId: t.string, userId: t.string })
/** The device's user is gone. */
export const DeviceUserUnassigned = t.type({ deviceId: t.string })
export const DeviceKeepSignedInChanged = t.type({ deviceId: t.string, keptSignedIn: t.boolean })
export const DeviceDefaultUserChanged = t.type({ deviceId: t.string, userId: t.string })
/** Milliseconds. */
export const DeviceDefaultUserTimeoutChanged = t.type({ deviceId: t.string, timeout: t.number })
export const DeviceRenamed = t.type({ deviceId: t.string, sealed: sealed({ name: t.string }) })
export const DeviceNetworkTimeModeChanged = t.type({ deviceId: t.string, mode: t.string })
export const DeviceSwitched = t.type({ deviceId: t.string, enable: t.boolean })

/** What a device says about itself, named as devices read it (timelimit 5.4). */
const status = {
  cProtectionLevel: t.string,
  hProtectionLevel: t.string,
  cUsageStats: t.string,
  hUsageStats: t.string,
  cNotificationAccess: t.string,
  hNotificationAccess: t.string,
  cOverlay: t.string,
  hOverlay: t.string,
  cAppVersion: t.number,
  hAppVersion: t.number,
  asEnabled: t.boolean,
  wasAsEnabled: t.boolean,
  tDisablingAdmin: t.boolean,
  reboot: t.boolean,
  hadManipulation: t.boolean,
  hadManipulationFlags: t.number,
  qOrLater: t.boolean,
  mFlags: t.number,
}
const platform = { pType: optional(t.string), pLevel: optional(t.number) }
export type DeviceStatus = { readonly [name in keyof typeof status]: t.TypeOf<(typeof status)[name]> }

/** `set`: the values that are different afterwards. */
export const DeviceStatusChanged = t.type({
  deviceId: t.string,
  set: t.partial({ ...status, ...platform }),
})
export const DeviceManipulationDetected = t.type({ deviceId: t.string })
export const DeviceAdminDisablingTried = t.type({ deviceId: t.string })

/** The content is a blob of the family (decisions 17). */
export const DeviceAppListUploaded = t.type({
  deviceId: t.string,
  kind: t.union([t.literal('base'), t.literal('diff')]),
  sha256: t.string,
  bytes: t.number,
})
export const DevicePublicKeyUploaded = t.type({ deviceId: t.string, key: t.string })

/** `replaces`: server numbers of the sender's earlier requests for the same. Binary values in base64. */
export const KeyRequested = t.intersection([
  t.type({
    serverSeq: t.number,
    sender: t.string,
    dsn: t.number,
    dataType: t.number,
    tempKey: t.string,
    signature: t.string,
    replaces: t.readonlyArray(t.number),
  }),
  t.partial({ deviceId: t.string, categoryId: t.string }),
])
/** The content is in the mailbox of `to` (decisions 22). */
export const KeyRequestReplied = t.type({
  serverSeq: t.number,
  sender: t.string,
  to: t.string,
  replySeq: t.number,
  /** The asker's own number. */
  dsn: t.number,
})
export const KeyRequestFinished = t.type({ serverSeqs: t.readonlyArray(t.number) })
/** The token that has to come back is in the mailbox of `to`. */
export const DevicePinged = t.type({
  sender: t.string,
  to: t.string,
  kind: t.union([t.literal('ping'), t.literal('pong')]),
})

const D = () => ['devices'] as const
const only = (deviceId: string) => ({ level: 0, devices: [deviceId] }) as const
const also = ({ deviceId }: { readonly deviceId: string }) => ({ level: 1, devices: [deviceId] }) as const

export const DEVICE_EVENTS = {
  DeviceRegistered: event(DeviceRegistered, D, ({ deviceId }) => ({ level: 1, except: deviceId })),
  DeviceRemoved: event(
    DeviceRemoved,
    () => ['devices', 'users'],
    ({ tokenHash }) => ({ level: 1, ...(tokenHash === undefined ? {} : { tokens: [tokenHash] }) }),
  ),
  DeviceUninstallReported: event(DeviceUninstallReported, D, ({ deviceId }) => ({
    level: 1,
    except: deviceId,
  })),
  DeviceUserAssigned: event(DeviceUserAssigned, D, also),
  DeviceUserUnassigned: event(DeviceUserUnassigned, D, 2),
  DeviceKeepSignedInChanged: event(DeviceKeepSignedInChanged, D, also),
  DeviceDefaultUserChanged: event(DeviceDefaultUserChanged, D, also),
  DeviceDefaultUserTimeoutChanged: event(DeviceDefaultUserTimeoutChanged, D, also),
  DeviceRenamed: event(DeviceRenamed, D, 1),
  DeviceNetworkTimeModeChanged: event(DeviceNetworkTimeModeChanged, D, 1),
  DeviceRebootPolicyChanged: event(DeviceSwitched, D, also),
  DeviceActivityLevelBlockingChanged: event(DeviceSwitched, D, also),
  DeviceConnectionSharingChanged: event(DeviceSwitched, D, 1),
  DeviceStatusReported: event(DeviceStatusChanged, D, 1),
  DeviceManipulationIgnored: event(DeviceStatusChanged, D, also),
  DeviceManipulationDetected: event(DeviceManipulationDetected, () => [], 0),
  DeviceAdminDisablingTried: event(DeviceAdminDisablingTried, D, 1),
  DeviceAppListUploaded: event(
    DeviceAppListUploaded,
    ({ deviceId, kind }) => [{ device: deviceId, part: kind }],
    1,
  ),
  DevicePublicKeyUploaded: event(DevicePublicKeyUploaded, D, 2),
  KeyRequested: event(KeyRequested, () => [], 2),
  KeyRequestReplied: event(
    KeyRequestReplied,
    () => [],
    ({ to }) => only(to),
  ),
  KeyRequestFinished: event(KeyRequestFinished, () => [], 0),
  DevicePinged: event(
    DevicePinged,
    () => [],
    ({ to }) => only(to),
  ),
} as const
