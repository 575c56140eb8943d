/** Proves the digests on published values (FIPS 180-4 examples), the comparisons on what is like but not the same, and the bcrypt forms on V1. */
import fc from 'fast-check'
import test from 'ava'
import { isBcryptHash, isBcryptSalt } from '../../../src/crypto/bcrypt-forms.ts'
import { equalBytes, equalTexts, sha256, sha256Hex, sha512Hex } from '../../../src/crypto/hashes.ts'
import { garbage, PASSWORD, runs } from './vectors.ts'

test('digests', (t) => {
  const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
  t.is(sha256Hex('abc'), abc)
  t.is(sha256('abc').toString('hex'), abc)
  t.is(sha256(Buffer.from('abc')).toString('hex'), abc)
  t.is(
    sha512Hex('abc'),
    'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
  )
})

test('equalTexts and equalBytes are equality', (t) => {
  t.false(equalTexts('\ud800', '\ufffd'))
  t.false(equalTexts('a', 'a\0'))
  t.true(equalTexts('', ''))
  t.false(equalBytes(Buffer.from('a'), Buffer.from('ab')))
  fc.assert(
    fc.property(garbage, garbage, (a, b) => {
      t.true(equalTexts(a, Buffer.from(a, 'utf16le').toString('utf16le')))
      t.is(equalTexts(a, b), a === b)
      t.is(equalBytes(Buffer.from(a), Buffer.from(b)), Buffer.from(a).equals(Buffer.from(b)))
    }),
    runs,
  )
})

test('bcrypt forms', (t) => {
  const { hash, secondHash, secondSalt } = PASSWORD
  t.true(isBcryptHash(hash))
  t.true(isBcryptHash(secondHash))
  t.true(isBcryptSalt(secondSalt))
  t.true(isBcryptSalt('$2a$12$KIXQ4p0m1u7sV8bWcYdZeu'))
  t.true(isBcryptHash(hash.replace('$12$', '$39$')))
  t.true(isBcryptHash(hash.replace('$12$', '$10$')))
  for (const wrong of [
    '',
    secondSalt,
    `${hash}\n`,
    ` ${hash}`,
    `${hash}a`,
    hash.slice(0, -1),
    hash.replace('$2a$', '$2b$'),
    hash.replace('$12$', '$09$'),
    hash.replace('$12$', '$40$'),
    hash.replace('.', '-'),
    hash.replace('.', 'ä'),
  ]) {
    t.false(isBcryptHash(wrong), wrong)
  }
  for (const wrong of [
    '',
    hash,
    `${secondSalt}\n`,
    secondSalt.slice(1),
    secondSalt.replace('$2a$', '$2y$'),
    `${secondSalt}.`,
  ]) {
    t.false(isBcryptSalt(wrong), wrong)
  }
})
