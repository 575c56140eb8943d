/**
 * Proves U2F on V8 and V10 (id, HMACs, challenge) and, since no vector has a signature, on a security key made here from the
 * specification of its response: it is believed with its counter, and not if one byte of anything differs.
 */
import { createHash, createHmac, generateKeyPairSync, sign } from 'node:crypto'
import fc from 'fast-check'
import test from 'ava'
import { hmacMessage } from '../../../src/crypto/integrity.ts'
import {
  DIRECT_ACTION,
  parseU2fIntegrity,
  u2fKeyId,
  verifyU2f,
  type U2fProof,
} from '../../../src/crypto/u2f.ts'
import {
  CLIENT,
  CREATE_CATEGORY,
  damage,
  damagedBase64,
  DEVICE,
  fewRuns,
  garbage,
  SERVER,
  SHARED_SECRET,
} from './vectors.ts'

/** V10. */
const APPLICATION = 'd21070ccd81ae150a8564869f74900aa02f7f1be1aba2839c9fa17f438b73e35'
const CHALLENGE = '62e2af489aae2a899ee329bfc6d6a3b286be0d27a7764a2f770d376fae5caf1a'
const DIRECT_HMAC = 'dOgTSJaUaDoSQ+tW5/e1BVM2CuG+dJHLtHf9dmmMF1E='
const ACTION_HMAC = 'G93IYJXbNIKYo5UFvC0If445cW3HQ9l1SF8LMtRGJIA='

const token = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
const u2fPublicKey = token.publicKey.export({ format: 'der', type: 'spki' }).subarray(-65).toString('base64')

const response = (
  counter: number,
  { presence = 1, challenge = CHALLENGE, application = APPLICATION } = {},
): string => {
  const head = Buffer.alloc(5)
  head.writeUInt8(presence)
  head.writeUInt32BE(counter, 1)
  const data = Buffer.concat([Buffer.from(application, 'hex'), head, Buffer.from(challenge, 'hex')])
  return Buffer.concat([head, sign('sha256', data, token.privateKey)]).toString('base64')
}

const text = (answer: string, hmac = DIRECT_HMAC): string =>
  `u2f:Ab12.${CLIENT.publicKey}.Yjkipkb+.${answer}.${hmac}`

const proof = (integrity: string, changes: Partial<U2fProof> = {}): U2fProof => ({
  parsed: parseU2fIntegrity(integrity) ?? {
    dhVersion: '',
    clientPublicKey: '',
    keyId: '',
    response: '',
    hmac: '',
  },
  serverPrivateKey: SERVER.privateKey,
  serverPublicKey: SERVER.publicKey,
  u2fPublicKey,
  message: DIRECT_ACTION,
  ...changes,
})

test('V8: key id', (t) => {
  const publicKey = Buffer.concat([Buffer.of(4), Buffer.alloc(32, 0x11), Buffer.alloc(32, 0x22)]).toString(
    'base64',
  )
  t.is(u2fKeyId('ABEiM0RVZneImaq7zN3u/w==', publicKey), 'Yjkipkb+')
  t.not(u2fKeyId('ABEiM0RVZneImaq7zN3u', publicKey), 'Yjkipkb+')
})

test('V10: the values that the checks are made of', (t) => {
  t.is(createHash('sha256').update('https://timelimit.io').digest('hex'), APPLICATION)
  const mac = (message: Buffer) =>
    createHmac('sha256', Buffer.from(SHARED_SECRET, 'hex')).update(message).digest('base64')
  t.is(mac(DIRECT_ACTION), DIRECT_HMAC)
  t.is(mac(hmacMessage({ sequenceNumber: 9, deviceId: DEVICE, encodedAction: CREATE_CATEGORY })), ACTION_HMAC)
})

test('a text has five parts', (t) => {
  t.deepEqual(parseU2fIntegrity('u2f:Ab12.b.c.d.e'), {
    dhVersion: 'Ab12',
    clientPublicKey: 'b',
    keyId: 'c',
    response: 'd',
    hmac: 'e',
  })
  for (const wrong of [
    '',
    'u2f:',
    'u2f',
    'Ab12.b.c.d.e',
    'U2F:Ab12.b.c.d.e',
    'u2f:Ab12.b.c.d',
    'u2f:Ab12.b.c.d.e.',
    'u2f:Ab1.b.c.d.e',
    'u2f:....',
  ]) {
    t.is(parseU2fIntegrity(wrong), undefined, wrong)
  }
})

test('V10: the response to the challenge is believed, with the counter of the key', (t) => {
  t.deepEqual(verifyU2f(proof(text(response(0)))), { counter: 0 })
  t.deepEqual(verifyU2f(proof(text(response(0xffffffff)))), { counter: 0xffffffff })
  const message = hmacMessage({ sequenceNumber: 9, deviceId: DEVICE, encodedAction: CREATE_CATEGORY })
  t.deepEqual(verifyU2f(proof(text(response(41), ACTION_HMAC), { message })), { counter: 41 })
})

test('what is signed for another place, exchange or message is refused', (t) => {
  const right = response(7)
  const swapped = CHALLENGE.replace('62', '63')
  t.is(verifyU2f(proof(text(response(7, { challenge: swapped })))), undefined)
  t.is(verifyU2f(proof(text(response(7, { application: swapped })))), undefined)
  t.is(verifyU2f(proof(text(right, ACTION_HMAC))), undefined)
  t.is(verifyU2f(proof(text(right), { message: Buffer.from('direct actions') })), undefined)
  t.is(verifyU2f(proof(text(right), { serverPrivateKey: CLIENT.privateKey })), undefined)
  t.is(verifyU2f(proof(text(right), { serverPublicKey: CLIENT.publicKey })), undefined)
  t.is(verifyU2f(proof(text(right).replace('Ab12', 'Ab13'))), undefined)
})

test('an HMAC or response of another length is refused', (t) => {
  const mac = Buffer.from(DIRECT_HMAC, 'base64')
  for (const wrong of [
    '',
    mac.subarray(1).toString('base64'),
    Buffer.concat([mac, mac]).toString('base64'),
  ]) {
    t.is(verifyU2f(proof(text(response(7), wrong))), undefined)
  }
  const answer = Buffer.from(response(7), 'base64')
  for (const bytes of [0, 1, 4, 5, 6, answer.length - 1]) {
    t.is(verifyU2f(proof(text(answer.subarray(0, bytes).toString('base64')))), undefined)
  }
})

test('only a point on the curve is a public key', (t) => {
  const point = Buffer.from(u2fPublicKey, 'base64')
  for (const wrong of [
    Buffer.alloc(0),
    Buffer.alloc(65, 4),
    Buffer.alloc(65),
    point.subarray(1),
    Buffer.concat([point, Buffer.of(0)]),
  ]) {
    t.is(verifyU2f(proof(text(response(7)), { u2fPublicKey: wrong.toString('base64') })), undefined)
  }
})

test('nothing that differs in one byte is believed', (t) => {
  const members = fc.constantFrom('response', 'hmac', 'clientPublicKey')
  const law = fc.property(
    fc.nat(0xffffffff),
    fc.nat(255),
    members,
    damage,
    (counter, presence, member, how) => {
      const right = proof(text(response(counter, { presence })))
      t.deepEqual(verifyU2f(right), { counter })
      const parsed = { ...right.parsed, [member]: damagedBase64(right.parsed[member], how) }
      t.is(verifyU2f({ ...right, parsed }), undefined)
      t.is(verifyU2f({ ...right, u2fPublicKey: damagedBase64(u2fPublicKey, how) }), undefined)
      t.is(verifyU2f({ ...right, serverPublicKey: damagedBase64(SERVER.publicKey, how) }), undefined)
    },
  )
  fc.assert(law, fewRuns)
})

test('garbage is refused, never thrown at', (t) => {
  const right = proof(text(response(7)))
  const member = fc.constantFrom('response', 'hmac', 'clientPublicKey', 'dhVersion')
  const law = fc.property(member, garbage, (name, wrong) => {
    t.is(parseU2fIntegrity(wrong), undefined)
    t.is(verifyU2f({ ...right, parsed: { ...right.parsed, [name]: wrong } }), undefined)
    t.is(verifyU2f({ ...right, u2fPublicKey: wrong }), undefined)
    t.is(verifyU2f({ ...right, serverPublicKey: wrong }), undefined)
    t.is(u2fKeyId(wrong, wrong).length, 8)
  })
  fc.assert(law, fewRuns)
})
