/**
 * Proves that `/openapi.json` describes the server that serves it: everything that the tables of the protocols serve is in it, and every path
 * and method that is in it is answered, over real HTTP, by a route: with a status that it names, and where all is well with a body of
 * its schema.
 */
import assert from 'node:assert/strict'
import { Validator } from '@seriousme/openapi-schema-validator'
import test from 'ava'
import { eventCatalog } from '../../scripts/events/catalog.ts'
import { STORES } from '../../src/domain/stores/registry.ts'
import { isList, isObject, plainText, type Json, type JsonObject } from '../../src/json.ts'
import { ENDPOINTS as AFRODITE } from '../../src/protocols/afrodite/protocol.ts'
import { publicPath } from '../../src/protocols/afrodite/paths.ts'
import { ROWS as CONNECTYCUBE } from '../../src/protocols/connectycube/protocol.ts'
import { RESOURCES } from '../../src/protocols/rightech/resource-table.ts'
import { ENDPOINTS as TIMELIMIT } from '../../src/protocols/timelimit/routes.ts'
import { clientOf, NO_ROUTE, type Client, type Reply } from '../support/client.ts'
import { newMember, newToken, signInAdmin, type Member } from '../support/members.ts'
import { bodyCheck, object, routesOf, withHead, type Answered, type Route } from '../support/openapi.ts'
import { cleanUp, startServer, type RunningServer } from '../support/server.ts'

const ADMIN_TOKEN = 'an admin token of some length'

type Served = { readonly server: RunningServer; readonly document: JsonObject; readonly text: string }

const servers: RunningServer[] = []
const serve = async (env: { readonly [name: string]: string }): Promise<Served> => {
  const server = await startServer({ env })
  servers.push(server)
  const reply = await clientOf(server.url).send('GET', '/openapi.json')
  assert.equal(reply.status, 200)
  return { server, document: reply.object(), text: reply.text }
}

let running: { readonly all: Served; readonly one: Served; readonly admin: Member } | undefined
const it = () => running ?? assert.fail('no server')
test.before(async () => {
  const [all, one] = await Promise.all([
    serve({ ADMIN_TOKEN, AFRODITE_BOT_LOGIN: 'true' }),
    serve({ PROTOCOLS: 'rightech', PUBLIC_URL: 'https://example.org/backend' }),
  ])
  running = { all, one, admin: await signInAdmin(all.server.url) }
})
test.after.always(() => cleanUp(...servers))

const names = (document: JsonObject): ReadonlySet<string> =>
  new Set(routesOf(document).map(({ method, path }) => `${method} ${path}`))

test('it is an OpenAPI document', async (t) => {
  for (const { document } of [it().all, it().one]) {
    const { valid, errors } = await new Validator().validate(document)
    t.true(valid, JSON.stringify(errors))
    t.is(document['openapi'], '3.1.0')
  }
})

test('what the tables of the protocols serve is in it, and nothing else under their names', (t) => {
  const there = names(it().all.document)
  const stores = Object.values(STORES).flatMap(({ path, operations }) =>
    operations.flatMap((operation) => {
      const [method, place] = STORE_ROUTES[operation]
      return withHead([method]).map((one) => `${one} /api/v1/${path}${place}`)
    }),
  )
  const resources = RESOURCES.flatMap(({ method, path }) =>
    withHead([method]).map((one) => `${one} /api/v1/${path.replaceAll(/:(\w+)/g, '{$1}')}`),
  )
  const timelimit = TIMELIMIT.flatMap(({ method, path }) => withHead([method]).map((one) => `${one} ${path}`))
  const afrodite = AFRODITE.flatMap(({ methods, name, internal }) =>
    withHead(methods).map((one) => `${one} ${internal ? name : publicPath(name)}`),
  )
  t.is(TIMELIMIT.length, 27)
  t.true(CONNECTYCUBE.length > 90)
  const served = [...stores, ...resources, ...timelimit, ...afrodite, ...connectycube]
  t.true(served.length > 200)
  t.deepEqual(
    served.filter((route) => !there.has(route)),
    [],
  )
  const others = [...there].filter((route) => !served.includes(route))
  t.deepEqual(others.sort(), OTHERS.sort())
})

const STORE_ROUTES = {
  list: ['GET', ''],
  get: ['GET', '/{id}'],
  post: ['POST', ''],
  patch: ['PATCH', '/{id}'],
  delete: ['DELETE', '/{id}'],
} as const

/** Once each: the paths without `.json`. */
const connectycube = CONNECTYCUBE.flatMap(({ method, path }) =>
  withHead([method]).map((one) => `${one} ${path.replaceAll(/:(\w+)/g, '{$1}')}`),
)

/** What is in no table: one-port 3. */
const OTHERS = [
  ...['/live', '/ready', '/metrics', '/openapi.json', '/', '/api/v1', '/api/v1/auth'].flatMap(read),
  ...['POST /api/v1/auth', 'POST /api/v1/auth/token', 'DELETE /api/v1/auth'],
  ...['GET /events/stream', 'GET /api/v1/events/stream', 'GET /socket.io/', 'POST /socket.io/'],
  `GET ${publicPath('/common_api/connect')}`,
  ...['events', 'events/{position}', 'heads', 'heads/latest', 'key', 'tree'].flatMap((name) =>
    read(`/history/${name}`),
  ),
  ...['inclusion', 'consistency'].flatMap((name) => read(`/history/proofs/${name}`)),
]

function read(path: string): readonly string[] {
  return [`GET ${path}`, `HEAD ${path}`]
}

test('it has the protocols that are on', (t) => {
  const [all, one] = [names(it().all.document), names(it().one.document)]
  const gone = [...all].filter((route) => !one.has(route))
  t.deepEqual(
    gone.filter(
      (route) =>
        !connectycube.includes(route) &&
        !/ \/(time|auth|parent|child|sync|purchase|admin|account_api|[\w-]{27})(\/|$)/.test(route),
    ),
    ['POST /socket.io/'],
  )
  t.true(gone.length > 60)
  t.deepEqual(
    [...one].filter((route) => !all.has(route)),
    [],
  )
  t.deepEqual(it().one.document['servers'], [{ url: 'https://example.org/backend' }])
  t.regex(it().all.text, /timelimit\./)
  t.notRegex(it().one.text, /timelimit|afrodite|connectycube/)
})

test('nothing that is known is left open', (t) => {
  const { schemas } = object(it().all.document['components'])
  t.true(Object.keys(object(schemas)).length > 50)
  const open = (value: Json | undefined, path: string): readonly string[] => {
    if (isList(value)) return value.flatMap((one, index) => open(one, `${path}/${index}`))
    if (!isObject(value)) return []
    return [
      ...(Object.keys(value).length === 0 && /\/(schema|items|properties\/[^/]+)$/.test(path) ? [path] : []),
      ...Object.entries(value).flatMap(([key, one]) => open(one, `${path}/${key}`)),
    ]
  }
  t.deepEqual(open(it().all.document, ''), [])
})

const dummy: { readonly [name: string]: string } = { position: '1', command: 'led-on' }
const NOBODY = 'f'.repeat(24)

const pathOf = (path: string): string =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) => dummy[name] ?? NOBODY)

const bodyOf = ({ operation }: Route): { readonly body?: string } =>
  operation['requestBody'] === undefined ? {} : { body: '{}' }

const headersOf = ({ operation }: Route, client: Client) => ({
  ...client.headers,
  'Content-Type': 'application/json',
  ...(JSON.stringify(operation['security']).includes('timelimit.admin')
    ? { Authorization: `Basic ${Buffer.from(`x:${ADMIN_TOKEN}`).toString('base64')}` }
    : {}),
})

/** What a server answers that has no such route (one-port 3). */
const isUnknown = ({ status, text, headers }: Reply, method: string): boolean => {
  if (status === 405) return true
  if (status !== 404) return false
  const isJson = headers['content-type']?.startsWith('application/json') === true
  return (
    !isJson ||
    text === NO_ROUTE ||
    (method === 'HEAD' && Number(headers['content-length']) === Buffer.byteLength(NO_ROUTE))
  )
}

test('an answer of no route is known by it', async (t) => {
  for (const path of ['/api/v1/nothing', '/sync/nothing', `/${'x'.repeat(27)}`]) {
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])
      t.true(isUnknown(await it().admin.send(method, path), method), `${method} ${path}`)
  }
})

test('each of its routes is answered as it says', async (t) => {
  const { all, admin } = it()
  const validates = bodyCheck(all.document)
  let checked = 0
  for (const route of routesOf(all.document)) {
    const { method, path, operation } = route
    const place = `${method} ${path}`
    // It would end the session of this test; no head is signed yet.
    if (place === 'DELETE /api/v1/auth' || UNSIGNED.has(path)) continue
    // Unknown routes and unknown things of this one are the same 404.
    if (connectycube.includes(place)) continue
    const reply = await admin.send(method, pathOf(path), {
      ...bodyOf(route),
      headers: headersOf(route, admin),
    })
    t.false(isUnknown(reply, method), `${place}: ${reply.status} ${reply.text}`)
    const said = object(operation['responses'])[String(reply.status)]
    t.not(said, undefined, `${place} answers ${reply.status} ${reply.text}`)
    if (method === 'HEAD' || reply.status >= 300 || reply.text === '') continue
    t.is(validates(route, answered(reply)), undefined, place)
    checked += 1
  }
  t.true(checked > 40, String(checked))
})

const answered = ({ status, text, headers }: Reply): Answered => ({
  status,
  text,
  type: headers['content-type'] ?? null,
})

const UNSIGNED = new Set(['/history/heads/latest', '/history/key'])

test('entities are what it says, of every store that has some', async (t) => {
  const { all, admin } = it()
  const validates = bodyCheck(all.document)
  const routes = new Map(routesOf(all.document).map((route) => [`${route.method} ${route.path}`, route]))
  for (const { path } of Object.values(STORES)) {
    const route = routes.get(`GET /api/v1/${path}`)
    const reply = await admin.get(`/${path}`)
    t.is(route && validates(route, answered(reply)), undefined, path)
  }
  for (const meta of ['true', 'count']) {
    const route = routes.get('GET /api/v1/users')
    t.is(route && validates(route, answered(await admin.get(`/users?meta=${meta}`))), undefined)
  }
})

test('the history’s routes are there for whoever may not read them too, and take the parameters that it names', async (t) => {
  const { all, admin } = it()
  const stranger = await newMember(admin)
  const routes = routesOf(all.document).filter(({ path }) => path.startsWith('/history/'))
  t.is(routes.length, 16)
  for (const { method, path, operation } of routes) {
    t.is((await stranger.send(method, pathOf(path))).status, 403, path)
    if (method === 'HEAD' || !isList(operation['parameters'])) continue
    for (const parameter of operation['parameters'].map(object)) {
      if (parameter['in'] !== 'query') continue
      const name = plainText(parameter['name'])
      const { text } = await admin.send('GET', `${pathOf(path)}?${name}=1`)
      t.false(text.includes(`"${name}":["unknown"]`), `${path} ${name}`)
    }
  }
})

test('the catalog of events says in which streams they stand, and what of them is sealed', async (t) => {
  const catalog = new Map(eventCatalog().map((entry) => [entry.type, entry]))
  const { events } = (await it().admin.send('GET', '/history/events?limit=1000')).object()
  const stored = isList(events) ? events.map(object) : []
  t.true(new Set(stored.map(({ type }) => type)).size > 5)
  for (const { type, stream, data } of stored) {
    const { streams = [], sealed = [] } = catalog.get(plainText(type)) ?? {}
    const forms = streams.map((name) => new RegExp(`^${name.replaceAll(/<[^>]+>/g, '.+')}$`))
    t.true(
      forms.some((form) => form.test(plainText(stream))),
      `${plainText(type)} ${plainText(stream)}`,
    )
    for (const [field, value] of Object.entries(object(data)))
      if (isObject(value) && value['$sealed'] !== undefined) t.true(sealed.includes(field), plainText(type))
  }
})

test('a session can be ended where it says', async (t) => {
  const { admin } = it()
  const client = await newToken(admin, ['*'])
  t.is((await client.delete('/auth')).status, 200)
})

test('it is made once, with and without a body', async (t) => {
  const { all } = it()
  const client = clientOf(all.server.url)
  t.is((await client.send('GET', '/openapi.json')).text, all.text)
  const head = await client.send('HEAD', '/openapi.json')
  t.is(Number(head.headers['content-length']), Buffer.byteLength(all.text))
  t.is((await client.send('POST', '/openapi.json')).status, 405)
})
