/**
 * Proves what clients are told of each fact: names, members, redactions, `_msgid`, and that `item` is the entity exactly as of the
 * event, whether the documents stand there or are ahead. Facts come from the real deciders, over a history in memory.
 */
import test from 'ava'
import fc from 'fast-check'
import { isObject, type Json, type JsonObject } from '../../../../src/json.ts'
import type { StoredEvent } from '../../../../src/history/port.ts'
import { storesFeed } from '../../../../src/protocols/rightech/live-feed.ts'
import { admin, makeWorld, newId, ROOT, type World } from './world.ts'

const pushed = async (world: World): Promise<readonly JsonObject[]> => {
  const feed = storesFeed(world.reader, world.history)
  const pushes: JsonObject[] = []
  for (const event of await allEvents(world)) {
    if (feed.topics(event).length === 0) continue
    for (const push of await feed.render(event)) {
      const bare: unknown = JSON.parse(push.bare().toString())
      if (isObject(bare)) pushes.push(bare)
    }
  }
  return pushes
}

const allEvents = async ({ history }: World): Promise<readonly StoredEvent[]> => {
  const events: StoredEvent[] = []
  for await (const page of history.readAll({ after: 0n })) events.push(...page)
  return events
}

const dataOf = (push: JsonObject | undefined): JsonObject => (isObject(push?.data) ? push.data : {})
const names = (pushes: readonly JsonObject[]): readonly (Json | undefined)[] =>
  pushes.map(({ event }) => event)

test('insert, update and remove of an object carry every member of the event', async (t) => {
  const world = makeWorld(t)
  const { _id, time } = await world.create('objects', { model: newId(), id: 'pump-1', name: 'Pump' })
  await world.patch('objects', _id, { description: null, config: { settings: { number: 2 } } })
  await world.remove('objects', _id)
  const [insert, update, remove, ...more] = await pushed(world)
  t.deepEqual(more, [])
  t.deepEqual(Object.keys(insert ?? {}), [
    ...['_msgid', '_oid', '_gid', '_org', 'service', 'event', 'time', 'data', '_v'],
  ])
  t.like(insert, {
    _oid: _id,
    _gid: ROOT,
    _org: ROOT,
    service: 'api',
    event: 'object-insert',
    time: time ?? 0,
    _v: 1,
  })
  t.like(dataOf(insert), { store: 'objects', id: _id, item: { _id, name: 'Pump', owner: admin.user } })
  t.like(update, { _oid: _id, event: 'object-update', _v: 2 })
  const config = { auth: {}, x509: {}, levels: {}, position: {}, settings: { number: 2 } }
  t.deepEqual(dataOf(update).changes, { description: null, config })
  t.like(dataOf(update).item, { _id, description: null, config, name: 'Pump' })
  t.like(remove, { _oid: _id, event: 'object-remove', _v: 3, data: { store: 'objects', id: _id } })
  t.deepEqual(Object.keys(dataOf(remove)), ['store', 'id'])
})

test('a message identifier has 22 url-safe characters and follows from the history alone', async (t) => {
  const world = makeWorld(t)
  for (let i = 0; i < 20; i++) await world.create('labels', { name: `${i}` })
  const first = await pushed(world)
  const again = await pushed(world)
  t.deepEqual(
    first.map(({ _msgid }) => _msgid),
    again.map(({ _msgid }) => _msgid),
  )
  t.is(new Set(first.map(({ _msgid }) => _msgid)).size, 20)
  for (const { _msgid } of first) t.regex(typeof _msgid === 'string' ? _msgid : '', /^[A-Za-z0-9_-]{22}$/)
})

test('an item is the entity as of its event, also when the documents are far ahead', async (t) => {
  const world = makeWorld(t)
  const { _id } = await world.create('labels', { name: 'start' })
  for (let i = 0; i < 40; i++) await world.patch('labels', _id, { name: `name ${i}`, [`field${i % 3}`]: i })
  const ahead = await pushed(world)
  t.deepEqual(
    ahead
      .map((push) => (isObject(dataOf(push).item) ? dataOf(push).item : {}))
      .map((item) => isObject(item) && item.name),
    ['start', ...Array.from({ length: 40 }, (_, i) => `name ${i}`)],
  )
  t.deepEqual(dataOf(ahead[5]).changes, { name: 'name 4', field1: 4 })
})

test('documents in step and documents ahead tell the same', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          name: fc.constantFrom('a', 'b'),
          nested: fc.dictionary(fc.constantFrom('x', 'y'), fc.constantFrom(1, null, [1])),
        }),
        { maxLength: 12 },
      ),
      async (patches) => {
        const world = makeWorld(t)
        const inStep: JsonObject[] = []
        const feed = storesFeed(world.reader, world.history)
        const see = async (): Promise<void> => {
          const last = (await allEvents(world)).at(-1)
          if (last === undefined) return
          for (const { event } of await feed.render(last))
            if (inStep.at(-1)?._msgid !== event._msgid) inStep.push(event)
        }
        const { _id } = await world.create('dashboards', { name: 'd' })
        await see()
        for (const patch of patches) {
          await world.patch('dashboards', _id, patch)
          await see()
        }
        t.deepEqual(await pushed(world), inStep)
      },
    ),
    { numRuns: 30 },
  )
})

test('without documents the stream answers', async (t) => {
  const world = makeWorld(t)
  const { _id } = await world.create('labels', { name: 'a' })
  await world.patch('labels', _id, { name: 'b' })
  const feed = storesFeed({ get: () => Promise.reject(new Error('catching up')) }, world.history)
  const [, changed] = await allEvents(world)
  if (changed === undefined) return t.fail()
  const [push] = await feed.render(changed)
  t.like(dataOf(push?.event).item, { name: 'b' })
})

test('nothing secret is told: passwords, verifiers, hashes, device passwords', async (t) => {
  const world = makeWorld(t)
  const user = { name: 'U', login: 'user1', email: 'u@example.org', password: 'Secret123', role: newId() }
  const { _id } = await world.create('users', user)
  await world.create('tokens', { name: 'T', scopes: ['*'], expiresAt: Date.now() + 1e6 })
  const config = { auth: { username: 'dev', password: 'device-secret' } }
  const object = await world.create('objects', { model: newId(), id: 'o-1', name: 'O', config })
  await world.patch('objects', object._id, { config: { auth: { password: 'other-secret' } } })
  await world.append('users', _id, signIn(_id))
  const pushes = await pushed(world)
  const text = JSON.stringify(pushes)
  for (const secret of ['Secret123', 'argon2', 'tokenhash', 'device-secret', 'other-secret', '"_s"']) {
    t.false(text.includes(secret), secret)
  }
  t.true(text.includes('u@example.org'), 'personal fields are shown, as GET shows them')
  t.deepEqual(dataOf(pushes.find(({ event }) => event === 'object-update')).changes, {
    config: { auth: { username: 'dev', password: '***' }, x509: {}, levels: {}, position: {} },
  })
})

const signIn = (user: string) => ({
  type: 'SignIn' as const,
  user,
  at: 5,
  method: 'cookie' as const,
  sessionId: 's',
  verified: true,
  expiresAt: 10,
})

test('signing in is told without a version; signing out and passwords are not', async (t) => {
  const world = makeWorld(t)
  const user = { name: 'U', login: 'user1', email: 'u@example.org', password: 'Secret123', role: newId() }
  const { _id } = await world.create('users', user)
  await world.append('users', _id, signIn(_id))
  await world.append('users', _id, { type: 'SignOut', user: _id, at: 6, sessionId: 's' })
  const pushes = await pushed(world)
  t.deepEqual(names(pushes), ['user-insert', 'user-signin'])
  t.deepEqual(dataOf(pushes[1]), { id: _id, method: 'cookie' })
  t.false('_v' in (pushes[1] ?? {}))
})

test('a model is told without its tree', async (t) => {
  const world = makeWorld(t)
  const { _id } = await world.create('models', { base: 'mqtt', name: 'M' })
  await world.patch('models', _id, { name: 'N' })
  const pushes = await pushed(world)
  t.deepEqual(names(pushes), ['model-insert', 'model-update'])
  for (const push of pushes) {
    const { item } = dataOf(push)
    t.true(isObject(item) && !('data' in item) && 'props' in item)
  }
})

test('a message is told as a notification, a critical one as a push message, and its end not at all', async (t) => {
  const world = makeWorld(t)
  const object = newId()
  const info = await world.create('messages', { id: object, 'message-body': 'hello' })
  await world.create('messages', { 'message-body': 'fire', importance: 'critical' })
  await world.remove('messages', info._id)
  const pushes = await pushed(world)
  t.deepEqual(names(pushes), ['notification', 'push-message'])
  t.is(pushes[0]?._oid, object)
  t.like(dataOf(pushes[0]), { _id: info._id, 'message-body': 'hello', importance: 'info' })
  t.false('_oid' in (pushes[1] ?? {}))
  for (const push of pushes) t.false('_v' in push)
})

test('a task whose deadline passed is told as expired, with its object', async (t) => {
  const world = makeWorld(t)
  const object = newId()
  const { _id } = await world.create('tasks', { name: 'T', object, deadlines: { created: 1 } })
  await world.append('tasks', _id, { type: 'ExpireTask', id: _id, at: 99 })
  const pushes = await pushed(world)
  t.deepEqual(names(pushes).at(0), 'task-insert')
  t.like(pushes.at(-1), { event: 'task-expired', _oid: object, data: { id: _id } })
  t.false('_v' in (pushes.at(-1) ?? {}))
})

test('each push is encoded once for all', async (t) => {
  const world = makeWorld(t)
  await world.create('labels', { name: 'a' })
  const [created] = await allEvents(world)
  if (created === undefined) return t.fail()
  const [push] = await storesFeed(world.reader, world.history).render(created)
  t.is(push?.socketIo(), push?.socketIo())
  t.is(push?.bare(), push?.bare())
  t.is(push?.socketIo().toString(), `42["label-insert",${push?.bare().toString() ?? ''}]`)
})
