import type * as t from 'io-ts'
import type { DataOf } from '../events.ts'
import type { DEVICE_EVENTS, DeviceStatus, DeviceStatusChanged } from '../events/devices.ts'
import { without, type FamilyState } from '../state.ts'
import { changed, inDevice, inUser, keysOf, unchanged, type Rows } from './rows.ts'
import { REQUEST_ROWS } from './requests.ts'

const statusChanged = (
  state: FamilyState,
  { deviceId, set }: t.TypeOf<typeof DeviceStatusChanged>,
): FamilyState => {
  const { pType: _type, pLevel: _level, ...status } = set
  return {
    ...state,
    devices: changed(state.devices, deviceId, (device) => ({
      ...device,
      status: { ...device.status, ...status },
    })),
  }
}

export const DEVICE_ROWS: Rows<keyof typeof DEVICE_EVENTS> = {
  DeviceRegistered: (state, { deviceId, userId, keptSignedIn, sealed }) => ({
    ...state,
    devices: {
      ...state.devices,
      [deviceId]: {
        name: sealed?.name ?? '',
        tokenHash: sealed?.tokenHash ?? '',
        userId,
        keptSignedIn,
        defaultUser: '',
        hasKey: false,
        status: NEW_DEVICE,
        nextSequenceNumber: 0,
        nextReply: 1,
        lists: {},
      },
    },
  }),
  DeviceRemoved: removed,
  DeviceUninstallReported: (state, { deviceId }) => inDevice(state, deviceId, { tokenHash: '' }),
  DeviceUserAssigned: (state, { deviceId, userId }) =>
    inDevice(state, deviceId, { userId, keptSignedIn: false }),
  DeviceUserUnassigned: (state, { deviceId }) =>
    inDevice(state, deviceId, { userId: '', keptSignedIn: false }),
  DeviceKeepSignedInChanged: (state, { deviceId, keptSignedIn }) =>
    inDevice(state, deviceId, { keptSignedIn }),
  DeviceDefaultUserChanged: (state, { deviceId, userId }) =>
    inDevice(state, deviceId, { defaultUser: userId }),
  DeviceDefaultUserTimeoutChanged: unchanged,
  DeviceRenamed: (state, { deviceId, sealed }) =>
    sealed === null ? state : inDevice(state, deviceId, { name: sealed.name }),
  DeviceNetworkTimeModeChanged: unchanged,
  DeviceRebootPolicyChanged: unchanged,
  DeviceActivityLevelBlockingChanged: unchanged,
  DeviceConnectionSharingChanged: unchanged,
  DeviceStatusReported: statusChanged,
  DeviceManipulationIgnored: statusChanged,
  DeviceManipulationDetected: unchanged,
  DeviceAdminDisablingTried: (state, { deviceId }) =>
    statusChanged(state, { deviceId, set: { tDisablingAdmin: true } }),
  DeviceAppListUploaded: (state, { deviceId, kind, sha256 }) => ({
    ...state,
    devices: changed(state.devices, deviceId, (device) => ({
      ...device,
      lists: { ...device.lists, [kind]: sha256 },
    })),
  }),
  DevicePublicKeyUploaded: (state, { deviceId }) => inDevice(state, deviceId, { hasKey: true }),
  ...REQUEST_ROWS,
}

/** With what it asked and was asked for; who had it as primary device has none (timelimit 2.14). */
function removed(state: FamilyState, { deviceId, requests }: DataOf<'DeviceRemoved'>): FamilyState {
  const holders = keysOf(state.users, ({ currentDevice }) => currentDevice === deviceId)
  const left = {
    devices: without(state.devices, [deviceId]),
    requests: without(state.requests, requests.map(String)),
  }
  return holders.reduce((before, userId) => inUser(before, userId, { currentDevice: '' }), {
    ...state,
    ...left,
  })
}

/** Timelimit 4.0.4. */
const NEW_DEVICE: DeviceStatus = {
  cProtectionLevel: 'none',
  hProtectionLevel: 'none',
  cUsageStats: 'not granted',
  hUsageStats: 'not granted',
  cNotificationAccess: 'not granted',
  hNotificationAccess: 'not granted',
  cOverlay: 'not granted',
  hOverlay: 'not granted',
  cAppVersion: 0,
  hAppVersion: 0,
  asEnabled: false,
  wasAsEnabled: false,
  tDisablingAdmin: false,
  reboot: false,
  hadManipulation: false,
  hadManipulationFlags: 0,
  qOrLater: false,
  mFlags: 0,
}
