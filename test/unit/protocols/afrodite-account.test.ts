/** Proves over real HTTP what a connected client reads and changes about its account (afrodite 2, 4.5, 6), to the order of members. */
import test from 'ava'
import { PUSH_TOKENS } from '../../../src/commands/afrodite/sessions.ts'
import type { Json } from '../../../src/json.ts'
import { publicPath } from '../../../src/protocols/afrodite/paths.ts'
import { startRig, type Connected, type Rig } from './afrodite-rig.ts'

const DAY_MS = 86_400_000

/** Calls by plain name as one client: status and body. */
const speaker =
  ({ call }: Rig, { token }: Pick<Connected, 'token'>) =>
  async (line: string, body?: Json): Promise<string> => {
    const [method = 'GET', name = ''] = line.split(' ')
    const options = { method, token, ...(body === undefined ? {} : { body }) }
    const reply = await call(publicPath(name), options)
    return reply.body === '' ? String(reply.status) : `${reply.status} ${reply.body}`
  }

const STATE = 'GET /account_api/state'
const VISIBILITY = 'PUT /account_api/settings/profile_visibility'
const SETUP = '/account_api/account_setup'
const DELETE = '/account_api/delete'

const stateOf = (state: string, visibility: string, version: number): string =>
  `200 {"state":"${state}","capabilities":{},"visibility":"${visibility}","sync_version":{"version":${version}}}`

test('the version, to anybody', async (t) => {
  const { call } = await startRig(t)
  for (const token of [undefined, 'nonsense', 'é']) {
    const { status, headers, body } = await call(
      '/0E_N3KS0gI2PPBujveMhHLv292Y',
      token === undefined ? {} : { token },
    )
    t.is(status, 200)
    t.is(headers['content-type'], 'application/json')
    t.regex(
      body,
      /^\{"backend_code_version":"headwater-(\d+\.\d+\.\d+)","backend_version":"\1","protocol_version":"1\.0\.0"\}$/,
    )
  }
  const set = await startRig(t, { settings: { backendVersion: '9.8.7' } })
  t.regex((await set.call('/0E_N3KS0gI2PPBujveMhHLv292Y')).body, /"backend_version":"9\.8\.7"/)
})

test('the state, and who may see it', async (t) => {
  const rig = await startRig(t)
  const say = speaker(rig, await rig.client())
  t.is(await say(STATE), stateOf('InitialSetup', 'PendingPrivate', 0))
  t.is(await say(VISIBILITY, { value: true }), '200')
  t.is(await say(STATE), stateOf('InitialSetup', 'PendingPublic', 1))
  t.is(await say(VISIBILITY, { value: true }), '200')
  t.is(await say(STATE), stateOf('InitialSetup', 'PendingPublic', 1), 'nothing changed')
  t.is(await say(VISIBILITY, { value: 'true' }), '422 {"status":422}')
  const other = speaker(rig, await rig.client())
  t.is(await other(STATE), stateOf('InitialSetup', 'PendingPrivate', 0), "another's")
})

test('setting up', async (t) => {
  const rig = await startRig(t)
  const say = speaker(rig, await rig.client())
  t.is(await say(`GET ${SETUP}`), '200 {"birthdate":null,"is_adult":false}')
  t.is(await say('GET /account_api/latest_birthdate'), '200 {"birthdate":null}')
  for (const wrong of [
    {},
    { birthdate: '1990-01-02' },
    { is_adult: 1 },
    { is_adult: true, birthdate: 19900102 },
    { is_adult: true, birthdate: '1990-1-2' },
    { is_adult: true, birthdate: '1990-02-30' },
  ])
    t.is(await say(`POST ${SETUP}`, wrong), '422 {"status":422}', JSON.stringify(wrong))
  const thisYear = new Date().getUTCFullYear()
  for (const refused of [
    { is_adult: false },
    { is_adult: true, birthdate: `${thisYear - 17}-01-01` },
    { is_adult: true, birthdate: `${thisYear - 152}-01-01` },
  ])
    t.is(await say(`POST ${SETUP}`, refused), '406', JSON.stringify(refused))
  t.is(await say(`POST ${SETUP}`, { is_adult: true }), '200')
  t.is(await say(`GET ${SETUP}`), '200 {"birthdate":null,"is_adult":true}')
  t.is(await say(`POST ${SETUP}`, { birthdate: '1990-01-02', is_adult: true, more: [] }), '200')
  t.is(await say(`GET ${SETUP}`), '200 {"birthdate":"1990-01-02","is_adult":true}')
  t.is(await say('GET /account_api/latest_birthdate'), '200 {"birthdate":"1990-01-02"}')

  t.is(await say('POST /account_api/complete_setup'), '200')
  t.is(await say(STATE), stateOf('Normal', 'PendingPrivate', 1))
  t.is(await say('POST /account_api/complete_setup'), '406')
  t.is(await say(`POST ${SETUP}`, { is_adult: true }), '406')
})

test('data, likes, client ids and attributes', async (t) => {
  const rig = await startRig(t)
  const client = await rig.client()
  const say = speaker(rig, client)
  const DATA = '/account_api/account_data'
  t.is(await say(`GET ${DATA}`), '200 {"email":null}')
  t.is(await say(`POST ${DATA}`, { email: 'a@b' }), '200')
  t.is(await say(`GET ${DATA}`), '200 {"email":"a@b"}')
  t.is(await say(`POST ${DATA}`, { email: 7 }), '422 {"status":422}')
  t.is(await say(`POST ${DATA}`, {}), '200')
  t.is(await say(`GET ${DATA}`), '200 {"email":null}', 'absent is null')

  t.is(await say('PUT /account_api/settings/unlimited_likes', { value: true }), '200')
  t.true((await rig.services.accounts.load(client.aid)).unlimitedLikes)
  t.is(await say('PUT /account_api/settings/unlimited_likes', {}), '422 {"status":422}')

  const ids = await Promise.all(Array.from({ length: 5 }, () => say('POST /account_api/next_client_id')))
  t.deepEqual(
    ids.sort(),
    [1, 2, 3, 4, 5].map((id) => `200 {"id":${id}}`),
    'each once, also at the same time',
  )
  t.is(await speaker(rig, await rig.client())('POST /account_api/next_client_id'), '200 {"id":1}')

  t.is(
    await say('GET /profile_api/available_profile_attributes'),
    '200 {"info":null,"sync_version":{"version":0}}',
  )
  t.is(await say(STATE), stateOf('InitialSetup', 'PendingPrivate', 0), 'none of this is of type 0')
})

test('deletion is asked for, shown and taken back', async (t) => {
  const now = Date.parse('2030-01-02T03:04:05.678Z')
  const rig = await startRig(t, { now: () => now })
  const say = speaker(rig, await rig.client())
  t.is(await say(`GET ${DELETE}`), '500')
  t.is(await say(`DELETE ${DELETE}`), '200', 'nothing to take back')
  for (const method of ['PUT', 'POST']) {
    t.is(await say(`${method} ${DELETE}`), '200')
    t.is(await say(`GET ${DELETE}`), '200 {"delete_date":"2030-02-01T03:04:05.678Z"}')
    t.regex(await say(STATE), /"state":"PendingDeletion"/)
    t.is(await say(`DELETE ${DELETE}`), '200')
    t.is(await say(`GET ${DELETE}`), '500')
  }
  t.is(await say(STATE), stateOf('InitialSetup', 'PendingPrivate', 4))
})

test('asking for deletion again leaves its day', async (t) => {
  let now = Date.parse('2030-01-02T00:00:00Z')
  const rig = await startRig(t, { now: () => now })
  const say = speaker(rig, await rig.client())
  await say(`PUT ${DELETE}`)
  now += DAY_MS
  t.is(await say(`PUT ${DELETE}`), '200')
  t.is(await say(`GET ${DELETE}`), '200 {"delete_date":"2030-02-01T00:00:00.000Z"}')
})

test('an account that is gone is 404 to who is still connected', async (t) => {
  const rig = await startRig(t)
  const client = await rig.client()
  const say = speaker(rig, client)
  await rig.services.accounts.run(client.aid, { type: 'RequestDeletion', deleteAt: 1 })
  await rig.services.accounts.run(client.aid, { type: 'Delete', at: 1 })
  t.is(await say(STATE), '404')
  t.is(await say(VISIBILITY, { value: true }), '404')
})

test('where an account can be woken', async (t) => {
  const rig = await startRig(t)
  const { vault } = rig.services
  const client = await rig.client()
  const say = speaker(rig, client)
  const SET = 'POST /chat_api/set_device_token'
  const tokens: string[] = []
  for (const token of ['push-1', 'x'.repeat(4_096)]) {
    const pending = /^200 \{"token":"([\w-]{43})"\}$/.exec(await say(SET, { token }))?.[1] ?? ''
    const kept = await vault.get(PUSH_TOKENS, client.aid)
    t.deepEqual(kept?.value, { token })
    tokens.push(pending)
  }
  t.is(new Set(tokens).size, 2)
  for (const wrong of [{}, { token: '' }, { token: 'x'.repeat(4_097) }, { token: null }])
    t.is(await say(SET, wrong), '422 {"status":422}')
  const unknown = await rig.call(publicPath('/chat_api/set_device_token'), { method: 'POST', body: {} })
  t.is(unknown.status, 400, 'not without an access token')

  for (const token of [...tokens, 'nobody']) {
    const path = publicPath('/chat_api/get_pending_notification')
    const { status, body } = await rig.call(path, { method: 'POST', body: { token } })
    t.is(`${status} ${body}`, '200 {"value":0,"new_message_received_from":null}')
  }
  await vault.deleteSubject(`afrodite.account-${client.aid}`)
  t.is(await vault.get(PUSH_TOKENS, client.aid), undefined, 'goes with the account')
})
