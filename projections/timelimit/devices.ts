import { partId } from '../../src/domain/timelimit/names.ts'
import type { Json } from '../../src/json.ts'
import type { ProjectedWrite } from '../../src/projecting/projection.ts'
import { below, change, on, type Handlers, type Told } from './row.ts'

export const DEVICES = 'timelimit_device_lists'
export const BY_TOKEN = 'timelimit_devices_by_token'
export const OLD_TOKENS = 'timelimit_old_tokens'
export const APP_LISTS = 'timelimit_app_lists'
export const KEY_REQUESTS = 'timelimit_key_requests'

/**
 * Devices as devices see them (timelimit 5.4), who a token is, and the tokens that are dead: these speak of nobody and stay when the
 * family is erased (timelimit 6.2).
 */
export const deviceHandlers: Handlers = {
  FamilyCreated: on('FamilyCreated', ({ family, version, _s }) => [
    { collection: DEVICES, id: family, put: { version, devices: {}, _s } },
    { collection: KEY_REQUESTS, id: family, put: { requests: {}, _s } },
  ]),
  DeviceRegistered: on('DeviceRegistered', ({ data, family, version, _s }) => {
    if (data.sealed === null) return []
    const { deviceId, userId, keptSignedIn, addedAt } = data
    const { name, model, tokenHash } = data.sealed
    const own = { deviceId, name, model, addedAt, currentUserId: userId, isUserKeptSignedIn: keptSignedIn }
    return [
      change(DEVICES, family, { version, [`devices.${deviceId}`]: { ...NEW_DEVICE, ...own } }),
      { collection: APP_LISTS, id: partId(family, deviceId), put: { family, _s } },
      { collection: BY_TOKEN, id: tokenHash, put: { family, device: deviceId, _s } },
    ]
  }),
  DeviceRemoved: on('DeviceRemoved', ({ data: { deviceId, tokenHash }, family, version }) => [
    change(DEVICES, family, { version }, [`devices.${deviceId}`]),
    { collection: APP_LISTS, id: partId(family, deviceId), delete: true },
    ...(tokenHash === undefined ? [] : ended(tokenHash)),
  ]),
  DeviceUninstallReported: on('DeviceUninstallReported', (told) => [
    ...device(told, { reportUninstall: true }),
    ...ended(told.data.tokenHash),
  ]),
  FamilyDeleted: on('FamilyDeleted', ({ data: { tokenHashes } }) => tokenHashes.flatMap(ended)),
  DeviceUserAssigned: on('DeviceUserAssigned', (told) =>
    device(told, { currentUserId: told.data.userId, isUserKeptSignedIn: false }),
  ),
  DeviceUserUnassigned: on('DeviceUserUnassigned', (told) =>
    device(told, { currentUserId: '', isUserKeptSignedIn: false }),
  ),
  DeviceKeepSignedInChanged: on('DeviceKeepSignedInChanged', (told) =>
    device(told, { isUserKeptSignedIn: told.data.keptSignedIn }),
  ),
  DeviceDefaultUserChanged: on('DeviceDefaultUserChanged', (told) =>
    device(told, { defUser: told.data.userId }),
  ),
  DeviceDefaultUserTimeoutChanged: on('DeviceDefaultUserTimeoutChanged', (told) =>
    device(told, { defUserTimeout: told.data.timeout }),
  ),
  DeviceRenamed: on('DeviceRenamed', (told) => device(told, { name: told.data.sealed?.name })),
  DeviceNetworkTimeModeChanged: on('DeviceNetworkTimeModeChanged', (told) =>
    device(told, { networkTime: told.data.mode }),
  ),
  DeviceRebootPolicyChanged: on('DeviceRebootPolicyChanged', (told) =>
    device(told, { rebootIsManipulation: told.data.enable }),
  ),
  DeviceActivityLevelBlockingChanged: on('DeviceActivityLevelBlockingChanged', (told) =>
    device(told, { activityLevelBlocking: told.data.enable }),
  ),
  DeviceConnectionSharingChanged: on('DeviceConnectionSharingChanged', (told) =>
    device(told, { showDeviceConnected: told.data.enable }),
  ),
  DeviceStatusReported: on('DeviceStatusReported', (told) => device(told, told.data.set)),
  DeviceManipulationIgnored: on('DeviceManipulationIgnored', (told) => device(told, told.data.set)),
  DeviceAdminDisablingTried: on('DeviceAdminDisablingTried', (told) =>
    device(told, { tDisablingAdmin: true }),
  ),
  DevicePublicKeyUploaded: on('DevicePublicKeyUploaded', (told) => device(told, { pk: told.data.key })),
  DeviceAppListUploaded: on('DeviceAppListUploaded', ({ data, family, version }) => {
    const { deviceId, kind, sha256, bytes } = data
    return [change(APP_LISTS, partId(family, deviceId), { [kind]: { version, sha256, bytes } })]
  }),
}

type OfDevice = Pick<Told<'DeviceUserUnassigned'>, 'data' | 'family' | 'version'>

const device = (
  { data: { deviceId }, family, version }: OfDevice,
  changes: { readonly [member: string]: Json | undefined },
): readonly ProjectedWrite[] => [
  change(DEVICES, family, { version, ...below(`devices.${deviceId}`, changes) }),
]

/** A token that has ended is known for ever. */
const ended = (tokenHash: string): readonly ProjectedWrite[] => [
  { collection: BY_TOKEN, id: tokenHash, delete: true },
  { collection: OLD_TOKENS, id: tokenHash, put: {} },
]

/** timelimit 4.0.4 */
const NEW_DEVICE = {
  networkTime: 'disabled',
  cProtectionLevel: 'none',
  hProtectionLevel: 'none',
  cUsageStats: 'not granted',
  hUsageStats: 'not granted',
  cNotificationAccess: 'not granted',
  hNotificationAccess: 'not granted',
  cAppVersion: 0,
  hAppVersion: 0,
  tDisablingAdmin: false,
  reboot: false,
  hadManipulation: false,
  hadManipulationFlags: 0,
  reportUninstall: false,
  showDeviceConnected: false,
  defUser: '',
  defUserTimeout: 0,
  rebootIsManipulation: false,
  cOverlay: 'not granted',
  hOverlay: 'not granted',
  asEnabled: false,
  wasAsEnabled: false,
  activityLevelBlocking: false,
  qOrLater: false,
  mFlags: 0,
  pLevel: 0,
} as const
