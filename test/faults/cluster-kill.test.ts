/**
 * Proves durability on shared stores by `kill -9`: clients create while api, projector, both, and the event store are killed at random and
 * started again. Every acknowledged create is there exactly once, nothing is there that was never sent, the list is the history, no
 * checkpoint is ahead of it, and rebuilt documents equal the served ones.
 */
import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import { endCluster, startApi, startProjector, type Projector } from '../support/cluster.ts'
import { clientOf } from '../support/client.ts'
import { newMember, signInAdmin } from '../support/members.ts'
import { endMongo, mongoTest } from '../support/mongodb.ts'
import { sharedStores } from '../support/shared-stores.ts'
import { cleanUp, type RunningServer } from '../support/server.ts'
import { assertSound, checkRebuild } from '../support/soundness.ts'
import { assertRefusedWell, startSteadyLoad } from '../support/steady-load.ts'

const SOAK = process.env['SOAK'] !== undefined
const ROUNDS = SOAK ? 5 : 1
const CLIENTS = SOAK ? 64 : 16
/** Acknowledged creates between two kills. */
const BETWEEN = SOAK ? 500 : 20

let api: RunningServer | undefined
let projector: Projector | undefined
test.after.always(async () => {
  await cleanUp(api)
  await endCluster()
  await endMongo()
})

mongoTest(`${CLIENTS} clients create, ${4 * ROUNDS} kills`, async (t) => {
  t.timeout(SOAK ? 30 * 60_000 : 480_000)
  const stores = await sharedStores()
  const first = startProjector(stores)
  api = await startApi(stores)
  projector = await first
  const member = await newMember(await signInAdmin(api.url))
  const load = startSteadyLoad(() => (api === undefined ? [] : [api.url]), member.headers, CLIENTS)

  const killApi = async (): Promise<void> => {
    const dying = api
    api = undefined
    await dying?.kill()
    api = await startApi(stores, {}, true)
  }
  const killProjector = async (): Promise<void> => {
    const dataDir = projector?.dataDir
    await projector?.kill()
    projector = await startProjector(stores, dataDir === undefined ? {} : { DATA_DIR: dataDir }, true)
  }
  const kills: { readonly [what: string]: () => Promise<unknown> } = {
    api: killApi,
    projector: killProjector,
    both: () => Promise.all([killApi(), killProjector()]),
    'event store': async () => stores.eventStore?.restart(),
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [what, kill] of shuffled(Object.entries(kills))) {
      await load.more(Math.ceil(BETWEEN * (0.5 + Math.random())))
      await pause(Math.random() * 20)
      await kill()
      t.log(`${what} killed: acknowledged again after ${await load.more(1)} ms`)
    }
  }
  await load.more(BETWEEN)
  await load.stop()
  await Promise.all([killApi(), killProjector()])

  assertRefusedWell(t, load)
  await assertSound(t, stores, { ...member, ...clientOf(api.url, member.headers) }, load)
  const check = await checkRebuild(stores, projector.dataDir)
  t.is(check.code, 0, check.output)
  t.log(
    `${load.sent.size} sent, ${load.acknowledged.size} acknowledged, ${load.refused.length} refused, ${load.cut()} cut, slowest ${load.slowestMs()} ms`,
  )
})

const shuffled = <A>(items: readonly A[]): readonly A[] =>
  items
    .map((item) => ({ item, at: Math.random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item)
