/**
 * Proves that two api nodes and a projector over shared stores are one server to an Afrodite account: a connection at one node gives rights at both,
 * whoever ends it; a change made at one is told at the other; a node that dies takes the rights of its connections with it.
 */
import { setTimeout as pause } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'

import { apiStatus, call, login, newAccount, PATHS, setVisibility } from '../support/afrodite.ts'
import { connect, open, upgrade, WEB } from '../support/afrodite-sockets.ts'
import { endCluster, startApi, startProjector } from '../support/cluster.ts'
import { endMongo, serialMongoTest } from '../support/mongodb.ts'
import { cleanUp, type RunningServer } from '../support/server.ts'
import { sharedStores } from '../support/shared-stores.ts'

type Nodes = readonly [RunningServer, RunningServer]
let cluster: Promise<Nodes> | undefined
const servers: RunningServer[] = []
const ENV = { PROTOCOLS: 'rightech,afrodite', AFRODITE_BOT_LOGIN: 'true', AFRODITE_NODE_LEASE_SECONDS: '6' }

/** Started by the first test that is not skipped. */
const started = (): Promise<Nodes> => (cluster ??= start())
const start = async (): Promise<Nodes> => {
  const stores = await sharedStores()
  const starting = [startApi(stores, ENV), startApi(stores, ENV)] as const
  await startProjector(stores)
  const nodes = [await starting[0], await starting[1]] as const
  servers.push(...nodes)
  return nodes
}
test.after.always(async () => {
  await cleanUp(...servers)
  await endCluster()
  await endMongo()
})

const untilStatus = async (
  t: ExecutionContext,
  at: RunningServer,
  token: string,
  status: number,
): Promise<void> => {
  const deadline = performance.now() + 60_000
  while ((await apiStatus(at, token)) !== status && performance.now() < deadline) await pause(50)
  t.is(await apiStatus(at, token), status)
}

serialMongoTest('a connection at one node gives rights at the other, with the first request', async (t) => {
  const [one, other] = await started()
  for (let round = 0; round < 10; round++) {
    const { pair } = await newAccount(one)
    const { pair: next } = await connect(t, one.url, pair)
    t.is(await apiStatus(other, next.access), 200)
    t.is(await apiStatus(other, pair.access), 401, 'the token before it')
  }
})

serialMongoTest('a change at one node is told at the other', async (t) => {
  const [one, other] = await started()
  const { pair } = await newAccount(one)
  const at = await connect(t, one.url, pair)
  await setVisibility(other, at.pair.access, true)
  const [told] = await at.until(1)
  t.regex(String(told), /^\{"event":"ProfileVisibilityChanged".*"visibility":"PendingPublic"/)
})

serialMongoTest(
  'a connection at the other node replaces the one here, and its pair is dead everywhere',
  async (t) => {
    const [one, other] = await started()
    const { pair } = await newAccount(one)
    const first = await connect(t, one.url, pair)
    const second = await connect(t, other.url, first.pair)
    const { code, reason } = await first.socket.ending()
    t.deepEqual({ code, reason }, { code: 4000, reason: 'replaced' })
    for (const node of [one, other]) {
      t.is(await apiStatus(node, first.pair.access), 401)
      t.is(await apiStatus(node, second.pair.access), 200)
    }
  },
)

serialMongoTest(
  'a logout, a login or a token used twice at one node ends the connection at the other',
  async (t) => {
    const [one, other] = await started()
    const ways = {
      logout: async (_: string, token: string) => {
        t.is((await call(other.url, 'POST', PATHS.logout, { token })).status, 200)
      },
      login: async (aid: string) => {
        await login(other, aid)
      },
      reuse: async (_: string, token: string, refresh: Buffer) => {
        const socket = await open(t, other.url, token)
        socket.send(WEB, refresh)
        t.is((await socket.ending()).code, 1008)
      },
    }
    for (const [way, end] of Object.entries(ways)) {
      const { aid, pair } = await newAccount(one)
      const { socket, pair: next } = await connect(t, one.url, pair)
      await end(aid, next.access, pair.refresh)
      for (const node of [one, other]) t.is(await apiStatus(node, next.access), 401, way)
      t.is((await socket.ending()).code, 4001, way)
      t.is(await upgrade(one.url, next.access), 401, way)
    }
  },
)

serialMongoTest('two handshakes with one refresh token at two nodes never give two pairs', async (t) => {
  const [one, other] = await started()
  for (let round = 0; round < 10; round++) {
    const { aid, pair } = await newAccount(one)
    const sockets = [await open(t, one.url, pair.access), await open(t, other.url, pair.access)] as const
    for (const socket of sockets) socket.send(WEB, pair.refresh)
    const endings = await Promise.all(sockets.map((socket) => socket.ending()))
    t.true(endings.every(({ code }) => code === 1008 || code === 4001))
    const given = sockets.filter(({ heard }) => heard.length > 0)
    t.true(given.length <= 1)
    for (const { heard } of given)
      t.is(await upgrade(other.url, (heard[1] as Buffer).toString('base64url')), 401)
    await connect(t, other.url, await login(one, aid))
  }
})

serialMongoTest(
  'a node that is killed takes the rights of its connections with it; their pairs live',
  async (t) => {
    const [one, other] = await started()
    const { pair } = await newAccount(one)
    const { pair: lost } = await connect(t, other.url, pair)
    const { pair: kept } = await connect(t, one.url, (await newAccount(one)).pair)
    t.is(await apiStatus(one, lost.access), 200)
    await other.kill()
    await untilStatus(t, one, lost.access, 401)
    t.is(await apiStatus(one, kept.access), 200)
    const { pair: next } = await connect(t, one.url, lost)
    t.is(await apiStatus(one, next.access), 200)
  },
)
