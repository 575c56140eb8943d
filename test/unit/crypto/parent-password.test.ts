/** Proves the change of a parent's password on V6 and the proof of a removal on V7; by laws, that one changed byte is noticed. */
import { createCipheriv } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import fc from 'fast-check'
import test from 'ava'
import { sha512Hex } from '../../../src/crypto/hashes.ts'
import {
  openChangedPassword,
  removeUserProof,
  verifyRemoveUser,
  type ChangedPassword,
} from '../../../src/crypto/parent-password.ts'
import { damage, damaged, garbage, PARENT, PASSWORD, runs } from './vectors.ts'

const NEW = '$2a$12$NnSsAaLlTt0123456789aet5G2/jDk3PbJ1ygPtow3Nr3fAY9q0ZG'
const V6: ChangedPassword = {
  old: PASSWORD.secondHash,
  userId: PARENT,
  hash: '$2a$12$HhAaSsHh0123456789abceastlnsv87l.JdDEWW60cqBQoEAq.kdG',
  secondSalt: '$2a$12$NnSsAaLlTt0123456789ae',
  secondHashEncrypted:
    '000102030405060708090a0b0c0d0e0ff0e1d2c3b4a5968778695a4b3c2d1e0fe53a97958fc3f1e2464bd7f4f2bdef9faf51a673513b97ca33cdf60afd589583cc29ff325ce29ec25dcaeb7a4fce2905c1dcd20c2d9623a52b986f1a',
  integrity:
    '1be76cae5c94f053c9e45aaf6bc344053d2c5347329c7d14de3a123e88964f47e67f3727d50f8d1bd7045ddb237a452c520767afb492fb6b9913047496567977',
}

/** With the integrity that a client would send: only the values are wrong. */
const resigned = (change: ChangedPassword): ChangedPassword => ({
  ...change,
  integrity: sha512Hex(
    change.old + change.userId + change.hash + change.secondSalt + change.secondHashEncrypted,
  ),
})

/** V6 with another text inside. */
const sealing = (text: string): ChangedPassword => {
  const cipher = createCipheriv(
    'aes-128-ctr',
    Buffer.from('e4626f1499db57e6f22aee010c05ff9a', 'hex'),
    Buffer.from(V6.secondHashEncrypted.slice(0, 32), 'hex'),
  )
  return resigned({
    ...V6,
    secondHashEncrypted: V6.secondHashEncrypted.slice(0, 64) + cipher.update(text, 'utf8', 'hex'),
  })
}

test('V6: the new second hash is opened', (t) => {
  t.deepEqual(openChangedPassword(V6), E.right(NEW))
  t.deepEqual(sealing(NEW), V6)
})

test('what was not made with the old second hash is refused as such', (t) => {
  t.deepEqual(openChangedPassword({ ...V6, old: NEW }), E.left('AUTH'))
  t.deepEqual(openChangedPassword({ ...V6, userId: 'pAr3n2' }), E.left('AUTH'))
  t.deepEqual(openChangedPassword({ ...V6, integrity: V6.integrity.toUpperCase() }), E.left('AUTH'))
  t.deepEqual(openChangedPassword({ ...V6, integrity: '' }), E.left('AUTH'))
})

test('what is signed but is no password is refused as a value', (t) => {
  const wrong: readonly ChangedPassword[] = [
    sealing(NEW.replace('$2a$', '$2b$')),
    sealing(NEW.slice(1)),
    sealing(`${NEW}a`),
    sealing(NEW.replace('N', 'Ä')),
    resigned({ ...V6, hash: '' }),
    resigned({ ...V6, hash: V6.hash.replace('$2a$', '$2b$') }),
    resigned({ ...V6, secondSalt: `${V6.secondSalt}a` }),
    ...[
      '',
      'zz',
      V6.secondHashEncrypted.slice(0, 70),
      `${V6.secondHashEncrypted}0`,
      V6.secondHashEncrypted.toUpperCase(),
    ].map((secondHashEncrypted) => resigned({ ...V6, secondHashEncrypted })),
  ]
  for (const change of wrong)
    t.deepEqual(openChangedPassword(change), E.left('VALUE'), change.secondHashEncrypted)
})

test('no change of one byte is let through, and garbage is never thrown at', (t) => {
  const member = fc.constantFrom('old', 'userId', 'hash', 'secondSalt', 'secondHashEncrypted', 'integrity')
  const law = fc.property(member, damage, garbage, (name, how, text) => {
    const bent = { ...V6, [name]: damaged(Buffer.from(V6[name]), how).toString('latin1') }
    t.deepEqual(openChangedPassword(bent), E.left('AUTH'))
    t.deepEqual(openChangedPassword({ ...V6, [name]: text }), E.left('AUTH'))
    // With another `old` the key differs too; with another user nothing inside is wrong.
    const lied = resigned({ ...V6, [name]: text })
    t.deepEqual(
      openChangedPassword(lied),
      name === 'userId' || name === 'integrity' ? E.right(NEW) : E.left('VALUE'),
    )
  })
  fc.assert(law, runs)
})

test('V7: the proof of a removal', (t) => {
  t.is(removeUserProof('pAr3n2', PASSWORD.secondHash), '5edd544e7c109c69')
  t.true(verifyRemoveUser('pAr3n2', PASSWORD.secondHash, '5edd544e7c109c69'))
  for (const wrong of ['', '5edd544e7c109c6', '5EDD544E7C109C69', '5edd544e7c109c69a']) {
    t.false(verifyRemoveUser('pAr3n2', PASSWORD.secondHash, wrong))
  }
  t.false(verifyRemoveUser(PARENT, PASSWORD.secondHash, '5edd544e7c109c69'))
})
