/**
 * Proves the end points of parents and devices of a family (timelimit 2.8–2.14, 6) with every status that they can answer: codes for devices, primary
 * devices, a second parent's mail, removal.
 */
import test from 'ava'
import type { JsonObject } from '../../src/json.ts'
import { asText } from '../support/client.ts'
import { DIRECT, securityKey } from '../support/timelimit-crypto.ts'
import { createWorld, NOBODY, THEIRS, type World } from '../support/timelimit-world.ts'
import {
  createFamily,
  deviceOf,
  mailToken,
  newMail,
  ok,
  signInDevice,
  startTimelimit,
  type Timelimit,
} from '../support/timelimit.ts'

let at: Timelimit | undefined
test.before(async () => {
  at = await startTimelimit()
})
test.after.always(() => at?.close())
const server = (): Timelimit => {
  if (at === undefined) throw new Error('no server')
  return at
}
const statusOf = async (path: string, body: JsonObject): Promise<number> =>
  (await server().post(path, body)).status
const world = (): Promise<World> => createWorld(server())
const textOf = async (path: string, body: JsonObject): Promise<string> => {
  const reply = await server().post(path, body)
  return `${reply.status} ${reply.text}`
}
test('the proof of a parent, three ways; codes for devices', async (t) => {
  const w = await world()
  const path = '/parent/create-add-device-token'
  const ask = (deviceAuthToken: string, parentId: string, parentPasswordSecondHash: string) =>
    server().post(path, { deviceAuthToken, parentId, parentPasswordSecondHash })
  const { secondHash } = w.family.password
  const refused: readonly (readonly [string, string, string])[] = [
    ['nobody', w.parent, secondHash],
    [w.phone.token, w.other, secondHash],
    [w.phone.token, NOBODY, secondHash],
    [w.phone.token, '', secondHash],
    [w.phone.token, w.parent, ''],
    [w.phone.token, w.sister, ''],
    [w.phone.token, w.parent, w.family.password.hash],
    [w.tablet.token, w.parent, 'device'],
    [w.spare.token, '', 'device'],
    [w.phone.token, w.parent, 'u2f:....'],
    [w.phone.token, w.parent, 'u2f:a.b.c.d.ZGQ='],
  ]
  for (const each of refused) t.is((await ask(...each)).status, 401, each.join(' '))
  ok(await ask(w.tablet.token, w.parent, secondHash))
  ok(await ask(w.tablet.token, w.other, THEIRS.secondHash))
  const key = securityKey('direct')
  const { keyHandle, publicKey } = key
  await w.phone.push(w.me({ type: 'ADD_PARENT_U2F', keyHandle, publicKey }))
  const dh = await w.tablet.dh()
  const answer = key.answer(dh, DIRECT)
  t.is((await ask(w.tablet.token, w.other, answer)).status, 401, 'the key of another parent')
  t.is((await ask(w.tablet.token, '', answer)).status, 401)
  const short = `${answer.slice(0, answer.lastIndexOf('.') + 1)}AAAA`
  t.is((await ask(w.tablet.token, w.parent, short)).status, 401, 'a mac of another length')
  const first = ok(await ask(w.tablet.token, w.parent, answer))

  const add = '/child/add-device'
  const body = { childDevice: { model: 'm' }, deviceName: 'd', clientLevel: 8 }
  const second = ok(await ask(w.phone.token, '', 'device'))
  t.is(await statusOf(add, { ...body, registerToken: asText(first.token) }), 401, 'the earlier is gone')
  const words = asText(second.token)
  t.is(await statusOf(add, { ...body, registerToken: words.replace(' ', '  ') }), 401, 'blanks count')
  t.is(await statusOf(add, { ...body, registerToken: words, deviceName: ' ' }), 500)
  const device = deviceOf(
    server(),
    ok(await server().post(add, { ...body, registerToken: words.toUpperCase() })),
  )
  t.is(device.id, asText(second.deviceId))
  t.like((await w.phone.full()).devices[device.id], { currentUserId: '', isUserKeptSignedIn: false })
  t.is(await statusOf(add, { ...body, registerToken: words }), 401, 'spent')
})

test('primary devices', async (t) => {
  const w = await world()
  const path = '/child/update-primary-device'
  const set = (action: string, currentUserId: string, authToken: string) =>
    textOf(path, { action: `${action} this device`, currentUserId, authToken })
  t.regex(await set('set', w.child, 'nobody'), /^401/)
  t.regex(await set('set', '', w.tablet.token), /^409/)
  t.regex(await set('set', w.sister, w.tablet.token), /^409/)
  t.regex(await set('set', '', w.spare.token), /^409/)
  t.regex(await set('unset', w.child, w.tablet.token), /^409/, 'it is not')
  t.regex(await set('take', w.child, w.tablet.token), /^400/)
  const before = await w.phone.full()
  t.is(await set('set', w.child, w.tablet.token), '200 {"status":"success"}')
  const after = await w.phone.full()
  t.is(after.users[w.child]?.currentDevice, w.tabletId)
  t.is(after.versions.devices, before.versions.devices)
  t.is(
    await set('set', w.child, w.tablet.token),
    '200 {"status":"assigned to other device"}',
    'also to itself',
  )
  await w.phone.push(w.me({ type: 'SET_DEVICE_USER', deviceId: w.spareId, userId: w.child }))
  t.is(await set('set', w.child, w.spare.token), '200 {"status":"assigned to other device"}')
  t.regex(await set('unset', w.child, w.spare.token), /^409/)
  t.is(await textOf('/child/logout-at-primary-device', { deviceAuthToken: w.spare.token }), '200 {"ok":true}')
  t.is(await statusOf('/child/logout-at-primary-device', { deviceAuthToken: w.phone.token }), 409, 'a parent')
  t.is(await statusOf('/child/logout-at-primary-device', { deviceAuthToken: 'nobody' }), 401)
  await w.phone.push(w.me({ type: 'SET_DEVICE_USER', deviceId: w.tabletId, userId: '' }))
  t.is(await statusOf('/child/logout-at-primary-device', { deviceAuthToken: w.spare.token }), 409, 'unset')
  t.is(await set('set', w.child, w.spare.token), '200 {"status":"success"}', 'which counts as unset')
  t.is(await set('unset', w.child, w.spare.token), '200 {"status":"success"}')
  t.is((await w.phone.full()).users[w.child]?.currentDevice, '')
  t.is(await set('set', w.parent, w.phone.token), '200 {"status":"success"}', 'parents too')
})

test('link-mail-address', async (t) => {
  const w = await world()
  const mail = newMail()
  const body = {
    mailAuthToken: await mailToken(server(), mail),
    deviceAuthToken: w.tablet.token,
    parentUserId: w.other,
    parentPasswordSecondHash: THEIRS.secondHash,
  }
  const path = '/parent/link-mail-address'
  const refused: readonly (readonly [number, JsonObject])[] = [
    [401, { deviceAuthToken: 'nobody', mailAuthToken: 'nobody' }],
    [401, { mailAuthToken: 'nobody' }],
    [409, { parentUserId: NOBODY }],
    [409, { parentUserId: w.child }],
    [409, { parentUserId: w.parent, parentPasswordSecondHash: w.family.password.secondHash }],
    [409, { parentPasswordSecondHash: 'device', deviceAuthToken: w.phone.token }],
    [409, { parentPasswordSecondHash: w.family.password.secondHash }],
    [409, { parentPasswordSecondHash: '' }],
  ]
  for (const [status, change] of refused)
    t.is(await statusOf(path, { ...body, ...change }), status, JSON.stringify(change))
  const stranger = await createFamily(server())
  for (const taken of [w.family.mail, stranger.mail]) {
    const mailAuthToken = await mailToken(server(), taken)
    t.is(await statusOf(path, { ...body, mailAuthToken }), 409, 'a mail that somebody has')
  }
  t.is(await textOf(path, body), '200 {"ok":true}')
  t.is((await w.phone.full()).users[w.other]?.mail, mail)
  const device = await signInDevice(server(), mail)
  t.is((await w.phone.full()).devices[device.id]?.currentUserId, w.other)
})

test('remove-device, report-removed, is-device-removed', async (t) => {
  const w = await world()
  const proof = { deviceAuthToken: w.phone.token, parentUserId: w.parent, parentPasswordSecondHash: 'device' }
  const path = '/parent/remove-device'
  t.is(await statusOf(path, { ...proof, deviceId: NOBODY }), 409)
  t.is(await statusOf(path, { ...proof, parentPasswordSecondHash: 'x', deviceId: NOBODY }), 401)
  const removed = (deviceAuthToken: string) => textOf('/sync/is-device-removed', { deviceAuthToken })
  t.is(await removed(w.tablet.token), '200 {"isDeviceRemoved":false}')
  t.is(await removed('nobody'), '200 {"isDeviceRemoved":false}')
  t.is(await statusOf('/sync/report-removed', { deviceAuthToken: 'nobody' }), 401)
  const report = { deviceAuthToken: w.spare.token }
  for (let n = 0; n < 2; n += 1) t.is(await textOf('/sync/report-removed', report), '200 {"ok":true}')
  t.is(await removed(w.spare.token), '200 {"isDeviceRemoved":true}')
  t.is((await w.spare.ask({ devices: '', users: '', apps: {}, categories: {} })).status, 401)
  t.is((await w.phone.full()).devices[w.spareId]?.reportUninstall, true, 'it stays in the list')
  t.is((await server().mailsTo(w.family.mail, 2)).length, 2, 'a warning')
  await statusOf('/child/update-primary-device', {
    action: 'set this device',
    currentUserId: w.child,
    authToken: w.tablet.token,
  })
  const before = await w.phone.full()
  t.is(before.users[w.child]?.currentDevice, w.tabletId)
  t.is(await textOf(path, { ...proof, deviceId: w.tabletId }), '200 {"ok":true}')
  const after = await w.phone.full()
  t.is(after.users[w.child]?.currentDevice, '')
  t.false(w.tabletId in after.devices)
  for (const scope of ['users', 'devices']) t.not(after.versions[scope], before.versions[scope])
  t.is(await removed(w.tablet.token), '200 {"isDeviceRemoved":true}')
  t.is((await w.tablet.pushRaw([])).status, 401)
  t.is(await statusOf(path, { ...proof, deviceId: w.tabletId }), 409)
  t.is(
    await textOf('/sync/report-removed', { deviceAuthToken: w.tablet.token }),
    '200 {"ok":true}',
    'an old one',
  )
  t.is(await statusOf(path, { ...proof, deviceId: w.spareId }), 200)
  t.is(await statusOf(path, { ...proof, deviceId: w.phoneId }), 200, 'itself')
  t.is(await removed(w.phone.token), '200 {"isDeviceRemoved":true}')
})
