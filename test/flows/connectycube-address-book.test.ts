/** Proves address books (connectycube 5, example E17) on the real server over HTTP: uploads, devices, refusals, and who of one's contacts is here. */
import test from 'ava'
import { type Json, type JsonObject } from '../../src/json.ts'
import { APP, send, sessionOf, tokenOf, type Reply } from '../support/connectycube.ts'
import { cleanUp, startServer, type RunningServer } from '../support/server.ts'

let server: RunningServer
test.before(async () => {
  server = await startServer()
})
test.after.always(() => cleanUp(server))

const open = async (login: string, profile: JsonObject = {}) => {
  const session = await send('POST', `${server.url}/session`, {
    json: { ...APP, user: { login, password: 'red-panda-9' } },
  })
  const token = tokenOf(session)
  const call = (method: string, path: string, json?: Json): Promise<Reply> =>
    send(method, `${server.url}/address_book${path}`, { token, ...(json === undefined ? {} : { json }) })
  await send('PUT', `${server.url}/users`, { token, json: { user: profile } })
  return {
    id: sessionOf(session)['user_id'] ?? null,
    upload: async (body: JsonObject): Promise<Json> => (await call('POST', '.json', body)).body,
    post: (body: JsonObject) => call('POST', '', body),
    get: async (path: string): Promise<Json> => (await call('GET', path)).body,
    refusal: async (path: string): Promise<number> => (await call('GET', path)).status,
  }
}

test('E17: what is in order is taken, and who is here is found', async (t) => {
  const mira = await open('mira', { phone: '+49 170 1234567', full_name: 'Mira Sand' })
  const otto = await open('otto', { phone: '4917000000000' })
  const contacts = [
    { name: 'Mira', phone: '+49 170 1234567' },
    { name: 'X', phone: '12' },
    { name: 'Myself', phone: '4917000000000' },
  ]
  t.deepEqual(await otto.upload({ contacts, force: 1 }), {
    ...{ deleted: 0, created: 2, updated: 0 },
    rejected: { 1: ["Length of 'phone' field should be min: 10 and max: 15."] },
  })
  t.deepEqual(await otto.get('/registered_users.json?compact=1'), {
    items: [{ user: { id: mira.id, phone: '+49 170 1234567', address_book_name: 'Mira' } }],
  })
  t.like(await otto.get('/registered_users'), {
    items: [{ user: { id: mira.id, full_name: 'Mira Sand', user_tags: null, address_book_name: 'Mira' } }],
  })
  t.deepEqual(await mira.get(''), [], 'nobody sees the book of another')
})

test('devices have books of their own, and all of them one together', async (t) => {
  const me = await open('devices')
  const [ann, bob, cid] = ['4911111111111', '4922222222222', '4933333333333']
  const named = (phone: string, name: string) => ({ phone, name })
  const counts = (created: number, updated: number, deleted: number) => ({
    created,
    updated,
    deleted,
    rejected: {},
  })
  t.deepEqual(
    await me.upload({ udid: 'd1', contacts: [named(ann, 'Ann'), named(bob, 'Bob')] }),
    counts(2, 0, 0),
  )
  t.deepEqual(await me.upload({ udid: 'd2', contacts: [named(bob, 'Bobby')] }), counts(1, 0, 0))
  t.deepEqual(await me.upload({ contacts: [named(bob, 'Robert'), named(cid, 'Cid')] }), counts(1, 1, 0))
  t.deepEqual(await me.get('?udid=d2'), [named(bob, 'Robert')])
  t.deepEqual(await me.get(''), [named(ann, 'Ann'), named(bob, 'Robert'), named(cid, 'Cid')])
  t.deepEqual(
    await me.upload({ udid: 'd1', force: 'true', contacts: [named(bob, 'Robert')] }),
    counts(0, 1, 1),
  )
  t.deepEqual(
    await me.upload({
      contacts: [
        { phone: bob, destroy: 1 },
        { phone: ann, destroy: 1 },
      ],
    }),
    counts(0, 0, 1),
  )
  t.deepEqual(await me.get(''), [named(cid, 'Cid')])
})

test('what is no upload is refused', async (t) => {
  const me = await open('refused')
  await me.upload({ contacts: [{ name: 'Kept', phone: '4911111111111' }] })
  for (const body of [
    {},
    { contacts: 'x' },
    { contacts: [], udid: 'x'.repeat(65) },
    { contacts: [], udid: ['x'], force: 1 },
    { contacts: [], udid: 'x\ud83d', force: 1 },
  ])
    t.is((await me.post(body)).status, 422, JSON.stringify(body))
  t.deepEqual(await me.get(''), [{ phone: '4911111111111', name: 'Kept' }])
  t.is(await me.refusal(`?udid=${'x'.repeat(65)}`), 422)
  t.deepEqual((await send('GET', `${server.url}/address_book`)).body, { errors: ['Token is required'] })
})

test('more than one append holds goes into the book all the same', async (t) => {
  const me = await open('many')
  const contacts = Array.from({ length: 1_100 }, (_, n) => ({
    name: `${n} ${'x'.repeat(200)}`,
    phone: String(20_000_000_000 + n),
  }))
  const none = { created: 0, updated: 0, deleted: 0, rejected: {} }
  t.deepEqual(await me.upload({ contacts }), { ...none, created: 1_100 })
  const shown = contacts.map(({ phone, name }) => ({ phone, name }))
  t.deepEqual(await me.get(''), shown)
  t.deepEqual(await me.upload({ contacts: contacts.slice(0, 1_000), force: 1 }), {
    ...none,
    ...{ updated: 1_000, deleted: 100 },
  })
  t.deepEqual(await me.get(''), shown.slice(0, 1_000))
})

test('uploads at once lose nothing', async (t) => {
  const me = await open('at-once')
  const phones = Array.from({ length: 20 }, (_, index) => `49170${String(index).padStart(7, '0')}`)
  await Promise.all(phones.map((phone) => me.upload({ contacts: [{ name: 'X', phone }] })))
  t.deepEqual(
    await me.get(''),
    phones.map((phone) => ({ phone, name: 'X' })),
  )
})
