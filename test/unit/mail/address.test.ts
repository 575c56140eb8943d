// Proves which texts are exactly one mailbox and what the lists of domains cover, by tables (timelimit 2.2, steps 1 to 3).
import test from 'ava'
import { isBlacklisted, isWhitelisted, readMailbox } from '../../../src/mail/address.ts'
import { processorMs } from '../../support/waiting.ts'

const MAILBOXES: readonly (readonly [string, string])[] = [
  ['anna@example.com', 'anna@example.com'],
  ['  anna@example.com ', 'anna@example.com'],
  ['Anna.B+tag@Example.COM', 'Anna.B+tag@Example.COM'],
  ['<anna@example.com>', 'anna@example.com'],
  ['Anna <anna@example.com>', 'anna@example.com'],
  ['Dr. Anna Beispiel<anna@example.com>', 'anna@example.com'],
  ['"Beispiel, Anna" <anna@example.com>', 'anna@example.com'],
  ['"eve@example.org" <anna@example.com>', 'anna@example.com'],
  ['"say \\"hi\\" <eve@example.org>" <anna@example.com>', 'anna@example.com'],
  ['anna@localhost', 'anna@localhost'],
  ['jörg@müller.example', 'jörg@müller.example'],
  [`${'a'.repeat(242)}@example.com`, `${'a'.repeat(242)}@example.com`],
]
for (const [text, address] of MAILBOXES)
  test(`${JSON.stringify(text.slice(0, 60))} is a mailbox`, (t) => t.is(readMailbox(text), address))

const OTHERS: readonly string[] = [
  ...['', ' ', 'anna', '@', 'anna@', '@example.com', 'a@b@example.com', '<>', 'Anna <>'],
  ...['anna@example.com, eve@example.org', 'anna@example.com;', 'anna@example.com eve@example.org'],
  ...['Anna anna@example.com', 'Anna <anna@example.com> more', '<anna@example.com> <eve@example.org>'],
  ...['eve@example.org <anna@example.com>', 'eve, Anna <anna@example.com>', '<<anna@example.com>>'],
  ...['family: anna@example.com;', 'family:;', 'family: Anna <anna@example.com>'],
  ...[
    '"an na"@example.com',
    'an na@example.com',
    'anna @example.com',
    'anna@ example.com',
    'a\\b@example.com',
  ],
  ...[
    '.anna@example.com',
    'anna.@example.com',
    'an..na@example.com',
    'anna@example..com',
    'anna@example.com.',
  ],
  ...['anna@-example.com', 'anna@example-.com', 'anna@[127.0.0.1]', 'anna@exa_mple.com', 'anna@exam%ple.com'],
  ...[
    'anna@example.com\r\nBcc: eve@example.org',
    'anna@example.com\n<eve@example.org>',
    'an\tna@example.com',
  ],
  ...[
    'an\0na@example.com',
    '"An\nna" <anna@example.com>',
    'anna\u2028@example.com',
    'an\ud800na@example.com',
  ],
  ...['anna@example\u3002com', 'anna@\uff45xample.com', 'an\u200bna@example.com', 'anna@exam\u00adple.com'],
  `${'a'.repeat(243)}@example.com`,
  `${'x'.repeat(1_000)} <anna@example.com>`,
]
for (const [index, text] of OTHERS.entries())
  test(`${index}: ${JSON.stringify(text.slice(0, 60))} is no mailbox`, (t) =>
    t.is(readMailbox(text), undefined))

test('a long hostile text is refused at once', async (t) => {
  const ms = await processorMs(() => {
    for (const piece of ['"', '\\"', '<', '"a" ', 'a@', 'a.', 'é@', '(', ',a'])
      readMailbox(piece.repeat(30_000))
    t.is(readMailbox(`${'a.'.repeat(495)}@example.com`), undefined)
  })
  t.true(ms < 1_000, `${ms} ms`)
})

test('without entries the whitelist covers everybody', (t) => {
  t.true(isWhitelisted('anna@example.com', []))
})

test('an entry of the whitelist is an address or a domain, and its case matters', (t) => {
  const list = ['Anna@example.com', 'school.example']
  t.true(isWhitelisted('Anna@example.com', list))
  t.true(isWhitelisted('anyone@school.example', list))
  t.false(isWhitelisted('anna@example.com', list))
  t.false(isWhitelisted('eve@example.com', list))
  t.false(isWhitelisted('eve@School.example', list))
  t.false(isWhitelisted('eve@sub.school.example', list))
  t.false(isWhitelisted('eve@xschool.example', list))
})

test('the blacklist is asked for the domain in lower case', (t) => {
  const list = ['spam.example']
  t.true(isBlacklisted('eve@spam.example', list))
  t.true(isBlacklisted('eve@SPAM.example', list))
  t.false(isBlacklisted('spam.example@example.com', list))
  t.false(isBlacklisted('eve@sub.spam.example', list))
  t.false(isBlacklisted('eve@spam.example', []))
})
