import type { ACCOUNT_EVENTS } from '../src/domain/afrodite/events.ts'
import { dataOf, type AfroditeEventType, type DataOf } from '../src/domain/afrodite/events.ts'
import { ACCOUNT_PREFIX, accountStream, aidOf, SESSION_PREFIX } from '../src/domain/afrodite/names.ts'
import type { Update } from '../src/documents/port.ts'
import type { StoredEvent } from '../src/history/port.ts'
import type { ProjectedWrite, Projection } from '../src/projecting/projection.ts'

const ACCOUNTS = 'afrodite_accounts'
const SESSIONS = 'afrodite_sessions'
const CONNECTIONS = 'afrodite_connections'

/** What an event says, and about whom. */
type Told<T extends AfroditeEventType> = {
  readonly data: DataOf<T>
  readonly aid: string
  /** Whose erasure takes the document away (decisions 7). */
  readonly _s: readonly string[]
  readonly event: StoredEvent
}
type Handler = Projection['on'][string]

const on =
  <T extends AfroditeEventType>(type: T, write: (told: Told<T>) => readonly ProjectedWrite[]): Handler =>
  (event) => {
    const aid = aidOf(event.stream)
    return write({ data: dataOf(type, event), aid, _s: [accountStream(aid)], event })
  }

type AccountEventType = keyof typeof ACCOUNT_EVENTS

/** Changes the account's document, which names the revision that it shows. */
const account = <T extends AccountEventType>(type: T, change: (data: DataOf<T>) => Update): Handler =>
  on(type, ({ data, aid, event: { revision } }) => {
    const { $set, ...others } = change(data)
    return [
      { collection: ACCOUNTS, id: aid, update: { ...others, $set: { ...$set, revision: Number(revision) } } },
    ]
  })

const session = (aid: string, $set: NonNullable<Update['$set']>): ProjectedWrite => ({
  collection: SESSIONS,
  id: aid,
  update: { $set },
})

/** Also when what it needs was erased: nobody may act by the pair before it. */
const ended = (aid: string): ProjectedWrite => ({ collection: SESSIONS, id: aid, delete: true })

const same = (): Update => ({})

/** Type 0 has a new version (afrodite 3.9). */
const RAISED = { $inc: { version: 1 } } as const

const accounts: Projection['on'] = {
  AccountRegistered: on('AccountRegistered', ({ data, aid, _s, event }) => {
    const { origin, demoEntry, sealed } = data
    const email = sealed?.email
    const put = {
      state: 'InitialSetup',
      capabilities: [],
      visibility: 'PendingPrivate',
      origin,
      ...(demoEntry === undefined ? {} : { demoEntry }),
      ...(typeof email === 'string' ? { email } : {}),
      version: 0,
      revision: Number(event.revision),
      _s,
    }
    return [{ collection: ACCOUNTS, id: aid, put }]
  }),
  AccountStandingChanged: account('AccountStandingChanged', ({ state, capabilities, visibility }) => ({
    ...RAISED,
    $set: {
      ...(state === undefined ? {} : { state }),
      ...(capabilities === undefined ? {} : { capabilities }),
      ...(visibility === undefined ? {} : { visibility }),
    },
  })),
  DeletionRequested: account('DeletionRequested', ({ deleteAt }) => ({
    ...RAISED,
    $set: { state: 'PendingDeletion', deleteAt },
  })),
  DeletionCancelled: account('DeletionCancelled', ({ state }) => ({
    ...RAISED,
    $set: { state },
    $unset: { deleteAt: '' },
  })),
  EmailSet: account('EmailSet', ({ sealed }) => {
    const email = sealed?.email ?? null
    return email === null ? { $unset: { email: '' } } : { $set: { email } }
  }),
  SyncVersionReset: account('SyncVersionReset', ({ type }) => (type === 0 ? { $set: { version: 0 } } : {})),
  // Nothing is due for it any more but its erasure, and no demo entry reaches it.
  AccountDeleted: account('AccountDeleted', () => ({
    $set: { ended: true },
    $unset: { deleteAt: '', demoEntry: '' },
  })),
  AccountSetUp: account('AccountSetUp', same),
  UnlimitedLikesSet: account('UnlimitedLikesSet', same),
  ClientIdIssued: account('ClientIdIssued', same),
  IdentityLinked: account('IdentityLinked', same),
  IdentityUnlinked: account('IdentityUnlinked', same),
}

const sessions: Projection['on'] = {
  LoginStarted: on('LoginStarted', ({ data: { loginId, sealed }, aid, _s }) => {
    if (sealed === null) return [ended(aid)]
    const { accessHash, refreshHash } = sealed
    return [
      { collection: SESSIONS, id: aid, put: { loginId, accessHash, refreshHash, connection: null, _s } },
    ]
  }),
  RefreshTokenRotated: on('RefreshTokenRotated', ({ data: { sealed }, aid }) => [
    sealed === null ? ended(aid) : session(aid, { refreshHash: sealed.refreshHash }),
  ]),
  AccessTokenIssued: on('AccessTokenIssued', ({ data: { sealed }, aid }) => [
    sealed === null ? ended(aid) : session(aid, { accessHash: sealed.accessHash }),
  ]),
  ConnectionOpened: on('ConnectionOpened', ({ data, aid, _s, event }) => {
    const { connectionId, node, client, sealed } = data
    if (sealed === null) return [ended(aid)]
    const { ip } = sealed
    const { type, major, minor, patch } = client
    const put = { aid, node, client: { type, major, minor, patch }, ip, openedAt: event.meta.at, _s }
    return [
      { collection: CONNECTIONS, id: connectionId, put },
      session(aid, { connection: { id: connectionId, ip, node } }),
    ]
  }),
  // Only the current one is ever closed (afrodite 7.2).
  ConnectionClosed: on('ConnectionClosed', ({ data: { connectionId, cause }, aid, event }) => [
    { collection: CONNECTIONS, id: connectionId, update: { $set: { closedAt: event.meta.at, cause } } },
    session(aid, { connection: null }),
  ]),
  SessionRevoked: on('SessionRevoked', ({ aid }) => [ended(aid)]),
}

/**
 * Who may act for which account, from where (afrodite 5, 7.5), and what jobs and demo entries look for. `version` of an account counts the
 * events that touched type 0 after its last reset, and does not stop at 255, where what clients are shown does: the sync takes it from the
 * account's stream (afrodite 7.3). Times are milliseconds since the Unix epoch.
 */
export const afrodite: Projection = {
  name: 'afrodite',
  version: 1,
  prefixes: [ACCOUNT_PREFIX, SESSION_PREFIX],
  collections: {
    [ACCOUNTS]: {
      indexes: [{ keys: ['_s'] }, { keys: ['demoEntry'] }, { keys: ['deleteAt'] }, { keys: ['ended'] }],
    },
    [SESSIONS]: {
      indexes: [{ keys: ['_s'] }, { keys: ['accessHash'], unique: true }, { keys: ['connection.node'] }],
    },
    [CONNECTIONS]: { indexes: [{ keys: ['_s'] }, { keys: ['aid'] }] },
  },
  on: { ...accounts, ...sessions },
}
