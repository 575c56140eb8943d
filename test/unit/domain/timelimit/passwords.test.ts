/** Proves that passwords in actions are opened with the pushing device's keys (timelimit 1.3, 1.4), and which part refuses how. */
import * as E from 'fp-ts/lib/Either.js'
import test from 'ava'
import { openPassword, pwd } from '../../../../src/domain/timelimit/actions/passwords.ts'
import { CLIENT, PASSWORD, SERVER } from '../../crypto/vectors.ts'

/** Timelimit 10.16, V9. */
const CONTAINER =
  'AAECAwQFBgcICQoL2tbnnzpolbHHzQwnnsex5uS/jFbsdzh41n0ksXZzP2bmzQFsFWHx46uXGpK9m+wiZKRZaP9XVyUuZVD3X76rrTiZ12BMiuv4DTQDZw==.' +
  `${CLIENT.publicKey}.${SERVER.version}`
const SEALED = { ...PASSWORD, secondHash: CONTAINER, encrypted: true }
const KEYS = { dhKeys: { [SERVER.version]: SERVER } }
const NO_KEYS = { dhKeys: {} }

test('a plain one is as it was sent, and uses no key', (t) => {
  t.deepEqual(openPassword(PASSWORD, NO_KEYS), E.right({ ...PASSWORD, effects: [] }))
  t.deepEqual(openPassword({ ...PASSWORD, encrypted: false }, NO_KEYS), E.right({ ...PASSWORD, effects: [] }))
})

test('an encrypted one is opened, and its key is used', (t) => {
  const effects = [{ type: 'use-dh-key', version: SERVER.version }]
  t.deepEqual(openPassword(SEALED, KEYS), E.right({ ...PASSWORD, effects }))
})

test('a container that no key opens is AUTH', (t) => {
  t.deepEqual(openPassword(SEALED, NO_KEYS), E.left('AUTH'))
  t.deepEqual(openPassword({ ...SEALED, secondHash: PASSWORD.secondHash }, KEYS), E.left('AUTH'))
  t.deepEqual(openPassword({ ...SEALED, secondHash: 'a.b.toString' }, KEYS), E.left('AUTH'))
  const other = PASSWORD.secondSalt.replace('Z', 'Y')
  t.deepEqual(openPassword({ ...SEALED, secondSalt: other }, KEYS), E.left('AUTH'))
})

test('parts that are no bcrypt are VALUE, and the prefix is $2a$', (t) => {
  const bad = (text: string) => ['', text.slice(0, -1), text.replace('$2a$', '$2b$'), `${text}\n`]
  for (const name of ['hash', 'secondHash', 'secondSalt'] as const)
    for (const value of bad(PASSWORD[name]))
      t.deepEqual(openPassword({ ...PASSWORD, [name]: value }, KEYS), E.left('VALUE'), `${name} ${value}`)
  t.deepEqual(openPassword({ ...PASSWORD, secondHash: CONTAINER }, KEYS), E.left('VALUE'))
})

test('the shape: three texts, and whether it is encrypted', (t) => {
  t.true(pwd.is(PASSWORD))
  t.true(pwd.is(SEALED))
  for (const value of [
    { ...PASSWORD, type: 'x' },
    { ...PASSWORD, encrypted: 1 },
    { hash: '', secondHash: '' },
    null,
  ])
    t.false(pwd.is(value))
})
