/**
 * Proves that the published n8n nodes work unmodified: the rows of the n8n table of rightech 7 in their order, with the paths, headers and
 * parameters that those nodes send, and of every reply what they read.
 */
import test, { type ExecutionContext } from 'ava'
import type { JsonObject } from '../../src/json.ts'
import { asText, type Client } from '../support/client.ts'
import { create, signInAdmin, unique, type Member } from '../support/members.ts'
import { cleanUp, startServer, type RunningServer } from '../support/server.ts'
import {
  asObject,
  asObjects,
  likeN8n,
  newPump,
  read,
  readArray,
  readObject,
  texts,
} from '../support/stores-clients.ts'

let server: RunningServer | undefined
let admin: Member
test.before(async () => {
  server = await startServer()
  admin = await signInAdmin(server.url)
})
test.after.always(() => cleanUp(server))

/** Another node on the canvas: nothing is left of the last one. */
const node = (member: Member): Client => likeN8n(member)
const keysOf = (values: readonly JsonObject[]): readonly string[] =>
  [...new Set(values.map((value) => Object.keys(value).toSorted().join()))].toSorted()

test('n8n: a device is made, found, fed, read and commanded', async (t) => {
  const { member, model, device: other } = await newPump(admin)
  const n8n = node(member)

  read(await n8n.send('GET', '/'))

  const models = readArray(await n8n.get('/models?limit=1000&only=_id,name,base'))
  t.deepEqual(models, [{ _id: model._id, name: 'Pump', base: 'mqtt' }])

  const form = readObject(await n8n.get(`/models/${model._id}`))
  const props = formProps(t, form)
  const { tagname } = readObject(await n8n.get(`/groups/${asText(form.group)}`))
  t.regex(asText(tagname), /^[a-z0-9_]+$/)

  const id = asText(props.idPattern).replace('$tagname', asText(tagname)).replace('$nanoid', unique('n8n'))
  const config = {
    auth: { username: null },
    params: { flag: true },
    settings: { number: 1, left: 'x' },
    configs: { string: '1234' },
  }
  const made = readObject(
    await n8n.post('/objects', { id, name: 'Äpump', model: model._id, status: 'new', type: 'gate', config }),
  )

  const chosen = readArray(await n8n.get('/objects?limit=1000&only=_id,id,name'))
  t.deepEqual(texts(chosen, 'id'), [other, id])
  t.deepEqual(keysOf(chosen), ['_id,id,name'])
  const sorted = readArray(await n8n.get('/objects?only=_id,name&sortBy=name&limit=10000'))
  t.deepEqual(texts(sorted, 'name'), ['Pump 1', 'Äpump'])
  t.deepEqual(keysOf(sorted), ['_id,name'])

  const at = `/objects/${asText(made._id)}`
  t.deepEqual(readObject(await n8n.get(at)), made)
  t.deepEqual(readObject(await n8n.get(`/objects/${encodeURIComponent(id)}`)), made)

  const updated = readObject(await n8n.patch(at, { config: { settings: { number: 2 } } }))
  t.deepEqual(asObject(updated.config).settings, { number: 2, left: 'x' })
  t.deepEqual(asObject(updated.config).configs, { string: '1234' })
  readObject(await n8n.patch(at, { config: { settings: { number: 1 } } }))

  for (const query of searches(model._id)) {
    const found = readArray(await n8n.get(`/objects?${query}`))
    t.deepEqual<readonly JsonObject[], readonly JsonObject[]>(
      found,
      [{ _id: made._id ?? null, type: 'gate' }],
      query,
    )
  }

  const before = asObjects(readObject(await n8n.get(`${at}/model`))._arguments)
  for (const argument of before)
    for (const name of ['id', 'name', 'active', 'dataType'])
      t.not(argument[name], undefined, asText(argument.id))
  t.deepEqual(
    texts(
      before.filter(({ _base }) => _base === true),
      'id',
    ),
    ['online', 'time', '_ts'],
  )
  t.is(before.find((argument) => argument.id === 'temperature')?._parentId, 'params')

  readObject(await n8n.get(`${at}/model`))
  const packet = readObject(
    await n8n.post(`${at}/packets`, { temperature: 36.6, time: Date.UTC(2026, 4, 2) }),
  )
  t.is(packet.temperature, 36.6)

  for (const window of [
    'from=2026-05-01T00:00:00&to=2026-05-03T00:00:00&limit=10',
    'from=2026-05-01T00%3A00%3A00&to=2026-05-03T00%3A00%3A00&limit=10',
  ]) {
    const history = readArray(await n8n.get(`${at}/packets?${window}`))
    t.deepEqual(texts(history, '_id'), [asText(packet._id)], window)
  }
  t.deepEqual(
    readArray(await n8n.get(`${at}/packets?from=2026-05-01T00:00:00&to=2026-05-01T23:00:00&limit=10`)),
    [],
  )

  const now = Date.now()
  const events = readArray(await n8n.get(`${at}/events?from=${now - 600_000}&to=${now + 600_000}`))
  t.deepEqual(texts(events, 'event'), [
    ...['object-insert', 'object-update', 'object-update'],
    ...['object-online', 'object-packet'],
  ])

  const view = readObject(await n8n.get(`${at}/model?only=model`))
  const actions = asObjects(view._actions)
  t.deepEqual(texts(actions, 'id'), ['led-on', 'led-off'])
  for (const { name } of actions) t.is(typeof name, 'string')

  for (const send of [n8n.post(`${at}/commands/led-on`), n8n.post(`${at}/commands/led-on`, {})])
    t.deepEqual(readObject(await send).params, { topic: 'base/relay/led1', payload: '1' })
  const own = readObject(await n8n.post(`${at}/commands/led-on`, { payload: '7' }))
  t.deepEqual(own.params, { topic: 'base/relay/led1', payload: '7' })

  const automaton = (await create(member, 'automatons', { model: model._id, name: 'Cool down' })).entity
  const scenarios = readArray(await n8n.get('/automatons'))
  t.deepEqual(
    scenarios.map(({ _id, name }) => [_id, name]),
    [[automaton._id, 'Cool down']],
  )
  const running = readObject(await n8n.post(`${at}/automatons/${automaton._id}/start`))
  t.is(running.id, automaton._id)
  const ended = readObject(await n8n.post(`${at}/automatons/${automaton._id}/stop`))
  t.is(ended.session, running.session)
})

/** What the form reads of a model without looking whether it is there. */
const formProps = (t: ExecutionContext, form: JsonObject): JsonObject => {
  const subsystems = asObjects(asObject(form.data).children)
  for (const { children } of subsystems) t.true(Array.isArray(children))
  const props = asObject(form.props)
  t.is(asText(props.idPattern), 'mqtt-$tagname-$nanoid')
  t.is(asObject(props.idInput).label, 'ClientId')
  for (const input of ['typeInput', 'statusInput', 'descriptionInput'])
    t.is(asObject(props[input]).hidden, false)
  return props
}

/** The same search as different versions of the node write it. */
const searches = (model: string): readonly string[] => {
  const day = 24 * 3_600_000
  const [from, to] = [Date.now() - day, Date.now() + day].map((at) => new Date(at).toISOString().slice(0, 19))
  const window = `from=${from ?? ''}&to=${to ?? ''}`
  const config = 'where.config.params.flag=true&where.config.settings.number=1'
  const base = `where.model=${model}&where_type=gate`
  const text = 'where.config.configs.string'
  return [
    `${base}&${config}&${text}="1234"&where.config.auth.username=null&only=_id,type&limit=50&${window}`.replaceAll(
      '"',
      '%22',
    ),
    `${base}&${config}&${text}=%221234%22&where.config.auth.username=null&only=_id%2Ctype&limit=50&${window.replaceAll(':', '%3A')}`,
    `${base}&only=_id,type&limit=50&offset=&search=&from=&db=x&snaps=1`,
    `where_model=${model}&where_config.params.flag=true&only=type&limit=50`,
  ]
}
