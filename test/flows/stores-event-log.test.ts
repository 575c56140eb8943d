/**
 * Proves the event log (rightech 3.5, 6.5) against the real server: the cases 42, 53, 54 and 59 of rightech 10, that packets are in it, that
 * pages go over both, that it says what was pushed, and that nobody reads more of it than he may.
 */
import test from 'ava'
import type { JsonObject } from '../../src/json.ts'
import { asText, type Client, type Entity } from '../support/client.ts'
import { create, newMember, newToken, PASSWORD, signInAdmin, type Member } from '../support/members.ts'
import { cleanUp, runScript, startServer, type RunningServer } from '../support/server.ts'
import { connectSocketIo } from '../support/sockets.ts'

let server: RunningServer | undefined
let admin: Member
test.before(async () => {
  server = await startServer()
  admin = await signInAdmin(server.url)
})
test.after.always(() => cleanUp(server))

const log = async (client: Client, query = '', path = '/events'): Promise<readonly Entity[]> =>
  (await client.get(`${path}?${query}`)).list()
const names = (events: readonly Entity[]): readonly string[] => events.map(({ event }) => asText(event))
const dataOf = ({ data }: JsonObject): JsonObject => data as JsonObject

/** An object with three packets, a command and a change. */
const busyObject = async (member: Member) => {
  const { entity } = await create(member, 'objects')
  const path = `/objects/${entity._id}`
  for (const temperature of [1, 2]) await member.post(`${path}/packets`, { temperature })
  await member.patch(path, { status: 'new' })
  await member.post(`${path}/packets`, { temperature: 3, online: false })
  await member.post(`${path}/commands/led-on`)
  return { entity, path }
}

const BUSY = [
  'object-insert',
  'object-online',
  'object-packet',
  'object-packet',
  'object-update',
  'object-offline',
  'object-packet',
  'object-command-req',
  'object-command-res',
]

test.serial('54: a fresh installation has three members', async (t) => {
  const fresh = (await admin.get('/events/org')).object()
  t.deepEqual(Object.keys(fresh), ['unique', 'byModel', 'noModel', 'success'])
  t.true(fresh.success)
  t.deepEqual(fresh.byModel, {})
  t.deepEqual(fresh.unique, fresh.noModel)
  t.true((fresh.unique as readonly string[]).includes('user-insert'))
})

test('53: names filter both ways, encoded or not', async (t) => {
  const member = await newMember(admin)
  await busyObject(member)
  const all = names(await log(member))
  t.true(all.includes('object-insert') && all.includes('model-insert'))
  t.deepEqual(names(await log(member, 'events=object-insert')), ['object-insert'])
  t.deepEqual(
    names(await log(member, 'events=object-insert,model-insert')),
    all.filter((name) => ['object-insert', 'model-insert'].includes(name)),
  )
  for (const query of ['events!=object-insert,object-packet', 'events%21=object-insert%2Cobject-packet']) {
    t.deepEqual(
      names(await log(member, query)),
      all.filter((name) => !['object-insert', 'object-packet'].includes(name)),
    )
  }
  t.deepEqual(names(await log(member, 'where.event=object-packet')), Array(3).fill('object-packet'))
  t.deepEqual(await log(member, 'events=nothing'), [])
})

test('an object has its own, packets among them, in order', async (t) => {
  const member = await newMember(admin)
  const { entity, path } = await busyObject(member)
  const other = await busyObject(member)
  for (const at of [path, `/objects/${asText(entity.id)}`]) {
    t.deepEqual(names(await log(member, '', `${at}/events`)), BUSY)
  }
  const mine = await log(member, '', `${path}/events`)
  t.true(
    mine.every(
      ({ _oid, _gid, _org, service }) =>
        _oid === entity._id && _gid === member.group && _org === admin.group && service === 'api',
    ),
  )
  t.deepEqual(await log(member, `where._oid=${entity._id}`), mine)
  t.is((await log(member, `where._oid=${other.entity._id}`)).length, BUSY.length)
  t.is((await member.get('/objects/nobody/events')).status, 404)
  const sorted = [...mine].sort((a, b) => Number(a.time) - Number(b.time) || (a._id < b._id ? -1 : 1))
  t.deepEqual(mine, sorted)
  const packets = (await member.get(`${path}/packets`)).list()
  t.deepEqual<unknown, unknown>(
    mine.filter(({ event }) => event === 'object-packet').map(({ data }) => data),
    packets,
  )
})

test('pages, windows, fields and counts go over entries and packets alike', async (t) => {
  const member = await newMember(admin)
  const { path } = await busyObject(member)
  const at = `${path}/events`
  const all = await log(member, '', at)
  for (let offset = 0; offset <= all.length; offset += 1) {
    t.deepEqual(await log(member, `offset=${offset}&limit=2`, at), all.slice(offset, offset + 2))
  }
  t.deepEqual(await log(member, 'nolimit=true&streamed=true', at), all)
  t.deepEqual(await log(member, 'sortBy=-time', at), [...all].reverse())
  t.deepEqual(await log(member, 'limit=0', at), [])
  const [from, to] = [Number(all[2]?.time), Number(all[5]?.time)]
  const inside = all.filter(({ time }) => Number(time) >= from && Number(time) <= to)
  t.deepEqual(await log(member, `from=${from}&to=${to}`, at), inside)
  t.deepEqual(await log(member, `begin=${new Date(from).toISOString()}&end=${to}`, at), inside)
  t.deepEqual(await log(member, `from=${to + 3_600_000}`, at), [])
  t.deepEqual(
    await log(member, 'only=event,data.temperature&events=object-packet', at),
    all
      .filter(({ event }) => event === 'object-packet')
      .map(({ _id, event, data }, n) => {
        t.true(Object.keys(data as JsonObject).length > 1)
        return { _id, event, data: { temperature: n + 1 } }
      }),
  )
  t.deepEqual(names(await log(member, 'where.data.temperature=2,3', at)), ['object-packet', 'object-packet'])
  t.deepEqual(
    names(await log(member, 'where.event!=object-packet', at)),
    BUSY.filter((name) => name !== 'object-packet'),
  )
  const meta = (await member.get(`${at}?meta=true`)).object()
  t.like(meta, { count: all.length, success: true })
  t.deepEqual<unknown, unknown>([meta.first, meta.last], [all[0], all.at(-1)])
  t.is((await member.get(`${at}?meta=count&events=object-packet`)).object().count, 3)
})

test('one is found by its ids; hidden and strange paths find nothing; a bad parameter is refused', async (t) => {
  const member = await newMember(admin)
  const { path } = await busyObject(member)
  const at = `${path}/events`
  const all = await log(member, '', at)
  for (const [query, tag] of [
    ['from=yesterday', 'error_objects'],
    ['limit=-1', 'error_objects'],
  ] as const) {
    const refused = await member.get(`${at}?${query}`)
    t.is(refused.status, 400)
    t.deepEqual<unknown, unknown>(refused.object().tags, ['error_validation', tag])
  }
  for (const path of ['toString', 'data.valueOf', 'nothing', '_to', '_st'])
    t.deepEqual(await log(member, `where.${path}=x`, at), [], path)
  const [one] = all
  t.deepEqual(await log(member, `where._id=${one?._id ?? ''}`), [one])
  const packet = all.find(({ event }) => event === 'object-packet')
  t.deepEqual(await log(member, `where._id=${packet?._id ?? ''}`), [packet])
  t.deepEqual(await log(member, `where._msgid="${asText(packet?._msgid)}"`), [packet])
})

test('the log says what was pushed', async (t) => {
  const member = await newMember(admin)
  const socket = await connectSocketIo(t, member)
  const { path } = await busyObject(member)
  await socket.next(({ name }) => name === 'object-command-res')
  const entries = await log(member, '', `${path}/events`)
  const pushed = socket.pushes.filter(({ payload }) => entries.some(({ _oid }) => _oid === payload._oid))
  t.deepEqual(
    pushed.map(({ name }) => name),
    BUSY,
  )
  for (const [index, { _id: _own, data, ...entry }] of entries.entries()) {
    const { payload = {} } = pushed[index] ?? {}
    t.like(payload, entry)
    if (entry.event !== 'object-update') t.deepEqual(payload.data, data)
  }
  const update = entries.find(({ event }) => event === 'object-update') ?? {}
  t.like(dataOf(update), { store: 'objects', changes: { status: 'new' } })
  t.false('item' in dataOf(update))
})

test('nobody reads more than he may', async (t) => {
  const member = await newMember(admin)
  const stranger = await newMember(admin)
  const below = await newMember(member)
  const { entity, path } = await busyObject(member)
  const mine = await log(below, '')
  t.false(names(mine).includes('object-insert'))
  t.is((await stranger.get(`${path}/events`)).status, 404)
  t.deepEqual(await log(stranger, `where._oid=${entity._id}`), [])
  t.true((await log(admin, `where._oid=${entity._id}`)).length === BUSY.length)
  const child = await busyObject(below)
  t.deepEqual(names(await log(member, `where._oid=${child.entity._id}`)), BUSY)
  const org = (await stranger.get('/events/org')).object()
  t.false((org.unique as readonly string[]).includes('object-insert'))
})

test('a token reads of the stores that it may GET', async (t) => {
  const member = await newMember(admin)
  const { entity, path } = await busyObject(member)
  const events = 'GET /events/*'
  const models = await newToken(member, [events, 'GET /models/*'])
  t.deepEqual([...new Set(names(await log(models)))], ['model-insert'])
  t.deepEqual<unknown, unknown>((await models.get('/events/org')).object().unique, ['model-insert'])
  t.is((await models.get(`${path}/events`)).status, 403)
  const one = await newToken(member, [events, `GET /objects/${entity._id}/*`])
  await busyObject(member)
  t.deepEqual(names(await log(one)), BUSY)
  const nothing = await newToken(member, [events])
  t.deepEqual(await log(nothing), [])
  t.is((await (await newToken(member, ['GET /models/*'])).get('/events')).status, 403)
})

test('events/org tells by the model of the object', async (t) => {
  const member = await newMember(admin)
  const { entity } = await busyObject(member)
  const org = (await member.get('/events/org')).object()
  const byModel = org.byModel as { readonly [model: string]: readonly string[] }
  t.deepEqual(byModel, { [asText(entity.model)]: [...new Set(BUSY)].sort() })
  t.true((org.noModel as readonly string[]).includes('model-insert'))
  t.false((org.noModel as readonly string[]).includes('object-insert'))
  t.deepEqual(org.unique, [...(org.unique as readonly string[])].sort())
})

test('42: no secret is in the log', async (t) => {
  const member = await newMember(admin)
  const secret = 'Dev1ce-Passw0rd'
  const { entity } = await create(member, 'objects', { config: { auth: { password: secret } } })
  await member.patch(`/objects/${entity._id}`, { config: { auth: { password: `${secret}2` } } })
  await member.patch(`/users/${member.user}`, { password: `${PASSWORD}2` })
  const token = await newToken(member, ['*'])
  const text = (await admin.get('/events?nolimit=true')).text
  t.false([secret, PASSWORD, token.token, '$argon2', '"hash"'].some((word) => text.includes(word)))
  t.true(text.includes('"password":"***"'))
  const told = await log(member, `where._oid=${entity._id}`)
  t.deepEqual<unknown, unknown>(
    told.map((event) => dataOf(event).changes),
    [undefined, { config: { auth: { password: '***' } } }],
  )
})

test.serial('59: a rebuild tells the same', async (t) => {
  const member = await newMember(admin)
  await busyObject(member)
  const look = async (): Promise<readonly string[]> => {
    const replies = await Promise.all(['/events?nolimit=true', '/events/org'].map((path) => member.get(path)))
    t.true(replies.every(({ status }) => status === 200))
    return replies.map(({ text }) => text)
  }
  const before = await look()
  const rebuilt = await runScript('rebuild', ['stores-events', 'stores-packets'], server?.dataDir ?? '')
  t.is(rebuilt.code, 0, rebuilt.output)
  t.deepEqual(await look(), before)
})
