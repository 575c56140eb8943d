/** Afrodite's HTTP over real connections on everything in memory. Sockets are played: what they decide is decided directly. */
import * as E from 'fp-ts/lib/Either.js'
import { randomBytes, randomUUID } from 'node:crypto'
import type { OutgoingHttpHeaders } from 'node:http'
import type { ExecutionContext } from 'ava'
import { afrodite } from '../../../projections/afrodite.ts'
import { createAccounts } from '../../../src/commands/afrodite/accounts.ts'
import { createSessions } from '../../../src/commands/afrodite/sessions.ts'
import { accessText, type Pair } from '../../../src/commands/afrodite/tokens.ts'
import { CLAIMS_SEALED, holderOf } from '../../../src/commands/claims.ts'
import { createEngine } from '../../../src/commands/engine.ts'
import { createSnapshots } from '../../../src/commands/snapshots.ts'
import { memoryDocuments } from '../../../src/documents/memory/memory.ts'
import { AFRODITE_SEALED } from '../../../src/domain/afrodite/events.ts'
import { memoryHistory } from '../../../src/history/memory/memory.ts'
import { sealedHistory } from '../../../src/history/sealing.ts'
import { createLog } from '../../../src/http/log.ts'
import type { ListenerName } from '../../../src/http/protocol.ts'
import type { Json } from '../../../src/json.ts'
import { startRunner } from '../../../src/projecting/runner.ts'
import { ACCOUNT_ENDPOINTS } from '../../../src/protocols/afrodite/account.ts'
import { DELETION_ENDPOINTS } from '../../../src/protocols/afrodite/deletion.ts'
import { createDemoMode } from '../../../src/protocols/afrodite/demo-mode.ts'
import type { Endpoint } from '../../../src/protocols/afrodite/endpoint.ts'
import { CORS, renderError } from '../../../src/protocols/afrodite/errors.ts'
import { createGoogle } from '../../../src/protocols/afrodite/google-identity.ts'
import { LOGIN_ENDPOINTS } from '../../../src/protocols/afrodite/logins.ts'
import { PUSH_ENDPOINTS } from '../../../src/protocols/afrodite/push.ts'
import { createRoutes } from '../../../src/protocols/afrodite/routes.ts'
import type { AfroditeSettings, Services } from '../../../src/protocols/afrodite/services.ts'
import { VERSION_ENDPOINTS } from '../../../src/protocols/afrodite/version.ts'
import { createReader } from '../../../src/queries/reader.ts'
import { memoryKeyring } from '../../../src/vault/memory/keyring.ts'
import { memoryVault } from '../../../src/vault/memory/vault.ts'
import { ask, startHttp, type Reply } from '../../support/http.ts'

export const NODE = 'this-node'

export type Rig = {
  readonly services: Services
  readonly port: number
  readonly portOf: (name: ListenerName) => number
  /** Nodes that are alive beside this one. */
  readonly others: Set<string>
  /** A fresh account. */
  readonly register: () => Promise<string>
  readonly logIn: (aid: string) => Promise<Pair>
  /** A full handshake; the account's new access token as text, and its connection. */
  readonly connect: (
    aid: string,
    pair: Pair,
    at?: { readonly node?: string; readonly ip?: string },
  ) => Promise<Connected>
  /** An account that is logged in and connected. */
  readonly client: () => Promise<Connected>
  readonly call: (target: string, options?: CallOptions) => Promise<Reply>
}
export type Connected = {
  readonly aid: string
  readonly token: string
  readonly connectionId: string
  readonly pair: Pair
}
export type CallOptions = {
  readonly method?: string
  readonly token?: string
  /** Sent as JSON, a text or bytes as they are. */
  readonly body?: Json | Buffer
  readonly headers?: OutgoingHttpHeaders
  readonly on?: ListenerName
}

export type RigChanges = {
  readonly settings?: Partial<AfroditeSettings>
  readonly services?: Partial<Services>
  readonly endpoints?: readonly Endpoint[]
  /** Milliseconds since the Unix epoch. */
  readonly now?: () => number
  /** How long the first password of the demo mode takes; 0. */
  readonly delayMs?: number
}

const TABLES = [
  ...LOGIN_ENDPOINTS,
  ...VERSION_ENDPOINTS,
  ...ACCOUNT_ENDPOINTS,
  ...DELETION_ENDPOINTS,
  ...PUSH_ENDPOINTS,
]

const SETTINGS: AfroditeSettings = {
  botLogin: true,
  internalRoutes: false,
  keepaliveSeconds: 360,
  testSeconds: 60,
  handshakeSeconds: 10,
  nodeLeaseSeconds: 15,
  ipBinding: true,
  revokeOnMalformed: true,
  minClients: [],
  demo: undefined,
  google: {
    clientIds: { web: undefined, server: undefined, android: undefined, ios: undefined },
    keysUrl: 'http://127.0.0.1:1/',
  },
  backendVersion: undefined,
}

export const startRig = async (t: ExecutionContext, changes: RigChanges = {}): Promise<Rig> => {
  const others = new Set<string>()
  const settings = { ...SETTINGS, ...changes.settings }
  const services = { ...(await inMemory(t, settings, others, changes)), ...changes.services }
  const { port, portOf } = await startHttp(t, {
    protocols: [
      {
        name: 'afrodite',
        handle: createRoutes(services, changes.endpoints ?? TABLES),
        renderError,
        cors: CORS,
      },
    ],
    ownPorts: ['afrodite', 'internal'],
    settings: { corsOrigins: ['https://listed.example'], internalRoutes: settings.internalRoutes },
  })
  return { services, port, portOf, others, ...players(services), call: caller(portOf) }
}

const inMemory = async (
  t: ExecutionContext,
  settings: AfroditeSettings,
  others: ReadonlySet<string>,
  { now = Date.now, delayMs = 0 }: RigChanges,
): Promise<Services> => {
  const keyring = memoryKeyring()
  const history = sealedHistory(memoryHistory(), keyring, { ...CLAIMS_SEALED, ...AFRODITE_SEALED })
  const documents = memoryDocuments()
  const vault = memoryVault({ now })
  const runner = await startRunner({
    ...{ history, documents, projections: [afrodite] },
    onApplied: () => undefined,
    onStopped: (name, { error }) => t.log('stopped', name, error),
    onBroken: (error) => t.log('broken', error),
  })
  t.teardown(() => runner.close())
  const engine = createEngine({
    ...{ history, keyring, refusal: runner.refusal, shown: runner.shown },
    snapshots: createSnapshots(documents, keyring),
  })
  const accounts = createAccounts({ engine, now })
  const parts = { engine, accounts, vault, random: randomBytes, now, keyring, settings }
  const log = createLog('silent')
  await runner.reached(await history.head(), [''])
  return {
    ...parts,
    reader: createReader(documents, runner.serving),
    sessions: createSessions({ ...parts, revokeOnMalformed: settings.revokeOnMalformed }),
    nodes: { node: NODE, isAlive: (node) => Promise.resolve(node === NODE || others.has(node)) },
    principals: { find: () => undefined },
    holderOf: (claim) => holderOf(history, keyring, claim),
    google: createGoogle({ ...parts, log }),
    demo: createDemoMode({ ...parts, delayMs }),
    log,
  }
}

const players = ({
  accounts,
  sessions,
}: Services): Pick<Rig, 'register' | 'logIn' | 'connect' | 'client'> => {
  const register = async (): Promise<string> => {
    const aid = randomUUID()
    right(await accounts.run(aid, { type: 'Register', aid, origin: 'bot' }, { isNew: true }))
    return aid
  }
  const logIn = async (aid: string): Promise<Pair> =>
    right(await sessions.startLogin(aid, 'bot', '127.0.0.1'))
  const connect: Rig['connect'] = async (aid, { refresh }, { node = NODE, ip = '127.0.0.1' } = {}) => {
    const connection = {
      ...{ id: randomUUID(), node, ip, port: 40_000 },
      client: { type: 2, major: 1, minor: 2, patch: 3 },
    }
    const exchanged = right(await sessions.exchange(aid, refresh, connection, true))
    if (exchanged._tag !== 'Exchanged') throw new Error(exchanged._tag)
    const { pair } = exchanged
    return { aid, pair, token: accessText(pair.access), connectionId: connection.id }
  }
  const client = async (): Promise<Connected> => {
    const aid = await register()
    return connect(aid, await logIn(aid))
  }
  return { register, logIn, connect, client }
}

const caller =
  (portOf: Rig['portOf']): Rig['call'] =>
  (target, { method = 'GET', token, body, headers, on = 'shared' } = {}) => {
    const isRaw = typeof body === 'string' || Buffer.isBuffer(body)
    const type = body === undefined ? {} : { 'content-type': 'application/json' }
    return ask(portOf(on), target, {
      method,
      headers: { ...type, ...(token === undefined ? {} : { 'x-access-token': token }), ...headers },
      ...(body === undefined ? {} : { body: isRaw ? body : JSON.stringify(body) }),
    })
  }

export const right = <A>(result: E.Either<unknown, A>): A => {
  if (E.isRight(result)) return result.right
  throw new Error(JSON.stringify(result.left))
}
