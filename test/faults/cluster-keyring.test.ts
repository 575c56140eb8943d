/**
 * Proves that a node whose MongoDB or EventStoreDB is not the one that belongs to the other does no harm: it ends with a clear message, or waits, adds
 * nothing to the history, and throws no documents away. With the right ones everything is as it was.
 */
import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import { openEventStoreHistory } from '../../src/history/eventstoredb/history.ts'
import { clientOf } from '../support/client.ts'
import { endCluster, startApi, startProjector } from '../support/cluster.ts'
import { startEventStore, type EventStore } from '../support/eventstore.ts'
import { create, signInAdmin } from '../support/members.ts'
import { endMongo, freshMongoUrl, serialMongoTest } from '../support/mongodb.ts'
import { ADMIN, cleanUp, type RunningServer } from '../support/server.ts'
import type { SharedStores } from '../support/shared-stores.ts'
import { until } from '../support/steady-load.ts'

const servers: RunningServer[] = []
const eventStores: EventStore[] = []
test.after.always(async () => {
  await cleanUp(...servers)
  await endCluster()
  await Promise.all(eventStores.map((store) => store.cleanUp()))
  await endMongo()
})

/** Always the stand-in: what is proved here needs histories that are empty at first. */
const freshStores = async (): Promise<SharedStores> => {
  const eventStore = await startEventStore()
  eventStores.push(eventStore)
  return { env: { EVENTSTORE_URL: eventStore.url, MONGODB_URL: await freshMongoUrl() }, eventStore }
}

type Installation = { readonly stores: SharedStores; readonly label: string }

const begin = async (): Promise<Installation> => {
  const fresh = await freshStores()
  const projector = await startProjector(fresh)
  const api = await startApi(fresh)
  servers.push(api)
  const { entity } = await create(await signInAdmin(api.url), 'labels')
  await api.stop('SIGTERM')
  await projector.stop()
  return { stores: fresh, label: entity._id }
}

/** Two installations for all tests: nothing that a test does to one may show in the next. */
const begun: { right?: Promise<Installation>; other?: Promise<Installation> } = {}
const right = (): Promise<Installation> => (begun.right ??= begin())
const other = (): Promise<Installation> => (begun.other ??= begin())

const headOf = async ({ env }: SharedStores): Promise<bigint> => {
  const history = openEventStoreHistory({ url: env.EVENTSTORE_URL })
  try {
    return await history.head()
  } finally {
    await history.close()
  }
}

const LOOKED_MS = 6_000
const STRANGE = 'the documents are not of this history'

/** A projector that ended without a word has the lease for some seconds more. */
const untilProjected = async ({ url }: RunningServer): Promise<void> => {
  const deadline = performance.now() + 60_000
  while ((await clientOf(url).post('/auth/token', { ...ADMIN })).status === 503) {
    if (performance.now() > deadline) throw new Error('nobody keeps the documents')
    await pause(200)
  }
}

for (const [name, mix] of Object.entries({
  'a MongoDB without keys': async ({ env }: SharedStores) => ({
    ...env,
    MONGODB_URL: await freshMongoUrl(),
  }),
  'the MongoDB of another installation': async ({ env }: SharedStores) => ({
    ...env,
    MONGODB_URL: (await other()).stores.env.MONGODB_URL,
  }),
  'an EventStoreDB without a history': async ({ env }: SharedStores) => ({
    ...env,
    EVENTSTORE_URL: (await freshStores()).env.EVENTSTORE_URL,
  }),
  'the EventStoreDB of another installation': async ({ env }: SharedStores) => ({
    ...env,
    EVENTSTORE_URL: (await other()).stores.env.EVENTSTORE_URL,
  }),
})) {
  serialMongoTest(`${name} is noticed, and nothing is written or thrown away`, async (t) => {
    t.timeout(600_000)
    const { stores: ours, label } = await right()
    const wrong: SharedStores = { env: await mix(ours), eventStore: undefined }
    const heads = [await headOf(ours), await headOf(wrong)]
    const ends = name !== 'an EventStoreDB without a history'
    const projector = await startProjector(wrong, {}, true)
    const api = await startApi(wrong, {}, true)
    servers.push(api)
    if (ends) {
      for (const { code, output } of await Promise.all([api.exited, projector.exited])) {
        t.is(code, 1)
        t.regex(output, /the history was begun with another keyring/)
      }
    } else {
      // The projector has looked, and has had its time to do what it must not.
      await until(() => projector.output().includes(STRANGE), 'a projector that says why', 60_000)
      await pause(LOOKED_MS)
      for (const { url } of [api, projector]) t.is((await clientOf(url).send('GET', '/ready')).status, 503)
      t.is((await clientOf(api.url).post('/auth/token', { ...ADMIN })).status, 503)
      t.is((await api.stop('SIGTERM')).code, 0)
      const exit = await projector.stop()
      t.is(exit.code, 0)
    }
    t.deepEqual([await headOf(ours), await headOf(wrong)], heads)

    const again = [startProjector(ours), startApi(ours)] as const
    const [, well] = [await again[0], await again[1]]
    servers.push(well)
    await untilProjected(well)
    const admin = await signInAdmin(well.url)
    t.is((await admin.get(`/labels/${label}`)).status, 200)
    await create(admin, 'labels')
    await well.stop('SIGTERM')
    t.notRegex((await (await again[0]).stop()).output, /made anew/)
  })
}
