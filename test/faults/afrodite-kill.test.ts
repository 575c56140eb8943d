/**
 * Proves that a kill costs Afrodite's clients nothing: 50 of them connect, rotate their tokens and change their visibility while the server is killed again
 * and again. Whoever got message 4 reconnects with that pair; versions agree with what was acknowledged; the connections of the dead process are over; and
 * no token or hash of a live one is in anything the servers said or the history shows.
 */
import { setTimeout as pause } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import {
  apiStatus,
  call,
  login,
  newAccount,
  ok,
  PATHS,
  setVisibility,
  startAfrodite,
  type Pair,
} from '../support/afrodite.ts'
import { createSecrets, historiesOf } from '../support/afrodite-secrets.ts'
import { handshake, leave, open, tokens, upgrade, WEB } from '../support/afrodite-sockets.ts'
import { cleanUp, freshDirectory, runScript, type RunningServer } from '../support/server.ts'

const SOAK = process.env['SOAK'] !== undefined
const CLIENTS = 50
const KILLS = SOAK ? 40 : 5

const isShared = process.env['STORES'] === 'shared'
const LEASE_MS = 1_000
const ENV = { LOG_LEVEL: 'trace', AFRODITE_NODE_LEASE_SECONDS: String(LEASE_MS / 1_000) }

let server: RunningServer | undefined
test.after.always(() => cleanUp(server))

type Client = {
  readonly aid: string
  /** The pair of the last message 4. */
  pair: Pair
  /** Message 2 went out and no message 4 came. */
  hasPresented: boolean
  version: number
  isPublic: boolean
  /** A change was sent and not answered. */
  isChanging: boolean
  connects: number
}

const secrets = createSecrets()

/** Connects again and again and changes its visibility, until the server is gone. */
const live = async (t: ExecutionContext, at: RunningServer, client: Client): Promise<void> => {
  for (;;) {
    const socket = await open(t, at.url, client.pair.access)
    client.hasPresented = true
    try {
      client.pair = await handshake(socket, client.pair)
    } catch (error) {
      await socket.ending()
      if (socket.heard.length < 2) throw error
      client.pair = tokens(socket.heard)
    }
    secrets.add(client.pair)
    client.hasPresented = false
    client.connects += 1
    socket.send(Buffer.of(0, client.version))
    for (let changes = Math.floor(Math.random() * 3); changes > 0; changes -= 1) {
      client.isChanging = true
      await setVisibility(at, client.pair.access, !client.isPublic)
      client.isChanging = false
      client.isPublic = !client.isPublic
      client.version += 1
    }
    // The next one replaces it, or it ends first.
    if (Math.random() < 0.5) await leave({ socket })
  }
}

/** After the restart: what the client holds is good, and shows what it knows. */
const recover = async (t: ExecutionContext, at: RunningServer, client: Client): Promise<boolean> => {
  t.is(await apiStatus(at, client.pair.access), 401, 'the connection of the dead process is over')
  const socket = await upgrade(at.url, client.pair.access)
  const isLost = typeof socket === 'number'
  if (isLost) {
    t.is(socket, 401)
    t.true(client.hasPresented, 'only a handshake without its message 4 may cost the session')
    client.pair = await login(at, client.aid)
    secrets.add(client.pair)
  }
  const connected = isLost ? await open(t, at.url, client.pair.access) : socket
  client.pair = await handshake(connected, client.pair, WEB)
  secrets.add(client.pair)
  client.hasPresented = false
  const state = ok(await call(at.url, 'GET', PATHS.state, { token: client.pair.access }))
  const more = client.isChanging ? 1 : 0
  const versions = [client.version, client.version + more].map((version) => ({ version }))
  t.true(
    versions.some(({ version }) => JSON.stringify(state.sync_version) === JSON.stringify({ version })),
    `${JSON.stringify(state.sync_version)} of ${JSON.stringify(versions)}`,
  )
  const isCounted = JSON.stringify(state.sync_version) === JSON.stringify({ version: client.version + 1 })
  if (isCounted) {
    client.version += 1
    client.isPublic = !client.isPublic
  }
  t.is(state.visibility, client.isPublic ? 'PendingPublic' : 'PendingPrivate')
  client.isChanging = false
  await leave({ socket: connected })
  return isLost
}

/** By ten at once; how many had to log in again. */
const recoverAll = async (
  t: ExecutionContext,
  at: RunningServer,
  clients: readonly Client[],
): Promise<number> => {
  let lost = 0
  for (let from = 0; from < clients.length; from += 10) {
    const some = clients.slice(from, from + 10)
    lost += (await Promise.all(some.map((client) => recover(t, at, client)))).filter(Boolean).length
  }
  return lost
}

test(`${CLIENTS} clients, ${KILLS} kills`, async (t) => {
  t.timeout(SOAK ? 30 * 60_000 : 600_000)
  const dataDir = await freshDirectory()
  const start = async (): Promise<RunningServer> => startAfrodite(ENV, { dataDir })
  let at = (server = await start())
  const outputs: string[] = []
  const clients: Client[] = []
  for (let count = 0; count < CLIENTS; count += 1) {
    const { aid, pair } = await newAccount(at)
    secrets.add(pair)
    const fresh = { hasPresented: false, version: 0, isPublic: false, isChanging: false, connects: 0 }
    clients.push({ aid, pair, ...fresh })
  }
  let lost = 0
  for (let kill = 0; kill < KILLS; kill += 1) {
    const now = at
    const goal = connectsOf(clients) + 20 + Math.random() * 200
    const living = Promise.allSettled(clients.map((client) => live(t, now, client)))
    while (connectsOf(clients) < goal) await pause(5)
    await pause(Math.random() * 20)
    await now.kill()
    await living
    outputs.push(now.output())
    at = server = await start()
    // With shared stores the lease of the dead has to run out first; alone it is known to be dead.
    if (isShared) await pause(3 * LEASE_MS)
    lost += await recoverAll(t, at, clients)
  }
  await at.stop('SIGTERM')
  outputs.push(at.output())
  const check = await runScript('rebuild', ['--check', '--json'], dataDir)
  t.is(check.code, 0, check.output)
  const pairs = clients.map(({ pair }) => pair)
  for (const output of outputs) t.deepEqual(secrets.foundIn(output, pairs), [])
  for (const printed of await historiesOf(dataDir, clients.slice(0, 3)))
    t.deepEqual(secrets.foundIn(printed, pairs), [])
  t.log(
    `${connectsOf(clients)} connects, ${secrets.count()} pairs, ${lost} of ${CLIENTS * KILLS} logged in again`,
  )
})

const connectsOf = (clients: readonly Client[]): number =>
  clients.reduce((sum, { connects }) => sum + connects, 0)
