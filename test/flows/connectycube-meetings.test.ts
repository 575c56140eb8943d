/**
 * Proves what comes to a meeting from outside and goes out again, on the real server over HTTP, with a webhook and a web site beside it:
 * recordings of a media server (connectycube 10.1, 12.1, 12.5), previews of links (10.4), and pushes about contacts who join (5.3).
 */
import test from 'ava'
import sdk from 'connectycube'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { isList, isObject, type Json, type JsonObject } from '../../src/json.ts'
import { ADMIN, APP, objectAt, send, textAt, tokenOf, type Reply } from '../support/connectycube.ts'
import { cleanUp, startServer, type RunningServer } from '../support/server.ts'

let server: RunningServer
let outside: Server
let outsideUrl: string
const calls: JsonObject[] = []

test.before(async () => {
  outside = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      if (request.method === 'POST') calls.push(JSON.parse(body) as JsonObject)
      response
        .writeHead(200, { 'Content-Type': 'text/html' })
        .end(
          '<title>Harbour</title><meta name="description" content="Ships"><meta property="og:image" content="/i.png">',
        )
    })
  }).listen(0, '127.0.0.1')
  await once(outside, 'listening')
  const address = outside.address()
  outsideUrl = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
  server = await startServer({ env: { CC_LINK_PREVIEW: 'local' } })
})
test.after.always(async () => {
  outside.close()
  await cleanUp(server)
})

const ask = (method: string, path: string, token?: string, json?: Json): Promise<Reply> =>
  send(method, `${server.url}${path}`, {
    ...(token === undefined ? { headers: ADMIN } : { token }),
    ...(json === undefined ? {} : { json }),
  })
const settings = (json: JsonObject): Promise<Reply> =>
  ask('PUT', '/admin/application/settings', undefined, json)
const listIn = ({ body }: Reply): readonly JsonObject[] => {
  const list = isObject(body) ? body['items'] : body
  return isList(list) ? list.filter(isObject) : []
}

type Person = { readonly id: number; readonly token: string }
let people = 0

const person = async (more: JsonObject = {}): Promise<Person> => {
  const user = { login: `mate${++people}`, password: 'blue-whale-7', ...more }
  const token = tokenOf(await ask('POST', '/session.json', '', { ...APP }))
  const made = await ask('POST', '/users.json', token, { user })
  await ask('POST', '/login.json', token, { login: user.login, password: user.password })
  return { id: Number(objectAt(made.body, 'user')['id']), token }
}

const within = async <A>(look: () => Promise<A | undefined> | A | undefined): Promise<A> => {
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    await new Promise((done) => setTimeout(done, 25))
  }
}

const only = <A>(values: readonly A[]): A => {
  const [first] = values
  if (first === undefined) throw new Error('there is none')
  return first
}

const SYNC = { name: 'Sync', start_date: 1767258000, end_date: 1767261600 }

/** A file of that text in the storage. */
const fileOf = async ({ token }: Person, text: string): Promise<string> => {
  const blob = { name: 'r.webm', content_type: 'video/webm' }
  const made = objectAt((await ask('POST', '/blobs.json', token, { blob })).body, 'blob')
  const form = new FormData()
  const url = new URL(textAt(objectAt(made, 'blob_object_access'), 'params'))
  for (const [name, value] of url.searchParams) form.set(name, value)
  form.set('file', text)
  await fetch(`${server.url}/storage/upload`, { method: 'POST', body: form })
  await ask('PUT', `/blobs/${Number(made['id'])}/complete.json`, token, { size: text.length })
  return textAt(made, 'uid')
}

test.serial(
  'a recording is shown, told to the webhook, mailed to the host, and removed with its file',
  async (t) => {
    const [mira, otto] = [await person({ email: 'mira@example.org' }), await person()]
    const made = await ask('POST', '/meetings', mira.token, { ...SYNC, attendees: [{ id: otto.id }] })
    const id = textAt(made.body as JsonObject, '_id')
    const admin = `/admin/meetings/recordings/${id}`
    t.is((await settings({ recording_webhook_url: `${outsideUrl}/hook` })).status, 200)

    const file = await fileOf(mira, 'a film')
    const wanted = { file_uid: file, duration: 61, participants_ids: [mira.id, otto.id] }
    const added = await ask('POST', admin, undefined, wanted)
    t.is(added.status, 201, added.text)
    t.like(added.body, {
      ...{ room_id: id, participants_ids: [mira.id, otto.id], participants_count: 2, duration: 61, size: 6 },
      file_uid: file,
    })
    const recording = textAt(added.body as JsonObject, '_id')
    t.is(
      textAt((await ask('POST', admin, undefined, wanted)).body as JsonObject, '_id'),
      recording,
      'said twice',
    )

    const shown = only(listIn(await ask('GET', `/meetings/recordings/${id}.json`, otto.token)))
    t.is(shown['_id'], recording)
    t.false(Object.hasOwn(shown, 'file_uid'))
    t.is(await (await fetch(textAt(shown, 'download_url'))).text(), 'a film')
    t.is((await ask('GET', `/meetings/recordings/${id}`, (await person()).token)).status, 403)

    const call = await within(() => calls[0])
    t.like(call, { meeting: made.body, hostUser: { id: mira.id, login: 'mate1' } })
    const told = only(listIn({ ...added, body: call['callRecords'] ?? null }))
    t.like(told, { _id: recording, room_id: id, size: 6 })
    t.is(await (await fetch(textAt(told, 'download_url'))).text(), 'a film')
    const mail = await within(async () =>
      listIn(await ask('GET', '/admin/outbox/mail')).find(({ kind }) => kind === 'recording-done'),
    )
    t.is(mail['to'], 'mira@example.org')
    t.true(textAt(mail, 'text').includes(textAt(told, 'download_url')))
    t.regex(textAt(mail, 'text'), /expires in 7 days/)

    const url = 'https://media.example.org/r/2?key=k'
    const second = await ask('POST', admin, undefined, { download_url: url, size: 9, duration: 0 })
    t.is(second.status, 201)
    t.like(listIn(await ask('GET', admin))[1], { download_url: url, file_uid: null, participants_count: 0 })

    t.is((await ask('DELETE', admin)).text, '{}')
    t.deepEqual(listIn(await ask('GET', admin)), [])
    t.is((await fetch(textAt(told, 'download_url'))).status, 404)
    t.is((await ask('DELETE', admin)).text, '{}')
    t.is((await ask('DELETE', `/meetings/${id}`, mira.token)).status, 200)
    t.is((await ask('POST', admin, undefined, wanted)).status, 404)
    await settings({ recording_webhook_url: null })
  },
)

test.serial('what is wrong with a recording is told by field, and nobody else registers one', async (t) => {
  const mira = await person()
  const made = await ask('POST', '/meetings', mira.token, SYNC)
  const path = `/admin/meetings/recordings/${textAt(made.body as JsonObject, '_id')}`
  const errorsOf = async (body: JsonObject): Promise<readonly string[]> =>
    Object.keys(objectAt((await ask('POST', path, undefined, body)).body, 'errors')).sort()
  const url = 'https://media.example.org/1'
  t.deepEqual(await errorsOf({}), ['duration', 'file_uid'])
  t.deepEqual(await errorsOf({ duration: -1, download_url: 'file:///x' }), ['download_url', 'duration'])
  t.deepEqual(await errorsOf({ duration: 1, download_url: url }), ['size'])
  t.deepEqual(await errorsOf({ duration: 1, download_url: url, size: 1, file_uid: 'x' }), ['download_url'])
  t.deepEqual(await errorsOf({ duration: 1, file_uid: 'nothing' }), ['file_uid'])
  t.deepEqual(await errorsOf({ duration: 1, download_url: url, size: 1, participants_ids: ['x'] }), [
    'participants_ids',
  ])
  t.is((await ask('POST', path, mira.token, { duration: 1, download_url: url, size: 1 })).status, 401)
})

test.serial(
  'links of mails lead to this server unless the application says where meetings are',
  async (t) => {
    const templateOf = ({ body }: Reply): string => textAt(body as JsonObject, 'meeting_url_template')
    t.is(templateOf(await ask('GET', '/admin/application/settings')), `${server.url}/meet/%s`)
    t.is(
      templateOf(await settings({ meeting_url_template: 'https://meet.example/%s' })),
      'https://meet.example/%s',
    )
    t.is(templateOf(await settings({ meeting_url_template: null })), `${server.url}/meet/%s`)
    t.is((await settings({ meeting_url_template: 'https://meet.example/' })).status, 422)
  },
)

test.serial('a link has a preview, for users alone', async (t) => {
  const { token } = await person()
  const url = `${outsideUrl}/harbour#quay`
  const found = await ask('POST', '/unfurl', token, { url })
  t.is(found.status, 200)
  t.is(
    found.text,
    JSON.stringify({ url, title: 'Harbour', description: 'Ships', images: [`${outsideUrl}/i.png`] }),
  )
  for (const bad of ['', 'harbour', 'ftp://x/', 'http://10.0.0.1/', 'http://169.254.169.254/'])
    t.is((await ask('POST', '/unfurl', token, { url: bad })).status, 422, bad)
  const app = tokenOf(await ask('POST', '/session.json', '', { ...APP }))
  t.is((await ask('POST', '/unfurl', app, { url })).status, 403)
  t.is((await send('POST', `${server.url}/unfurl`, { json: { url } })).status, 401)
})

test.serial('the SDK shows a preview, and the host of what has none', async (t) => {
  // Its types say that there is a CommonJS module, but Node takes the other one.
  const ConnectyCube = sdk as unknown as typeof sdk.default
  const { token } = await person()
  const endpoints = { api: new URL(server.url).host, api_url: server.url, chat: '127.0.0.1' }
  // Its types do not know the setting that it reads.
  const options = { endpoints, linkpreview: { server: server.url }, debug: { mode: 0 } }
  ConnectyCube.init({ appId: 1, token }, options)
  const preview = { title: 'Harbour', description: 'Ships', images: [`${outsideUrl}/i.png`] }
  const url = `${outsideUrl}/sdk`
  t.deepEqual(await ConnectyCube.linkpreview.get(url), { url, ...preview })
  const inside = 'http://10.0.0.1/x'
  const none = { url: inside, title: '10.0.0.1', description: '', images: [] }
  t.deepEqual(await ConnectyCube.linkpreview.get(inside), none)
})

test.serial('who has a new user in his address book gets a push about him, once', async (t) => {
  const [otto, lena] = [await person(), await person()]
  const device = {
    ...{ notification_channel: 'gcm', device: { platform: 'android', udid: 'D' } },
    push_token: { environment: 'production', client_identification_sequence: 'T' },
  }
  await ask('POST', '/subscriptions', otto.token, device)
  const phone = '+49 170 7654321'
  for (const { token } of [otto, lena])
    await ask('POST', '/address_book', token, { contacts: [{ name: 'Mira', phone }] })
  const pushes = async (): Promise<readonly JsonObject[]> => listIn(await ask('GET', '/admin/outbox/push'))
  await person({ phone })
  await settings({ notify_contact_joined: true })
  const mira = await person({ full_name: 'Mira M.' })
  t.deepEqual(await pushes(), [])
  await ask('PUT', `/users/${mira.id}`, mira.token, { user: { phone } })
  const push = await within(async () => (await pushes())[0])
  t.like(push, { user_id: otto.id, sender_id: mira.id, notification_channel: { name: 'gcm' } })
  t.deepEqual(JSON.parse(Buffer.from(textAt(push, 'message'), 'base64').toString()), {
    ...{ message: 'Mira M. has joined', type: 'contact_joined', user_id: mira.id },
  })
  await ask('PUT', `/users/${mira.id}`, mira.token, { user: { phone: null } })
  await ask('PUT', `/users/${mira.id}`, mira.token, { user: { phone } })
  const paul = await person({ phone, full_name: 'Paul' })
  await within(async () => (await pushes()).find(({ sender_id: sender }) => sender === paul.id))
  t.is((await pushes()).length, 2, 'nobody is told twice')
})
