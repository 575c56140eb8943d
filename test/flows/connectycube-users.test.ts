/**
 * Proves users (connectycube 4; examples E2 to E7) on the real server over HTTP: signing up, names that are one user's, both versions of
 * reading with their rules, who may change and delete whom, and that nothing of a deleted user is left in the files.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import { isList, isObject, plainText, type Json, type JsonObject } from '../../src/json.ts'
import { awayFromMidnight } from '../support/calendar.ts'
import {
  ADMIN,
  APP,
  objectAt,
  send,
  sessionOf,
  tokenOf,
  type Reply,
  type Sent,
} from '../support/connectycube.ts'
import { cleanUp, startServer, type RunningServer } from '../support/server.ts'

let server: RunningServer
let app: string

const call = (method: string, path: string, sent: Sent = {}): Promise<Reply> =>
  send(method, `${server.url}${path}`, sent)
const get = (path: string, token = app): Promise<Reply> => call('GET', path, { token })

test.before(async () => {
  server = await startServer()
  app = tokenOf(await call('POST', '/session', { json: APP }))
})
test.after.always(() => cleanUp(server))

const KEY = { 'CB-AuthKey': APP.auth_key }
const PASSWORD = 'blue-whale-7'
const signUp = (user: JsonObject): Promise<Reply> =>
  call('POST', '/users.json', { headers: KEY, json: { user: { password: PASSWORD, ...user } } })
const userOf = ({ body }: Reply): JsonObject => objectAt(body, 'user')
const signIn = async (login: string, password = PASSWORD): Promise<string> =>
  tokenOf(await call('POST', '/session', { json: { ...APP, user: { login, password } } }))
/** Signed up and in. */
const person = async (login: string, more: JsonObject = {}) => {
  const id = Number(userOf(await signUp({ login, ...more }))['id'])
  return { id, token: await signIn(login) }
}
const itemsOf = ({ body }: Reply): readonly JsonObject[] =>
  isObject(body) && isList(body['items']) ? body['items'].filter(isObject) : []
const idsOf = (reply: Reply): readonly Json[] =>
  itemsOf(reply).map((item) => (isObject(item['user']) ? item['user'] : item)['id'] ?? null)

const FORBIDDEN = { errors: ["You don't have appropriate permissions to perform this operation"] }
const NOT_FOUND = { errors: ["The resource wasn't found"] }
const DEAD = { errors: { base: ['Required session does not exist'] } }

test('E2 to E7: signing up, a taken login, both versions of reading', async (t) => {
  const mira = await signUp({
    ...{ login: 'mira', email: 'mira@example.org', full_name: 'Mira Sand', phone: '491701234567' },
    tag_list: ['beta', 'team'],
  })
  t.is(mira.status, 201)
  const { id, created_at: createdAt } = userOf(mira)
  t.deepEqual(userOf(mira), {
    ...{ id: id ?? null, full_name: 'Mira Sand', email: 'mira@example.org', login: 'mira' },
    ...{ phone: '491701234567', website: null, created_at: createdAt ?? null, updated_at: createdAt ?? null },
    ...{ last_request_at: null, external_user_id: null, external_id: null, facebook_id: null },
    ...{ twitter_id: null, blob_id: null, custom_data: null, avatar: null, user_tags: 'beta,team' },
    timezone: null,
  })
  const otto = await call('POST', '/session.json', {
    json: { ...APP, user: { login: 'otto', password: 'red-panda-9' } },
  })
  const ottoId = Number(sessionOf(otto)['user_id'])
  t.is(otto.status, 201)
  t.deepEqual((await signUp({ login: 'MIRA', email: 'Mira@Example.org' })).body, {
    errors: { login: ['has already been taken'], email: ['has already been taken'] },
  })
  const login = await call('POST', '/login.json', { token: app, json: { login: 'mira', password: PASSWORD } })
  t.is(login.status, 202)
  t.is(userOf(login)['id'], id)
  await call('DELETE', '/login', { token: app })
  const v2 = await get(`/users/v2.json?id[in][]=${plainText(id)}&id[in][]=${ottoId}&limit=1&sort_desc=id`)
  t.like(v2.body, { limit: 1, skip: 0, total_entries: 2 })
  t.deepEqual(idsOf(v2), [ottoId])
  const v1 = await get(
    `/users.json?filter[]=number%20id%20in%20${plainText(id)}%2C${ottoId}&order=asc%20string%20id&page=1&per_page=1`,
  )
  t.like(v1.body, { current_page: 1, per_page: 1, total_entries: 2 })
  t.deepEqual(idsOf(v1), [id ?? null])
})

test('of many who want a login at once one gets it', async (t) => {
  const replies = await Promise.all(
    Array.from({ length: 6 }, (_, index) => signUp({ login: index % 2 === 0 ? 'Racer' : 'rACER' })),
  )
  t.deepEqual(replies.map(({ status }) => status).sort(), [201, 422, 422, 422, 422, 422])
})

test('of many who come unknown with one name at once, all are the same user', async (t) => {
  for (const name of [{ login: 'at-once' }, { email: 'at-once@example.org' }]) {
    const replies = await Promise.all(
      Array.from({ length: 6 }, () =>
        call('POST', '/session', { json: { ...APP, user: { ...name, password: PASSWORD } } }),
      ),
    )
    t.deepEqual(
      replies.map(({ status }) => status),
      Array<number>(6).fill(201),
    )
    t.is(new Set(replies.map((reply) => sessionOf(reply)['user_id'])).size, 1)
  }
})

test('what is missing or wrong is told by field', async (t) => {
  const missing = await call('POST', '/users', { headers: KEY, json: { user: {} } })
  t.is(missing.status, 422)
  t.deepEqual(missing.body, { errors: { login: ["can't be blank"], password: ["can't be blank"] } })
  t.deepEqual((await signUp({ login: 'ab', email: 'x', tag_list: 'a,b,c,d,e,f' })).body, {
    errors: {
      login: ['is too short (minimum is 3 characters)'],
      email: ['is invalid'],
      tag_list: ['is invalid'],
    },
  })
  t.deepEqual((await call('POST', '/users', { json: { user: {} } })).status, 401)
})

test('version 2: what may be asked how', async (t) => {
  const kim = await person('v2-kim', {
    ...{ full_name: 'Kimberley v2', phone: '49-555', tag_list: 'v2,red', external_id: 'V2-a' },
  })
  const lou = await person('v2-lou', { full_name: 'kimono v2', tag_list: 'v2', email: 'lou@v2.example' })
  const both = [kim.id, lou.id]
  const cases: readonly (readonly [string, readonly number[]])[] = [
    ['login=V2-KIM', [kim.id]],
    ['login[in]=v2-kim,v2-lou', both],
    ['email[eq]=LOU@V2.example', [lou.id]],
    ['full_name=Kimberley%20v2', [kim.id]],
    ['full_name=kimberley%20v2', []],
    ['full_name[start_with]=KIMO', [lou.id]],
    ['login[start_with]=v2-k', [kim.id]],
    ['phone=49-555', [kim.id]],
    ['external_id=v2-a', []],
    ['external_id[in]=V2-a', [kim.id]],
    ['user_tags=v2', both],
    ['user_tags[in]=red,blue', [kim.id]],
    ['user_tags[eq]=v2&user_tags[nin]=red', [lou.id]],
    ['user_tags=v2&login[nin]=V2-kim', [lou.id]],
    ['user_tags=v2&user_tags[nin]=red', [lou.id]],
    ['user_tags[nin]=red&user_tags=v2', [lou.id]],
    [`user_tags=v2&offset=${'9'.repeat(20)}`, []],
    [`user_tags=v2&limit=${'9'.repeat(20)}`, both],
    ['user_tags=v2&sort_desc=login', [lou.id, kim.id]],
    ['user_tags=v2&offset=1', [lou.id]],
    [`user_tags=v2&created_at[gt]=2020-01-01&last_request_at[gt]=2020-01-01&sort_asc=last_request_at`, both],
    ['user_tags=v2&last_request_at[lt]=2020-01-01', []],
    ['user_tags=v2&updated_at[lt]=2020-01-01', []],
  ]
  for (const [query, ids] of cases) t.deepEqual(idsOf(await get(`/users/v2?${query}`)), ids, query)
  const shownAt = textOf(userOf(await get(`/users/${kim.id}`)), 'updated_at')
  t.deepEqual(idsOf(await get(`/users/v2?login=v2-kim&updated_at[gt]=${shownAt}`)), [])
  t.deepEqual(idsOf(await get(`/users/v2?login=v2-kim&updated_at[gte]=${shownAt}`)), [kim.id])
  t.like((await get('/users/v2?full_name[start_with]=kimo&limit=50')).body, { limit: 5 })
  const refused = [
    '',
    'created_at[gt]=1',
    'login[nin]=x',
    'login[gt]=a&id=1',
    'login[x]=a&id=1',
    'id=1&created_at=soon',
  ]
  for (const query of refused) t.is((await get(`/users/v2?${query}`)).status, 422, query)
  t.deepEqual((await get('/users/v2?login[start_with]=abc')).body, {
    errors: { login: ['is too short (minimum is 4 characters)'] },
  })
})

const MOST = Number.MAX_SAFE_INTEGER
const textOf = (value: JsonObject, name: string): string => encodeURIComponent(plainText(value[name]))

test('version 1: by one field, lists and their filters', async (t) => {
  await awayFromMidnight()
  const ann = await person('v1-ann', {
    full_name: 'Ann v1',
    external_user_id: MOST,
    facebook_id: 'F1',
    tag_list: 'v1',
  })
  const bob = await person('v1-bob', {
    full_name: 'Bob v1',
    email: 'bob@v1.example',
    twitter_id: 'T1',
    external_id: '007',
  })
  for (const path of ['by_login?login=V1-ann', 'by_facebook_id?facebook_id=F1', `external/${MOST}`])
    t.is(userOf(await get(`/users/${path}`))['id'], ann.id, path)
  await person('v1-agent', { external_user_id: 7 })
  for (const path of [
    'by_email?email=BOB@v1.example',
    'by_twitter_id?twitter_id=T1',
    'external/007',
    String(bob.id),
  ])
    t.is(userOf(await get(`/users/${path}`))['id'], bob.id, path)
  for (const path of ['by_login?login=nobody', 'by_login', 'phone?phone=0', 'external/0', '999999', 'x']) {
    const reply = await get(`/users/${path}`)
    t.deepEqual([reply.status, reply.body], [404, NOT_FOUND], path)
  }
  const today = new Date().toISOString().slice(0, 10)
  const both = `filter[]=number+id+in+${ann.id},${bob.id}`
  const cases: readonly (readonly [string, readonly number[]])[] = [
    [`users?${both}`, [ann.id, bob.id]],
    [`users?${both}&order=desc+string+full_name`, [bob.id, ann.id]],
    [`users?filter[]=number+id+between+${bob.id},${bob.id}`, [bob.id]],
    [`users?filter[]=string+full_name+eq+Ann+v1`, [ann.id]],
    [`users?filter[eq]=string+login+V1-BOB`, [bob.id]],
    [`users?${both}&filter[]=number+id+ne+${ann.id}`, [bob.id]],
    [`users?${both}&filter[]=date+created_at+eq+${today}`, [ann.id, bob.id]],
    [`users?${both}&filter[]=date+created_at+gt+${today}`, []],
    [`users?${both}&filter[]=date+last_request_at+ge+${today}&per_page=1&page=2`, [bob.id]],
    [`users?external_user_id=${MOST}`, [ann.id]],
    [`users/by_full_name?full_name=nN+V1`, [ann.id]],
    [`users/by_full_name?full_name=${'x'.repeat(30_000)}`, []],
    ['users/by_full_name?full_name=%00', []],
    [`users?${both}&page=${'9'.repeat(20)}`, []],
    [`users/by_tags?tags[]=v1&tags[]=other`, [ann.id]],
  ]
  for (const [path, ids] of cases) t.deepEqual(idsOf(await get(`/${path}`)), ids, path)
  const refused = [
    'filter[]=number+id',
    'filter[]=number+id+like+1',
    'filter[]=x+y+eq+1',
    'order=up+string+id',
  ]
  for (const query of refused) t.is((await get(`/users?${query}`)).status, 422, query)
  t.deepEqual((await get('/users/online')).body, { users: [] })
  t.deepEqual((await get('/users/online?count=true')).body, { count: 0 })
})

test('everybody changes himself alone; a new password needs the old one and ends other tokens', async (t) => {
  const me = await person('changer')
  const other = await signIn('changer')
  const somebody = await person('somebody')
  const put = (path: string, user: JsonObject, token = me.token): Promise<Reply> =>
    call('PUT', path, { token, json: { user } })
  const done = await put(`/users/${me.id}.json`, { custom_data: { a: 1 }, website: 'x.org', tag_list: ['a'] })
  t.like(userOf(done), { custom_data: '{"a":1}', website: 'http://x.org', user_tags: 'a', login: 'changer' })
  t.like(userOf(await put('/users', { tag_list: null, website: null })), { user_tags: null, website: null })
  const refusals: readonly (readonly [string, number, Json])[] = [
    [`/users/${somebody.id}`, 403, FORBIDDEN],
    ['/users/999999', 404, NOT_FOUND],
  ]
  for (const [path, status, body] of refusals) {
    const [changed, deleted] = [await put(path, {}), await call('DELETE', path, { token: me.token })]
    t.deepEqual([changed.status, changed.body, deleted.status, deleted.body], [status, body, status, body])
  }
  t.is((await put('/users', {}, app)).status, 403)
  const password = 'green-turtle-8'
  t.deepEqual((await put('/users', { password })).body, { errors: { old_password: ["can't be blank"] } })
  t.deepEqual((await put('/users', { password, old_password: 'x' })).body, {
    errors: { old_password: ['is invalid'] },
  })
  t.is((await put('/users', { password, old_password: PASSWORD })).status, 200)
  t.deepEqual((await get('/session', other)).body, DEAD)
  t.is((await get('/session', me.token)).status, 200)
  t.is(
    (await call('POST', '/login', { token: app, json: { login: 'changer', password: PASSWORD } })).status,
    401,
  )
  t.is(
    (await call('POST', '/session', { json: { ...APP, user: { login: 'changer', password } } })).status,
    201,
  )
})

test('who is deleted is gone: sessions, name, and every byte of his profile', async (t) => {
  const me = await person('leaver', {
    ...{ email: 'leaver@example.org', full_name: 'Bartholomew Erasmus', external_user_id: 815 },
  })
  const contacts = [{ name: 'Hieronymus Contact', phone: '4917099999999' }]
  await call('POST', '/address_book', { token: me.token, json: { contacts } })
  const gone = await call('DELETE', '/users/external/815', { token: me.token })
  t.deepEqual([gone.status, gone.text], [200, ''])
  t.deepEqual((await get('/session', me.token)).body, DEAD)
  t.is((await get(`/users/${me.id}`)).status, 404)
  t.is((await signUp({ login: 'leaver', email: 'leaver@example.org' })).status, 201, 'his names are free')
  for (let tries = 0; tries < 600 && (await holds('Bartholomew', 'Hieronymus')); tries++) await pause(50)
  t.false(await holds('Bartholomew', 'Hieronymus'))
  const unnamed = await person('leaves-unnamed')
  t.is((await call('DELETE', '/users.json', { token: app })).status, 403)
  const left = await call('DELETE', '/users.json', { token: unnamed.token })
  t.deepEqual([left.status, left.text], [200, ''])
  t.is((await get(`/users/${unnamed.id}`)).status, 404)
  const other = await person('removed-by-admin')
  const removed = await call('DELETE', `/admin/user/${other.id}`, { headers: ADMIN })
  t.deepEqual([removed.status, removed.body], [200, { success: true }])
  t.is((await call('DELETE', `/admin/user/${other.id}`, { headers: ADMIN })).status, 404)
  t.deepEqual((await get('/session', other.token)).body, DEAD)
})

/** Whether a file of the server has one of these in the clear. */
const holds = async (...needles: readonly string[]): Promise<boolean> => {
  for (const entry of await readdir(server.dataDir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const bytes = await readFile(join(entry.parentPath, entry.name)).catch(() => Buffer.alloc(0))
    if (needles.some((needle) => bytes.includes(needle))) return true
  }
  return false
}

test('a guest has a name that nobody signs in by', async (t) => {
  const guest = await call('POST', '/session', {
    json: { ...APP, user: { guest: '1', full_name: 'Visitor' } },
  })
  const user = objectAt(guest.body, 'session')['user']
  const login = isObject(user) ? plainText(user['login']) : ''
  t.like(user, { is_guest: true, full_name: 'Visitor' })
  t.regex(login, /^guest_login_[\dA-F]{36}$/)
  for (const password of ['null', 'undefined', PASSWORD])
    t.is((await call('POST', '/login', { token: app, json: { login, password } })).status, 401)
})
