/**
 * Proves the settings that change the protocol (timelimit 8.5, 2.2, 7.1; one-port 7, 8): no sign-up, always pro, lists of mail servers, mail that cannot be
 * sent, the ping interval, and the protocol off.
 */
import test from 'ava'
import { clientOf } from '../support/client.ts'
import { accepted, connectFrames } from '../support/sockets.ts'
import { cleanUp, startServer, type RunningServer } from '../support/server.ts'
import { passwordOf } from '../support/timelimit-crypto.ts'
import {
  createFamily,
  familyOf,
  mailToken,
  newMail,
  ok,
  postTo,
  startTimelimit,
  type Timelimit,
} from '../support/timelimit.ts'

const running: Timelimit[] = []
const servers: RunningServer[] = []
const started = async (env: { readonly [name: string]: string }): Promise<Timelimit> => {
  const at = await startTimelimit({ env })
  running.push(at)
  return at
}
test.after.always(async () => {
  for (const each of running) await each.close()
  await cleanUp(...servers)
})

test('always pro, whitelisted and blacklisted mail, another ping interval', async (t) => {
  const at = await started({
    ALWAYS_PRO: 'yes',
    MAIL_WHITELIST: 'example.com,anna@example.org,bad.example.net',
    MAIL_SERVER_BLACKLIST: 'bad.example.net',
    PING_INTERVAL_SEC: '7',
    ADMIN_TOKEN: '',
  })
  const send = async (mail: string) =>
    Object.keys(ok(await at.post('/auth/send-mail-login-code-v2', { mail, locale: 'en' })))
  t.deepEqual(await send(newMail()), ['mailLoginToken'])
  t.deepEqual(await send('anna@example.org'), ['mailLoginToken'])
  for (const mail of ['ben@example.org', 'x@sub.example.com', 'x@EXAMPLE.com', 'Anna@example.org'])
    t.deepEqual(await send(mail), ['mailAddressNotWhitelisted'], mail)
  t.deepEqual(await send('x@bad.example.net'), ['mailServerBlacklisted'])
  const mail = newMail()
  const mailAuthToken = await mailToken(at, mail)
  const status = ok(await at.post('/parent/get-status-by-mail-address', { mailAuthToken }))
  t.deepEqual(status, { status: 'without family', mail, canCreateFamily: true, alwaysPro: true })
  const { phone } = await createFamily(at)
  t.is((await phone.full()).fullVersion, 1)
  const { until } = accepted(await connectFrames(t, at.url(), '/socket.io/?EIO=4&transport=websocket'))
  const [opening = ''] = await until(1)
  t.regex(opening, /"pingInterval":7000,/)
  const none = { headers: { Authorization: `Basic ${Buffer.from('x:').toString('base64')}` } }
  t.is(
    (await clientOf(at.url()).send('GET', '/admin/status', none)).status,
    401,
    'no token, no administrator',
  )
})

test('no sign-up: refused before the body is read', async (t) => {
  const at = await started({ DISABLE_SIGNUP: 'yes', MAIL_SERVER_BLACKLIST: 'Example.NET,example.net' })
  const mail = newMail()
  const mailAuthToken = await mailToken(at, mail)
  const status = ok(await at.post('/parent/get-status-by-mail-address', { mailAuthToken }))
  t.is(status.canCreateFamily, false)
  t.is((await at.post('/parent/create-family', {})).status, 403)
  t.is((await at.post('/parent/create-family', familyOf(mailAuthToken, passwordOf(mail)))).status, 403)
  const blocked = { mail: 'x@EXAMPLE.net', locale: 'en' }
  t.deepEqual(ok(await at.post('/auth/send-mail-login-code-v2', blocked)), { mailServerBlacklisted: true })
})

test('mail that cannot be sent: 500 for a code', async (t) => {
  const server = await startServer({ env: { MAIL_URL: 'off:' } })
  servers.push(server)
  const reply = await postTo(server.url, '/auth/send-mail-login-code-v2', { mail: newMail(), locale: 'en' })
  t.is(reply.status, 500)
  t.regex(String(reply.headers['content-type']), /^text\/html/)
})

test('without the protocol nothing of it answers', async (t) => {
  const server = await startServer({ env: { PROTOCOLS: 'rightech' } })
  servers.push(server)
  for (const path of ['/sync/pull-status', '/parent/create-family', '/auth/send-mail-login-code-v2'])
    t.not((await postTo(server.url, path, {})).status, 400, path)
  t.not((await clientOf(server.url).send('GET', '/time')).status, 200)
})
