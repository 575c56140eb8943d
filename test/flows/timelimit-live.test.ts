/**
 * Proves the live door (timelimit 7): Engine.IO 3 and 4, websocket and polling, the acknowledgement of every login, who is told of what, and who sees
 * whom connected.
 */
import { setTimeout as pause } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { appLogic } from '../support/timelimit-crypto.ts'
import { listen, type Listener } from '../support/timelimit-sockets.ts'
import { createWorld, THEIRS, WHO, type World } from '../support/timelimit-world.ts'
import {
  addDevice,
  mailToken,
  newMail,
  ok,
  signInDevice,
  startTimelimit,
  type Timelimit,
} from '../support/timelimit.ts'
import { accepted, connectFrames, connectSocketIo } from '../support/sockets.ts'

let at: Timelimit | undefined
test.before(async () => {
  at = await startTimelimit()
})
test.after.always(() => at?.close())
const server = (): Timelimit => {
  if (at === undefined) throw new Error('no server')
  return at
}
const world = (): Promise<World> => createWorld(server())
const open = async (t: ExecutionContext, token: string, transport?: 'polling'): Promise<Listener> => {
  const listener = await listen(server().url(), token, transport)
  t.teardown(listener.close)
  return listener
}
const SYNC = (isImportant: boolean) => ['should sync', { isImportant }] as const
const FORCE = appLogic({ type: 'FORCE_SYNC' })

test('the frames of Engine.IO 4', async (t) => {
  const w = await world()
  const { socket, frames, until } = accepted(
    await connectFrames(t, server().url(), '/socket.io/?EIO=4&transport=websocket'),
  )
  const [opening = ''] = await until(1)
  const { sid, ...handshake } = JSON.parse(opening.slice(1)) as { readonly sid: unknown }
  t.is(typeof sid, 'string')
  t.deepEqual(handshake, { upgrades: [], pingInterval: 25_000, pingTimeout: 20_000, maxPayload: 1_000_000 })
  socket.send('40')
  await until(2)
  t.regex(frames[1] ?? '', /^40\{"sid":"[^"]+"\}$/)
  socket.send(`420["devicelogin","${w.tablet.token}"]`)
  await until(3)
  t.is(frames[2], '430[]')
  await w.phone.push(FORCE)
  await until(4)
  t.is(frames[3], '42["should sync",{"isImportant":true}]')
})

test('the frames of Engine.IO 3, and its client', async (t) => {
  const w = await world()
  const { socket, frames, until } = accepted(
    await connectFrames(t, server().url(), '/socket.io/?EIO=3&transport=websocket'),
  )
  await until(2)
  t.is(frames[1], '40', 'unasked')
  socket.send('2')
  await until(3)
  t.is(frames[2], '3')
  socket.send(`420["devicelogin","${w.tablet.token}"]`)
  await until(4)
  t.is(frames[3], '430[]')
  await w.phone.push(FORCE)
  await until(5)
  t.is(frames[4], '42["should sync",{"isImportant":true}]')
  const old = await connectSocketIo(t, { url: server().url(), headers: {} })
  const login = new Promise<void>((resolve) => {
    old.onPush(() => resolve())
  })
  await old.emit('devicelogin', w.tablet.token as unknown as { readonly [name: string]: string })
  await w.phone.push(FORCE)
  await login
  t.deepEqual(
    old.pushes.map(({ name, payload }) => [name, payload]),
    [SYNC(true)],
  )
})

test('polling', async (t) => {
  const w = await world()
  const polled = await open(t, w.tablet.token, 'polling')
  await w.phone.push(FORCE)
  await polled.until(() => polled.heard.length === 1, 'should sync')
  t.deepEqual(polled.heard, [SYNC(true)])
})

test('every login is acknowledged without arguments, but one that is no text', async (t) => {
  const w = await world()
  const listener = await open(t, 'a token of nobody')
  t.deepEqual(await listener.login('another of nobody'), [])
  t.deepEqual(await listener.login(''), [])
  const unanswered = listener.login(17).then(
    () => 'answered',
    () => 'no answer',
  )
  t.is(await Promise.race([unanswered, pause(300, 'nothing yet')]), 'nothing yet')
  t.deepEqual(await listener.login(w.tablet.token), [])
  const second = await open(t, w.tablet.token)
  await w.phone.push(FORCE)
  for (const each of [listener, second]) {
    await each.until(() => each.heard.length === 1, 'should sync')
    t.deepEqual(each.heard, [SYNC(true)], 'every connection of the device')
  }
  await listener.login(w.phone.token)
  await w.phone.push(FORCE)
  await second.until(() => second.heard.length === 2, 'should sync')
  await pause(30)
  t.is(listener.heard.length, 1, 'the former login is dropped, and the pusher is not told')
})

test('who is told of what', async (t) => {
  const w = await world()
  const listeners = await Promise.all(WHO.map((who) => open(t, w[who].token)))
  const expected: (readonly (readonly unknown[])[])[] = WHO.map(() => [])
  const tell = (levels: readonly (boolean | undefined)[]): void => {
    for (const [index, level] of levels.entries()) {
      if (level !== undefined) expected[index] = [...(expected[index] ?? []), SYNC(level)]
    }
  }
  const check = async (what: string): Promise<void> => {
    for (const [index, listener] of listeners.entries()) {
      const { length } = expected[index] ?? []
      await listener.until(() => listener.heard.length >= length, `${what} at ${WHO[index] ?? ''}`)
    }
    await pause(20)
    t.deepEqual(
      listeners.map(({ heard }) => heard),
      expected,
      what,
    )
  }
  const [no, plain, urgent] = [undefined, false, true]
  const { post } = server()
  const proof = { deviceAuthToken: w.phone.token, parentUserId: '', parentPasswordSecondHash: 'device' }

  const added = await addDevice(w.phone, 'Another')
  tell([plain, plain, plain])
  await check('add-device')
  await signInDevice(server(), w.family.mail)
  tell([plain, plain, plain])
  await check('sign-in-into-family')
  const primary = { action: 'set this device', currentUserId: w.child, authToken: w.tablet.token }
  ok(await post('/child/update-primary-device', primary))
  tell([plain, no, plain])
  await check('update-primary-device')
  await w.phone.push(w.me({ type: 'SET_DEVICE_USER', deviceId: w.spareId, userId: w.child }))
  tell([no, plain, urgent])
  await check('a push')
  ok(await post('/child/logout-at-primary-device', { deviceAuthToken: w.spare.token }))
  expected[1] = [...(expected[1] ?? []), ['sign out']]
  await check('logout-at-primary-device')
  const link = { deviceAuthToken: w.phone.token, parentUserId: w.other }
  const second = newMail()
  const linked = { ...link, parentPasswordSecondHash: THEIRS.secondHash }
  ok(await post('/parent/link-mail-address', { ...linked, mailAuthToken: await mailToken(server(), second) }))
  tell([plain, plain, plain])
  await check('link-mail-address')
  const mailAuthToken = await mailToken(server(), second)
  ok(await post('/parent/recover-parent-password', { mailAuthToken, password: THEIRS }))
  tell([urgent, urgent, urgent])
  await check('recover-parent-password')
  for (const level of [plain, no]) {
    ok(await post('/sync/report-removed', { deviceAuthToken: added.token }))
    tell([level, level, level])
    await check('report-removed, which tells once')
  }
  ok(await post('/parent/remove-device', { ...proof, deviceId: added.id }))
  tell([plain, plain, plain])
  await check('remove-device, of another')
  ok(await post('/parent/remove-device', { ...proof, deviceId: w.spareId }))
  tell([plain, plain, urgent])
  await check('remove-device, of a listener')
})

const seen = (listener: Listener): readonly (readonly string[])[] =>
  listener.heard
    .filter(([name]) => name === 'connected devices')
    .map(([, ids]) => (ids as readonly string[]).toSorted())

test('who is connected: the complete set at each change, nothing if there is nobody', async (t) => {
  const w = await world()
  const show = (who: 'phone' | 'tablet', enable: boolean) =>
    w[who].push(w.me({ type: 'SET_SEND_DEVICE_CONNECTED', deviceId: w[who].id, enable }))
  const [phone, tablet] = [await open(t, w.phone.token), await open(t, w.tablet.token)]
  const others = await createWorld(server())
  const stranger = await open(t, others.phone.token)
  await pause(50)
  t.deepEqual([seen(phone), seen(tablet)], [[], []])
  const both = [w.phoneId, w.tabletId].sort()
  const reach = async (listener: Listener, ids: readonly string[]): Promise<void> => {
    await listener.until(() => String(seen(listener).at(-1)) === String(ids), `connected ${String(ids)}`)
    t.deepEqual(seen(listener).at(-1), ids)
  }
  t.false(await show('phone', true))
  for (const listener of [phone, tablet]) await reach(listener, [w.phoneId])
  t.false(await show('tablet', true))
  for (const listener of [phone, tablet]) await reach(listener, both)
  const spare = await open(t, w.spare.token)
  await reach(spare, both)
  const again = await open(t, w.tablet.token)
  tablet.close()
  await pause(100)
  t.deepEqual(seen(phone).at(-1), both, 'one of two connections is still there')
  again.close()
  for (const listener of [phone, spare]) await reach(listener, [w.phoneId])
  t.false(await show('phone', false))
  for (const listener of [phone, spare]) await reach(listener, [])
  const back = await open(t, w.tablet.token)
  for (const listener of [phone, spare, back]) await reach(listener, [w.tabletId])
  t.deepEqual(seen(stranger), [], 'another family sees nothing of it')
})
