/** Proves that the hashing is RFC 6962's, with the leaves, roots and paths that Certificate Transparency's own tests publish. */
import test from 'ava'
import { createFrontier } from '../../../src/proofs/incremental.ts'
import {
  consistencyRanges,
  inclusionRanges,
  rangeHash,
  TILE_HASHES,
  tilesOf,
  type Range,
} from '../../../src/proofs/merkle.ts'
import { leafOf } from '../../support/merkle.ts'

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
const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]
const hashes = LEAVES.map((data) => leafOf(Buffer.from(data, 'hex')))
const tile = (): Buffer => Buffer.concat(hashes)
const hexOf = (ranges: readonly Range[]): readonly string[] =>
  ranges.map((range) => rangeHash(range, tile).toString('hex'))

test('roots of 0 to 8 leaves, from a tile and one leaf after the other', (t) => {
  const frontier = createFrontier()
  for (const [size, root] of ROOTS.entries()) {
    t.is(rangeHash({ from: 0, to: size }, tile).toString('hex'), root)
    t.is(frontier.root().toString('hex'), root)
    t.is(frontier.size(), size)
    const next = hashes[size]
    if (next !== undefined) frontier.add(next)
  }
})

test('published paths of inclusion', (t) => {
  t.deepEqual(inclusionRanges(0, 1), [])
  t.deepEqual(hexOf(inclusionRanges(0, 8)), [
    '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
    '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
    '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
  ])
  t.deepEqual(hexOf(inclusionRanges(5, 8)), [
    'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  ])
  t.deepEqual(hexOf(inclusionRanges(2, 3)), [
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  ])
})

test('published proofs of consistency', (t) => {
  t.deepEqual(consistencyRanges(1, 1), [])
  t.deepEqual(consistencyRanges(0, 8), [])
  t.deepEqual(hexOf(consistencyRanges(1, 8)), [
    '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
    '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
    '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
  ])
  t.deepEqual(hexOf(consistencyRanges(6, 8)), [
    '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
    'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  ])
})

test('what is beyond the tree is refused', (t) => {
  for (const [index, size] of [
    [8, 8],
    [-1, 8],
    [0, 0],
    [0.5, 8],
    [NaN, 8],
  ] as const)
    t.throws(() => inclusionRanges(index, size), { instanceOf: RangeError })
  t.throws(() => consistencyRanges(9, 8), { instanceOf: RangeError })
  t.throws(() => consistencyRanges(-1, 8), { instanceOf: RangeError })
})

test('a proof in a tree of 2^40 leaves needs two tiles a level at most', (t) => {
  const size = 2 ** 40 - 12_345
  for (const index of [0, 1, size - 1, 2 ** 33 + 7, size - 300]) {
    const tiles = tilesOf(inclusionRanges(index, size))
    t.true(tiles.length <= 10, String(tiles.length))
    for (const one of tiles) t.true(one.index * TILE_HASHES * 256 ** one.level < size)
  }
})
