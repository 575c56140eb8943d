/**
 * The numbers by which clients name what they keep in step (afrodite 3.8, 9.1). A number, once given, keeps its meaning for ever. What is
 * not in here is unknown: a client that names it is malformed (afrodite 3.7).
 */
export type SyncType = {
  readonly number: number
  readonly name: string
  /** Where its changes come from. Without one this server has nothing of it: the type is accepted and ignored. */
  readonly source?: SyncSource
}

export type SyncSource =
  /** The account's own stream: state, capabilities and visibility. */
  | { readonly of: 'account' }
  /** Entities of a store that the linked user's group reaches. */
  | { readonly of: 'stores'; readonly store: string }
  /** What the linked device's family has of that. */
  | { readonly of: 'timelimit'; readonly part: FamilyPart }

export type FamilyPart =
  | 'devices'
  | 'users'
  | 'categories'
  | 'categoryApps'
  | 'rules'
  | 'tasks'
  | 'usedTimes'
  | 'keyRequests'
  | 'installedApps'
  | 'purchases'

export const syncType = (number: number): SyncType | undefined => BY_NUMBER.get(number)

const row = (number: number, name: string, source?: SyncSource): SyncType =>
  source === undefined ? { number, name } : { number, name, source }
const family = (number: number, name: string, part: FamilyPart): SyncType =>
  row(number, name, { of: 'timelimit', part })
const store = (number: number, path: string): SyncType => row(number, path, { of: 'stores', store: path })

export const SYNC_TYPES: readonly SyncType[] = [
  row(0, 'Account', { of: 'account' }),
  row(1, 'ReceivedLikes'),
  row(2, 'ReceivedBlocks'),
  row(3, 'SentLikes'),
  row(4, 'SentBlocks'),
  row(5, 'Matches'),
  row(6, 'AvailableProfileAttributes'),
  row(7, 'Profile'),
  // Later clients of this protocol version name these (afrodite 3.7).
  row(8, 'News'),
  row(9, 'MediaContent'),
  row(10, 'DailyLikesLeft'),
  row(32, 'store directory'),
  row(33, 'server configuration'),
  row(34, 'own sessions and tokens'),
  row(35, 'own user records'),
  row(36, 'finished jobs and reports'),
  family(64, 'devices', 'devices'),
  family(65, 'users', 'users'),
  family(66, 'categories', 'categories'),
  family(67, 'category apps', 'categoryApps'),
  family(68, 'rules', 'rules'),
  family(69, 'tasks', 'tasks'),
  family(70, 'used times', 'usedTimes'),
  family(71, 'key requests and responses', 'keyRequests'),
  family(72, 'installed apps', 'installedApps'),
  family(73, 'purchases', 'purchases'),
  row(96, 'users'),
  row(97, 'dialogs'),
  row(98, 'messages'),
  row(99, 'unread counters'),
  row(100, 'push subscriptions'),
  row(101, 'files'),
  row(102, 'address book'),
  row(103, 'custom classes'),
  row(104, 'meetings'),
  row(105, 'whiteboards'),
  store(128, 'models'),
  store(129, 'objects'),
  store(130, 'automatons'),
  store(131, 'handlers'),
  store(132, 'labels'),
  store(133, 'geofences'),
  store(134, 'scenes'),
  store(135, 'dashboards'),
  store(136, 'files'),
  store(137, 'groups'),
  store(138, 'roles'),
  store(139, 'users'),
  store(140, 'invites'),
  store(141, 'tokens'),
  store(142, 'messages'),
  store(143, 'tasks'),
  store(144, 'tasks/kinds'),
  store(145, 'tables'),
  store(146, 'reports'),
  store(147, 'reports/builds'),
  row(148, 'object packets'),
  row(255, 'ScheduledMaintenance'),
]

const BY_NUMBER: ReadonlyMap<number, SyncType> = new Map(SYNC_TYPES.map((type) => [type.number, type]))
