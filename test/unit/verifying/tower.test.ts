/**
 * Proves the verifier's tree and proofs by the vectors of RFC 6962's reference implementation, and against the definition; and that a proof of
 * anything else is refused, whichever hash, index or size of it is changed.
 */
import fc from 'fast-check'
import test from 'ava'
import { EMPTY_ROOT, leafHash, nodeHash } from '../../../src/verifying/hashing.ts'
import { isSignedBy, parseKey, parseNote } from '../../../src/verifying/notes.ts'
import { holdsConsistency, holdsInclusion } from '../../../src/verifying/proofs.ts'
import { createTower } from '../../../src/verifying/tower.ts'
import { consistencyOf, inclusionOf, rootOfLeaves as root } from '../../support/merkle-proofs.ts'
import { SIGNER } from '../../support/verifying.ts'

const LEAVES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
]
/** Of the first 1, 2, … of them. */
const ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]

test('the reference roots', (t) => {
  t.is(EMPTY_ROOT.toString('hex'), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  const tower = createTower()
  for (const [n, leaf] of LEAVES.entries()) {
    tower.add(leafHash(Buffer.from(leaf, 'hex')))
    t.is(tower.root().toString('hex'), ROOTS[n] ?? '')
  }
})

const leavesOf = (count: number): readonly Buffer[] =>
  Array.from({ length: count }, (_, n) => leafHash(Buffer.from(String(n))))

test('the root at any earlier size, however the leaves came', (t) => {
  const leaves = leavesOf(1_500)
  const tower = createTower()
  for (let from = 0; from < leaves.length; from += 700)
    tower.add(Buffer.concat(leaves.slice(from, from + 700)))
  for (const size of [0, 1, 2, 255, 256, 257, 511, 512, 513, 767, 768, 1_000, 1_024, 1_279, 1_499, 1_500]) {
    const tail = Buffer.concat(leaves.slice(size - (size % 256), size))
    t.deepEqual(tower.rootAt(size, tail), root(leaves.slice(0, size)), String(size))
  }
  t.deepEqual(tower.level(8).subarray(32, 64), root(leaves.slice(256, 512)))
})

const changedAt = (hashes: readonly Buffer[], at: number): readonly Buffer[] =>
  hashes.map((hash, n) => (n === at ? nodeHash(hash, hash) : hash))

test('proofs of inclusion hold, and no other', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 70 }), fc.nat(), fc.nat(), (size, indexSeed, at) => {
      const leaves = leavesOf(size)
      const index = indexSeed % size
      const leaf = leaves[index] ?? EMPTY_ROOT
      const proof = inclusionOf(index, leaves)
      t.true(holdsInclusion(leaf, { index, size }, proof, root(leaves)))
      t.false(holdsInclusion(nodeHash(leaf, leaf), { index, size }, proof, root(leaves)))
      t.false(holdsInclusion(leaf, { index: size, size }, proof, root(leaves)))
      t.false(holdsInclusion(leaf, { index, size }, [...proof, leaf], root(leaves)))
      if (proof.length === 0) return
      t.false(holdsInclusion(leaf, { index, size }, changedAt(proof, at % proof.length), root(leaves)))
      t.false(holdsInclusion(leaf, { index, size }, proof.slice(1), root(leaves)))
    }),
  )
})

test('proofs of consistency hold, and no other', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 70 }), fc.nat(), fc.nat(), (size, fromSeed, at) => {
      const leaves = leavesOf(size)
      const from = 1 + (fromSeed % size)
      const [earlier, later] = [
        { size: from, root: root(leaves.slice(0, from)) },
        { size, root: root(leaves) },
      ]
      const proof = consistencyOf(from, leaves)
      t.true(holdsConsistency(earlier, later, proof))
      t.false(holdsConsistency({ ...earlier, root: nodeHash(EMPTY_ROOT, EMPTY_ROOT) }, later, proof))
      t.false(holdsConsistency(earlier, { ...later, root: EMPTY_ROOT }, proof))
      t.false(holdsConsistency(earlier, later, [...proof, EMPTY_ROOT]))
      t.false(holdsConsistency({ ...earlier, size: size + 1 }, later, proof))
      if (proof.length > 0) t.false(holdsConsistency(earlier, later, changedAt(proof, at % proof.length)))
    }),
  )
})

test('a note and its key are read, and nothing about them can be changed', (t) => {
  const { note, key } = SIGNER.sign({ size: 7, root: EMPTY_ROOT })
  const [read, verifier] = [parseNote(note), parseKey(key)]
  if (read === undefined || verifier === undefined) return t.fail()
  t.is(read.size, 7)
  t.deepEqual(read.root, EMPTY_ROOT)
  t.true(isSignedBy(read, verifier))
  for (let at = 0; at < note.length; at += 1) {
    const changed = parseNote(note.slice(0, at) + (note[at] === 'A' ? 'B' : 'A') + note.slice(at + 1))
    t.false(changed !== undefined && isSignedBy(changed, verifier), `character ${at}`)
    t.is(parseNote(note.slice(0, at)), undefined)
  }
  for (let at = 0; at < key.length; at += 1)
    t.is(
      parseKey(key.slice(0, at) + (key[at] === 'a' ? 'b' : 'a') + key.slice(at + 1)),
      undefined,
      `character ${at}`,
    )
})
