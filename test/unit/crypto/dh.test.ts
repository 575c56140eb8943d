/**
 * Proves the key exchange and the encrypted second hash on V9, on a second implementation (`diffieHellman` of key objects), and by laws:
 * what a client seals is opened, nothing that differs in one byte is, and garbage is refused without a throw.
 */
import { createCipheriv, createPublicKey, diffieHellman, generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import test from 'ava'
import { createDhKeyPair } from '../../../src/crypto/create-dh-key-pair.ts'
import { decryptSecondHash, sharedSecret } from '../../../src/crypto/dh.ts'
import {
  CLIENT,
  damage,
  damaged,
  damagedBase64,
  fewRuns,
  garbage,
  PASSWORD,
  SERVER,
  SHARED_SECRET,
} from './vectors.ts'

const V9 =
  'AAECAwQFBgcICQoL2tbnnzpolbHHzQwnnsex5uS/jFbsdzh41n0ksXZzP2bmzQFsFWHx46uXGpK9m+wiZKRZaP9XVyUuZVD3X76rrTiZ12BMiuv4DTQDZw==.' +
  `${CLIENT.publicKey}.${SERVER.version}`

const keyOf = (version: string) => (version === SERVER.version ? SERVER.privateKey : undefined)

/** What a client does (timelimit 1.4), here with the secret of V9. */
const sealed = (
  secondHash: string,
  { hash, secondSalt }: { readonly hash: string; readonly secondSalt: string },
  iv: Buffer,
) => {
  const cipher = createCipheriv('aes-128-gcm', Buffer.from(SHARED_SECRET, 'hex').subarray(0, 16), iv)
  cipher.setAAD(Buffer.from(`ParentPassword:${hash}:${secondSalt}`))
  const text = Buffer.concat([cipher.update(secondHash), cipher.final()])
  return Buffer.concat([iv, text, cipher.getAuthTag()])
}

test('V9: both sides have the same secret', (t) => {
  t.is(sharedSecret(SERVER.privateKey, CLIENT.publicKey)?.toString('hex'), SHARED_SECRET)
  t.is(sharedSecret(CLIENT.privateKey, SERVER.publicKey)?.toString('hex'), SHARED_SECRET)
})

test('V9: the second hash is opened', (t) => {
  t.deepEqual(decryptSecondHash(V9, PASSWORD, keyOf), { secondHash: PASSWORD.secondHash, keyVersion: 'Ab12' })
})

test('a secret that starts with a zero byte still has 32', (t) => {
  const scalar = Buffer.alloc(32)
  scalar.writeUInt32BE(309, 28)
  const secret = sharedSecret(scalar.toString('base64'), SERVER.publicKey)
  t.is(secret?.toString('hex'), '0094f4783ee8d261b5105ac71f605438100e8d84e9249f25f1a7038e438ec068')
})

test('new key pairs agree with key objects', (t) => {
  const law = fc.property(fc.constant(undefined), () => {
    const ours = createDhKeyPair()
    const theirs = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    const publicKey = createPublicKey({
      key: Buffer.from(ours.publicKey, 'base64'),
      format: 'der',
      type: 'spki',
    })
    t.deepEqual(
      sharedSecret(
        ours.privateKey,
        theirs.publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
      ),
      diffieHellman({ privateKey: theirs.privateKey, publicKey }),
    )
  })
  fc.assert(law, fewRuns)
  t.not(createDhKeyPair().privateKey, createDhKeyPair().privateKey)
})

test('only P-256 public keys make a secret', (t) => {
  const spki = Buffer.from(CLIENT.publicKey, 'base64')
  const exported = (key: ReturnType<typeof createPublicKey>) => key.export({ format: 'der', type: 'spki' })
  const wrong: readonly Buffer[] = [
    Buffer.alloc(0),
    spki.subarray(26),
    spki.subarray(0, -1),
    Buffer.concat([spki, Buffer.alloc(1)]),
    Buffer.concat([spki.subarray(0, 27), Buffer.alloc(64, 7)]),
    // The hybrid form of the same point, which OpenSSL would take.
    Buffer.concat([spki.subarray(0, 26), Buffer.of(6), spki.subarray(27)]),
    Buffer.concat([spki.subarray(0, 27), Buffer.alloc(64)]),
    Buffer.concat([spki.subarray(0, 26), Buffer.alloc(1)]),
    generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'der', type: 'pkcs8' }),
    exported(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey),
    exported(generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).publicKey),
    exported(generateKeyPairSync('x25519').publicKey),
    exported(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey),
  ]
  for (const key of wrong)
    t.is(sharedSecret(SERVER.privateKey, key.toString('base64')), undefined, key.toString('hex'))
  for (const key of [
    '',
    'AA==',
    Buffer.alloc(32).toString('base64'),
    Buffer.alloc(32, 255).toString('base64'),
  ]) {
    t.is(sharedSecret(key, CLIENT.publicKey), undefined)
  }
})

test('what a client seals is opened; nothing that differs in one byte is', (t) => {
  const frame = fc.record({
    hash: fc.stringMatching(/^[$./A-Za-z0-9]{60}$/),
    secondSalt: fc.stringMatching(/^[$./A-Za-z0-9]{29}$/),
  })
  const secondHash = fc.stringMatching(/^[$./A-Za-z0-9]{0,80}$/)
  const iv = fc.uint8Array({ minLength: 12, maxLength: 12 }).map((bytes) => Buffer.from(bytes))
  const law = fc.property(frame, secondHash, iv, damage, (open, secret, start, how) => {
    const box = sealed(secret, open, start)
    const container = (bytes: Buffer, client = CLIENT.publicKey) =>
      `${bytes.toString('base64')}.${client}.Ab12`
    t.deepEqual(decryptSecondHash(container(box), open, keyOf), { secondHash: secret, keyVersion: 'Ab12' })
    t.is(decryptSecondHash(container(damaged(box, how)), open, keyOf), undefined)
    t.is(decryptSecondHash(container(box, damagedBase64(CLIENT.publicKey, how)), open, keyOf), undefined)
    for (const member of ['hash', 'secondSalt'] as const) {
      const other = { ...open, [member]: damaged(Buffer.from(open[member]), how).toString('latin1') }
      t.is(decryptSecondHash(container(box), other, keyOf), undefined)
    }
    t.is(
      decryptSecondHash(container(box), open, () => CLIENT.privateKey),
      undefined,
    )
  })
  fc.assert(law, fewRuns)
})

test('a key is asked for only by a version of four letters and digits', (t) => {
  const [box = '', client = ''] = V9.split('.')
  const asked: string[] = []
  const ask = (version: string) => {
    asked.push(version)
    return undefined
  }
  for (const version of ['', 'Ab1', 'Ab123', 'Ab1_', 'Äb12', 'Ab1\n', 'Ab12\n', 'Ab12.', 'Ab12.x', '.Ab12']) {
    t.is(decryptSecondHash(`${box}.${client}.${version}`, PASSWORD, ask), undefined)
  }
  t.deepEqual(asked, [])
  t.is(decryptSecondHash(V9, PASSWORD, ask), undefined)
  t.deepEqual(asked, ['Ab12'])
})

test('garbage is refused, never thrown at', (t) => {
  const text = fc.oneof(
    garbage,
    fc.tuple(garbage, garbage).map(([a, b]) => `${a}.${b}.Ab12`),
    garbage.map((a) => `${a}.${CLIENT.publicKey}.Ab12`),
  )
  const law = fc.property(text, garbage, (container, member) => {
    t.is(decryptSecondHash(container, PASSWORD, keyOf), undefined)
    t.is(decryptSecondHash(V9, { hash: member, secondSalt: member }, keyOf), undefined)
    t.is(sharedSecret(SERVER.privateKey, member), undefined)
  })
  fc.assert(law, fewRuns)
})
