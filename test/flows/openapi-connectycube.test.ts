/**
 * Proves that what `/openapi.json` says of ConnectyCube is so, over real HTTP: every operation is answered, with and without `.json`, by a status
 * that it names and a body of its schema, whoever asks and whatever he asks for; and of a life with everything in it, so that each shape has been
 * seen whole.
 */
import assert from 'node:assert/strict'
import test from 'ava'
import { isList, type Json, type JsonObject } from '../../src/json.ts'
import {
  ADMIN,
  APP,
  objectAt,
  send,
  sessionOf,
  textAt,
  tokenOf,
  type Reply,
} from '../support/connectycube.ts'
import { bodyCheck, object, routesOf, type Route } from '../support/openapi.ts'
import { cleanUp, startServer, type RunningServer } from '../support/server.ts'

let server: RunningServer
let document: JsonObject
let check: ReturnType<typeof bodyCheck>
let routes: ReadonlyMap<string, Route>

test.before(async () => {
  server = await startServer()
  document = object((await send('GET', `${server.url}/openapi.json`)).body)
  check = bodyCheck(document)
  routes = new Map(routesOf(document).map((route) => [`${route.method} ${route.path}`, route]))
})
test.after.always(() => cleanUp(server))

const seen = new Set<string>()

/** Asks, and compares the answer with what is said of the route. */
const ask = async (
  place: string,
  { path = {}, headers = {}, json, query = '' }: Asked = {},
): Promise<Reply> => {
  const route = routes.get(place) ?? assert.fail(`${place} is not described`)
  const [method = '', template = ''] = place.split(' ')
  const real = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(path[name] ?? NOBODY))
  const sent = { headers, ...(json === undefined ? {} : { json }) }
  const reply = await send(method, `${server.url}${real}${query}`, sent)
  compare(route, reply)
  seen.add(`${place} ${reply.status}`)
  return reply
}

type Asked = {
  readonly path?: { readonly [name: string]: string | number }
  readonly headers?: { readonly [name: string]: string }
  readonly json?: Json
  readonly query?: string
}
const NOBODY = 'f'.repeat(24)

const compare = (route: Route, { status, text, headers }: Reply): void => {
  const place = `${route.method} ${route.path}`
  const said = object(route.operation['responses'])[String(status)]
  assert.notEqual(said, undefined, `${place} answers ${status} ${text.slice(0, 200)}`)
  if (text === '') return
  const wrong = check(route, { status, text, type: headers.get('content-type') })
  assert.equal(wrong, undefined, `${place}: ${status} ${wrong ?? ''}`)
}

const idOf = ({ body }: Reply): string => textAt(object(body), '_id')

test.serial('whoever asks, and for whatever there is not', async (t) => {
  const application = tokenOf(await ask('POST /session', { json: APP }))
  const guest = { ...APP, user: { guest: '1', full_name: 'Guest' } }
  const user = tokenOf(await ask('POST /session', { json: guest }))
  const callers: readonly { readonly [name: string]: string }[] = [
    {},
    { 'CB-Token': 'dead' },
    { 'CB-Token': application },
    { 'CB-Token': user },
    ADMIN,
  ]
  for (const [place, { method, operation }] of routes) {
    if (!JSON.stringify(operation['tags']).includes('connectycube')) continue
    // They would end the session of this test.
    const isLast = method === 'HEAD' || /^DELETE \/(?:session|login|users)$/.test(place)
    for (const headers of isLast ? callers.slice(0, 2) : callers) {
      const json = operation['requestBody'] === undefined ? {} : { json: {} }
      const reply = await ask(place, { headers, ...json })
      if (method === 'HEAD') t.is(reply.text, '')
    }
    const suffixed = place.replaceAll(/\{\w+\}/g, '0') + '.json'
    const [, path = ''] = suffixed.split(' ')
    const reply = await send(method, `${server.url}${path}`)
    const plain = await send(method, `${server.url}${path.slice(0, -5)}`)
    if (!place.includes('/blobs/')) t.is(reply.status, plain.status, suffixed)
  }
  t.true(seen.size > 300, String(seen.size))
})

test.serial('a life with everything in it', async (t) => {
  const person = async (login: string) => {
    const user = {
      login,
      password: 'blue-whale-7',
      email: `${login}@example.org`,
      phone: '491701234567',
      tag_list: ['a'],
    }
    await ask('POST /users', { headers: { 'CB-AuthKey': APP.auth_key }, json: { user } })
    const session = await ask('POST /session', { json: { ...APP, user: { login, password: user.password } } })
    return { id: Number(sessionOf(session)['user_id']), headers: { 'CB-Token': tokenOf(session) } }
  }
  const mira = await person('mira')
  const otto = await person('otto')
  const { headers } = mira
  const good = async (place: string, more: Asked = {}): Promise<Reply> => {
    const reply = await ask(place, { headers, ...more })
    t.true(reply.status < 400, `${place}: ${reply.status} ${reply.text}`)
    return reply
  }

  await good('GET /session')
  await good('POST /login', { json: { login: 'mira', password: 'blue-whale-7' } })
  await good('PUT /users/{id}', {
    path: { id: mira.id },
    json: { user: { custom_data: 'x', website: 'a.example' } },
  })
  await good('GET /users/{id}', { path: { id: otto.id } })
  for (const name of ['login=otto', 'email=otto@example.org'])
    await good(`GET /users/by_${name.split('=')[0]}`, { query: `?${name}` })
  await good('GET /users', { query: '?filter[]=string+login+eq+otto&order=asc+string+login' })
  await good('GET /users/v2', { query: '?login[in]=otto,mira&sort_desc=id' })
  await good('GET /users/by_tags', { query: '?tags=a' })
  await good('GET /users/online', { query: '?count=1' })
  await good('POST /address_book', {
    json: { contacts: [{ name: 'O', phone: '491701234567' }, { phone: '1' }] },
  })
  await good('GET /address_book')
  await good('GET /address_book/registered_users')
  await good('GET /address_book/registered_users', { query: '?compact=1' })

  const fields = { n: 'Integer', at: 'Location', file: 'File', tags: 'String[]' }
  await good('POST /admin/data/classes', { headers: ADMIN, json: { class_name: 'Note', fields } })
  await good('POST /admin/data/classes', {
    headers: ADMIN,
    json: { class_name: 'Note', fields: { b: 'Boolean' } },
  })
  await good('GET /admin/data/classes', { headers: ADMIN })
  const inNote = { path: { class: 'Note' } }
  const permissions = {
    read: { access: 'open_for_users_ids', ids: [otto.id] },
    delete: { access: 'open_for_groups', groups: 'a' },
  }
  const record = idOf(
    await good('POST /data/{class}', { ...inNote, json: { n: 1, at: [1, 2], tags: 'x,y', permissions } }),
  )
  await good('POST /data/{class}/multi', { ...inNote, json: { record: { 1: { n: 2 }, 2: { n: 3 } } } })
  await good('GET /data/{class}', { ...inNote, query: '?n[gt]=0&sort_desc=n&at[near]=1,2;1000' })
  await good('GET /data/{class}', { ...inNote, query: '?count=1' })
  await good('GET /data/{class}', { ...inNote, query: '?n[calc]=sum&group_by=user_id' })
  const one = { path: { class: 'Note', ids: record } }
  await good('GET /data/{class}/{ids}', one)
  await good('GET /data/{class}/{ids}', { ...one, query: '?permissions=1' })
  await good('PUT /data/{class}/{ids}', { ...one, json: { inc: { n: 1 }, push: { tags: 'z' } } })
  await good('PUT /data/{class}/multi', {
    ...inNote,
    json: { record: { 1: { id: NOBODY, n: 4 }, 2: { id: record, n: 5 } } },
  })
  await good('PUT /data/{class}/by_criteria', {
    ...inNote,
    json: { search_criteria: { n: { gte: 0 } }, n: 6 },
  })
  await good('DELETE /data/{class}/{ids}', { path: { class: 'Note', ids: `${record},${NOBODY}` } })
  await good('DELETE /data/{class}/by_criteria', { ...inNote, query: '?n=6' })
  await good('DELETE /admin/data/classes/{name}', { headers: ADMIN, path: { name: 'Note' } })

  const blob = objectAt(
    (await good('POST /blobs', { json: { blob: { content_type: 'text/plain', name: 'a.txt' } } })).body,
    'blob',
  )
  const target = new URL(textAt(objectAt(blob, 'blob_object_access'), 'params'))
  const form = new FormData()
  for (const [name, value] of target.searchParams) form.set(name, value)
  form.set('file', new Blob(['hello']))
  t.is((await fetch(`${server.url}${target.pathname}`, { method: 'POST', body: form })).status, 201)
  const ofBlob = { path: { id: Number(blob['id']) } }
  await good('PUT /blobs/{id}/complete', { ...ofBlob, json: { size: 5 } })
  await good('GET /blobs/{id}', ofBlob)
  await good('GET /blobs/{id}/object', { ...ofBlob, query: '?download_url=1' })
  const away = await good('GET /blobs/{id}', { path: { id: textAt(blob, 'uid') } })
  t.is(away.status, 301)
  await good('GET /blobs/{id}/download', { path: { id: textAt(blob, 'uid') } })
  await good('GET /blobs')
  await good('PUT /blobs/{id}', { ...ofBlob, json: { blob: { name: 'b.txt', new: 1 } } })
  await good('DELETE /blobs/{id}', ofBlob)

  await chat(t.log, good, { mira: mira.id, otto: otto.id, otto2: otto.headers })
  await extras(good, otto.id)
  t.true(seen.size > 350, String(seen.size))
})

type Good = (place: string, more?: Asked) => Promise<Reply>

const chat = async (
  log: (text: string) => void,
  good: Good,
  {
    otto,
    otto2,
  }: { readonly mira: number; readonly otto: number; readonly otto2: { readonly 'CB-Token': string } },
): Promise<void> => {
  await good('PUT /admin/application/settings', { headers: ADMIN, json: { dialog_extension_fields: ['k'] } })
  await good('GET /admin/application/settings', { headers: ADMIN })
  const group = {
    type: 2,
    name: 'G',
    occupants_ids: [otto],
    extensions: { k: 1 },
    permissions: { allow_preview: 1 },
  }
  const id = idOf(await good('POST /chat/dialog', { json: group }))
  const pair = idOf(await good('POST /chat/dialog', { json: { type: 3, occupants_ids: [otto] } }))
  for (const type of [1, 4]) await good('POST /chat/dialog', { json: { type, name: `of ${type}` } })
  const attachments = [{ type: 'image', uid: 'x' }]
  const message = idOf(
    await good('POST /chat/message', {
      json: { chat_dialog_id: id, message: 'hello you', attachments, mood: 'fine' },
    }),
  )
  await good('POST /chat/message', { json: { recipient_id: otto, message: 'hello' } })
  await good('PUT /chat/message/{ids}', {
    path: { ids: message },
    json: { chat_dialog_id: id, message: 'hello both' },
  })
  await good('PUT /chat/message/{id}/reactions', { path: { id: message }, json: { add: 'up' } })
  await good('GET /chat/message/{id}/reactions', { path: { id: message } })
  await good('GET /chat/message', { headers: otto2, query: `?chat_dialog_id=${id}&attachments[type]=image` })
  await good('GET /chat/message', { query: `?chat_dialog_id=${id}&count=1` })
  await good('GET /chat/message/unread', { headers: otto2, query: `?chat_dialog_ids=${id},${pair}` })
  await good('PUT /chat/message', { headers: otto2, json: { chat_dialog_id: pair, read: 1 } })
  await good('POST /chat/message/system', { json: { recipientId: otto, a: 1 } })
  await good('GET /chat/search', { query: '?search_text=hello' })
  await good('GET /chat/dialog', { query: '?sort_asc=name&extensions[k]=1' })
  await good('GET /chat/dialog', { query: '?type[in]=2,3&count=1' })
  await good('GET /chat/dialog')
  await good('PUT /chat/dialog/{id}', {
    path: { id },
    json: { push_all: { pinned_messages_ids: [message] }, is_muted: 1 },
  })
  await good('PUT /chat/dialog/{id}/admins', { path: { id }, json: { push_all: { admins_ids: [otto] } } })
  await good('GET /chat/dialog/{id}/notifications', { path: { id } })
  await good('PUT /chat/dialog/{id}/notifications', { path: { id }, json: { enabled: 0 } })
  await good('GET /chat/dialog/{id}/occupants', { path: { id } })
  for (const place of ['GET /admin/chat/list', 'GET /admin/chat/messages/list'])
    await good(place, { headers: ADMIN })
  for (const name of ['messages/sent', 'dialogs/created'])
    for (const by of ['total', 'per-day']) await good(`GET /admin/stats/${name}-${by}`, { headers: ADMIN })
  await good('POST /whiteboards', { json: { name: 'w', chat_dialog_id: id } })
  await good('GET /whiteboards', { query: `?chat_dialog_id=${id}` })
  await good('DELETE /chat/message/{ids}', { path: { ids: `${message},${NOBODY}` } })
  await good('DELETE /chat/dialog/clearHistory/{id}', { path: { id } })
  await good('DELETE /chat/dialog/{id}', { path: { id: `${id},${NOBODY}` } })
  log(`${seen.size} answers`)
}

const extras = async (good: Good, otto: number): Promise<void> => {
  const meeting = {
    ...{ name: 'm', start_date: 1_900_000_000, end_date: 1_900_003_600, chat: true, notify: true },
    ...{ attendees: [{ id: otto }, { email: 'e@example.org' }], timezone: { offset: 60, name: 'x' } },
    notify_before: { metric: 'hours', value: 1 },
  }
  const id = idOf(await good('POST /meetings', { json: meeting }))
  await good('GET /meetings')
  await good('PUT /meetings/{id}', { path: { id }, json: { name: 'n' } })
  await good('GET /meetings/recordings/{id}', { path: { id } })
  await good('POST /admin/meetings', { headers: ADMIN, json: { ...meeting, user_id: otto } })
  await good('POST /calls/reject', { json: { recipientId: otto, sessionID: 's' } })
  const device = { platform: 'android', udid: 'D' }
  const push_token = { environment: 'development', client_identification_sequence: 'token' }
  await good('POST /subscriptions', { json: { notification_channel: 'gcm', device, push_token } })
  const [listed] = asList((await good('GET /subscriptions')).body)
  const event = {
    notification_type: 'push',
    environment: 'development',
    message: 'aGk=',
    user: { tags: { any: ['a'] } },
  }
  await good('POST /events', { json: { event } })
  await good('GET /admin/outbox/push', { headers: ADMIN })
  await good('POST /users/password/reset', { json: { email: 'otto@example.org' } })
  await good('GET /admin/outbox/mail', { headers: ADMIN })
  await good('DELETE /subscriptions/{id}', {
    path: { id: Number(objectAt(listed ?? null, 'subscription')['id']) },
  })
  await good('DELETE /meetings/{id}', { path: { id } })
  await good('DELETE /admin/user/{id}', { headers: ADMIN, path: { id: otto } })
}

const asList = (value: Json): readonly Json[] => (isList(value) ? value : [])
