/**
 * Proves the signatures of pushed actions on the vectors V2–V5, and for any action by laws: what is signed is verified, and nothing else
 * is: no other action, device, number or secret, no changed signature, no garbage.
 */
import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import test from 'ava'
import {
  hmacMessage,
  passwordIntegrity,
  sha512Integrity,
  verifyPassword,
  verifySha512,
  type Signed,
} from '../../../src/crypto/integrity.ts'
import { CREATE_CATEGORY, damage, damaged, DEVICE, garbage, PASSWORD, RENAME_CHILD, runs } from './vectors.ts'

const signed = (sequenceNumber: number, encodedAction: string, secondHash = PASSWORD.secondHash): Signed => ({
  sequenceNumber,
  deviceId: DEVICE,
  secondHash,
  encodedAction,
})

const V2 =
  '0d5bf5701a3db6891aeb55c5f37d2c0bd7a7907a57c4b3fe812f31ea71c1d7777730981e1a39de87097b1fed4e90897bfc62a796fc3895cc9fa239c53f7721bf'
const V5 = 'password:cnUlo8BPqdu0wx0TKVNS1n/BALi4Ii586M8ljGgS1zk='

test('V2–V4: SHA-512', (t) => {
  const kid = '$2a$12$QwErTyUiOpAsDfGhJkLzXeSmqu8mRB03k95od60ECd4Mt7BAIVXna'
  const vectors: readonly (readonly [Signed, string])[] = [
    [signed(7, CREATE_CATEGORY), V2],
    [
      signed(1234567890, '{"type":"CHILD_SIGN_IN"}', kid),
      'd94e0d71de8ed0c2a5a853811a58c420653eaa6ab0be843c8802571edf4d5ad9cade8a0e38505a838aaa6c648a259ebac56f0eccbd8fe865a74cfb832fbe096c',
    ],
    [
      signed(8, RENAME_CHILD),
      '3cd72ca9af5ea8d0d52b7bdda97e37547de3dd97c8f2a6f8c8f8b23a7ec9fe260c8ca4d4d061c23b1b41fec2e299df5b23a82a6a12149300fd0c6e4b4cdeef7a',
    ],
  ]
  for (const [action, integrity] of vectors) {
    t.is(sha512Integrity(action), integrity)
    t.true(verifySha512(action, integrity))
    t.false(verifySha512(action, integrity.toUpperCase()))
    t.false(verifySha512(action, `${integrity}\n`))
    t.false(verifySha512(action, integrity.slice(0, -1)))
  }
})

test('a character is not taken for another that has the same low byte', (t) => {
  t.false(verifySha512(signed(7, CREATE_CATEGORY), V2.replace('0', '\u0130')))
})

test('V5: HMAC', (t) => {
  const action = signed(9, CREATE_CATEGORY)
  t.is(
    hmacMessage(action).toString('hex'),
    '000000000000000900000006613142326333000000537b2274797065223a224352454154455f43415445474f5259222c226368696c644964223a226b3144307839222c2263617465676f72794964223a2267416d337331222c227469746c65223a2247616d6573227d',
  )
  t.is(passwordIntegrity(action), V5)
  t.true(verifyPassword(action, V5))
  const named = signed(10, RENAME_CHILD)
  t.is(passwordIntegrity(named), 'password:GpW4u32JO4r9bJovoG6umWv9Ozt1cFuppCjIRASiyQg=')
})

test('sequence numbers fill eight bytes', (t) => {
  for (const sequenceNumber of [0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 5, Number.MAX_SAFE_INTEGER]) {
    t.is(hmacMessage(signed(sequenceNumber, '')).readBigUInt64BE(0), BigInt(sequenceNumber))
  }
})

test('a MAC of another length is no MAC, and no other form is a password form', (t) => {
  const action = signed(9, CREATE_CATEGORY)
  const mac = Buffer.from(V5.slice('password:'.length), 'base64')
  for (const wrong of [Buffer.alloc(0), mac.subarray(0, 31), Buffer.concat([mac, Buffer.alloc(1)])]) {
    t.false(verifyPassword(action, `password:${wrong.toString('base64')}`))
  }
  t.false(verifyPassword(action, V5.slice('password:'.length)))
  t.false(verifyPassword(action, V5.replace('password:', 'Password:')))
  t.false(verifySha512(action, V5))
})

test('without a password nothing can be signed', (t) => {
  const action = signed(9, CREATE_CATEGORY, '')
  t.false(verifySha512(action, sha512Integrity(action)))
  const mac = createHmac('sha256', '').update(hmacMessage(action)).digest('base64')
  t.false(verifyPassword(action, `password:${mac}`))
})

const action = fc.record<Signed>({
  sequenceNumber: fc.maxSafeNat(),
  deviceId: fc.stringMatching(/^[A-Za-z0-9]{6}$/),
  secondHash: fc.stringMatching(/^[./A-Za-z0-9]{60}$/),
  encodedAction: fc.oneof(fc.json(), fc.string({ unit: 'binary', minLength: 1 })),
})

test('what is signed is verified; nothing that differs in one byte is', (t) => {
  const law = fc.property(
    action,
    damage,
    fc.constantFrom('deviceId', 'secondHash', 'encodedAction'),
    (right, how, member) => {
      const hex = sha512Integrity(right)
      const password = passwordIntegrity(right)
      t.true(verifySha512(right, hex))
      t.true(verifyPassword(right, password))
      const mac = damaged(Buffer.from(password.slice('password:'.length), 'base64'), how).toString('base64')
      t.false(verifySha512(right, damaged(Buffer.from(hex), how).toString('latin1')))
      t.false(verifyPassword(right, `password:${mac}`))
      const text = damaged(Buffer.from(right[member], 'utf16le'), how).toString('utf16le')
      const other = { ...right, [member]: text }
      // Lone surrogates and what replaces them are the same bytes on the wire.
      if (Buffer.from(text).equals(Buffer.from(right[member]))) return
      t.false(verifySha512(other, hex))
      t.false(verifyPassword(other, password))
      const later = { ...right, sequenceNumber: right.sequenceNumber + 1 }
      t.false(verifySha512(later, hex))
      t.false(verifyPassword(later, password))
    },
  )
  fc.assert(law, runs)
})

test('the HMAC knows where the device ends and the action starts', (t) => {
  const right = signed(1, CREATE_CATEGORY)
  const shifted = { ...right, deviceId: DEVICE + '{', encodedAction: CREATE_CATEGORY.slice(1) }
  t.false(verifyPassword(shifted, passwordIntegrity(right)))
})

test('garbage is refused, never thrown at', (t) => {
  const law = fc.property(
    fc.double(),
    garbage,
    garbage,
    garbage,
    (sequenceNumber, deviceId, encodedAction, integrity) => {
      const right = { sequenceNumber, deviceId, encodedAction, secondHash: PASSWORD.secondHash }
      t.false(verifySha512(right, integrity))
      t.false(verifyPassword(right, integrity))
      t.false(verifyPassword(right, `password:${integrity}`))
    },
  )
  fc.assert(law, runs)
})
