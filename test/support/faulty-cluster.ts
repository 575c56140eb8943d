/**
 * One api node and a projector over stores that can be cut off, and what has to hold whatever becomes of one of the stores: it is said, answers
 * keep their form and their time, everything goes on without a restart, nothing acknowledged is lost and nothing is there twice.
 */
import { setTimeout as pause } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { endCluster, startApi, startProjector, type Projector } from './cluster.ts'
import { newMember, signInAdmin, type Member } from './members.ts'
import { endMongo, serialMongoTest } from './mongodb.ts'
import {
  allReady,
  assertAlive,
  endProxies,
  proxiedStores,
  readinessOf,
  type ProxiedStores,
} from './proxied-stores.ts'
import { EXIT_MS_MAX } from './processes.ts'
import { cleanUp, type RunningServer } from './server.ts'
import { about, connectSocketIo, type LiveClient } from './sockets.ts'
import { assertSound, checkRebuild } from './soundness.ts'
import { assertRefusedWell, startSteadyLoad, type SteadyLoad } from './steady-load.ts'

/** As many as the stand-in for MongoDB shows in time on a machine that does much else. */
export const CLIENTS = 6
/** A dead store is noticed within, and its return. */
const NOTICED_MS_MAX = 60_000
const BACK_MS_MAX = 60_000
/** For a test that waits for several of these. */
const TEST_MS_MAX = 600_000

/** Which of the two stores fails. */
export type Failing = { readonly name: 'EventStoreDB' | 'MongoDB'; readonly proxy: 'history' | 'mongo' }
/** What is done to the stores; false if these cannot do it. */
export type Fault = (stores: ProxiedStores) => unknown

type Cluster = {
  readonly stores: ProxiedStores
  readonly api: RunningServer
  readonly projector: Projector
}

/** Every test of the file is on one cluster, in the order of their making. */
export const faultyCluster = ({ name, proxy }: Failing) => {
  let cluster: Promise<Cluster> | undefined
  const servers: RunningServer[] = []
  const start = async (): Promise<Cluster> => {
    const stores = await proxiedStores()
    const projector = await startProjector(stores)
    const api = await startApi(stores)
    servers.push(api)
    return { stores, api, projector }
  }
  const started = (): Promise<Cluster> => (cluster ??= start())
  test.after.always(async () => {
    await cleanUp(...servers)
    await endCluster()
    await endProxies()
    await endMongo()
  })
  return {
    /** It is away for some seconds, and this is noticed. */
    away: (way: string, fail: Fault): void =>
      serialMongoTest(`${name} ${way}`, async (t) => {
        t.timeout(TEST_MS_MAX)
        const up = await started()
        const { stores, api, projector } = up
        const member = await newMember(await signInAdmin(api.url))
        const socket = await connectSocketIo(t, member)
        const load = await underLoad(up, member, async ({ more }) => {
          await fail(stores)
          const noticed = await allReady([api, projector], 503, NOTICED_MS_MAX)
          await assertAlive(t, [api, projector])
          t.log(`noticed after ${noticed} ms: ${(await readinessOf(api)).text}`)
          await pause(3_000)
          stores[proxy].restore({ drop: true })
          const written = await more(1)
          const ready = await allReady([api, projector], 200, BACK_MS_MAX)
          t.log(`written again after ${written} ms, ready after ${ready} ms more`)
        })
        await assertPushed(t, socket, load)
        await assertLoad(t, up, member, load)
      }),
    /** It is there all the time: nobody has to notice, and writes go on through one fault after the other, by what it does then. */
    breaks: (ways: { readonly [way: string]: Fault }): void =>
      serialMongoTest(`${name} ${Object.keys(ways).join(', ')}`, async (t) => {
        t.timeout(TEST_MS_MAX)
        const up = await started()
        const { stores, api, projector } = up
        const member = await newMember(await signInAdmin(api.url))
        const load = await underLoad(up, member, async ({ more }) => {
          for (const [way, fail] of Object.entries(ways)) {
            if ((await fail(stores)) === false) t.log(`SKIPPED: ${way}: only the stand-in does that`)
            else t.log(`${way}: ${CLIENTS} more after ${await more(CLIENTS)} ms`)
            stores[proxy].restore()
            await allReady([api, projector], 200, BACK_MS_MAX)
          }
        })
        await assertLoad(t, up, member, load)
      }),
    /** The last test: it ends the nodes. */
    endsWell: (): void =>
      serialMongoTest(
        `after all that a rebuild finds nothing, and nodes end in time also while ${name} is away`,
        async (t) => {
          t.timeout(TEST_MS_MAX)
          const { stores, api, projector } = await started()
          const check = await checkRebuild(stores, projector.dataDir)
          t.is(check.code, 0, check.output)
          stores[proxy].stall()
          await allReady([api, projector], 503, NOTICED_MS_MAX)
          for (const exit of await Promise.all([api.stop('SIGTERM'), projector.stop()])) {
            t.is(exit.code, 0, exit.output)
            t.true(exit.ms < EXIT_MS_MAX, `${exit.ms} ms`)
            t.notRegex(exit.output, /"level":"(error|fatal)"/)
            t.log(`ended after ${Math.round(exit.ms)} ms`)
          }
        },
      ),
  }
}

const underLoad = async (
  { api }: Cluster,
  member: Member,
  work: (load: SteadyLoad) => Promise<void>,
): Promise<SteadyLoad> => {
  const load = startSteadyLoad(() => [api.url], member.headers, CLIENTS)
  try {
    await load.more(12)
    await work(load)
    await load.more(12)
  } finally {
    await load.stop()
  }
  return load
}

const assertLoad = async (
  t: ExecutionContext,
  { stores }: Cluster,
  member: Member,
  load: SteadyLoad,
): Promise<void> => {
  assertRefusedWell(t, load)
  t.log(
    `${load.acknowledged.size} acknowledged, ${load.refused.length} refused, slowest ${load.slowestMs()} ms`,
  )
  await assertSound(t, stores.direct, member, load)
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
