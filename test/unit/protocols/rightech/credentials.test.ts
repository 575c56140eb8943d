/** Which credential of a request decides (rightech 4.1, 4.2), and how failed sign-ins are counted (4.3), on a vault in memory with a clock of the test. */
import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import { rejection } from '../../../../src/domain/rejection.ts'
import { objectIds } from '../../../../src/object-id.ts'
import { createAttempts } from '../../../../src/protocols/rightech/attempts.ts'
import { readSignIn } from '../../../../src/protocols/rightech/codecs.ts'
import { credentialOf, hashOf } from '../../../../src/protocols/rightech/credentials.ts'
import { createPasswords } from '../../../../src/commands/passwords.ts'
import { memoryVault } from '../../../../src/vault/memory/vault.ts'

test('the cookie sid among others, the bearer token by any case of its scheme', (t) => {
  t.deepEqual(credentialOf({ cookie: 'a=b; sid=Zk3; c=d' }), { kind: 'cookie', hash: hashOf('Zk3') })
  t.deepEqual(credentialOf({ authorization: 'bEaReR  T0k.en' }), { kind: 'bearer', hash: hashOf('T0k.en') })
  t.is(credentialOf({}), undefined)
  t.is(credentialOf({ cookie: 'sid=; side=Zk3' }), undefined)
})

test('a header alone decides, whatever cookie stands beside it', (t) => {
  for (const authorization of ['Basic Zk3', 'Bearer', 'Bearer ', '', 'Bearer a b', 'BearerT']) {
    t.is(credentialOf({ authorization, cookie: 'sid=Zk3' }), undefined, authorization)
  }
})

test('the body of a sign-in', (t) => {
  t.deepEqual(
    readSignIn({ login: 'a', password: 'b', more: 1 }),
    E.right({ login: 'a', password: 'b', more: 1 }),
  )
  t.deepEqual(
    readSignIn({ login: '', password: null }),
    E.left({ login: ['required'], password: ['required'] }),
  )
  t.deepEqual(readSignIn({ login: 7 }), E.left({ login: ['type'], password: ['required'] }))
})

const wrong = () => Promise.resolve(E.left(rejection('Unauthenticated', 'wrong')))
const right = () => Promise.resolve(E.right('in'))
const kindOf = (result: E.Either<{ readonly kind: string }, unknown>): string =>
  E.isLeft(result) ? result.left.kind : 'Right'

test('ten failures in a minute close the door for that login and address', async (t) => {
  let now = 1_000_000
  const attempts = createAttempts(memoryVault({ now: () => now }), () => now)
  const results = await Promise.all(
    Array.from({ length: 14 }, () => attempts.guard('Ops', '10.0.0.1', wrong)),
  )
  t.deepEqual(results.map(kindOf), [
    ...Array<string>(10).fill('Unauthenticated'),
    ...Array<string>(4).fill('TooMany'),
  ])
  now += 59_000
  const late = await attempts.guard('ops', '10.0.0.1', right)
  t.like(late, { left: { kind: 'TooMany', retryAfterSeconds: 1 } })
  t.is(kindOf(await attempts.guard('ops', '10.0.0.2', right)), 'Right')
  t.is(kindOf(await attempts.guard('other', '10.0.0.1', right)), 'Right')
  now += 1_000
  t.is(kindOf(await attempts.guard('ops', '10.0.0.1', right)), 'Right')
})

test('many good attempts at once are no failures', async (t) => {
  const attempts = createAttempts(memoryVault({ now: Date.now }), Date.now)
  const results = await Promise.all(
    Array.from({ length: 50 }, () => attempts.guard('ops', '10.0.0.1', right)),
  )
  t.true(results.every(E.isRight))
})

test('an attempt that breaks leaves the door as it was', async (t) => {
  const attempts = createAttempts(memoryVault({ now: Date.now }), Date.now)
  await t.throwsAsync(
    attempts.guard('ops', '10.0.0.1', () => Promise.reject(new Error('down'))),
    { message: 'down' },
  )
  t.is(kindOf(await attempts.guard('ops', '10.0.0.1', right)), 'Right')
})

test('passwords are compared a few at a time, and a flood is told to come later', async (t) => {
  const passwords = createPasswords(2, 3)
  let running = 0
  let most = 0
  const task = async (): Promise<void> => {
    running += 1
    most = Math.max(most, running)
    await pause(5)
    running -= 1
  }
  const results = await Promise.all(Array.from({ length: 8 }, () => passwords.run(task)))
  t.is(most, 2)
  t.deepEqual(results.map(kindOf), [
    'Right',
    'Right',
    'Right',
    'Right',
    'Right',
    'Unavailable',
    'Unavailable',
    'Unavailable',
  ])
  await t.throwsAsync(
    passwords.run(() => Promise.reject(new Error('x'))),
    { message: 'x' },
  )
  t.is(kindOf(await passwords.run(task)), 'Right')
})

test('a verifier fits its password only, and none fits none', async (t) => {
  const outcome = await createPasswords().run(async (hasher) => {
    const verifier = await hasher.hash('Secret123')
    t.regex(verifier, /^\$argon2id\$v=19\$m=19456,(t=2,p=1|p=1,t=2)\$/)
    t.true(await hasher.verify(verifier, 'Secret123'))
    t.false(await hasher.verify(verifier, 'secret123'))
    for (const nobody of [undefined, null, '', 'plain']) t.false(await hasher.verify(nobody, 'Secret123'))
  })
  t.true(E.isRight(outcome))
})

test('ids sort as they were made, also when the clock is set back', (t) => {
  const newId = objectIds(Buffer.from('0102030405', 'hex'))
  t.is(newId(1_000_500), '000003e80102030405000000')
  const ids = [1_000_999, 1_001_000, 999_000, 999_000, 2_000_000].map(newId)
  t.deepEqual(ids, [...ids].sort())
  t.is(new Set(ids).size, ids.length)
  t.true(ids.every((id) => /^[\da-f]{24}$/.test(id)))
})
