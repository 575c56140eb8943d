/**
 * Proves that the tree does not depend on how the history was cut into batches or how often it was opened, that it is the tree of RFC 9162's
 * definition, that every proof out of its tiles verifies by RFC 9162's algorithms and no other does, and that leaves are RFC 8785's text.
 */
import test from 'ava'
import canonicalize from 'canonicalize'
import fc from 'fast-check'
import { canonicalJson } from '../../src/canonical-json.ts'
import { memoryDocuments } from '../../src/documents/memory/memory.ts'
import type { Documents } from '../../src/documents/port.ts'
import type { Page } from '../../src/history/port.ts'
import { NOTHING, startBuilding, type Standing } from '../../src/proofs/building.ts'
import { createFrontier } from '../../src/proofs/incremental.ts'
import { leafHash } from '../../src/proofs/leaf.ts'
import { openStanding } from '../../src/proofs/opening.ts'
import { createTree } from '../../src/proofs/reading.ts'
import { isConsistent, rootByInclusion, rootOf } from '../support/merkle.ts'
import { definedLeaf, storedEvent, storedEvents, treeIn } from '../support/tree.ts'

const SOAK = process.env['SOAK'] !== undefined
const RUNS = SOAK ? 200 : 15
const EVENTS = 1_100
const events = storedEvents(EVENTS)
const leaves = events.map(leafHash)

const apply = async (documents: Documents, standing: Standing, page: Page): Promise<void> => {
  const building = startBuilding(standing)
  for (const event of page) building.add(event)
  const { tiles, state } = building.changes()
  await documents.apply(tiles, [])
  await documents.apply([state], [])
}

const reopened = async (documents: Documents): Promise<Standing> => {
  const history = {
    head: () => Promise.resolve(events.at(-1)?.position ?? 0n),
    readAll: async function* ({ after }: { readonly after: bigint }) {
      yield await Promise.resolve(events.filter(({ position }) => position > after).slice(0, 1))
    },
  }
  const opened = await openStanding({ history, documents, aheadMs: 0, signal: new AbortController().signal })
  if (opened.is !== 'standing') throw new Error(opened.reason)
  return opened.standing
}

const whole = async (count: number): Promise<Documents> => {
  const documents = memoryDocuments()
  await apply(documents, NOTHING, events.slice(0, count))
  return documents
}

test('however it is cut and opened in between, the same is stored', async (t) => {
  const expected = new Map<number, ReadonlyMap<string, unknown>>()
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 600 }), { minLength: 1, maxLength: 8 }),
      async (sizes) => {
        const documents = memoryDocuments()
        let done = 0
        for (const size of sizes) {
          const end = Math.min(done + size, EVENTS)
          if (end > done) await apply(documents, await reopened(documents), events.slice(done, end))
          done = end
        }
        const same = expected.get(done) ?? (await treeIn(await whole(done)))
        expected.set(done, same)
        t.deepEqual(await treeIn(documents), same)
      },
    ),
    { numRuns: RUNS },
  )
})

test('the root of a growing tree is that of the definition', (t) => {
  const frontier = createFrontier()
  for (const [size, leaf] of leaves.slice(0, 300).entries()) {
    t.true(frontier.root().equals(rootOf(leaves.slice(0, size))), String(size))
    frontier.add(leaf)
  }
})

test('every root and every proof of inclusion verifies, and none for another leaf, place or size', async (t) => {
  const tree = createTree(await whole(EVENTS))
  const place = fc
    .integer({ min: 1, max: EVENTS })
    .chain((size) => fc.record({ size: fc.constant(size), index: fc.integer({ min: 0, max: size - 1 }) }))
  await fc.assert(
    fc.asyncProperty(place, fc.nat(), async ({ size, index }, other) => {
      const root = await tree.rootAt(size)
      const path = await tree.inclusion(index, size)
      const leaf = await tree.leaf(index)
      if (leaf === undefined) throw new Error(`no leaf ${index}`)
      t.true(root.equals(rootOf(leaves.slice(0, size))))
      t.deepEqual(leaf, leaves[index])
      t.true(rootByInclusion(leaf, { index, size }, path)?.equals(root))
      const wrong = leaves[other % EVENTS] ?? root
      if (!wrong.equals(leaf)) t.not(rootByInclusion(wrong, { index, size }, path)?.equals(root), true)
      if (size > 1)
        t.not(rootByInclusion(leaf, { index: (index + 1) % size, size }, path)?.equals(root), true)
      const bent = path.map((hash, at) =>
        at === other % path.length ? Buffer.from(hash).fill(other, 0, 1) : hash,
      )
      const isBent = bent.some((hash, at) => !hash.equals(path[at] ?? hash))
      if (isBent) t.not(rootByInclusion(leaf, { index, size }, bent)?.equals(root), true)
    }),
    { numRuns: RUNS * 3 },
  )
})

test('every proof of consistency verifies, and none for a tree that forked', async (t) => {
  const tree = createTree(await whole(EVENTS))
  const sizes = fc
    .integer({ min: 1, max: EVENTS })
    .chain((to) => fc.record({ to: fc.constant(to), from: fc.integer({ min: 1, max: to }) }))
  await fc.assert(
    fc.asyncProperty(sizes, async ({ from, to }) => {
      const [before, after] = [await tree.rootAt(from), await tree.rootAt(to)]
      const proof = await tree.consistency(from, to)
      t.true(isConsistent({ size: from, root: before }, { size: to, root: after }, proof))
      const forked = rootOf([...leaves.slice(0, from - 1), leafHash(storedEvent(EVENTS + 1))])
      t.false(isConsistent({ size: from, root: forked }, { size: to, root: after }, proof))
    }),
    { numRuns: RUNS * 3 },
  )
  t.deepEqual(await tree.consistency(0, EVENTS), [])
})

test('positions, indexes and what is beyond the tree', async (t) => {
  const documents = await whole(EVENTS)
  const tree = createTree(documents)
  for (const index of [0, 1, 255, 256, 511, 512, EVENTS - 1]) {
    const { position } = storedEvent(index)
    t.is(await tree.indexOf(position), index)
    t.is(await tree.positionOf(index), position)
    t.is(await tree.indexOf(position + 1n), undefined)
  }
  t.is(await tree.indexOf(0n), undefined)
  t.is(await tree.indexOf(10n ** 12n), undefined)
  t.is(await tree.leaf(EVENTS), undefined)
  t.is(await tree.leaf(-1), undefined)
  await t.throwsAsync(tree.rootAt(EVENTS + 1), { instanceOf: RangeError })
  await t.throwsAsync(tree.inclusion(0, EVENTS + 1), { instanceOf: RangeError })
  await t.throwsAsync(tree.inclusion(5, 5), { instanceOf: RangeError })
  await t.throwsAsync(tree.consistency(5, EVENTS + 1), { instanceOf: RangeError })
  await documents.drop('platform_tree')
  t.is(await tree.state(), undefined)
})

test('a third level of tiles begins after 65,536 leaves', async (t) => {
  const many = storedEvents(65_536 + 300)
  const documents = memoryDocuments()
  await apply(documents, NOTHING, many.slice(0, 65_535))
  const opened = await openStanding({
    documents,
    history: {
      head: () => Promise.resolve(10n ** 9n),
      readAll: async function* ({ after }) {
        yield await Promise.resolve(many.filter(({ position }) => position > after).slice(0, 1))
      },
    },
    aheadMs: 0,
    signal: new AbortController().signal,
  })
  if (opened.is !== 'standing') throw new Error(opened.reason)
  await apply(documents, opened.standing, many.slice(65_535))
  const tree = createTree(documents)
  const hashes = many.map(leafHash)
  const [size, index] = [many.length, 65_000]
  t.true((await tree.rootAt(size)).equals(rootOf(hashes)))
  t.true(
    rootByInclusion(
      hashes[index] ?? leafHash(storedEvent(0)),
      { index, size },
      await tree.inclusion(index, size),
    )?.equals(rootOf(hashes)),
  )
  t.truthy(await documents.get('platform_tree', '2/000000000000'))
})

test('the canonical text is that of RFC 8785', (t) => {
  const json = fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' })
  fc.assert(
    fc.property(json, (value) => {
      const stored = JSON.parse(JSON.stringify(value)) as never
      t.is(canonicalJson(stored), canonicalize(stored) ?? '')
    }),
    { numRuns: RUNS * 25 },
  )
  const keys = { '10': 1, '9': 2, '\u00e9': 3, '\u{1f600}': 4, '\ufb33': 5 }
  t.is(canonicalJson(keys), '{"10":1,"9":2,"\u00e9":3,"\u{1f600}":4,"\ufb33":5}')
  t.is(
    canonicalJson({ b: 1e21, a: -0, c: 333333333.33333329, d: 1e-7 }),
    '{"a":0,"b":1e+21,"c":333333333.3333333,"d":1e-7}',
  )
  const wide = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`k${(n * 37) % 50}`, n]))
  t.is(canonicalJson(wide), canonicalize(wide) ?? '')
})

test('a leaf says everything but the position, and a text that is no Unicode too', (t) => {
  for (const event of storedEvents(40)) {
    t.true(leafHash(event).equals(definedLeaf(event)))
    t.true(leafHash({ ...event, position: 1n }).equals(leafHash(event)))
    t.false(leafHash({ ...event, revision: event.revision + 1n }).equals(leafHash(event)))
    t.false(leafHash({ ...event, meta: { ...event.meta, schema: 9 } }).equals(leafHash(event)))
  }
  const odd = { ...storedEvent(1), data: { text: '\ud800 half', 'key\udfff': 1 } }
  t.true(leafHash(odd).equals(definedLeaf(odd)))
  const loose = { ...storedEvent(1), data: { a: 1, b: undefined } as never }
  t.true(leafHash(loose).equals(definedLeaf({ ...loose, data: { a: 1 } })))
})
