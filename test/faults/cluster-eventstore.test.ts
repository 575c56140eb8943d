/**
 * Proves that a node whose EventStoreDB goes away in any of the ways in which networks fail says so, answers 503 in the protocol's form and never
 * hangs, and that after its return everything goes on without a restart: nothing acknowledged is lost, nothing is there twice.
 */
import { setTimeout as pause } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { endCluster, startApi, startProjector, type Projector } from '../support/cluster.ts'
import type { EventStore } from '../support/eventstore.ts'
import { newMember, signInAdmin, type Member } from '../support/members.ts'
import { endMongo, serialMongoTest } from '../support/mongodb.ts'
import {
  allReady,
  assertAlive,
  endProxies,
  proxiedStores,
  readinessOf,
  type ProxiedStores,
} from '../support/proxied-stores.ts'
import { cleanUp, type RunningServer } from '../support/server.ts'
import { assertSound, checkRebuild } from '../support/soundness.ts'
import { assertRefusedWell, startSteadyLoad, type SteadyLoad } from '../support/steady-load.ts'
import { about, connectSocketIo, type LiveClient } from '../support/sockets.ts'
import type { TcpProxy } from '../support/tcp-proxy.ts'

const CLIENTS = 16
/** A dead store is noticed within, and its return. */
const NOTICED_MS_MAX = 20_000
const BACK_MS_MAX = 15_000
const EXIT_MS_MAX = 5_000
const RESETS = 5
const DROPS = 5
const SLOW_MS = 100
const ROUNDS = 5

type Cluster = {
  readonly stores: ProxiedStores
  readonly api: RunningServer
  readonly projector: Projector
}
let cluster: Promise<Cluster> | undefined
const servers: RunningServer[] = []
const started = (): Promise<Cluster> => (cluster ??= start())
const start = async (): Promise<Cluster> => {
  const stores = await proxiedStores()
  const projector = await startProjector(stores)
  const api = await startApi(stores)
  servers.push(api)
  return { stores, api, projector }
}
test.after.always(async () => {
  await cleanUp(...servers)
  await endCluster()
  await endProxies()
  await endMongo()
})

const underLoad = async (
  { api }: Cluster,
  member: Member,
  work: (load: SteadyLoad) => Promise<void>,
): Promise<SteadyLoad> => {
  const load = startSteadyLoad(() => [api.url], member.headers, CLIENTS)
  try {
    await load.more(20)
    await work(load)
    await load.more(20)
  } finally {
    await load.stop()
  }
  return load
}

/** A socket that stays open has missed nothing. */
const assertPushed = async (
  t: ExecutionContext,
  socket: LiveClient,
  { acknowledged }: SteadyLoad,
): Promise<void> => {
  const heard = Promise.all(
    [...acknowledged.values()].map(({ _id }) => socket.next(about(_id, 'label-insert'))),
  ).then(() => 'heard of all')
  t.log(`the socket: ${await Promise.race([heard, socket.closed])}`)
}

const AWAY: { readonly [way: string]: (proxy: TcpProxy) => void } = {
  'is cut off': (proxy) => proxy.cut(),
  'accepts and never answers': (proxy) => proxy.stall(),
}

for (const [way, fail] of Object.entries(AWAY)) {
  serialMongoTest(`EventStoreDB ${way}`, async (t) => {
    const up = await started()
    const { stores, api, projector } = up
    const member = await newMember(await signInAdmin(api.url))
    const socket = await connectSocketIo(t, member)
    const load = await underLoad(up, member, async ({ more }) => {
      fail(stores.history)
      const noticed = await allReady([api, projector], 503, NOTICED_MS_MAX)
      await assertAlive(t, [api, projector])
      t.log(`noticed after ${noticed} ms: ${(await readinessOf(api)).text}`)
      await pause(3_000)
      stores.history.restore({ drop: true })
      t.log(
        `written again after ${await more(1)} ms, ready after ${await allReady([api, projector], 200, BACK_MS_MAX)} ms more`,
      )
    })
    assertRefusedWell(t, load)
    t.log(
      `${load.acknowledged.size} acknowledged, ${load.refused.length} refused, slowest ${load.slowestMs()} ms`,
    )
    await assertPushed(t, socket, load)
    await assertSound(t, stores.direct, member, load)
  })
}

/** Connections break, or the server does what clients dread, while it is there: nobody has to notice, and writes go on. */
const BREAKS: { readonly [way: string]: (stores: ProxiedStores) => unknown } = {
  'half-closes its connections': ({ history }) => {
    history.halfClose('client')
    history.halfClose('server')
  },
  'is cut off for a moment': ({ history }) => {
    history.cut()
    history.restore()
  },
  // The text of an event in the request: labels are written one in an append.
  'takes appends and is reset before its answers': ({ history }) =>
    history.resetAfterRequest((chunk) => chunk.includes('EntityCreated'), RESETS),
  'is slow': ({ history }) => history.delay(SLOW_MS),
}

/** What only the stand-in does when it is told to. */
const FAULTS: { readonly [way: string]: (eventStore: EventStore) => unknown } = {
  // Each ends the call of all appends that are under way.
  'drops answers to appends that it has written': ({ faults }) => faults.dropNextAnswers(DROPS),
  'fails its batch call': async ({ faults }) => {
    for (let round = 0; round < ROUNDS; round += 1) {
      await faults.failBatch()
      await pause(100)
    }
  },
  'drops subscriptions': async ({ faults }) => {
    for (let round = 0; round < ROUNDS; round += 1) {
      await faults.dropSubscriptions()
      await pause(100)
    }
  },
  'refuses appends': ({ faults }) => faults.refuseNext(2 * CLIENTS, 'unavailable'),
  'runs out of time for appends': ({ faults }) => faults.refuseNext(2 * CLIENTS, 'timeout'),
  'is killed and started again': ({ restart }) => restart(),
}

const WAYS = {
  ...BREAKS,
  ...Object.fromEntries(
    Object.entries(FAULTS).map(([way, fail]) => [
      way,
      ({ eventStore }: ProxiedStores) => eventStore && fail(eventStore),
    ]),
  ),
}

for (const [way, fail] of Object.entries(WAYS)) {
  serialMongoTest(`EventStoreDB ${way}`, async (t) => {
    const up = await started()
    const { stores, api, projector } = up
    if (way in FAULTS && stores.eventStore === undefined) {
      t.pass('SKIPPED: only the stand-in does that')
      return
    }
    const member = await newMember(await signInAdmin(api.url))
    const load = await underLoad(up, member, async ({ more }) => {
      await fail(stores)
      t.log(`${CLIENTS} more after ${await more(CLIENTS)} ms`)
      stores.history.restore()
      await allReady([api, projector], 200, BACK_MS_MAX)
    })
    assertRefusedWell(t, load)
    t.log(
      `${load.acknowledged.size} acknowledged, ${load.refused.length} refused, slowest ${load.slowestMs()} ms`,
    )
    await assertSound(t, stores.direct, member, load)
  })
}

serialMongoTest(
  'after all that a rebuild finds nothing, and nodes end within 5 s also while EventStoreDB is away',
  async (t) => {
    const { stores, api, projector } = await started()
    const check = await checkRebuild(stores, projector.dataDir)
    t.is(check.code, 0, check.output)
    stores.history.stall()
    await allReady([api, projector], 503, NOTICED_MS_MAX)
    for (const exit of await Promise.all([api.stop('SIGTERM'), projector.stop()])) {
      t.is(exit.code, 0, exit.output)
      t.true(exit.ms < EXIT_MS_MAX, `${exit.ms} ms`)
      t.notRegex(exit.output, /"level":"(error|fatal)"/)
      t.log(`ended after ${Math.round(exit.ms)} ms`)
    }
  },
)
