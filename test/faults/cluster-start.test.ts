/**
 * Proves that nodes start before their stores: they listen, are alive and not ready, answer 503, and go on by themselves when the stores come
 * up. Two nodes that find empty stores at once make the first user and what belongs to it exactly once.
 */
import test from 'ava'
import { endCluster, startApi, startProjector } from '../support/cluster.ts'
import { clientOf } from '../support/client.ts'
import { create, signInAdmin } from '../support/members.ts'
import { endMongo, serialMongoTest } from '../support/mongodb.ts'
import { EXIT_MS_MAX } from '../support/processes.ts'
import { allReady, assertAlive, endProxies, proxiedStores, readinessOf } from '../support/proxied-stores.ts'
import { ADMIN, cleanUp, type RunningServer } from '../support/server.ts'
import { UNAVAILABLE } from '../support/steady-load.ts'
import type { TcpProxy } from '../support/tcp-proxy.ts'

const READY_MS_MAX = 60_000

const servers: RunningServer[] = []
test.after.always(async () => {
  await cleanUp(...servers)
  await endCluster()
  await endProxies()
  await endMongo()
})

type Store = 'history' | 'mongo'
const FAILS: { readonly [way: string]: (proxy: TcpProxy) => void } = {
  'refuse connections': (proxy) => proxy.cut(),
  'accept and never answer': (proxy) => proxy.stall(),
}

for (const [way, fail] of Object.entries(FAILS)) {
  serialMongoTest(`two api nodes and a projector start while both stores ${way}`, async (t) => {
    t.timeout(300_000)
    const stores = await proxiedStores()
    const all: readonly Store[] = ['history', 'mongo']
    for (const store of all) fail(stores[store])
    const [one, two, projector] = await Promise.all([
      startApi(stores, {}, true),
      startApi(stores, {}, true),
      startProjector(stores, {}, true),
    ])
    servers.push(one, two)
    await assertAlive(t, [one, two, projector])
    for (const node of [one, two, projector]) t.is((await readinessOf(node)).status, 503)
    const since = performance.now()
    for (const { url } of [one, two]) {
      const reply = await clientOf(url).post('/auth/token', { ...ADMIN })
      t.is(reply.status, 503)
      t.is(reply.text, UNAVAILABLE)
      t.regex(reply.headers['retry-after'] ?? '', /^[1-9]\d*$/)
    }
    t.log(`refused within ${Math.round(performance.now() - since)} ms: ${(await readinessOf(one)).text}`)

    stores.history.restore({ drop: true })
    t.is((await readinessOf(one)).status, 503, 'one store is not enough')
    stores.mongo.restore({ drop: true })
    t.log(`ready after ${await allReady([one, two, projector], 200, READY_MS_MAX)} ms`)
    for (const { url } of [one, two]) {
      const admin = await signInAdmin(url)
      const names = async (store: string): Promise<readonly unknown[]> =>
        (await admin.get(`/${store}?nolimit=true&withChildGroups=true`)).list().map(({ name }) => name)
      t.deepEqual(await names('groups'), ['Root'])
      t.deepEqual((await names('roles')).toSorted(), ['admin', 'auditor'])
      t.deepEqual(await names('users'), [ADMIN.login])
      await create(admin, 'labels')
    }
    for (const exit of await Promise.all([one.stop('SIGTERM'), two.stop('SIGTERM'), projector.stop()]))
      t.is(exit.code, 0, exit.output)
  })

  serialMongoTest(`nodes that wait for stores which ${way} end in time`, async (t) => {
    const stores = await proxiedStores()
    fail(stores.history)
    fail(stores.mongo)
    const api = await startApi(stores, {}, true)
    const projector = await startProjector(stores, {}, true)
    servers.push(api)
    for (const exit of await Promise.all([api.stop('SIGTERM'), projector.stop()])) {
      t.is(exit.code, 0, exit.output)
      t.true(exit.ms < EXIT_MS_MAX, `${exit.ms} ms`)
      t.log(`ended after ${Math.round(exit.ms)} ms`)
    }
  })
}
