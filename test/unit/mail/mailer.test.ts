// Proves delivery to a mail server on the loopback address, and that every failure ends in bounded time without telling secrets.
import test from 'ava'
import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { createLog } from '../../../src/http/log.ts'
import { MailNotSent, openMailer } from '../../../src/mail/mailer.ts'
import { renderMail } from '../../../src/mail/templates.ts'
import { randomWords } from '../../../src/mail/words.ts'
import { startSmtp } from '../../support/smtp-server.ts'
import { turns } from '../../support/waiting.ts'

const MAIL = { to: 'anna@example.com', subject: 'Größe', text: 'Hallo.\n', html: '<p>Hallo.</p>\n' }
const silent = createLog('silent')

type Options = { readonly auth?: boolean; readonly timeoutMs?: number }

const setup = async (
  t: { teardown: (run: () => unknown) => void },
  { auth = false, timeoutMs = 10_000 }: Options = {},
) => {
  const smtp = await startSmtp({ auth })
  const mailer = openMailer({
    url: smtp.url,
    sender: 'Headwater <hw@example.org>',
    log: silent,
    timeoutMs,
  })
  t.teardown(async () => {
    await mailer.close()
    await smtp.close()
  })
  return { smtp, mailer }
}

test('a mail arrives as it was rendered', async (t) => {
  const { smtp, mailer } = await setup(t)
  const code = randomWords(3, randomBytes)
  for (const locale of ['de', 'en']) {
    const imprint = '.dots at the start, and a line that is far longer than any mail program wants. '.repeat(
      20,
    )
    const mail = renderMail('login-code', { code, deviceName: 'Käthes „Tablet“ 😀' }, locale, imprint)
    await mailer.send({ to: 'anna@example.com', ...mail })
    const received = await smtp.waitFor(({ subject }) => subject === mail.subject)
    t.is(received.text, mail.text)
    t.is(received.html, mail.html)
    t.is(received.to, 'anna@example.com')
    t.is(received.from, 'hw@example.org')
    t.is(received.headers['from'], 'Headwater <hw@example.org>')
    t.is(received.headers['to'], 'anna@example.com')
  }
  t.is(smtp.mails.length, 2)
})

test('mails share few connections', async (t) => {
  const { smtp, mailer } = await setup(t)
  await Promise.all(Array.from({ length: 50 }, () => mailer.send(MAIL)))
  t.is(smtp.mails.length, 50)
  t.true(smtp.connections() <= 5)
})

test('an address is one recipient, whatever it looks like', async (t) => {
  const { smtp, mailer } = await setup(t)
  await mailer.send({ ...MAIL, to: "anna+o'neil@example.com", subject: 'One\r\nBcc: eve@example.org' })
  t.is(smtp.mails.length, 1)
  t.is(smtp.mails[0]?.to, "anna+o'neil@example.com")
  t.is(smtp.mails[0]?.headers['bcc'], undefined)
})

for (const [stage, permanent] of [
  ['connection', false],
  ['auth', false],
  ['sender', false],
  ['recipient', true],
  ['message', true],
] as const)
  test(`a refusal at ${stage} rejects, and the next mail is sent`, async (t) => {
    const { smtp, mailer } = await setup(t, { auth: true })
    smtp.refuse(stage)
    const error = await t.throwsAsync(mailer.send(MAIL), { instanceOf: MailNotSent })
    t.is(error.permanent, permanent)
    smtp.restore()
    await mailer.send(MAIL)
    t.is(smtp.mails.length, 1)
  })

test('a refusal for now is not permanent', async (t) => {
  const { smtp, mailer } = await setup(t)
  smtp.refuse('recipient', '451 try later')
  const error = await t.throwsAsync(mailer.send(MAIL), { instanceOf: MailNotSent })
  t.like(error, { code: 'EENVELOPE', responseCode: 451, permanent: false })
})

for (const stage of ['connection', 'auth', 'recipient', 'message'] as const)
  test(`silence at ${stage} rejects in time, and the next mail is sent`, async (t) => {
    const { smtp, mailer } = await setup(t, { auth: true, timeoutMs: 4_000 })
    smtp.stall(stage)
    const start = performance.now()
    const error = await t.throwsAsync(mailer.send(MAIL), { instanceOf: MailNotSent })
    t.like(error, { code: 'ETIMEDOUT', permanent: false })
    t.true(performance.now() - start < 30_000)
    smtp.restore()
    await mailer.send(MAIL)
    t.is(smtp.mails.length, 1)
  })

test('mails that wait behind silent connections are rejected in the same time', async (t) => {
  const { smtp, mailer } = await setup(t, { timeoutMs: 4_000 })
  smtp.stall('message')
  const start = performance.now()
  const sent = await Promise.allSettled(Array.from({ length: 30 }, () => mailer.send(MAIL)))
  t.true(sent.every(({ status }) => status === 'rejected'))
  t.true(performance.now() - start < 30_000)
})

test('a connection that broke while it was idle costs no mail', async (t) => {
  const { smtp, mailer } = await setup(t)
  await mailer.send(MAIL)
  smtp.cut()
  await turns(50)
  await mailer.send(MAIL)
  t.is(smtp.mails.length, 2)
})

test('without a server it rejects', async (t) => {
  const { smtp, mailer } = await setup(t)
  await smtp.close().then(() => t.throwsAsync(mailer.send(MAIL), { instanceOf: MailNotSent }))
})

test('a failure tells neither password nor address, also if the server repeats them', async (t) => {
  const { smtp, mailer } = await setup(t, { auth: true })
  const secret = Buffer.from('\0user\0secret').toString('base64')
  for (const stage of ['auth', 'recipient'] as const) {
    smtp.refuse(stage, `550 user secret ${secret} anna@example.com`)
    const error = await t.throwsAsync(mailer.send(MAIL), { instanceOf: MailNotSent })
    t.notRegex(inspect(error, { showHidden: true, depth: 9 }), /secret|AHVzZXI|anna/)
    smtp.restore()
  }
})

test('a URL that cannot be read tells nothing of itself', (t) => {
  const error = t.throws(() =>
    openMailer({ url: 'smtp://user:secret%zz@[::1', sender: 'a@b.example', log: silent }),
  )
  t.notRegex(inspect(error, { showHidden: true, depth: 9 }), /secret/)
})

test('the URL cannot turn on the log of the library', async (t) => {
  const smtp = await startSmtp()
  const mailer = openMailer({
    url: `${smtp.url}/?logger=true&debug=true&pool=false`,
    sender: 'a@b.example',
    log: silent,
  })
  t.teardown(() => Promise.all([mailer.close(), smtp.close()]))
  const lines: unknown[] = []
  const write = console.log
  console.log = (...line) => void lines.push(line)
  t.teardown(() => (console.log = write))
  await mailer.send(MAIL)
  t.deepEqual(lines, [])
})

test('closing lets a delivery end and refuses what comes after', async (t) => {
  const { smtp, mailer } = await setup(t)
  const sending = mailer.send(MAIL)
  await smtp.waitFor(() => true)
  await mailer.close()
  await sending
  await t.throwsAsync(mailer.send(MAIL), { instanceOf: MailNotSent })
  t.is(smtp.mails.length, 1)
})

test('off: always refuses', async (t) => {
  const mailer = openMailer({ url: 'off:', sender: 'a@b.example', log: silent })
  await t.throwsAsync(mailer.send(MAIL), { instanceOf: MailNotSent })
  await mailer.close()
})

test('log: writes one line from which the code can be read', async (t) => {
  const lines: string[] = []
  const log = createLog('info', { write: (line: string) => void lines.push(line) })
  const mailer = openMailer({ url: 'log:', sender: 'a@b.example', log })
  const mail = renderMail('login-code', { code: 'bako rile muda' }, 'en', undefined)
  await mailer.send({ to: 'anna@example.com', ...mail })
  await mailer.close()
  t.is(lines.length, 1)
  t.like(JSON.parse(lines[0] ?? ''), {
    level: 'info',
    mail: { to: 'anna@example.com', subject: mail.subject, text: mail.text },
  })
})
