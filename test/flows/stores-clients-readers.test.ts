/**
 * Proves that the clients which read much work unmodified: the vendor's library with its streaming call, the Grafana data source with its
 * narrow token, and the edge agent, call by call as rightech 7 has them.
 */
import test from 'ava'
import type { JsonObject } from '../../src/json.ts'
import { asText, clientOf, errorText, FORBIDDEN, UNAUTHORIZED, type Reply } from '../support/client.ts'
import { create, newMember, newToken, signInAdmin, type Member } from '../support/members.ts'
import { cleanUp, startServer, type RunningServer } from '../support/server.ts'
import {
  asObject,
  asObjects,
  getRaw,
  likeLibrary,
  newPump,
  NOBODY,
  readArray,
  readChunks,
  readLines,
  readObject,
  texts,
  type Pump,
} from '../support/stores-clients.ts'

let server: RunningServer | undefined
let admin: Member
test.before(async () => {
  server = await startServer()
  admin = await signInAdmin(server.url)
})
test.after.always(() => cleanUp(server))

/** Packets one after another, a second apart, the last one just now; oldest first. */
const feed = async ({ member, device }: Pump, count: number): Promise<readonly string[]> => {
  const ids: string[] = []
  const end = Date.now()
  for (let index = 1; index <= count; index += 1) {
    const body = { temperature: index, note: 'Ünï\n"x"', time: end - (count - index) * 1_000 }
    ids.push(asText(readObject(await member.post(`/objects/${device}/packets`, body))._id))
  }
  return ids
}

/** As the library throws it: the message, the tags, and the sentence for people if there is one. */
const thrown = (reply: Reply): readonly [number, string, readonly string[]] => {
  if (reply.status < 400) throw new Error(`no error: ${reply.status} ${reply.text}`)
  const { message, tags, helper } = reply.object()
  if (helper !== undefined && typeof asObject(helper).message !== 'string') throw new Error(reply.text)
  return [reply.status, asText(message), tags as readonly string[]]
}

test('library: signs in, reads, is refused, and streams', async (t) => {
  const pump = await newPump(admin)
  const { member, model, object, at } = pump
  const stranger = likeLibrary(clientOf(member.url))
  const { login, password } = member
  const { token } = readObject(await stranger.post('/auth/token', { login, password }))
  const library = likeLibrary(clientOf(member.url, { authorization: `Bearer ${asText(token)}` }))

  t.deepEqual(texts(readArray(await library.get('/models')), '_id'), [model._id])
  t.is(readObject(await library.get(at))._id, object._id)

  t.deepEqual(thrown(await stranger.get('/models')), [401, 'Unauthorized', ['error_unauthorized']])
  t.deepEqual(thrown(await library.get('/nonsense')), [404, 'Not Found', ['error_not_found']])
  t.deepEqual(thrown(await library.get(`/objects/${NOBODY}`)), [
    ...([404, 'Not Found'] as const),
    ['error_not_found', 'error_objects'],
  ])
  t.deepEqual(thrown(await library.post('/labels', {})), [
    ...([400, 'Bad Request'] as const),
    ['error_validation', 'error_labels'],
  ])
  t.deepEqual(thrown(await library.get('/nowhere?<html>nginx')), [404, 'Not Found', ['error_not_found']])

  const path = `${at}/packets?streamed=true&nolimit=true`
  const empty = await getRaw(library, path)
  t.deepEqual(empty.chunks(), ['[\n]\n'])
  const [only] = await feed(pump, 1)
  t.deepEqual(texts(readChunks((await getRaw(library, path)).chunks()), '_id'), [only ?? ''])

  const ids = [only ?? '', ...(await feed(pump, 40))].toSorted()
  const raw = await getRaw(library, path)
  t.is(raw.status, 200)
  t.is(raw.headers.get('transfer-encoding'), 'chunked')
  t.is(raw.headers.get('content-length'), undefined)
  t.is(raw.headers.get('content-type'), 'application/json; charset=utf-8')
  const read = readChunks(raw.chunks())
  t.deepEqual(texts(read, '_id').toSorted(), ids)
  t.deepEqual(readLines(raw.chunks().join('')), read)
  for (const { note } of read) t.is(note, 'Ünï\n"x"')
})

test('library: every list can be streamed, empty or not', async (t) => {
  const pump = await newPump(admin)
  const { member, model, object, at } = pump
  const table = (await create(member, 'tables')).entity
  const library = likeLibrary(member)
  const lists = ['/objects', '/models', '/tasks/kinds', '/models/base', `/tables/${table._id}/rows`]
  lists.push('/reports/builds', '/messages', '/events', `${at}/packets`, `${at}/events`, `${at}/tasks`)
  const look = async (path: string): Promise<number> => {
    const raw = await getRaw(library, `${path}?streamed=true&nolimit=true`)
    t.is(raw.status, 200, path)
    const entities = readChunks(raw.chunks())
    const plain = await library.get(`${path}?nolimit=true`)
    t.deepEqual<readonly JsonObject[], readonly JsonObject[]>(readLines(plain.text), entities, path)
    t.deepEqual(
      entities.filter(({ success }) => success !== undefined),
      [],
      path,
    )
    return entities.length
  }
  for (const path of lists) await look(path)
  await feed(pump, 3)
  for (const name of ['a', 'b']) {
    readObject(await member.post(`/tables/${table._id}/rows`, { data: { name } }))
    await create(member, 'tasks', { name, object: object._id })
    await create(member, 'messages', { 'message-body': name, id: object._id })
  }
  const report = (await create(member, 'reports')).entity
  const period = { from: 0, to: 1 }
  readObject(await member.post(`/reports/${report._id}/build`, { period, objectIds: [object._id] }))
  t.is(await look(`/tables/${table._id}/rows`), 2)
  t.is(await look(`${at}/packets`), 3)
  t.is(await look(`${at}/tasks`), 2)
  t.is(await look('/messages'), 2)
  t.true((await look(`${at}/events`)) >= 5)
  t.is(await look('/models'), 1)
  t.is(asText((await library.get('/models')).list()[0]?._id), model._id)
})

test('Grafana: tests, lists and reads packets with a narrow token', async (t) => {
  const pump = await newPump(admin, { object: { description: 'in the cellar' } })
  const { member, model, object, at } = pump
  const below = await newPump(admin, { member: await newMember(member) })
  const ids = await feed(pump, 5)
  const grafana = await newToken(member, ['GET /models/*', 'GET /objects/*'])

  const tested = readObject(await grafana.get('/objects?meta=count'))
  t.deepEqual(tested, { count: 1, success: true })

  const objects = readArray(
    await grafana.get('/objects?only=name,group,model,links,description&withChildGroups=true'),
  )
  t.deepEqual(texts(objects, '_id').toSorted(), [object._id, below.object._id].toSorted())
  t.deepEqual(
    objects.find(({ _id }) => _id === object._id),
    {
      ...{ _id: object._id, name: 'Pump 1', group: member.group, model: model._id, links: {} },
      description: 'in the cellar',
    },
  )
  const models = readArray(await grafana.get('/models?only=name,data&withChildGroups=true'))
  t.deepEqual(texts(models, '_id').toSorted(), [model._id, below.model._id].toSorted())
  for (const { data } of models) t.true(Array.isArray(asObject(data).children))

  const from = Number(readArray(await member.get(`${at}/packets`))[2]?.time)
  const query = 'only=_ts,time,online,temperature&ofType=telemetry&nolimit=true&streamed=true'
  const raw = await getRaw(grafana, `${at}/packets?from=${from}&to=${Date.now()}&${query}`)
  t.is(raw.status, 200)
  const packets = readChunks(raw.chunks())
  t.deepEqual(
    packets.map(({ _id, temperature }) => [_id, temperature]),
    [3, 4, 5].map((index) => [ids[index - 1], index]),
  )
  for (const packet of packets)
    t.deepEqual(Object.keys(packet).toSorted(), ['_id', '_ts', 'online', 'temperature', 'time'])
  const processed = await getRaw(grafana, `${at}/packets?ofType=processed&only=temperature`)
  t.is(processed.status, 200)

  for (const path of ['/groups', '/events', '/tables', `/users/${member.user}`]) {
    const refused = await grafana.get(path)
    t.is(refused.text, FORBIDDEN, path)
    t.is(refused.status, 403)
  }
  t.is((await grafana.post(`${at}/packets`, { temperature: 1 })).text, FORBIDDEN)
  t.is(asObjects((await member.get(`${at}/packets`)).json()).length, 5)
})

test('edge agent: pings its base, reads a model and an object, and shows messages', async (t) => {
  const { member, model, object, at } = await newPump(admin)
  for (const client of [clientOf(member.url), member]) {
    const ping = await client.send('HEAD', '/api/v1/')
    t.is(ping.status, 200)
    t.is(ping.text, '')
    t.is((await client.send('HEAD', '/api/v1')).status, 200)
  }
  const read = readObject(await member.get(`/models/${model._id}?with=data`))
  t.deepEqual<JsonObject, JsonObject>(read, { ...model, success: true })
  t.deepEqual<JsonObject, JsonObject>(readObject(await member.get(`${at}?with=data`)), {
    ...object,
    success: true,
  })

  const gone = await member.get(`/models/${NOBODY}?with=data`)
  t.is(gone.text, errorText(404, 'Not Found', ['error_not_found', 'error_models']))
  t.is(gone.object().message, 'Not Found')
  const stranger = await clientOf(member.url).get(`${at}?with=data`)
  t.is(stranger.text, UNAUTHORIZED)
  t.is(stranger.object().message, 'Unauthorized')
})
