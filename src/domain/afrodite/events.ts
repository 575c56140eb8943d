import * as t from 'io-ts'
import type { Fact } from '../decider.ts'
import type { Upcasters } from '../upcasters.ts'
import { accountStream, aidOf } from './names.ts'
import { AccountStateName, Capability, Visibility } from './standing.ts'

/** Sealed with the account's key; null once that is destroyed (decisions 7). */
const sealed = <P extends t.Props>(props: P) => t.union([t.type(props), t.null])
const nullable = <C extends t.Mixed>(codec: C) => t.union([codec, t.null])

export const LINKED_PROTOCOLS = ['rightech', 'timelimit', 'connectycube'] as const
export type LinkedProtocol = (typeof LINKED_PROTOCOLS)[number]
const Linked = t.keyof({ rightech: null, timelimit: null, connectycube: null })

export const Origin = t.keyof({ bot: null, demo: null, google: null })
export type Origin = t.TypeOf<typeof Origin>
/** How somebody logged in; what the auditor asks for. */
export type LoginMethod = Origin

/** Of the account's stream (afrodite 7.1): what the account is, and its sync counters. Times are milliseconds since the Unix epoch. */
export const ACCOUNT_EVENTS = {
  /** State `InitialSetup`, no capability and visibility `PendingPrivate` follow. `demoEntry` owns the account. */
  AccountRegistered: t.intersection([
    t.type({ aid: t.string, origin: Origin }),
    t.partial({ demoEntry: t.number, sealed: sealed({ email: nullable(t.string), googleSub: t.string }) }),
  ]),
  /** Only what changed; one event a command. `capabilities`: the true ones. */
  AccountStandingChanged: t.partial({
    state: AccountStateName,
    capabilities: t.readonlyArray(Capability),
    visibility: Visibility,
  }),
  DeletionRequested: t.type({ previousState: AccountStateName, deleteAt: t.number }),
  DeletionCancelled: t.type({ state: AccountStateName }),
  EmailSet: t.type({ sealed: sealed({ email: nullable(t.string) }) }),
  /** `birthdate` is `YYYY-MM-DD`. */
  AccountSetUp: t.type({ isAdult: t.boolean, sealed: sealed({ birthdate: nullable(t.string) }) }),
  UnlimitedLikesSet: t.type({ value: t.boolean }),
  ClientIdIssued: t.type({ id: t.number }),
  /** The client has nothing of that type: its version begins at 0 again (afrodite 3.9). */
  SyncVersionReset: t.type({ type: t.number }),
  IdentityLinked: t.type({ protocol: Linked, sealed: sealed({ user: t.string }) }),
  IdentityUnlinked: t.type({ protocol: Linked }),
  AccountDeleted: t.type({}),
} as const

const CLOSE_CAUSES = {
  client: null,
  timeout: null,
  replaced: null,
  revoked: null,
  lost: null,
  slow: null,
  flood: null,
  malformed: null,
  'server-stopped': null,
  'server-failed': null,
  'node-lost': null,
} as const
export type CloseCause = keyof typeof CLOSE_CAUSES
const Cause = t.keyof(CLOSE_CAUSES)
const RevocationCause = t.keyof({ 'refresh-mismatch': null, malformed: null, logout: null, deleted: null })
export type RevocationCause = t.TypeOf<typeof RevocationCause>

/** Of the session's stream (afrodite 7.1): who may act for it. Hashes are SHA-256 over the raw bytes of a token, lower-case hex. */
export const SESSION_EVENTS = {
  LoginStarted: t.type({
    loginId: t.string,
    method: Origin,
    sealed: sealed({ accessHash: t.string, refreshHash: t.string, ip: t.string }),
  }),
  RefreshTokenRotated: t.type({
    loginId: t.string,
    connectionId: t.string,
    sealed: sealed({ refreshHash: t.string }),
  }),
  AccessTokenIssued: t.type({
    loginId: t.string,
    connectionId: t.string,
    sealed: sealed({ accessHash: t.string }),
  }),
  /** `node` is new with every start of a process. */
  ConnectionOpened: t.type({
    connectionId: t.string,
    node: t.string,
    client: t.type({ type: t.number, major: t.number, minor: t.number, patch: t.number }),
    sealed: sealed({ ip: t.string, port: t.number }),
  }),
  ConnectionClosed: t.type({ connectionId: t.string, cause: Cause }),
  /** `loginId` is null only of a deleted account that nobody was logged in to. */
  SessionRevoked: t.type({ loginId: nullable(t.string), cause: RevocationCause }),
  /** For the auditor, at most one a minute and account: `at`, in milliseconds since the Unix epoch. `step` is that of afrodite 3.2. */
  HandshakeRefused: t.type({
    at: t.number,
    connectionId: t.string,
    step: t.union([t.literal(1), t.literal(2), t.literal(5)]),
    cause: t.keyof({ 'refresh-mismatch': null, malformed: null, unsupported: null }),
  }),
} as const

/** Of a demo entry's stream (afrodite 4.3). `passwords` is a keyed hash of both: other passwords unlock the entry. */
export const DEMO_EVENTS = { DemoLocked: t.type({ entry: t.number, passwords: t.string }) } as const

/** Every event of the context with the codec of its data. */
export const AFRODITE_EVENTS = { ...ACCOUNT_EVENTS, ...SESSION_EVENTS, ...DEMO_EVENTS } as const
export const AFRODITE_UPCASTERS: Upcasters = {}

export type AfroditeEventType = keyof typeof AFRODITE_EVENTS
export type DataOf<T extends AfroditeEventType> = t.TypeOf<(typeof AFRODITE_EVENTS)[T]>

/** What a command decided. Members that are `undefined` are left out, as in the JSON that is stored. */
export const fact = <T extends AfroditeEventType>(type: T, data: DataOf<T>): Fact => ({
  type,
  data: data,
})

/** The data of an event of a known type. Throws if it has another shape: such a history must stop its reader, not bend it. */
export const dataOf = <T extends AfroditeEventType>(type: T, { data }: Pick<Fact, 'data'>): DataOf<T> => {
  const codec = AFRODITE_EVENTS[type]
  if (codec.is(data)) return data
  throw new TypeError(`Malformed data of ${type}`)
}

/** For the seal table: every `sealed` of these is sealed with the account's key (decisions 22). */
export const AFRODITE_SEALED = Object.fromEntries(
  (
    [
      'AccountRegistered',
      'EmailSet',
      'AccountSetUp',
      'IdentityLinked',
      'LoginStarted',
      'RefreshTokenRotated',
      'AccessTokenIssued',
      'ConnectionOpened',
    ] as const satisfies readonly AfroditeEventType[]
  ).map((type) => [
    type,
    { fields: ['sealed'], subject: (_: unknown, stream: string) => accountStream(aidOf(stream)) },
  ]),
)
