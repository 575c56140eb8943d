import type { Write } from '../../../src/documents/port.ts'
import { fill, found, ids, put, remove, scanned, update, type Case } from './helpers.ts'

/** The guard: positions decide what a write changes. */
export const writeCases: readonly Case[] = [
  [
    'a document is read as it was put, with the position of the put',
    async (t, documents, c) => {
      const value = {
        _id: 'a',
        text: 'Ünïcode \u{1f600} "quoted"',
        n: -0.5,
        deep: { list: [1, [2], { x: null }] },
      }
      await documents.apply([put(c, 'a', 7, value)], [])
      t.deepEqual(await documents.get(c, 'a'), { at: 7n, value })
      t.is(await documents.get(c, 'b'), undefined)
      t.is(await documents.get(`${c}_other`, 'a'), undefined)
    },
  ],
  [
    'a document knows its id also when the put does not name it, or names another',
    async (t, documents, c) => {
      await documents.apply([put(c, 'a', 1, { x: 1 }), put(c, 'b', 2, { _id: 'z', x: 2 })], [])
      t.deepEqual(await found(documents, c), [
        { _id: 'a', x: 1 },
        { _id: 'b', x: 2 },
      ])
    },
  ],
  [
    'a put replaces the whole document',
    async (t, documents, c) => {
      await documents.apply([put(c, 'a', 1, { x: 1, y: 1 })], [])
      await documents.apply([put(c, 'a', 2, { x: 2 })], [])
      t.deepEqual(await documents.get(c, 'a'), { at: 2n, value: { _id: 'a', x: 2 } })
    },
  ],
  [
    'a write at the same or an older position changes nothing',
    async (t, documents, c) => {
      await documents.apply([put(c, 'a', 5, { x: 'new' })], [])
      for (const at of [5, 4]) {
        await documents.apply([put(c, 'a', at, { x: 'late' })], [])
        await documents.apply([update(c, 'a', at, { $set: { x: 'late' } })], [])
        await documents.apply([remove(c, 'a', at)], [])
      }
      t.deepEqual(await documents.get(c, 'a'), { at: 5n, value: { _id: 'a', x: 'new' } })
    },
  ],
  [
    'an older write in the same batch is ignored too',
    async (t, documents, c) => {
      await documents.apply(
        [put(c, 'a', 5, { x: 'new' }), put(c, 'a', 4, { x: 'late' }), remove(c, 'a', 3)],
        [],
      )
      t.deepEqual(await documents.get(c, 'a'), { at: 5n, value: { _id: 'a', x: 'new' } })
    },
  ],
  [
    'several writes to one document in a batch follow one another',
    async (t, documents, c) => {
      const writes = [
        put(c, 'a', 1, { n: 1 }),
        update(c, 'a', 2, { $inc: { n: 1 } }),
        remove(c, 'a', 3),
        update(c, 'a', 4, { $inc: { n: 1 } }),
        put(c, 'a', 5, { n: 10 }),
        update(c, 'a', 6, { $inc: { n: 1 } }),
      ]
      await documents.apply(writes, [])
      t.deepEqual(await documents.get(c, 'a'), { at: 6n, value: { _id: 'a', n: 11 } })
    },
  ],
  [
    'an update moves the position on, also when it changes no value',
    async (t, documents, c) => {
      await documents.apply([put(c, 'a', 1, { n: 1 }), update(c, 'a', 2, { $set: { n: 1 } })], [])
      t.is((await documents.get(c, 'a'))?.at, 2n)
    },
  ],
  [
    'an update of what is missing leaves it missing',
    async (t, documents, c) => {
      await documents.apply([update(c, 'a', 1, { $set: { x: 1 } }), put(c, 'b', 2, {})], [])
      t.deepEqual(
        (await scanned(documents, c)).map(({ id }) => id),
        ['b'],
      )
    },
  ],
  [
    'a deleted document is invisible to every read',
    async (t, documents, c) => {
      await fill(documents, c, [
        { _id: 'a', x: 1 },
        { _id: 'b', x: 1 },
      ])
      await documents.apply([remove(c, 'a', 3)], [])
      t.is(await documents.get(c, 'a'), undefined)
      t.deepEqual(await ids(documents, c), ['b'])
      t.deepEqual(await ids(documents, c, { x: 1 }), ['b'])
      t.is(await documents.count(c, {}), 1)
      t.is(await documents.count(c, { x: 1 }), 1)
    },
  ],
  [
    'a tombstone keeps older puts out, and a newer put ends it',
    async (t, documents, c) => {
      await documents.apply([put(c, 'a', 1, { x: 1 }), remove(c, 'a', 5)], [])
      await documents.apply([put(c, 'a', 4, { x: 'late' }), put(c, 'a', 5, { x: 'late' })], [])
      t.deepEqual(await scanned(documents, c), [{ id: 'a', at: 5n }])
      await documents.apply([update(c, 'a', 6, { $set: { x: 1 } })], [])
      t.is(await documents.get(c, 'a'), undefined)
      await documents.apply([put(c, 'a', 7, { x: 2 })], [])
      t.deepEqual(await documents.get(c, 'a'), { at: 7n, value: { _id: 'a', x: 2 } })
      t.deepEqual(await scanned(documents, c), [{ id: 'a', at: 7n, value: { _id: 'a', x: 2 } }])
    },
  ],
  [
    'deleting what is not there yet keeps an older put out as well',
    async (t, documents, c) => {
      await documents.apply([remove(c, 'a', 5)], [])
      await documents.apply([put(c, 'a', 4, { x: 1 }), put(c, 'b', 4, { x: 1 })], [])
      t.deepEqual(await scanned(documents, c), [
        { id: 'a', at: 5n },
        { id: 'b', at: 4n, value: { _id: 'b', x: 1 } },
      ])
    },
  ],
  [
    'a write by filter changes every older document that matches, and no newer one',
    async (t, documents, c) => {
      await documents.ensureIndexes(c, [{ keys: ['g'] }])
      await documents.apply(
        [put(c, 'a', 1, { g: 1, n: 0 }), put(c, 'b', 2, { g: 2, n: 0 }), put(c, 'c', 9, { g: 1, n: 0 })],
        [],
      )
      const write: Write = { collection: c, where: { g: 1 }, at: 5n, update: { $inc: { n: 1 } } }
      await documents.apply([write], [])
      await documents.apply([write, write], [])
      t.deepEqual(
        (await scanned(documents, c)).map(({ at, value }) => [at, value?.['n']]),
        [
          [5n, 1],
          [2n, 0],
          [9n, 0],
        ],
      )
    },
  ],
  [
    'a write by filter sees what the same batch wrote before it',
    async (t, documents, c) => {
      await documents.ensureIndexes(c, [{ keys: ['g'] }])
      const writes: readonly Write[] = [
        put(c, 'a', 1, { g: 1 }),
        put(c, 'b', 2, { g: 1 }),
        update(c, 'b', 3, { $set: { g: 2 } }),
        { collection: c, where: { g: 1 }, at: 4n, update: { $set: { seen: true } } },
        put(c, 'c', 5, { g: 1 }),
      ]
      await documents.apply(writes, [])
      t.deepEqual(await ids(documents, c, { seen: true }), ['a'])
      t.deepEqual(await ids(documents, c, { g: 1 }), ['a', 'c'])
    },
  ],
  [
    'a deletion by filter leaves tombstones that keep older puts out',
    async (t, documents, c) => {
      await documents.ensureIndexes(c, [{ keys: ['g'] }])
      await fill(documents, c, [
        { _id: 'a', g: 1 },
        { _id: 'b', g: 2 },
      ])
      await documents.apply([{ collection: c, where: { g: 1 }, at: 5n, delete: true }], [])
      await documents.apply([put(c, 'a', 4, { g: 1 }), put(c, 'z', 4, { g: 1 })], [])
      t.deepEqual(
        (await scanned(documents, c)).map(({ id, at, value }) => [id, at, value === undefined]),
        [
          ['a', 5n, true],
          ['b', 2n, false],
          ['z', 4n, false],
        ],
      )
    },
  ],
  [
    'checkpoints are stored with the writes, and can be forgotten',
    async (t, documents, c) => {
      t.is(await documents.checkpoint(c), undefined)
      await documents.apply([put(c, 'a', 1, {})], [{ name: c, position: 3n }])
      t.is(await documents.checkpoint(c), 3n)
      await documents.apply(
        [],
        [
          { name: c, position: 12_345_678_901_234_567n },
          { name: `${c} ü`, position: 0n },
        ],
      )
      t.is(await documents.checkpoint(c), 12_345_678_901_234_567n)
      t.is(await documents.checkpoint(`${c} ü`), 0n)
      await documents.forgetCheckpoint(c)
      t.is(await documents.checkpoint(c), undefined)
      t.is(await documents.checkpoint(`${c} ü`), 0n)
    },
  ],
  [
    'checkpoints that moved together go on alone, and are forgotten alone',
    async (t, documents, c) => {
      const names = [1, 2, 3].map((n) => `${c} ${n}`) as [string, string, string]
      const move = (position: bigint, ...moved: readonly string[]) =>
        documents.apply(
          [],
          moved.map((name) => ({ name, position })),
        )
      const stand = () => Promise.all(names.map((name) => documents.checkpoint(name)))
      await move(5n, ...names)
      await move(7n, names[2], names[0])
      await move(6n, names[1])
      t.deepEqual(await stand(), [7n, 6n, 7n])
      await documents.forgetCheckpoint(names[0])
      t.deepEqual(await stand(), [undefined, 6n, 7n])
      await move(8n, names[1], names[2])
      await move(2n, names[0])
      t.deepEqual(await stand(), [2n, 8n, 8n], 'forgotten, it begins again')
      await documents.forgetCheckpoint(names[2])
      t.deepEqual(await stand(), [2n, 8n, undefined])
      const all = await documents.checkpoints()
      t.deepEqual([all.get(names[0]), all.get(names[1]), all.has(names[2])], [2n, 8n, false])
    },
  ],
  [
    'a batch may touch several collections',
    async (t, documents, c) => {
      await documents.apply([put(`${c}_1`, 'a', 1, { x: 1 }), put(`${c}_2`, 'a', 1, { x: 2 })], [])
      t.deepEqual(await found(documents, `${c}_1`), [{ _id: 'a', x: 1 }])
      t.deepEqual(await found(documents, `${c}_2`), [{ _id: 'a', x: 2 }])
      const names = await documents.collections()
      t.true(names.includes(`${c}_1`) && names.includes(`${c}_2`))
    },
  ],
  [
    'what a caller does to an object later does not reach the store',
    async (t, documents, c) => {
      const value = { list: [1] }
      await documents.apply([put(c, 'a', 1, value)], [])
      value.list.push(2)
      const read = await documents.get(c, 'a')
      const list = read?.value['list']
      if (Array.isArray(list)) list.push(3)
      t.deepEqual(await found(documents, c), [{ _id: 'a', list: [1] }])
    },
  ],
  [
    'scan gives everything by id in code points, tombstones too, and resumes behind an id',
    async (t, documents, c) => {
      const names = ['Z', 'a', 'b', 'Я', '\uffee', '\u{1f600}']
      await documents.apply(
        [...names].reverse().map((id, at) => put(c, id, at + 1, { id })),
        [],
      )
      await documents.apply([remove(c, 'b', 10)], [])
      const all = await scanned(documents, c)
      t.deepEqual(
        all.map(({ id }) => id),
        names,
      )
      t.deepEqual(all[2], { id: 'b', at: 10n })
      t.deepEqual(
        (await scanned(documents, c, 'b')).map(({ id }) => id),
        ['Я', '\uffee', '\u{1f600}'],
      )
      t.deepEqual(await scanned(documents, c, '\u{1f601}'), [])
    },
  ],
  [
    'a scan of many documents and tombstones misses none',
    async (t, documents, c) => {
      const names = Array.from({ length: 950 }, (_, n) => String(n).padStart(4, '0'))
      await documents.apply(
        names.map((id, at) => put(c, id, at + 1, { id })),
        [],
      )
      await documents.apply(
        names.filter((_, n) => n % 3 === 0).map((id) => remove(c, id, 5000)),
        [],
      )
      const all = await scanned(documents, c)
      t.deepEqual(
        all.map(({ id }) => id),
        names,
      )
      t.is(all.filter(({ value }) => value === undefined).length, 317)
    },
  ],
]
