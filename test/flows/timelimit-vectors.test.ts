/** Proves that the device of our tests computes the test vectors (timelimit 10.16), so that the server is tested against something that is right. */
import { asText } from '../support/client.ts'
import { createECDH, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import test from 'ava'
import {
  byHmac,
  bySha,
  challengeOf,
  encrypted,
  keyIdOf,
  passwordChange,
  removalOf,
} from '../support/timelimit-crypto.ts'

const V1 = {
  hash: '$2a$12$KIXQ4p0m1u7sV8bWcYdZeuyVMbBvu61BSf.GbazDWtu2I8mObObUm',
  secondHash: '$2a$12$Zp3rT9wLq2xN5vB7mC1kJes8s9ZHya.G6223zioOyn.bjaTY/NGEK',
  secondSalt: '$2a$12$Zp3rT9wLq2xN5vB7mC1kJe',
}
const CREATE = { type: 'CREATE_CATEGORY', childId: 'k1D0x9', categoryId: 'gAm3s1', title: 'Games' }
const RENAME = { type: 'RENAME_CHILD', childId: 'k1D0x9', newName: 'Zoë 🦊' }

const proofOf = ({ prove, encoded }: ReturnType<ReturnType<typeof byHmac>>, number: number): string =>
  prove('a1B2c3', number, encoded).integrity

test('SHA-512', (t) => {
  const kid = { ...V1, secondHash: '$2a$12$QwErTyUiOpAsDfGhJkLzXeSmqu8mRB03k95od60ECd4Mt7BAIVXna' }
  const signIn = bySha('k1D0x9', kid, 'child')({ type: 'CHILD_SIGN_IN' })
  t.true(proofOf(bySha('pAr3nT', V1)(CREATE), 7).startsWith('0d5bf5701a3db6891aeb55c5f37d2c0bd7a7907a'))
  t.true(proofOf(signIn, 1_234_567_890).startsWith('d94e0d71de8ed0c2a5a853811a58c420653eaa6a'))
  t.true(proofOf(bySha('pAr3nT', V1)(RENAME), 8).startsWith('3cd72ca9af5ea8d0d52b7bdda97e37547de3dd97'))
})

test('HMAC', (t) => {
  const by = byHmac('pAr3nT', V1)
  t.is(proofOf(by(CREATE), 9), 'password:cnUlo8BPqdu0wx0TKVNS1n/BALi4Ii586M8ljGgS1zk=')
  t.is(proofOf(by(RENAME), 10), 'password:GpW4u32JO4r9bJovoG6umWv9Ozt1cFuppCjIRASiyQg=')
})

test('a change of password, and the proof of a removal', (t) => {
  const next = {
    hash: '$2a$12$HhAaSsHh0123456789abceastlnsv87l.JdDEWW60cqBQoEAq.kdG',
    secondSalt: '$2a$12$NnSsAaLlTt0123456789ae',
    secondHash: '$2a$12$NnSsAaLlTt0123456789aet5G2/jDk3PbJ1ygPtow3Nr3fAY9q0ZG',
  }
  const iv = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex')
  const { integrity, secondHashEncrypted } = passwordChange('pAr3nT', V1, next, {
    iv,
    salt: 'f0e1d2c3b4a5968778695a4b3c2d1e0f',
  })
  t.true(asText(secondHashEncrypted).endsWith('2905c1dcd20c2d9623a52b986f1a'))
  t.true(asText(integrity).startsWith('1be76cae5c94f053c9e45aaf6bc344053d2c5347'))
  t.is(removalOf('pAr3n2', V1), '5edd544e7c109c69')
})

test('the id of a security key', (t) => {
  const handle = Buffer.from('ABEiM0RVZneImaq7zN3u/w==', 'base64')
  const point = Buffer.concat([Buffer.from([4]), Buffer.alloc(32, 0x11), Buffer.alloc(32, 0x22)])
  t.is(keyIdOf(handle, point), 'Yjkipkb+')
})

test('an encrypted second hash, and the challenge of a security key', (t) => {
  const [server, client] = [pairOf(1), pairOf(2)]
  const k = server.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
  const dh = { k, v: 'Ab12' }
  const iv = Buffer.from('000102030405060708090a0b', 'hex')
  const [sealed = '', , version] = asText(encrypted(V1, dh, { pair: client, iv }).secondHash).split('.')
  t.true(sealed.startsWith('AAECAwQFBgcICQoL2tbnnzpolbHHzQwnnsex5uS/jFbsdzh41n0ksXZzP2bm'))
  t.true(sealed.endsWith('ZaP9XVyUuZVD3X76rrTiZ12BMiuv4DTQDZw=='))
  t.is(version, 'Ab12')
  const challenge = challengeOf(dh, client.publicKey.export({ type: 'spki', format: 'der' }))
  t.is(challenge.toString('hex'), '62e2af489aae2a899ee329bfc6d6a3b286be0d27a7764a2f770d376fae5caf1a')
})

/** The pair whose private scalar is 32 times this byte. */
const pairOf = (byte: number): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } => {
  const ecdh = createECDH('prime256v1')
  ecdh.setPrivateKey(Buffer.alloc(32, byte))
  const point = ecdh.getPublicKey()
  const jwk = {
    kty: 'EC',
    crv: 'P-256',
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33).toString('base64url'),
    d: Buffer.alloc(32, byte).toString('base64url'),
  }
  const privateKey = createPrivateKey({ key: jwk, format: 'jwk' })
  return { privateKey, publicKey: createPublicKey(privateKey) }
}
