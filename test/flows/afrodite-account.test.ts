/**
 * Proves what a client does with its account after connecting (afrodite 4.5, 6): state and visibility, setup, client ids, deletion and logout, each with the
 * live events it causes and the version it leaves.
 */
import { setTimeout as pause } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import type { JsonObject } from '../../src/json.ts'
import {
  apiStatus,
  call,
  login,
  newAccount,
  ok,
  PATHS,
  startAfrodite,
  type Reply,
} from '../support/afrodite.ts'
import { capabilitiesChanged, four, stateChanged, visibilityChanged } from '../support/afrodite-events.ts'
import {
  assertSilent,
  connect,
  handshake,
  leave,
  open,
  SILENCE_MS,
  upgrade,
  type Connected,
} from '../support/afrodite-sockets.ts'
import { cleanUp, type RunningServer } from '../support/server.ts'
import { until } from '../support/steady-load.ts'

let started: RunningServer | undefined
test.before(async () => {
  started = await startAfrodite()
})
test.after.always(() => cleanUp(started))
const server = (): RunningServer => {
  if (started === undefined) throw new Error('no server')
  return started
}

type Member = Connected & {
  readonly aid: string
  readonly send: (method: string, path: string, body?: JsonObject) => Promise<Reply>
  readonly get: (path: string) => Promise<JsonObject>
}

const connected = async (t: ExecutionContext): Promise<Member> => {
  const { aid, pair } = await newAccount(server())
  const connection = await connect(t, server().url, pair)
  const token = connection.pair.access
  const send: Member['send'] = (method, path, body) =>
    call(server().url, method, path, { token, ...(body === undefined ? {} : { body }) })
  return { ...connection, aid, send, get: async (path) => ok(await send('GET', path)) }
}
const assertEmpty = (t: ExecutionContext, reply: Reply, status = 200): void => {
  t.deepEqual([reply.status, reply.text, reply.headers['content-length']], [status, '', '0'])
}
const reconnect = async (t: ExecutionContext, member: Member, list: readonly number[]) => {
  await leave(member)
  return connect(t, server().url, member.pair, { list })
}

test('the state, and every visibility in Pending and after', async (t) => {
  const member = await connected(t)
  const { send } = member
  const show = async (value: boolean) => assertEmpty(t, await send('PUT', PATHS.visibility, { value }))
  const shown = async () => (await send('GET', PATHS.state)).text
  const state = (name: string, visibility: string, version: number): string =>
    `{"state":"${name}","capabilities":{},"visibility":"${visibility}","sync_version":{"version":${version}}}`
  t.is(await shown(), state('InitialSetup', 'PendingPrivate', 0))
  await show(true)
  t.is(await shown(), state('InitialSetup', 'PendingPublic', 1))
  await show(true)
  t.is(await shown(), state('InitialSetup', 'PendingPublic', 1), 'nothing changed')
  await show(false)
  t.is(await shown(), state('InitialSetup', 'PendingPrivate', 2))
  t.deepEqual(await member.until(2), [
    visibilityChanged('PendingPublic'),
    visibilityChanged('PendingPrivate'),
  ])
  await assertSilent(t, member.socket)
})

test('setup and its end: two live events, one version', async (t) => {
  const member = await connected(t)
  const { send, get } = member
  t.is((await send('GET', PATHS.setup)).status, 200)
  t.deepEqual(await get(PATHS.latestBirthdate), { birthdate: null })
  const setup = (birthdate: string | null, is_adult: boolean) =>
    send('POST', PATHS.setup, { birthdate, is_adult })
  const year = new Date().getUTCFullYear()
  for (const [birthdate, isAdult] of [
    ['1990-01-31', false],
    [null, false],
    [`${year - 10}-01-01`, true],
    [`${year - 17}-12-31`, true],
    [`${year - 152}-01-01`, true],
    [`${year + 1}-01-01`, true],
  ] as const)
    assertEmpty(t, await setup(birthdate, isAdult), 406)
  assertEmpty(t, await setup(null, true))
  assertEmpty(t, await setup('1990-01-31', true))
  t.deepEqual(await get(PATHS.setup), { birthdate: '1990-01-31', is_adult: true })
  t.deepEqual(await get(PATHS.latestBirthdate), { birthdate: '1990-01-31' })
  await assertSilent(t, member.socket)
  t.deepEqual(member.events(), [], 'setup is no account standing')
  assertEmpty(t, await send('POST', PATHS.completeSetup))
  t.deepEqual(await member.until(2), [stateChanged('Normal'), capabilitiesChanged()])
  assertEmpty(t, await send('POST', PATHS.completeSetup), 406)
  assertEmpty(t, await setup('1991-01-31', true), 406)
  await assertSilent(t, member.socket)
  t.deepEqual((await get(PATHS.state)).sync_version, { version: 1 })
  const next = await reconnect(t, member, [0, 0])
  t.deepEqual(await next.until(4), four(1, 'PendingPrivate', 'Normal'))
})

test('what the shapes of setup, data and likes refuse', async (t) => {
  const { send, get } = await connected(t)
  for (const body of [{}, { is_adult: 'yes' }, { birthdate: 17, is_adult: true }])
    t.is((await send('POST', PATHS.setup, body)).status, 422, JSON.stringify(body))
  t.is((await send('POST', PATHS.data, { email: 17 })).status, 422)
  t.is((await send('PUT', PATHS.unlimitedLikes, { value: 'x' })).status, 422)
  assertEmpty(t, await send('PUT', PATHS.unlimitedLikes, { value: true }))
  t.deepEqual(await get(PATHS.data), { email: null })
  assertEmpty(t, await send('POST', PATHS.data, { email: 'ann@example.org' }))
  t.deepEqual(await get(PATHS.data), { email: 'ann@example.org' })
})

test('client ids count up, for each account', async (t) => {
  const [one, other] = [await connected(t), await connected(t)]
  const next = async ({ send }: Member): Promise<number> => {
    const { id, ...more } = ok(await send('POST', PATHS.nextClientId))
    t.deepEqual(more, {})
    if (typeof id !== 'number') throw new Error('no number')
    return id
  }
  const first = await next(one)
  t.true(Number.isInteger(first))
  for (let more = 1; more <= 5; more += 1) t.is(await next(one), first + more)
  t.is(await next(other), first)
  const many = await Promise.all(Array.from({ length: 20 }, () => next(other)))
  t.deepEqual(
    many.sort((a, b) => a - b),
    Array.from({ length: 20 }, (_, index) => first + 1 + index),
  )
})

test('deletion: asked for, shown, taken back', async (t) => {
  for (const method of ['POST', 'PUT']) {
    const member = await connected(t)
    const { send } = member
    assertEmpty(t, await send('GET', PATHS.delete), 500)
    assertEmpty(t, await send(method, PATHS.delete))
    t.deepEqual(await member.until(1), [stateChanged('PendingDeletion')])
    const { delete_date: date, ...more } = ok(await send('GET', PATHS.delete))
    t.deepEqual(more, {})
    t.true(typeof date === 'string' && /^\d{4}-\d{2}-\d{2}/.test(date) && Date.parse(date) > Date.now())
    t.is(ok(await send('GET', PATHS.state)).state, 'PendingDeletion')
    assertEmpty(t, await send('DELETE', PATHS.delete))
    t.deepEqual((await member.until(2)).slice(1), [stateChanged('InitialSetup')])
    assertEmpty(t, await send('GET', PATHS.delete), 500)
    await assertSilent(t, member.socket)
    t.is(member.events().length, 2)
    t.deepEqual(ok(await send('GET', PATHS.state)).sync_version, { version: 2 })
  }
})

test('deletion goes back to the state it came from', async (t) => {
  const member = await connected(t)
  const { send, get } = member
  assertEmpty(t, await send('POST', PATHS.setup, { birthdate: null, is_adult: true }))
  assertEmpty(t, await send('POST', PATHS.completeSetup))
  assertEmpty(t, await send('PUT', PATHS.delete))
  const next = await reconnect(t, member, [0, 1])
  t.deepEqual(await next.until(4), four(2, 'PendingPrivate', 'PendingDeletion'))
  const token = next.pair.access
  assertEmpty(t, await call(server().url, 'DELETE', PATHS.delete, { token }))
  t.deepEqual((await next.until(5)).slice(4), [stateChanged('Normal')])
  await t.throwsAsync(get(PATHS.state), undefined, 'the token from before the reconnect')
})

test('logout: both tokens and the connection are gone', async (t) => {
  const member = await connected(t)
  assertEmpty(t, await member.send('POST', PATHS.logout))
  const { code, reason } = await member.socket.ending()
  t.deepEqual([code, reason], [4001, 'revoked'])
  t.is(await apiStatus(server(), member.pair.access), 401)
  t.is(await upgrade(server().url, member.pair.access), 401)
  const again = await connect(t, server().url, await login(server(), member.aid))
  t.is(await apiStatus(server(), again.pair.access), 200)
})

test('the push token, and what waits for it', async (t) => {
  const { send } = await connected(t)
  const { token } = ok(await send('POST', PATHS.setDeviceToken, { token: 'push-token' }))
  t.true(typeof token === 'string' && token.length > 20)
  const waiting = async (body: JsonObject): Promise<Reply> =>
    call(server().url, 'POST', PATHS.pendingNotification, { body })
  const none = '{"value":0,"new_message_received_from":null}'
  const known = await waiting({ token: token ?? null })
  t.deepEqual([known.status, known.text], [200, none], 'no access token is asked for')
  const unknown = await waiting({ token: 'nobody' })
  t.deepEqual([unknown.status, unknown.text], [200, none])
})

test('a change reaches its own account and nobody else', async (t) => {
  const [one, other] = [await connected(t), await connected(t)]
  assertEmpty(t, await one.send('PUT', PATHS.visibility, { value: true }))
  t.deepEqual(await one.until(1), [visibilityChanged('PendingPublic')])
  await assertSilent(t, one.socket, other.socket)
  t.deepEqual(other.events(), [])
})

test('changes between message 4 and the list are in the list or come after it, in order', async (t) => {
  for (const list of [[], [0, 255], [0, 0]]) {
    const { pair } = await newAccount(server())
    const socket = await open(t, server().url, pair.access)
    const { access: token } = await handshake(socket, pair)
    assertEmpty(t, await call(server().url, 'PUT', PATHS.visibility, { token, body: { value: true } }))
    await assertSilent(t, socket)
    t.is(socket.heard.length, 2, 'nothing before the list')
    socket.send(Buffer.from(list))
    assertEmpty(t, await call(server().url, 'PUT', PATHS.visibility, { token, body: { value: false } }))
    const heard = (): readonly string[] => socket.heard.slice(2).map(String)
    const shown = (): readonly string[] =>
      heard().flatMap((text) => /"visibility":"(\w+)"/.exec(text)?.[1] ?? [])
    await until(() => shown().at(-1) === 'PendingPrivate', 'the last change', 30_000)
    await pause(SILENCE_MS)
    const visibilities = shown()
    t.is(visibilities.at(-1), 'PendingPrivate', 'the last one is what is')
    if (list.length > 0) t.is(heard().filter((text) => text.includes('AccountSyncVersionChanged')).length, 1)
    t.true(visibilities.length <= 2)
  }
})
