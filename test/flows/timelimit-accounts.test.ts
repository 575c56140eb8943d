/**
 * Proves the end points of mail codes, families, parents and devices (timelimit 2.2–2.16, 6) with every status that they can answer, and that a refusal
 * spends no token.
 */
import test from 'ava'
import type { JsonObject } from '../../src/json.ts'
import { asText } from '../support/client.ts'
import { passwordOf } from '../support/timelimit-crypto.ts'
import { createWorld, LONG, THEIRS, type World } from '../support/timelimit-world.ts'
import {
  codeIn,
  createFamily,
  deviceOf,
  familyOf,
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
const [SEND, REDEEM] = ['/auth/send-mail-login-code-v2', '/auth/sign-in-by-mail-code']

test('mail codes: three attempts, blanks and stars and case mean nothing, once', async (t) => {
  const mail = newMail()
  const { mailLoginToken } = ok(await server().post(SEND, { mail: `Anna <${mail}>`, locale: 'de' }))
  const [letter] = await server().mailsTo(mail)
  if (letter === undefined) throw new Error('no mail')
  const redeem = (receivedCode: string) =>
    server().post(REDEEM, { mailLoginToken: asText(mailLoginToken), receivedCode })
  t.is((await redeem('not the code')).status, 403)
  t.is((await redeem('')).status, 403)
  const got = ok(await redeem(`*${codeIn(letter).toUpperCase().replaceAll(' ', '* ')} `))
  t.is((await redeem(codeIn(letter))).status, 410, 'already redeemed')
  const answer = ok(
    await server().post('/parent/get-status-by-mail-address', { mailAuthToken: asText(got.mailAuthToken) }),
  )
  t.is(answer.mail, mail, 'the bare address')

  const other = newMail()
  const sent = ok(await server().post(SEND, { mail: other, locale: 'en' }))
  const wrong = { mailLoginToken: asText(sent.mailLoginToken), receivedCode: 'wrong' }
  t.is(await statusOf(REDEEM, wrong), 403)
  t.is(await statusOf(REDEEM, wrong), 403)
  t.is(await statusOf(REDEEM, wrong), 410, 'the third')
  const [second] = await server().mailsTo(other)
  const late = { ...wrong, receivedCode: second === undefined ? '' : codeIn(second) }
  t.is(await statusOf(REDEEM, late), 410, 'the right one comes too late')
  t.is(await statusOf(REDEEM, { mailLoginToken: 'nobody', receivedCode: 'x' }), 410)
})

test('mail codes: what is no mailbox, an unknown device, and too many', async (t) => {
  for (const mail of ['', 'anna', 'a@example.com, b@example.com', '@example.com', 'a@'])
    t.is(await statusOf(SEND, { mail, locale: 'en' }), 400, mail)
  const mail = newMail()
  const token = { mail, locale: 'en', deviceAuthToken: 'nobody' }
  t.is(await statusOf(SEND, token), 401)
  for (let n = 0; n < 2; n += 1) t.is(await statusOf(SEND, { mail, locale: 'fr' }), 200)
  const reply = await server().post(SEND, { mail, locale: 'en' })
  t.is(reply.status, 429)
  t.regex(String(reply.headers['content-type']), /^text\/html/)
})

test('mail codes: the device is named to those who have it', async (t) => {
  const { mail, phone } = await createFamily(server())
  ok(await server().post(SEND, { mail, locale: 'en', deviceAuthToken: phone.token }))
  const letters = await server().mailsTo(mail, 2)
  t.true(letters[1]?.text.includes('Anna phone'))
  t.false(letters[0]?.text.includes('Anna phone'))
  for (const { text } of letters) {
    const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '')
    t.is(lines.filter((line) => !/[.!?:,]$/.test(line.trim())).length, 1, text)
  }
})

test('create-family: refusals spend no token, and a mail has one family', async (t) => {
  const mail = newMail()
  const token = await mailToken(server(), mail)
  const body = familyOf(token, passwordOf(mail))
  const path = '/parent/create-family'
  t.is(await statusOf(path, { ...body, mailAuthToken: 'nobody' }), 401)
  t.is(await statusOf(path, { ...body, clientLevel: '8' }), 400)
  const bad = [
    { parentPassword: { hash: '', secondHash: '', secondSalt: '' } },
    { parentPassword: { ...passwordOf('a'), hash: 'x' } },
    { parentPassword: { ...passwordOf('a'), secondHash: passwordOf('a').secondHash.replace('2a', '2b') } },
    { deviceName: ' ' },
    { deviceName: LONG },
    { parentName: '' },
    { timeZone: '\t' },
    { parentDevice: { model: '' } },
  ]
  for (const change of bad) t.is(await statusOf(path, { ...body, ...change }), 500, JSON.stringify(change))
  const state = () => server().post('/parent/get-status-by-mail-address', { mailAuthToken: token })
  t.is(ok(await state()).status, 'without family', 'still good')
  const family = deviceOf(server(), ok(await server().post(path, body)))
  t.is((await state()).status, 401, 'spent')
  t.is(await statusOf(path, body), 401)
  const again = await mailToken(server(), mail)
  const second = { mailAuthToken: again }
  t.is(ok(await server().post('/parent/get-status-by-mail-address', second)).status, 'with family')
  t.is(await statusOf(path, { ...body, ...second }), 409)
  t.is(ok(await server().post('/parent/get-status-by-mail-address', second)).status, 'with family')
  t.is(Object.keys((await family.full()).devices).length, 1)
})

test('sign-in-into-family', async (t) => {
  const { mail, userId, phone } = await createFamily(server())
  const before = await phone.full()
  const second = await signInDevice(server(), mail)
  const after = await phone.full()
  t.not(after.versions.devices, before.versions.devices)
  t.is(after.versions.users, before.versions.users)
  const { addedAt, ...shown } = after.devices[second.id] ?? {}
  t.true(Math.abs(Number(addedAt) - Date.now()) < 60_000)
  t.like(shown, { name: 'Second phone', model: 'Pixel 8', currentUserId: userId, isUserKeptSignedIn: true })
  t.is((await server().mailsTo(mail, 3)).length, 3, 'a notice beside two codes')
  const stranger = await mailToken(server(), newMail())
  const body = { parentDevice: { model: 'm' }, deviceName: 'd' }
  const path = '/parent/sign-in-into-family'
  t.is(await statusOf(path, { ...body, mailAuthToken: stranger }), 409)
  t.is(await statusOf(path, { ...body, mailAuthToken: 'nobody' }), 401)
  t.is(await statusOf(path, { ...body, deviceName: '', mailAuthToken: stranger }), 500)
})

test('recover-parent-password', async (t) => {
  const { mail, phone, userId } = await createFamily(server())
  const next = passwordOf('recovered')
  const path = '/parent/recover-parent-password'
  t.is(await statusOf(path, { mailAuthToken: 'nobody', password: next }), 401)
  const mailAuthToken = await mailToken(server(), mail)
  t.is(await statusOf(path, { mailAuthToken, password: { ...next, hash: 'x' } }), 500)
  t.is(await textOf(path, { mailAuthToken, password: next }), '200 {"ok":true}')
  t.like((await phone.full()).users[userId], { password: next.hash, secondPasswordSalt: next.secondSalt })
  t.is(await statusOf(path, { mailAuthToken, password: next }), 401, 'spent')
  t.is((await server().mailsTo(mail, 3)).length, 3, 'a notice')
  const stranger = await mailToken(server(), newMail())
  t.is(await statusOf(path, { mailAuthToken: stranger, password: next }), 409)
})

test('delete-account: every parent mail, and then nothing but the old tokens is left', async (t) => {
  const w = await world()
  const second = newMail()
  const link = {
    deviceAuthToken: w.tablet.token,
    parentUserId: w.other,
    parentPasswordSecondHash: THEIRS.secondHash,
  }
  ok(
    await server().post('/parent/link-mail-address', {
      ...link,
      mailAuthToken: await mailToken(server(), second),
    }),
  )
  const [mine, theirs, strange] = await Promise.all(
    [w.family.mail, second, newMail()].map((mail) => mailToken(server(), mail)),
  )
  const path = '/parent/delete-account'
  const ask = (...mailAuthTokens: readonly (string | undefined)[]) =>
    textOf(path, {
      deviceAuthToken: w.spare.token,
      mailAuthTokens: mailAuthTokens.flatMap((token) => token ?? []),
    })
  t.is(await statusOf(path, { deviceAuthToken: 'nobody', mailAuthTokens: [] }), 401)
  for (const tokens of [[], [mine], [theirs], [mine, 'nobody'], [mine, theirs, strange]])
    t.regex(await ask(...tokens), /^401/)
  const reply = await server().post(path, {
    deviceAuthToken: w.spare.token,
    mailAuthTokens: [mine ?? '', theirs ?? ''],
  })
  t.is(
    `${reply.status} ${reply.text} ${String(reply.headers['content-type'])}`,
    '200 OK text/plain; charset=utf-8',
  )
  for (const { token } of [w.phone, w.tablet, w.spare]) {
    t.is((await server().post('/sync/push-actions', { deviceAuthToken: token, actions: [] })).status, 401)
    t.is(await textOf('/sync/is-device-removed', { deviceAuthToken: token }), '200 {"isDeviceRemoved":true}')
  }
  for (const mail of [w.family.mail, second]) {
    const letters = await server().mailsTo(mail, 3)
    t.is(letters.length, 3, 'two codes and the confirmation')
  }
  t.is(await statusOf('/parent/get-status-by-mail-address', { mailAuthToken: mine ?? '' }), 401, 'spent')
  const again = await server().post('/parent/get-status-by-mail-address', { mailAuthToken: strange ?? '' })
  t.is(ok(again).status, 'without family', 'not spent')
})
