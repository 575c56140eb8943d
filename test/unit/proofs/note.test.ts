/** Proves that a signed head is a C2SP checkpoint: its words, its names, and a signature that Ed25519 itself verifies. */
import { createHash, createPublicKey, verify } from 'node:crypto'
import test from 'ava'
import { createSigner } from '../../../src/proofs/note.ts'

/** RFC 8032, 7.1, test 1. */
const SEED = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex')
const PUBLIC = Buffer.from('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', 'hex')

test('a head is signed as a checkpoint', (t) => {
  const signer = createSigner(SEED)
  const root = Buffer.alloc(32, 7)
  const { origin, size, note, key, ...head } = signer.sign({ size: 12, root })
  t.deepEqual({ origin, key, size }, { origin: signer.origin, key: signer.key, size: 12 })
  t.is(origin, `headwater.local/${createHash('sha256').update(PUBLIC).digest('hex').slice(0, 16)}`)
  t.is(head.root, root.toString('base64'))

  const [name = '', id = '', typed = ''] = key.split('+')
  t.is(name, origin)
  t.deepEqual(
    Buffer.from(key.slice(name.length + id.length + 2), 'base64'),
    Buffer.concat([Buffer.of(1), PUBLIC]),
  )
  t.true(typed.length > 0)
  const keyId = createHash('sha256').update(`${origin}\n`).update(Buffer.of(1)).update(PUBLIC).digest()
  t.is(id, keyId.subarray(0, 4).toString('hex'))

  const text = `${origin}\n12\n${head.root}\n`
  t.true(note.startsWith(`${text}\n— ${origin} `) && note.endsWith('\n'))
  const signature = Buffer.from(note.trimEnd().split(' ').at(-1) ?? '', 'base64')
  t.is(signature.length, 68)
  t.is(signature.subarray(0, 4).toString('hex'), id)
  const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), PUBLIC])
  const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' })
  t.true(verify(null, Buffer.from(text), publicKey, signature.subarray(4)))
  t.false(verify(null, Buffer.from(text.replace('12', '13')), publicKey, signature.subarray(4)))
})
