/**
 * Proves mails to users and their links (connectycube 12.4, 12.5) on the real server over HTTP, with a mail server beside it: a forgotten
 * password, an address that is confirmed, and what of them the administrator and the log are shown.
 */
import test from 'ava'
import { isList, isObject, plainText, type Json, type JsonObject } from '../../src/json.ts'
import { ADMIN, APP, send, tokenOf, type Reply, type Sent } from '../support/connectycube.ts'
import { cleanUp, startServer, type RunningServer } from '../support/server.ts'
import { startSmtp, type SmtpServer } from '../support/smtp-server.ts'

let server: RunningServer
let smtp: SmtpServer
let app: string

test.before(async () => {
  smtp = await startSmtp()
  server = await startServer({ env: { MAIL_URL: smtp.url } })
  app = tokenOf(await call('POST', '/session', { json: APP }))
})
test.after.always(async () => {
  await cleanUp(server)
  await smtp.close()
})

const call = (method: string, path: string, sent: Sent = {}): Promise<Reply> =>
  send(method, `${server.url}${path}`, sent)

const DEAD = { errors: { base: ['Required session does not exist'] } }
const PASSWORD = 'blue-whale-7'

const signUp = (login: string): Promise<Reply> =>
  call('POST', '/users', {
    headers: { 'CB-AuthKey': APP.auth_key },
    json: { user: { login, password: PASSWORD, email: `${login}@example.org` } },
  })
const signIn = (login: string, password: string): Promise<Reply> =>
  call('POST', '/session', { json: { ...APP, user: { login, password } } })
const itemsIn = (body: Json): readonly JsonObject[] =>
  isObject(body) && isList(body['items']) ? body['items'].filter(isObject) : []

test('a forgotten password is set once, by the link of the mail', async (t) => {
  await signUp('forgetful')
  const session = tokenOf(await signIn('forgetful', PASSWORD))
  for (const email of ['nobody@example.org', 'forgetful@example.org']) {
    const asked = await call('POST', '/users/password/reset', { token: app, json: { email } })
    t.deepEqual([asked.status, asked.text], [200, ''])
  }
  const mail = await smtp.waitFor(
    ({ to, text }) => to === 'forgetful@example.org' && text.includes('/users/password/new'),
  )
  const link = /http\S+/.exec(mail.text)?.[0] ?? ''
  const outbox = itemsIn((await call('GET', '/admin/outbox/mail', { headers: ADMIN })).body)
  t.true(outbox.some(({ to, text }) => to === 'forgetful@example.org' && plainText(text).includes(link)))
  t.false(outbox.some(({ to }) => to === 'nobody@example.org'))
  const page = await send('GET', link)
  t.is(page.status, 200)
  t.is(page.headers.get('cache-control'), 'no-store')
  t.regex(page.headers.get('content-security-policy') ?? '', /default-src 'none'/)
  const token = new URL(link).searchParams.get('token') ?? ''
  const post = (form: string): Promise<Reply> => call('POST', '/users/password/new', { form })
  t.is((await post(`token=${token}&password=short`)).status, 422)
  t.is((await post(`token=${token}&password=yellow-fin-10&repeated=other-fin-10`)).status, 422)
  const [first, second] = await Promise.all([
    post(`token=${token}&password=yellow-fin-10`),
    post(`token=${token}&password=orange-fin-10`),
  ])
  t.deepEqual([first.status, second.status].sort(), [200, 404], 'one of two gets it')
  const chosen = first.status === 200 ? 'yellow-fin-10' : 'orange-fin-10'
  t.is((await post(`token=${token}&password=purple-fin-10`)).status, 404)
  t.is((await send('GET', link)).status, 404)
  t.deepEqual((await call('GET', '/session', { token: session })).body, DEAD)
  t.is((await signIn('forgetful', chosen)).status, 201)
  t.false(server.output().includes(token), 'no log has the token')
})

test('welcome and confirmation are sent if the application wants them', async (t) => {
  const settings = (json: JsonObject): Promise<Reply> =>
    call('PUT', '/admin/application/settings', { headers: ADMIN, json })
  await settings({ welcome_mail: true, confirm_mail: true })
  await signUp('welcome')
  await settings({ welcome_mail: false, confirm_mail: false })
  const isTo = (part: string) => (mail: { to: string; text: string }) =>
    mail.to === 'welcome@example.org' && mail.text.includes(part)
  await smtp.waitFor(isTo('You have signed up'))
  const link = /http\S+/.exec((await smtp.waitFor(isTo('/users/confirm'))).text)?.[0] ?? ''
  t.is((await send('GET', link)).status, 200)
  const confirm = (): Promise<Reply> =>
    call('POST', '/users/confirm', { form: `token=${new URL(link).searchParams.get('token') ?? ''}` })
  t.is((await confirm()).status, 200)
  t.is((await confirm()).status, 404)
})
