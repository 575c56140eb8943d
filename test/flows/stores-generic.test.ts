/**
 * Proves the generic operations for every store of the registry: the cases G1–G12 of rightech 10 over real HTTP against the real
 * server. Bodies are made from the registry, so that a store is tested by being there.
 */
import test from 'ava'
import { STORES, type StoreDef } from '../../src/domain/stores/registry.ts'
import type { Json, JsonObject } from '../../src/json.ts'
import { asRead, expectedEntity } from '../support/expected.ts'
import {
  asText,
  BASE,
  clientOf,
  invalid,
  NO_ROUTE,
  notFound,
  UNAUTHORIZED,
  type Entity,
} from '../support/client.ts'
import {
  create,
  minimalBody,
  newMember,
  requiredFields,
  signInAdmin,
  unique,
  type Member,
} from '../support/members.ts'
import { cleanUp, startServer, type RunningServer } from '../support/server.ts'
import { about, connectSocketIo } from '../support/sockets.ts'

let server: RunningServer | undefined
const members = new Map<string, Member>()
const member = (name: string): Member => {
  const found = members.get(name)
  if (found === undefined) throw new Error(`nobody is called ${name}`)
  return found
}

/** Everybody works in a group of the own; nobody but the test itself touches what `quiet <store>` sees. */
test.before(async () => {
  server = await startServer()
  const admin = await signInAdmin(server.url)
  const names = ['busy', ...Object.keys(STORES).map((path) => `quiet ${path}`)]
  await Promise.all(names.map(async (name) => members.set(name, await newMember(admin))))
})
test.after.always(() => cleanUp(server))

const NOBODY = 'f'.repeat(24)
const urlOf = (): string => server?.url ?? ''
const offers = (def: StoreDef, ...operations: readonly StoreDef['operations'][number][]): boolean =>
  operations.every((operation) => def.operations.includes(operation))

for (const def of Object.values(STORES)) {
  const { path } = def
  if (offers(def, 'post')) creating(def)
  if (offers(def, 'get', 'post')) reading(def)
  if (offers(def, 'patch')) patching(def)
  if (offers(def, 'delete')) deleting(def)
  if (offers(def, 'list', 'post')) listing(def)

  test(`G9 ${path}: an id that is not there and one that is none are 404`, async (t) => {
    for (const id of [NOBODY, 'xyz', '%00', '%E0%A4%A', 'a'.repeat(2_000)]) {
      const reply = await member('busy').get(`/${path}/${id}`)
      t.is(reply.status, 404, id)
      // What cannot be decoded names no entity, hence no route.
      t.is(reply.text, id === '%E0%A4%A' ? NO_ROUTE : notFound(path), id)
    }
  })

  test(`G12 ${path}: nothing without credentials`, async (t) => {
    const anybody = clientOf(urlOf())
    const calls = ['GET', 'POST', 'PATCH', 'DELETE'].flatMap((verb) =>
      [`/${path}`, `/${path}/${NOBODY}`].map((at) => [verb, BASE + at] as const),
    )
    for (const [verb, at] of calls) {
      const reply = await anybody.send(verb, at, verb === 'GET' ? {} : { body: '{"name":"x"}' })
      t.is(reply.status, 401, `${verb} ${at}`)
      t.is(reply.text, UNAUTHORIZED, `${verb} ${at}`)
      t.is(reply.headers['www-authenticate'], 'Bearer')
      t.is(reply.headers['content-type'], 'application/json; charset=utf-8')
      t.is(reply.headers['content-length'], String(Buffer.byteLength(UNAUTHORIZED)))
    }
    const head = await anybody.send('HEAD', `${BASE}/${path}`)
    t.is(head.status, 401)
    t.is(head.text, '')
    t.is(head.headers['content-length'], String(Buffer.byteLength(UNAUTHORIZED)))
  })

  test(`1.4 ${path}: an operation that the store has not is no route`, async (t) => {
    const verbs = { post: 'POST', patch: 'PATCH', delete: 'DELETE' } as const
    const missing = (['post', 'patch', 'delete'] as const).filter((operation) => !offers(def, operation))
    for (const operation of missing) {
      const at = operation === 'post' ? `/${path}` : `/${path}/${NOBODY}`
      const reply = await member('busy').send(verbs[operation], BASE + at)
      t.is(reply.text, NO_ROUTE, operation)
      t.is(reply.status, 404)
    }
    const put = await member('busy').send('PUT', `${BASE}/${path}/${NOBODY}`, { body: '{}' })
    t.is(put.status, 404)
    t.is(put.text, NO_ROUTE)
  })
}

function creating({ path }: StoreDef): void {
  test(`G1 ${path}: the smallest valid body answers the whole entity`, async (t) => {
    const busy = member('busy')
    const body = await minimalBody(busy, path)
    const reply = await busy.post(`/${path}`, body)
    t.is(reply.status, 200, reply.text)
    t.is(reply.headers['content-type'], 'application/json; charset=utf-8')
    t.is(reply.headers['content-length'], String(Buffer.byteLength(reply.text)))
    t.deepEqual<JsonObject, JsonObject>(
      reply.entity(),
      expectedEntity(t, busy, { store: path, body, reply: reply.entity() }),
    )
  })

  test(`G2 ${path}: what is the server's is not taken over`, async (t) => {
    const busy = member('busy')
    const forged = {
      ...{ _id: NOBODY, owner: NOBODY, access: [NOBODY], branch: [NOBODY], time: 1, _at: 1 },
      ...{ links: { x: [] }, success: false, sucess: false, _anything: 1 },
    }
    const { body, entity } = await create(busy, path, forged)
    const clean = Object.fromEntries(Object.entries(body).filter(([name]) => !(name in forged)))
    const expected = expectedEntity(t, busy, { store: path, body: clean, reply: entity })
    t.deepEqual<JsonObject, JsonObject>(entity, expected)
    t.not(entity._id, NOBODY)

    const [root = null] = busy.branch
    const other = member(`quiet ${path}`).group
    for (const group of [root, other, NOBODY, 'xyz']) {
      const refused = await busy.post(`/${path}`, { ...(await minimalBody(busy, path)), group })
      t.is(refused.text, invalid(path, { group: ['reference'] }), `group ${JSON.stringify(group)}`)
      t.is(refused.status, 400)
    }
  })

  test(`G3 ${path}: every required field is missed, alone and together, and nothing is created`, async (t) => {
    const busy = member('busy')
    const required = requiredFields(path).map(([name]) => name)
    const marker = unique('marker')
    const body = { ...(await minimalBody(busy, path)), description: marker }
    for (const name of required) {
      for (const missing of [undefined, null, '']) {
        const { [name]: _gone, ...rest } = body as Record<string, Json>
        const reply = await busy.post(`/${path}`, missing === undefined ? rest : { ...rest, [name]: missing })
        t.is(reply.text, invalid(path, { [name]: ['required'] }), `${name}: ${String(missing)}`)
        t.is(reply.status, 400)
      }
    }
    if (required.length > 0) {
      const all = await busy.post(`/${path}`, { description: marker })
      t.is(all.status, 400)
      t.deepEqual(all.object().fields, Object.fromEntries(required.map((name) => [name, ['required']])))
    }
    t.deepEqual((await busy.get(`/${path}?where.description=${marker}`)).list(), [])
  })
}

function reading({ path }: StoreDef): void {
  test(`G4 ${path}: reading one gives what creating answered`, async (t) => {
    const busy = member('busy')
    const { entity } = await create(busy, path, { color: 'red', extra: { deep: [1, null, { a: 'ß' }] } })
    const reply = await busy.get(`/${path}/${entity._id}`)
    t.is(reply.status, 200)
    t.deepEqual(reply.entity(), asRead(entity))
    t.deepEqual((await busy.get(`/${path}/${entity._id.toUpperCase()}/`)).entity(), asRead(entity))
    const head = await busy.send('HEAD', `${BASE}/${path}/${entity._id}`)
    t.is(head.status, 200)
    t.is(head.text, '')
    t.is(head.headers['content-length'], reply.headers['content-length'])
  })
}

function patching({ path, stem = '' }: StoreDef): void {
  test(`G5 ${path}: a change answers the whole entity, and reading shows it`, async (t) => {
    const busy = member('busy')
    const { entity } = await create(busy, path)
    const reply = await busy.patch(`/${path}/${entity._id}`, { name: 'A new name' })
    t.is(reply.status, 200, reply.text)
    const changed = reply.entity()
    t.true(Number(changed._at) >= Number(entity.time))
    t.deepEqual<JsonObject, JsonObject>(changed, {
      ...asRead(entity),
      name: 'A new name',
      _at: Number(changed._at),
    })
    t.deepEqual((await busy.get(`/${path}/${entity._id}`)).entity(), changed)
  })

  test(`G6, G7 ${path}: protected fields and empty patches change nothing`, async (t) => {
    const quiet = member(`quiet ${path}`)
    const entity = asRead((await create(quiet, path)).entity)
    const socket = await connectSocketIo(t, quiet)
    const before = await quiet.get(`/${path}`)
    const protectedFields = { _id: NOBODY, access: [NOBODY], owner: NOBODY, group: NOBODY, branch: [NOBODY] }
    const readOnly = { time: 1, _at: 1, links: { a: [] }, success: false, sucess: false, _other: 1 }
    for (const body of [protectedFields, readOnly, {}, undefined, entity]) {
      const reply = await quiet.patch(`/${path}/${entity._id}`, body)
      t.is(reply.status, 200, reply.text)
      t.deepEqual(reply.entity(), entity, JSON.stringify(body))
    }
    const after = await quiet.get(`/${path}`)
    t.is(after.text, before.text)
    t.is(after.headers['x-ric-version'], before.headers['x-ric-version'])
    t.deepEqual((await quiet.get(`/${path}/${entity._id}`)).entity(), entity)

    await quiet.patch(`/${path}/${entity._id}`, { name: 'Changed at last' })
    const first = await socket.next(about(entity._id))
    t.is(first.name, `${stem}-update`)
    t.deepEqual(Object.keys(first.payload.data as JsonObject), ['store', 'id', 'item', 'changes'])
    t.is(((first.payload.data as JsonObject).changes as JsonObject).name, 'Changed at last')
    t.is(socket.pushes.filter(about(entity._id)).length, 1)
    const last = await quiet.get(`/${path}`)
    t.is(last.headers['x-ric-version'], asText(first.payload._v))
    t.true(Number(first.payload._v) > Number(before.headers['x-ric-version']))
  })
}

function deleting({ path }: StoreDef): void {
  test(`G8 ${path}: deleting answers the entity, then it is gone`, async (t) => {
    const busy = member('busy')
    const { entity } = await create(busy, path)
    const reply = await busy.delete(`/${path}/${entity._id}`)
    t.is(reply.status, 200, reply.text)
    t.deepEqual(reply.entity(), asRead(entity))
    for (const verb of ['GET', 'DELETE'] as const) {
      const gone = await busy.send(verb, `${BASE}/${path}/${entity._id}`)
      t.is(gone.status, 404)
      t.is(gone.text, notFound(path))
    }
    t.false((await busy.get(`/${path}`)).list().some(({ _id }) => _id === entity._id))
  })
}

function listing({ path, order }: StoreDef): void {
  test(`G10 ${path}: a list has the entities in the order of their ids, without success`, async (t) => {
    const busy = member('busy')
    const made: Entity[] = []
    for (let n = 0; n < 3; n += 1) made.push(asRead((await create(busy, path)).entity))
    const reply = await busy.get(`/${path}`)
    const list = reply.list()
    const ids = list.map(({ _id }) => _id)
    const sorted = ids.toSorted()
    t.deepEqual(ids, order === 'id' ? sorted : sorted.toReversed())
    const expected = order === 'id' ? made : made.toReversed()
    t.deepEqual(
      list.filter(({ _id }) => made.some((one) => one._id === _id)),
      expected,
    )
    t.deepEqual(
      list.filter((item) => 'success' in item || 'sucess' in item),
      [],
    )
    t.regex(asText(reply.headers['x-ric-version']), /^[1-9]\d*$/)
    t.is((await busy.get(`/${path}/`)).status, 200)
  })

  test(`G11 ${path}: only=name gives names and ids`, async (t) => {
    const busy = member('busy')
    const made: Entity[] = []
    for (let n = 0; n < 3; n += 1) made.push((await create(busy, path, { name: `Name ${n}` })).entity)
    const list = (
      await busy.get(`/${path}?only=name&where._id=${made.map(({ _id }) => _id).join(',')}`)
    ).list()
    const expected = made.map(({ _id, name = null }) => ({ _id, name }))
    t.deepEqual(list, order === 'id' ? expected : expected.toReversed())
    const [first] = made
    t.deepEqual((await busy.get(`/${path}/${first?._id ?? ''}?only=name`)).entity(), expected[0])
  })
}
