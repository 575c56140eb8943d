import type { SyncType } from '../../domain/afrodite/sync-types.ts'
import { familyScope, groupScope } from '../../domain/afrodite/touches.ts'
import { userSubject } from '../../domain/stores/names.ts'
import { mayCall } from '../../domain/stores/scopes.ts'
import { familyStream } from '../../domain/timelimit/names.ts'
import { isObject } from '../../json.ts'
import type { Reader } from '../../queries/reader.ts'
import { findCaller } from '../../queries/stores-principals.ts'
import { entityTopic, membersTopic, subjectTopic } from './store-feed.ts'

/** What a linked identity may know of its own protocol's data at the moment (decisions 21). */
export type Rights = {
  /** Whose counts it is told; absent: nothing, because it is not there, or disabled. */
  readonly scope?: string
  /** Topics on which to look again. */
  readonly dependsOn: readonly string[]
  readonly mayRead: (type: SyncType) => boolean
  /** May it know the ids of what only that owner may know about? */
  readonly mayName: (owner: string | undefined) => boolean
}

/** Of a user of the stores: what his role lets him list. */
export const userRights = async (reader: Pick<Reader, 'get'>, user: string): Promise<Rights> => {
  const caller = await findCaller(reader, user)
  const own = [entityTopic('users', user), subjectTopic(userSubject(user))]
  if (caller === undefined) return nothing(own)
  return {
    scope: groupScope(caller.group),
    dependsOn: [...own, entityTopic('roles', caller.role ?? '')],
    mayRead: ({ source }) => source?.of === 'stores' && mayCall(caller, 'GET', `/${source.store}`),
    mayName: (owner) => owner === undefined || owner === user || caller.credentials.includes('*'),
  }
}

/** Of a device, which reads all of its family's data while it belongs to it. @param link `<family>-<device>` */
export const deviceRights = async (reader: Pick<Reader, 'get'>, link: string): Promise<Rights> => {
  const dash = link.indexOf('-')
  const family = link.slice(0, dash)
  const ended = (await reader.get('timelimit_families', family))?.value['ended']
  const devices = (await reader.get('timelimit_device_lists', family))?.value['devices']
  const device = isObject(devices) ? devices[link.slice(dash + 1)] : undefined
  const dependsOn = [membersTopic(family), subjectTopic(familyStream(family))]
  // A device's token ends with its uninstallation too, and all of them with the family (timelimit 6.1).
  if (ended === true || !isObject(device) || device['reportUninstall'] === true) return nothing(dependsOn)
  return { scope: familyScope(family), dependsOn, mayRead: () => true, mayName: () => true }
}

const nothing = (dependsOn: readonly string[]): Rights => ({
  dependsOn,
  mayRead: () => false,
  mayName: () => false,
})
