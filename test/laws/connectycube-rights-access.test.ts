/**
 * Laws of who is let in, on the real server over HTTP, each generated from the rows of the protocol or from everything that somebody can have:
 * every row with every kind of credential (connectycube 2.4), what belongs to another user or another application, and expired sessions.
 * Refusals are to the letter (2.6).
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { isObject, type Json, type JsonObject } from '../../src/json.ts'
import type { Level } from '../../src/protocols/connectycube/endpoint.ts'
import { ROWS } from '../../src/protocols/connectycube/protocol.ts'
import { ADMIN, objectAt, textAt, type Reply } from '../support/connectycube.ts'
import {
  FORBIDDEN,
  NEED_USER,
  NO_SESSION,
  NOT_FOUND,
  rightsAt,
  TOKEN_REQUIRED,
  told,
  UNAUTHORIZED,
  type Headers,
  type Person,
} from '../support/connectycube-rights.ts'
import { onMachine } from '../support/on-machine.ts'
import { cleanUp, freshDirectory, startServer, type RunningServer } from '../support/server.ts'

let server: RunningServer
let machine: string
test.before(async () => {
  machine = join(await freshDirectory(), 'machine.json')
  await setClock(0)
  server = await startServer({ env: onMachine(machine) })
})
test.after.always(() => cleanUp(server))

const { send, person, application } = rightsAt(() => server.url)

const setClock = (clockMs: number): Promise<void> => writeFile(machine, JSON.stringify({ clockMs }))

const NOBODY = 'f'.repeat(24)

const anywhere = (path: string): string => path.replaceAll(/:\w+/g, NOBODY)

/** Connectycube 2.4: what each level says to credentials that it does not take; nothing: it takes them. */
const REFUSED: { readonly [credentials: string]: { readonly [level in Level]?: readonly [number, Json] } } = {
  none: {
    ...{ key: TOKEN_REQUIRED, app: TOKEN_REQUIRED, user: TOKEN_REQUIRED },
    ...{ 'user or admin': TOKEN_REQUIRED, admin: UNAUTHORIZED },
  },
  dead: {
    ...{ key: NO_SESSION, app: NO_SESSION, user: NO_SESSION },
    ...{ 'user or admin': NO_SESSION, admin: UNAUTHORIZED },
  },
  application: { user: NEED_USER, 'user or admin': NEED_USER, admin: UNAUTHORIZED },
  user: { admin: UNAUTHORIZED },
  wrongKey: {
    ...{ key: TOKEN_REQUIRED, app: TOKEN_REQUIRED, user: TOKEN_REQUIRED },
    ...{ 'user or admin': UNAUTHORIZED, admin: UNAUTHORIZED },
  },
}

/** Of every row, with and without the suffix that the SDK writes. */
const everyRow = async (
  credentials: string,
  headers: Headers,
  check: (place: string, reply: Reply, expected: readonly [number, Json] | undefined) => void,
): Promise<void> => {
  for (const { method, path, level } of ROWS) {
    // It looks by itself, and a signature is no credential.
    if (level === 'none') continue
    const expected = REFUSED[credentials]?.[level]
    if (expected === undefined) continue
    const hasBody = method === 'POST' || method === 'PUT'
    for (const suffix of ['', '.json']) {
      const place = `${method} ${anywhere(path)}${suffix}`
      check(place, await send(headers, method, anywhere(path) + suffix, hasBody ? {} : undefined), expected)
    }
  }
}

test.serial('every row refuses credentials that its level does not take, to the letter', async (t) => {
  t.deepEqual([...new Set(ROWS.map(({ level }) => level))].sort(), [
    'admin',
    'app',
    'key',
    'none',
    'user',
    'user or admin',
  ])
  const all: { readonly [name: string]: Headers } = {
    none: {},
    dead: { 'CB-Token': 'dead' },
    application: await application(),
    user: (await person()).headers,
    wrongKey: { 'CB-Administration-API-Key': 'wrong' },
  }
  let checked = 0
  for (const [name, headers] of Object.entries(all))
    await everyRow(name, headers, (place, reply, expected) => {
      t.deepEqual(told(reply), expected, `${name}: ${place}`)
      checked += 1
    })
  t.true(checked > 500, String(checked))
})

/** Everything that somebody can have, and what others may try with it. */
const belongings = async (of: Person, other: Person): Promise<readonly Tried[]> => {
  const make = async (path: string, json: JsonObject): Promise<JsonObject> => {
    const { body } = await send(of.headers, 'POST', path, json)
    return isObject(body) ? body : {}
  }
  await send(ADMIN, 'POST', '/admin/data/classes', { class_name: 'Mine', fields: { n: 'Integer' } })
  const record = textAt(await make('/data/Mine', { n: 1, permissions: { read: { access: 'owner' } } }), '_id')
  const dialog = textAt(await make('/chat/Dialog', { type: 2, name: 'd', occupants_ids: [other.id] }), '_id')
  const message = textAt(await make('/chat/Message', { chat_dialog_id: dialog, message: 'x' }), '_id')
  const board = textAt(await make('/whiteboards', { name: 'w', chat_dialog_id: dialog }), '_id')
  const plan = { name: 'm', start_date: 1_900_000_000, end_date: 1_900_000_001, attendees: [] }
  const meeting = textAt(await make('/meetings', plan), '_id')
  const file = await make('/blobs', { blob: { name: 'n', content_type: 'text/plain' } })
  const blob = Number(objectAt(file, 'blob')['id'])
  return [
    ...(['GET', 'PUT', 'DELETE'] as const).map((method): Tried => ({
      method,
      path: `/data/Mine/${record}`,
      of: 'class',
    })),
    ...['', '/notifications', '/occupants'].map((rest): Tried => ({
      method: 'GET',
      path: `/chat/Dialog/${dialog}${rest}`,
    })),
    { method: 'PUT', path: `/chat/Dialog/${dialog}` },
    { method: 'DELETE', path: `/chat/Dialog/${dialog}` },
    { method: 'DELETE', path: `/chat/Dialog/clearHistory/${dialog}` },
    { method: 'GET', path: `/chat/Message?chat_dialog_id=${dialog}` },
    { method: 'POST', path: `/chat/Message?chat_dialog_id=${dialog}` },
    { method: 'PUT', path: `/chat/Message/${message}?read=1` },
    { method: 'GET', path: `/chat/Message/${message}/reactions` },
    { method: 'PUT', path: `/chat/Message/${message}/reactions?add=x` },
    { method: 'GET', path: `/whiteboards?chat_dialog_id=${dialog}` },
    { method: 'PUT', path: `/whiteboards/${board}?name=x` },
    { method: 'DELETE', path: `/whiteboards/${board}` },
    { method: 'PUT', path: `/meetings/${meeting}?name=x` },
    { method: 'DELETE', path: `/meetings/${meeting}` },
    { method: 'GET', path: `/meetings/recordings/${meeting}` },
    { method: 'PUT', path: `/blobs/${blob}?name=x` },
    { method: 'DELETE', path: `/blobs/${blob}` },
    { method: 'PUT', path: `/blobs/${blob}/complete?size=1` },
    { method: 'PUT', path: `/users/${of.id}?full_name=x` },
    { method: 'DELETE', path: `/users/${of.id}` },
  ]
}
/** `of`: what names a class says so where there is none. */
type Tried = { readonly method: string; readonly path: string; readonly of?: 'class' }

const tryAll = async (
  all: readonly Tried[],
  headers: Headers,
  check: (place: string, reply: Reply, tried: Tried) => void,
): Promise<void> => {
  for (const tried of all) {
    const { method, path } = tried
    const hasBody = method === 'POST' || method === 'PUT'
    check(`${method} ${path}`, await send(headers, method, path, hasBody ? {} : undefined), tried)
  }
}

test.serial(
  'another user is refused, another application finds nothing, an expired session is told so',
  async (t) => {
    const [mine, friend, stranger] = [await person(), await person(), await person()]
    const things = await belongings(mine, friend)
    await tryAll(things, stranger.headers, (place, reply) => {
      t.deepEqual(told(reply), FORBIDDEN, place)
    })
    const { dataDir } = server
    await server.stop('SIGTERM')
    const second = {
      CC_APP_ID: '2',
      CC_AUTH_KEY: 'auth-of-two',
      CC_AUTH_SECRET: 's',
      CC_ADMIN_KEY: 'admin-of-two',
    }
    server = await startServer({ dataDir, env: { ...onMachine(machine), ...second } })
    const foreign = await person({}, { application_id: 2, auth_key: 'auth-of-two' })
    t.true(foreign.id > 0)
    await tryAll(things, foreign.headers, (place, reply, { of }) => {
      t.deepEqual(told(reply), of === 'class' ? [404, { errors: ['Undefined class'] }] : NOT_FOUND, place)
    })
    const administration = { 'CB-Administration-API-Key': 'admin-of-two' }
    const dialog = things.find(({ path }) => path.startsWith('/chat/Dialog/'))?.path.split('/')[3] ?? ''
    t.deepEqual(told(await send(administration, 'PUT', `/admin/chat/${dialog}`, {})), NOT_FOUND)
    t.deepEqual(told(await send(administration, 'DELETE', `/admin/user/${mine.id}`)), NOT_FOUND)
    for (const path of ['/chat/Dialog', '/blobs', '/meetings', '/users?per_page=100'])
      t.false((await send(foreign.headers, 'GET', path)).text.includes(`"id":${mine.id},`), path)
    // What was there for its owner is.
    t.is((await send(mine.headers, 'GET', `/chat/Dialog/${dialog}`)).status, 200)
    await setClock(2 * 60 * 60_000 + 60_000)
    let expired = 0
    await everyRow('dead', mine.headers, (place, reply, expected) => {
      t.deepEqual(told(reply), expected, place)
      expired += 1
    })
    t.true(expired > 150, String(expired))
  },
)
