import { fill, ids, put, remove, scanned, update, type Case } from './helpers.ts'

/**
 * More than the port promises, which is that a batch cut anywhere can be applied again: stores without transactions over several documents keep
 * what they wrote before the refusal.
 */
export const WHOLE_BATCH_REFUSED = 'a batch that a unique index refuses leaves nothing behind'

/** What declared indexes must not change, and what only they promise. */
export const indexCases: readonly Case[] = [
  [
    'an index declared on a filled collection knows what is there',
    async (t, documents, c) => {
      await fill(
        documents,
        c,
        Array.from({ length: 1_200 }, (_, n) => ({ _id: `d${n}`, g: n % 3, tags: [`t${n % 5}`, 'all'] })),
      )
      await documents.apply([remove(c, 'd0', 9_000)], [])
      await documents.ensureIndexes(c, [{ keys: ['g'] }, { keys: ['tags', 'g'] }])
      await documents.ensureIndexes(c, [{ keys: ['g'] }])
      t.is(await documents.count(c, { g: 0 }), 399)
      t.is(await documents.count(c, { tags: 'all', g: 1 }), 400)
      t.is((await ids(documents, c, { tags: 't1' })).length, 240)
    },
  ],
  [
    'an index follows every change of a document',
    async (t, documents, c) => {
      await documents.ensureIndexes(c, [{ keys: ['tags'] }, { keys: ['g', 'n'] }])
      await documents.apply([put(c, 'a', 1, { tags: ['x', 'y', 'x'], g: 1, n: 1 })], [])
      t.is(await documents.count(c, { tags: 'x' }), 1)
      await documents.apply([update(c, 'a', 2, { $pull: { tags: 'x' }, $push: { tags: 'z' } })], [])
      t.deepEqual(await ids(documents, c, { tags: 'x' }), [])
      t.deepEqual(await ids(documents, c, { tags: { $in: ['y', 'z'] } }), ['a'])
      t.is(await documents.count(c, { tags: { $in: ['y', 'z'] } }), 1)
      await documents.apply([put(c, 'a', 3, { g: 2 })], [])
      t.deepEqual(await ids(documents, c, { tags: { $in: ['y', 'z'] } }), [])
      t.deepEqual(await ids(documents, c, { g: 2, n: null }), ['a'])
      await documents.apply([remove(c, 'a', 4)], [])
      t.deepEqual(await ids(documents, c, { g: 2 }), [])
      await documents.apply([put(c, 'a', 5, { g: 2 })], [])
      t.deepEqual(await ids(documents, c, { g: 2 }), ['a'])
    },
  ],
  [
    'a document that matches by several elements or branches is found and counted once',
    async (t, documents, c) => {
      await documents.ensureIndexes(c, [
        { keys: ['owner'] },
        { keys: ['access'] },
        { keys: ['group'] },
        { keys: ['model'] },
      ])
      await fill(documents, c, [
        { _id: 'a', owner: 'u', access: ['u', 'v'], group: 'g', model: 'x' },
        { _id: 'b', owner: 'v', access: ['u', 'w'], group: 'g', model: 'x' },
        { _id: 'c', owner: 'v', access: [], group: 'h', model: 'x' },
        { _id: 'd', owner: 'u', access: [], group: 'h', model: 'y' },
        { _id: 'e', owner: 'w', access: ['w'], group: 'g', model: 'y' },
      ])
      const visible = { $or: [{ owner: 'u' }, { access: 'u' }, { group: 'g' }] }
      t.deepEqual(await ids(documents, c, visible), ['a', 'b', 'd', 'e'])
      t.is(await documents.count(c, visible), 4)
      t.deepEqual(await ids(documents, c, visible, { skip: 1, limit: 2 }), ['b', 'd'])
      t.deepEqual(await ids(documents, c, visible, { sort: [['_id', -1]], limit: 3 }), ['e', 'd', 'b'])
      t.deepEqual(await ids(documents, c, { $and: [visible, { model: 'x' }] }), ['a', 'b'])
      t.deepEqual(await ids(documents, c, { access: { $in: ['u', 'v', 'w'] } }), ['a', 'b', 'e'])
      t.deepEqual(await ids(documents, c, visible, { sort: [['model', -1]] }), ['d', 'e', 'a', 'b'])
    },
  ],
  [
    'merged branches keep the order over several pages',
    async (t, documents, c) => {
      await documents.ensureIndexes(c, [
        { keys: ['a'] },
        { keys: ['b'] },
        { keys: ['a', 't'] },
        { keys: ['b', 't'] },
      ])
      const values = Array.from({ length: 1_000 }, (_, n) => ({
        _id: String(n).padStart(4, '0'),
        a: n % 2,
        b: n % 3,
        t: (n * 37) % 11,
      }))
      await fill(documents, c, values)
      const filter = { $or: [{ a: 1 }, { b: 1 }] }
      const expected = values.filter(({ a, b }) => a === 1 || b === 1)
      t.deepEqual(
        await ids(documents, c, filter),
        expected.map(({ _id }) => _id),
      )
      for (const direction of [1, -1] as const) {
        const sorted = [...expected].sort((x, y) => (x.t - y.t) * direction || (x._id < y._id ? -1 : 1))
        t.deepEqual(
          await ids(documents, c, filter, { sort: [['t', direction]] }),
          sorted.map(({ _id }) => _id),
        )
        t.deepEqual(
          await ids(documents, c, filter, { sort: [['t', direction]], skip: 100, limit: 300 }),
          sorted.slice(100, 400).map(({ _id }) => _id),
        )
      }
    },
  ],
  [
    'branches that fix what is sorted by are merged in order too',
    async (t, documents, c) => {
      await documents.ensureIndexes(c, [
        { keys: ['model'] },
        { keys: ['owner', 'model'] },
        { keys: ['model', 'time'] },
        { keys: ['time', 'model'] },
      ])
      await fill(documents, c, [
        { _id: 'a', model: 'x', owner: 'v', time: 1 },
        { _id: 'b', model: 'y', owner: 'u', time: 3 },
        { _id: 'c', model: 'w', owner: 'u', time: 1 },
        { _id: 'd', model: 'x', owner: 'u', time: 2 },
      ])
      const byModel = { $or: [{ model: 'x' }, { owner: 'u' }] }
      t.deepEqual(await ids(documents, c, byModel, { sort: [['model', 1]] }), ['c', 'a', 'd', 'b'])
      t.deepEqual(await ids(documents, c, byModel, { sort: [['model', -1]] }), ['b', 'a', 'd', 'c'])
      const both = { $or: [{ model: 'x' }, { time: 1 }] }
      const sort = [
        ['model', 1],
        ['time', -1],
      ] as const
      t.deepEqual(await ids(documents, c, both, { sort: [...sort] }), ['c', 'd', 'a'])
      t.deepEqual(
        await ids(documents, c, both, {
          sort: [
            ['model', 1],
            ['time', 1],
          ],
        }),
        ['c', 'a', 'd'],
      )
    },
  ],
  [
    'a unique index refuses a second document with the value, and the checkpoint of the batch',
    async (t, documents, c) => {
      await documents.ensureIndexes(c, [{ keys: ['hash'], unique: true }])
      await fill(documents, c, [{ _id: 'a', hash: 'h' }, { _id: 'b', hash: 'i' }, { _id: 'c' }, { _id: 'd' }])
      await t.throwsAsync(
        documents.apply(
          [put(c, 'e', 8, { hash: 'j' }), put(c, 'f', 9, { hash: 'h' })],
          [{ name: c, position: 9n }],
        ),
        { message: /hash/ },
      )
      t.deepEqual(await ids(documents, c, { hash: 'h' }), ['a'])
      t.is(await documents.get(c, 'f'), undefined)
      t.is(await documents.checkpoint(c), undefined)
      await documents.apply([put(c, 'a', 10, { hash: 'h', x: 1 })], [])
      t.deepEqual(await ids(documents, c, { hash: 'h' }), ['a'])
    },
  ],
  [
    WHOLE_BATCH_REFUSED,
    async (t, documents, c) => {
      await documents.ensureIndexes(c, [{ keys: ['hash'], unique: true }])
      await fill(documents, c, [{ _id: 'a', hash: 'h' }])
      await t.throwsAsync(documents.apply([put(c, 'b', 8, { hash: 'j' }), put(c, 'c', 9, { hash: 'h' })], []))
      t.deepEqual(await ids(documents, c), ['a'])
    },
  ],
  [
    'two documents may exchange what they have in a unique index',
    async (t, documents, c) => {
      await documents.ensureIndexes(c, [{ keys: ['hash'], unique: true }])
      await fill(documents, c, [
        { _id: 'a', hash: 'h' },
        { _id: 'b', hash: 'i' },
      ])
      await documents.apply([put(c, 'a', 5, { hash: 'i' }), put(c, 'b', 6, { hash: 'h' })], [])
      t.deepEqual(await ids(documents, c, { hash: 'h' }), ['b'])
      await t.throwsAsync(documents.apply([put(c, 'c', 7, { hash: 'i' })], []))
    },
  ],
  [
    'what a document gives up in a unique index another may have',
    async (t, documents, c) => {
      await documents.ensureIndexes(c, [{ keys: ['hash'], unique: true }])
      await fill(documents, c, [
        { _id: 'a', hash: 'h' },
        { _id: 'b', hash: 'i' },
      ])
      await documents.apply([update(c, 'b', 5, { $unset: { hash: '' } }), put(c, 'c', 6, { hash: 'i' })], [])
      await documents.apply([remove(c, 'a', 7), put(c, 'd', 8, { hash: 'h' })], [])
      t.deepEqual(await ids(documents, c, { hash: { $in: ['h', 'i'] } }), ['c', 'd'])
    },
  ],
  [
    'long values in a unique index are compared whole',
    async (t, documents, c) => {
      await documents.ensureIndexes(c, [{ keys: ['hash'], unique: true }])
      const long = 'x'.repeat(900)
      await fill(documents, c, [
        { _id: 'a', hash: `${long}1` },
        { _id: 'b', hash: `${long}2` },
      ])
      await t.throwsAsync(documents.apply([put(c, 'c', 9, { hash: `${long}1` })], []))
      t.deepEqual(await ids(documents, c, { hash: `${long}2` }), ['b'])
    },
  ],
  [
    'a dropped collection is gone with its tombstones, and begins anew',
    async (t, documents, c) => {
      await documents.ensureIndexes(c, [{ keys: ['g'] }])
      await fill(
        documents,
        c,
        Array.from({ length: 1_100 }, (_, n) => ({ _id: `d${n}`, g: 1 })),
      )
      await fill(documents, `${c}_kept`, [{ _id: 'a', g: 1 }])
      await documents.apply([remove(c, 'gone', 9_000)], [])
      await documents.drop(c)
      t.false((await documents.collections()).includes(c))
      t.deepEqual(await scanned(documents, c), [])
      t.is(await documents.count(c, { g: 1 }), 0)
      await documents.apply([put(c, 'gone', 1, { g: 2 })], [])
      t.deepEqual(await ids(documents, c), ['gone'])
      t.deepEqual(await ids(documents, `${c}_kept`, { g: 1 }), ['a'])
      await documents.drop(`${c}_never`)
    },
  ],
  [
    'a collection that nobody wrote to is empty',
    async (t, documents, c) => {
      t.deepEqual(await ids(documents, `${c}_never`), [])
      t.is(await documents.count(`${c}_never`, {}), 0)
      t.deepEqual(await scanned(documents, `${c}_never`), [])
      t.is(await documents.get(`${c}_never`, 'a'), undefined)
      await documents.ensureIndexes(c, [{ keys: ['g'] }])
      t.true((await documents.collections()).includes(c))
    },
  ],
]
