/**
 * Proves that two api nodes and a projector, processes of their own over shared stores, are one server to their clients: what one node wrote
 * the next request on the other reads, a socket on one hears the other, and a right that ended on one has ended on both.
 */
import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import type { JsonObject } from '../../src/json.ts'
import { clientOf, cookie, sidOf, UNAUTHORIZED, type Client } from '../support/client.ts'
import { endCluster, startApi, startProjector } from '../support/cluster.ts'
import { create, newMember, signIn, signInAdmin, unique } from '../support/members.ts'
import { endMongo, serialMongoTest } from '../support/mongodb.ts'
import { differences, pictureOf } from '../support/pictures.ts'
import { run } from '../support/processes.ts'
import { allReady } from '../support/proxied-stores.ts'
import {
  ADMIN,
  cleanUp,
  environment,
  freshDirectory,
  startServer,
  type RunningServer,
} from '../support/server.ts'
import { sharedStores, type SharedStores } from '../support/shared-stores.ts'
import { about, connectSocketIo } from '../support/sockets.ts'

const ROUNDS = 12

type Cluster = { readonly stores: SharedStores; readonly nodes: readonly [RunningServer, RunningServer] }
let cluster: Promise<Cluster> | undefined
const servers: RunningServer[] = []

/** Started by the first test that is not skipped; api nodes come first, as if the projector were late. */
const started = (): Promise<Cluster> => (cluster ??= start())
const start = async (): Promise<Cluster> => {
  const stores = await sharedStores()
  const starting = [startApi(stores), startApi(stores)] as const
  await startProjector(stores)
  const nodes = [await starting[0], await starting[1]] as const
  servers.push(...nodes)
  return { stores, nodes }
}
test.after.always(async () => {
  await cleanUp(...servers)
  await endCluster()
  await endMongo()
})

const on = <C extends Client>({ url }: RunningServer, client: C): C => ({
  ...client,
  ...clientOf(url, client.headers),
})

serialMongoTest('the newcomer’s journey across two nodes', async (t) => {
  const { nodes } = await started()
  const signedIn = await clientOf(nodes[0].url).post('/auth', { ...ADMIN })
  t.is(signedIn.status, 200)
  const session = cookie(sidOf(signedIn))
  const [one, other] = [clientOf(nodes[0].url, session), clientOf(nodes[1].url, session)]
  const socket = await connectSocketIo(t, other)
  const model = (await one.post('/models', { base: 'mqtt', name: 'Pump' })).entity()
  await socket.next(about(model._id, 'model-insert'))
  const object = (
    await other.post('/objects', { model: model._id, id: unique('pump'), name: 'Pump' })
  ).entity()
  const { payload } = await socket.next(about(object._id, 'object-insert'))
  t.deepEqual<unknown, JsonObject>(
    (payload.data as JsonObject).item,
    (await one.get(`/objects/${object._id}`)).entity(),
  )
  const changed = (await one.patch(`/objects/${object._id}`, { name: 'Pump 2' })).entity()
  t.deepEqual((await other.get(`/objects/${object._id}`)).entity(), changed)
  const update = await socket.next(about(object._id, 'object-update'))
  t.deepEqual<unknown, JsonObject>((update.payload.data as JsonObject).item, changed)
  t.deepEqual(differences(await pictureOf(one), await pictureOf(other)), [])
  t.is((await other.delete(`/objects/${object._id}`)).status, 200)
  t.is((await one.get(`/objects/${object._id}`)).status, 404)
  await socket.next(about(object._id, 'object-remove'))
  t.is((await one.delete('/auth')).status, 200)
  t.is((await other.get('/models')).text, UNAUTHORIZED)
})

serialMongoTest(
  'what one node acknowledged, the next request on the other reads, in both directions',
  async (t) => {
    const { nodes } = await started()
    const member = await newMember(await signInAdmin(nodes[0].url))
    for (let round = 0; round < ROUNDS; round += 1) {
      const [here, there] = round % 2 === 0 ? nodes : [nodes[1], nodes[0]]
      const { entity } = await create(on(here, member), 'labels')
      t.deepEqual((await on(there, member).get(`/labels/${entity._id}`)).entity(), entity)
      t.is((await on(there, member).get('/labels?meta=count')).object().count, round + 1)
      const name = unique('renamed')
      const renamed = await on(there, member).patch(`/labels/${entity._id}`, { name })
      t.is(renamed.entity().name, name)
      const list = await on(here, member).get(`/labels?where.name=${name}`)
      t.is(list.list().length, 1)
      t.is(
        list.headers['x-ric-version'],
        (await on(there, member).get('/labels?limit=1')).headers['x-ric-version'],
      )
    }
  },
)

serialMongoTest('of changes of one entity on both nodes at once none is lost', async (t) => {
  const { nodes } = await started()
  const member = await newMember(await signInAdmin(nodes[0].url))
  const socket = await connectSocketIo(t, on(nodes[1], member))
  const { entity } = await create(member, 'labels')
  const names = Array.from({ length: ROUNDS }, () => unique('name'))
  const replies = await Promise.all(
    names.map((name, n) => on(nodes[n % 2 === 0 ? 0 : 1], member).patch(`/labels/${entity._id}`, { name })),
  )
  t.deepEqual([...new Set(replies.map(({ status }) => status))], [200])
  const pushed = async (): Promise<readonly unknown[]> => {
    const items = socket.pushes.filter(about(entity._id, 'label-update'))
    if (items.length === ROUNDS)
      return items.map(({ payload }) => (payload.data as { item: JsonObject }).item.name)
    await pause(20)
    return pushed()
  }
  const order = await pushed()
  t.deepEqual(order.toSorted(), names.toSorted())
  for (const node of nodes)
    t.is((await on(node, member).get(`/labels/${entity._id}`)).entity().name, order.at(-1) as string)
})

serialMongoTest('a name that must be unique is given once, whichever nodes are asked', async (t) => {
  const { nodes } = await started()
  const admin = await signInAdmin(nodes[0].url)
  const login = unique('user')
  const body = { name: login, login, password: 'Passw0rd', role: admin.role, group: admin.group }
  const replies = await Promise.all(
    [0, 1, 2, 3, 4, 5].map((n) =>
      on(nodes[n % 2 === 0 ? 0 : 1], admin).post('/users', { ...body, email: `${login}${n}@example.org` }),
    ),
  )
  t.deepEqual(replies.map(({ status }) => status).toSorted(), [200, 409, 409, 409, 409, 409])
  for (const { url } of nodes) t.is((await signIn(url, login, 'Passw0rd')).login, login)
})

serialMongoTest('a right that ends on one node has ended on the other with the answer', async (t) => {
  const { nodes } = await started()
  const admin = await signInAdmin(nodes[0].url)
  for (let round = 0; round < ROUNDS; round += 1) {
    const member = await newMember(admin)
    const [here, there] = round % 2 === 0 ? nodes : [nodes[1], nodes[0]]
    // Warm, so that both nodes remember who it is.
    for (const node of nodes) t.is((await on(node, member).get('/labels')).status, 200)
    const ended =
      round % 4 < 2
        ? await on(here, member).delete('/auth')
        : await on(here, admin).patch(`/users/${member.user}`, { disabled: true })
    t.is(ended.status, 200)
    t.is((await on(there, member).get('/labels')).status, 401, `round ${round}`)
  }
})

serialMongoTest(
  'nodes say that they are well, what role they have, and how far the documents are',
  async (t) => {
    const { nodes, stores } = await started()
    const projector = await startProjector(stores)
    for (const { url } of [...nodes, projector]) {
      await allReady([{ url }], 200, 30_000)
      t.is((await clientOf(url).send('GET', '/live')).status, 200)
      const metrics = (await clientOf(url).send('GET', '/metrics')).text
      t.regex(metrics, /^headwater_projection_lag\{projection="[^"]+"\} \d+$/m)
      t.regex(metrics, /^headwater_history_head [1-9]\d*$/m)
    }
    t.is((await clientOf(projector.url).get('/labels')).status, 404)
    t.is((await projector.stop()).code, 0)
  },
)

serialMongoTest('operators’ scripts read what is shared', async (t) => {
  const { nodes, stores } = await started()
  const member = await newMember(await signInAdmin(nodes[0].url))
  const { entity } = await create(member, 'labels')
  await on(nodes[1], member).patch(`/labels/${entity._id}`, { name: unique('renamed') })
  const script = async (name: string, ...parameters: readonly string[]): Promise<string> => {
    const env = { ...environment(await freshDirectory()), ...stores.env }
    const exit = await run(name, parameters, env).exited
    t.is(exit.code, 0, exit.output)
    return exit.output
  }
  const stream = `stores.labels-${entity._id}`
  const status = JSON.parse(await script('status', '--json')) as JsonObject
  t.deepEqual(status.stores, { kind: 'shared', history: 'eventstoredb', documents: 'mongodb' })
  const printed = (await script('history', stream, '--json')).trim().split('\n')
  t.deepEqual(
    printed.map((line) => (JSON.parse(line) as JsonObject).type),
    ['EntityCreated', 'EntityChanged'],
  )
  t.regex(
    await script('replay', '--stream', stream, '--projection', 'stores'),
    / 1 documents compared, 0 differ/,
  )
})

serialMongoTest(
  'a node that does both roles joins them, and takes over when the projector ends',
  async (t) => {
    const stores = await sharedStores()
    const projector = await startProjector(stores)
    const both = await startServer({ env: stores.env })
    servers.push(both)
    const member = await newMember(await signInAdmin(both.url))
    await create(member, 'labels')
    t.is((await projector.stop()).code, 0)
    const since = performance.now()
    let reply = await member.post('/labels', { name: unique('label') })
    while (reply.status === 503 && performance.now() - since < 60_000) {
      await pause(100)
      reply = await member.post('/labels', { name: unique('label') })
    }
    t.is(reply.status, 200)
    t.log(`written again after ${Math.round(performance.now() - since)} ms`)
  },
)
