/**
 * Proves that two api nodes and a projector over shared stores are one server to a family whose devices are at different nodes: what one node
 * acknowledged the other shows, sockets hear of it wherever they are, and a device or a family that ends at one node has ended at both.
 */
import { setTimeout as pause } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { isObject, type JsonObject } from '../../src/json.ts'
import { clientOf } from '../support/client.ts'
import { endCluster, startApi, startProjector } from '../support/cluster.ts'
import { endMongo, serialMongoTest } from '../support/mongodb.ts'
import { cleanUp, type RunningServer } from '../support/server.ts'
import { sharedStores } from '../support/shared-stores.ts'
import { startSmtp } from '../support/smtp-server.ts'
import { until as untilSo } from '../support/steady-load.ts'
import { appLogic, byHmac, type Act } from '../support/timelimit-crypto.ts'
import { NOTHING, statusOf } from '../support/timelimit-picture.ts'
import { listen, type Heard, type Listener } from '../support/timelimit-sockets.ts'
import {
  addDevice,
  createFamily,
  mailToken,
  ok,
  postTo,
  type Device,
  type Parent,
  type Timelimit,
} from '../support/timelimit.ts'

const ROUNDS = 12
const KID = 'benni1'
const GAMES = 'games1'

type Nodes = readonly [Timelimit, Timelimit]
let cluster: Promise<Nodes> | undefined
const servers: RunningServer[] = []
const smtp = await startSmtp()

/** Started by the first test that is not skipped. */
const started = (): Promise<Nodes> => (cluster ??= start())
const start = async (): Promise<Nodes> => {
  const stores = await sharedStores()
  const env = { MAIL_URL: smtp.url }
  const starting = [startApi(stores, env), startApi(stores, env)] as const
  await startProjector(stores)
  const nodes = [await starting[0], await starting[1]] as const
  servers.push(...nodes)
  return [via(nodes[0]), via(nodes[1])]
}
test.after.always(async () => {
  await cleanUp(...servers)
  await endCluster()
  await endMongo()
  await smtp.close()
})

/** Each request goes to the next of these. */
const via = (...nodes: readonly [RunningServer, ...RunningServer[]]): Timelimit => {
  let turn = 0
  const next = (): RunningServer => nodes[turn++ % nodes.length] ?? nodes[0]
  return {
    server: () => nodes[0],
    url: () => nodes[0].url,
    mails: smtp.mails,
    mailsTo: (address) => Promise.resolve(smtp.mails.filter(({ to }) => to.includes(address))),
    seen: [],
    post: (path, body) => postTo(next().url, path, body),
    replace: () => undefined,
    close: () => Promise.resolve(),
  }
}

type Family = Parent & {
  readonly one: Timelimit
  readonly other: Timelimit
  /** At the one node. */
  readonly laptop: Device
  /** At the other. */
  readonly tablet: Device
  readonly anna: (action: JsonObject) => Act
}

/** The parent's phone at the one node; a child with a tablet at the other, which was added there, and a laptop. */
const newFamily = async (phoneAt?: Timelimit): Promise<Family> => {
  const [one, other] = await started()
  const parent = await createFamily(phoneAt ?? one)
  const { phone } = parent
  const tablet = await addDevice({ ...phone, at: other }, 'Tablet')
  const laptop = await addDevice({ ...phone, at: one }, 'Laptop')
  const anna = byHmac(parent.userId, parent.password)
  const use = (deviceId: string) => anna({ type: 'SET_DEVICE_USER', deviceId, userId: KID })
  await phone.push(
    anna({ type: 'ADD_USER', name: 'Ben', userType: 'child', userId: KID, timeZone: 'Europe/Berlin' }),
    use(tablet.id),
    use(laptop.id),
    anna({ type: 'CREATE_CATEGORY', childId: KID, categoryId: GAMES, title: 'Games' }),
  )
  return { ...parent, one, other, tablet, laptop, anna }
}

const opened = async (t: ExecutionContext, at: Timelimit, { token }: Device): Promise<Listener> => {
  const listener = await listen(at.url(), token)
  t.teardown(listener.close)
  return listener
}

const isCaughtUp = async (at: Timelimit): Promise<boolean> =>
  !/^headwater_projection_lag\{[^}]*\} [1-9]/m.test((await clientOf(at.url()).send('GET', '/metrics')).text)

/** What it hears from now on: a node may have what was before its login still before it. */
const settled = async (t: ExecutionContext, at: Timelimit, device: Device): Promise<Settled> => {
  const { heard, until } = await opened(t, at, device)
  await untilSo(() => isCaughtUp(at), 'a node that has seen all', 60_000)
  for (let length = -1; length !== heard.length; await pause(SETTLE_MS)) length = heard.length
  const from = heard.length
  return { heard: () => heard.slice(from), until }
}
type Settled = { readonly heard: () => readonly Heard[]; readonly until: Listener['until'] }
const SETTLE_MS = 500
const sync = (isImportant: boolean): Heard => ['should sync', { isImportant }]

const titleIn = (device: Device): unknown => {
  const base = device.picture().categories[GAMES]?.['base']
  return isObject(base) ? base.title : undefined
}
const rename = (newTitle: string): JsonObject => ({
  type: 'UPDATE_CATEGORY_TITLE',
  categoryId: GAMES,
  newTitle,
})
const sharing = (deviceId: string): JsonObject => ({
  type: 'SET_SEND_DEVICE_CONNECTED',
  deviceId,
  enable: true,
})
const used = (tta: number): Act =>
  appLogic({ type: 'ADD_USED_TIME_V2', d: 20_000, i: [{ categoryId: GAMES, tta, etts: 0, as: [], sdl: [] }] })
const timesIn = (device: Device): readonly unknown[] =>
  Object.values((device.picture().categories[GAMES]?.['times'] ?? {}) as JsonObject)

serialMongoTest('what is pushed at one node is in the next pull at the other', async (t) => {
  await started()
  const [first, second] = servers
  if (first === undefined || second === undefined) throw new Error('no nodes')
  const { phone, tablet, anna } = await newFamily(via(first, second))
  for (let round = 0; round < ROUNDS; round += 1) {
    const title = `Games ${round}`
    t.false(await phone.push(anna(rename(title))))
    await phone.pull()
    t.is(titleIn(phone), title)
    await tablet.pull()
    t.is(titleIn(tablet), title)
  }
})

serialMongoTest('devices that push at both nodes at once lose nothing', async (t) => {
  const { tablet, laptop, phone } = await newFamily()
  for (let round = 0; round < ROUNDS; round += 1) {
    const pushed = await Promise.all([tablet.push(used(1_000), used(1_000)), laptop.push(used(500))])
    t.deepEqual(pushed, [false, false])
    const pulled = await Promise.all([tablet, laptop, phone].map((device) => device.pull()))
    t.is(pulled.length, 3)
    for (const device of [tablet, laptop, phone])
      t.deepEqual(timesIn(device), [{ time: 2_500 * (round + 1) }])
  }
})

serialMongoTest('sockets hear of pushes at the other node, and can pull then', async (t) => {
  const { one, other, phone, tablet, anna } = await newFamily()
  const [phoneHears, tabletHears] = [await settled(t, one, phone), await settled(t, other, tablet)]
  for (let round = 0; round < ROUNDS; round += 1) {
    const title = `Games ${round}`
    await phone.push(anna(rename(title)), anna({ ...rename(title), newTitle: title }))
    await tabletHears.until(() => tabletHears.heard().length > round, 'should sync')
    await tablet.pull()
    t.is(titleIn(tablet), title)
    await tablet.push(appLogic({ type: 'PING', deviceId: phone.id, event: 'ping', token: 'abcde1' }))
    await phoneHears.until(() => phoneHears.heard().length > round, 'should sync')
    t.deepEqual((await phone.pull()).pings, [{ deviceId: tablet.id, type: 'ping', token: 'abcde1' }])
  }
  const all = Array.from({ length: ROUNDS }, () => sync(true))
  t.deepEqual(tabletHears.heard(), all, 'once a request, and none of its own')
  t.deepEqual(phoneHears.heard(), all)
})

serialMongoTest('who is connected to one node is seen at the other', async (t) => {
  const { one, other, phone, tablet, laptop, anna } = await newFamily()
  for (const device of [tablet, laptop]) t.false(await device.push(anna(sharing(device.id))))
  const seen = ({ heard }: Listener): readonly unknown[] =>
    heard.flatMap(([name, ids]) => (name === 'connected devices' ? [ids] : []))
  const shows = (listener: Listener, ...devices: readonly Device[]): Promise<void> => {
    const wanted = String(devices.map(({ id }) => id).sort())
    return listener.until(() => String(seen(listener).at(-1)) === wanted, `connected: ${wanted}`)
  }
  const phoneHears = await opened(t, one, phone)
  const tabletHears = await opened(t, other, tablet)
  await Promise.all([shows(phoneHears, tablet), shows(tabletHears, tablet)])
  const laptopHears = await opened(t, one, laptop)
  await Promise.all([phoneHears, tabletHears, laptopHears].map((one) => shows(one, tablet, laptop)))
  tabletHears.close()
  await Promise.all([phoneHears, laptopHears].map((one) => shows(one, laptop)))
  laptopHears.close()
  await shows(phoneHears)
  t.deepEqual(seen(phoneHears).length, 4)
})

serialMongoTest('a device is signed out at the node where it is', async (t) => {
  const { one, other, tablet, laptop } = await newFamily()
  const take = { action: 'set this device', currentUserId: KID, authToken: tablet.token }
  t.deepEqual(ok(await other.post('/child/update-primary-device', take)), { status: 'success' })
  const [tabletHears, laptopHears] = [await opened(t, other, tablet), await opened(t, one, laptop)]
  const signedOut = ({ heard }: Listener) => heard.filter(([name]) => name === 'sign out')
  ok(await one.post('/child/logout-at-primary-device', { deviceAuthToken: laptop.token }))
  await tabletHears.until(() => signedOut(tabletHears).length > 0, 'sign out')
  t.deepEqual(signedOut(tabletHears), [['sign out']])
  t.deepEqual(signedOut(laptopHears), [])
})

const isGone = async (t: ExecutionContext, { one, other }: Family, device: Device): Promise<void> => {
  const { token: deviceAuthToken } = device
  for (const at of [other, one]) {
    const status = statusOf(NOTHING)
    t.is((await at.post('/sync/pull-status', { deviceAuthToken, status })).status, 401)
    t.is((await at.post('/sync/push-actions', { deviceAuthToken, actions: [] })).status, 401)
    const removed = await at.post('/sync/is-device-removed', { deviceAuthToken })
    t.deepEqual(ok(removed), { isDeviceRemoved: true })
  }
}

serialMongoTest('a device that is removed at one node is removed at both', async (t) => {
  const family = await newFamily()
  const { one, other, phone, tablet, laptop, userId, password } = family
  const [tabletHears, laptopHears] = [await settled(t, other, tablet), await settled(t, other, laptop)]
  const removal = {
    deviceAuthToken: phone.token,
    parentUserId: userId,
    parentPasswordSecondHash: password.secondHash,
    deviceId: tablet.id,
  }
  ok(await one.post('/parent/remove-device', removal))
  await isGone(t, family, tablet)
  await tabletHears.until(() => tabletHears.heard().length > 0, 'should sync')
  t.deepEqual(tabletHears.heard(), [sync(true)])
  await laptopHears.until(() => laptopHears.heard().length > 0, 'should sync')
  t.deepEqual(laptopHears.heard(), [sync(false)])
  await phone.push(appLogic({ type: 'FORCE_SYNC' }))
  await laptopHears.until(() => laptopHears.heard().length > 1, 'should sync')
  t.is(tabletHears.heard().length, 1, 'the removed token hears nothing any more')
  t.false(tablet.id in (await phone.full()).devices)
})

serialMongoTest('a family that is deleted at one node is erased at both', async (t) => {
  const family = await newFamily()
  const { one, other, phone, tablet, mail } = family
  await tablet.push(appLogic({ type: 'UPDATE_INSTALLED_APPS', b: 'AAAA', w: true }))
  const tabletHears = await settled(t, other, tablet)
  const proof = { deviceAuthToken: phone.token, mailAuthTokens: [await mailToken(other, mail)] }
  const deleted = await one.post('/parent/delete-account', proof)
  t.deepEqual([deleted.status, deleted.text], [200, 'OK'])
  for (const device of [tablet, phone]) await isGone(t, family, device)
  await tabletHears.until(() => tabletHears.heard().length > 0, 'should sync')
  t.deepEqual(tabletHears.heard(), [sync(true)])
})
