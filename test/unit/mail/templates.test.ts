// Proves the form of every mail in both languages, also with hostile names: the code alone on a line, sentences, escaping.
import test from 'ava'
import { renderMail } from '../../../src/mail/templates.ts'

const CODE = 'bako rile muda'
const HOSTILE =
  'a\r\nBcc: eve@example.org\n\nbako rile tufa\u2028x\u202ey\0 <script>alert("1")</script> & \ud800'

const rendered = (name: string, locale: string, imprint?: string) => ({
  'login code': renderMail('login-code', { code: CODE, deviceName: name }, locale, imprint),
  'login code without a device': renderMail('login-code', { code: CODE }, locale, imprint),
  manipulation: renderMail('manipulation', { deviceName: name }, locale, imprint),
  uninstall: renderMail('uninstall', { deviceName: name }, locale, imprint),
  'task done': renderMail('task-done', { taskTitle: name, deviceName: name }, locale, imprint),
  'password reset': renderMail('password-reset', {}, locale, imprint),
  'device linked': renderMail('device-linked', { deviceName: name }, locale, imprint),
  'account deleted': renderMail('account-deleted', {}, locale, imprint),
})

for (const locale of ['de', 'en'])
  for (const name of ['Tablet', HOSTILE, '', ' \n', 'ein Satz.', 'x'.repeat(100_000)])
    for (const imprint of [
      undefined,
      'Example Ltd,\n1 Street, Town',
      'See https://example.org.',
      'Bako rile muda',
    ])
      test(`${locale}, named ${JSON.stringify(name.slice(0, 10))}, imprint ${imprint}: sentences and the code`, (t) => {
        for (const [kind, { subject, text, html }] of Object.entries(rendered(name, locale, imprint))) {
          const lines = text.split('\n').filter((line) => line !== '')
          const codes = lines.filter((line) => line === CODE)
          t.is(codes.length, kind.startsWith('login code') ? 1 : 0, kind)
          for (const line of lines) {
            if (line !== CODE) t.regex(line, /^[^\s\p{Ll}–].*\S[.!?]$/u, kind)
            t.notRegex(line, /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e]/u, kind)
            t.true(line.length < 300, kind)
          }
          t.regex(subject, /^[\p{L} ,:]{10,60}$/u, kind)
          t.notRegex(html, /<script|&(?!amp;|lt;|gt;|quot;|#39;)/, kind)
          t.is(html.includes(`<strong>${CODE}</strong>`), kind.startsWith('login code'), kind)
        }
      })

test('German is for the locale de alone', (t) => {
  t.regex(renderMail('login-code', { code: CODE }, 'de', undefined).text, /Code in TimeLimit ein/)
  for (const locale of ['en', 'DE', 'de-AT', 'fr', ''])
    t.regex(renderMail('login-code', { code: CODE }, locale, undefined).text, /enter this code/)
})

test('the texts name whom they speak of', (t) => {
  const { 'login code': code, 'task done': task, ...others } = rendered('Tab & "1"', 'en')
  t.regex(code.text, /“Tab & "1"”/)
  t.regex(code.html, /“Tab &amp; &quot;1&quot;”/)
  t.is(task.text.split('“Tab & "1"”').length, 3)
  for (const kind of ['manipulation', 'uninstall', 'device linked'] as const)
    t.regex(others[kind].text, /“Tab & "1"”/)
})

test('a long name is cut between characters', (t) => {
  const { text } = renderMail('uninstall', { deviceName: '😀'.repeat(200) }, 'en', undefined)
  t.true(text.includes(`“${'😀'.repeat(60)}…”`))
})

test('the imprint is the last sentence', (t) => {
  const ends = (imprint: string): string =>
    renderMail('password-reset', {}, 'en', imprint).text.split('\n').slice(-3).join('|')
  t.is(ends(' Example Ltd,\n Town '), '|Example Ltd, Town.|')
  t.is(ends('Who are we? Example!'), '|Who are we? Example!|')
  t.is(
    renderMail('password-reset', {}, 'en', ' ').text,
    renderMail('password-reset', {}, 'en', undefined).text,
  )
})
