import type { Json } from '../../../src/json.ts'
import type { SortKey } from '../../../src/documents/port.ts'
import { fill, found, ids, type Case } from './helpers.ts'

/** In the order in which they have to come; equal ones together. */
const ascending: readonly (readonly [id: string, value: Json | undefined])[] = [
  ['i', []],
  ['d', undefined],
  ['h', null],
  ['c', -5],
  ['k', [0, 100]],
  ['b', 1.5],
  ['m', ''],
  ['e', 'Z'],
  ['a', 'a'],
  ['l', 'ab'],
  ['f', 'Я'],
  ['n', '\uffee'],
  ['g', '\u{1f600}'],
  ['j', { x: 1 }],
  ['o', false],
  ['p', true],
]
const order = ascending.map(([id]) => id)

/** Same, with `h` and `d` (both like null) by id, and the array by its greatest element. */
const descending = ['p', 'o', 'j', 'g', 'n', 'f', 'l', 'a', 'e', 'm', 'k', 'b', 'c', 'd', 'h', 'i']

const documentsOf = (
  path: string,
): readonly ({ readonly [key: string]: Json } & { readonly _id: string })[] =>
  ascending.map(([id, value]) => ({ _id: id, ...(value !== undefined && { [path]: value }), z: 1 }))

const twoKeys: readonly (readonly [sort: readonly SortKey[], expected: string])[] = [
  [[['x', 1]], 'adbce'],
  [[['x', -1]], 'bcead'],
  [
    [
      ['x', 1],
      ['y', 1],
    ],
    'adcbe',
  ],
  [
    [
      ['x', 1],
      ['y', -1],
    ],
    'dabec',
  ],
  [
    [
      ['x', -1],
      ['y', 1],
    ],
    'cbead',
  ],
  [
    [
      ['x', -1],
      ['y', -1],
    ],
    'becda',
  ],
  [
    [
      ['x', -1],
      ['_id', -1],
    ],
    'ecbda',
  ],
  [
    [
      ['x', 1],
      ['_id', -1],
    ],
    'daecb',
  ],
  [[['_id', -1]], 'edcba'],
  [
    [
      ['_id', 1],
      ['x', -1],
    ],
    'abcde',
  ],
  [[], 'abcde'],
]

const cases = (title: string, isIndexed: boolean): readonly Case[] => [
  [
    `sort: missing first, then numbers, strings by code point, objects, booleans; ${title}`,
    async (t, documents, c) => {
      if (isIndexed) await documents.ensureIndexes(c, [{ keys: ['v'] }])
      await fill(documents, c, documentsOf('v'))
      t.deepEqual(await ids(documents, c, {}, { sort: [['v', 1]] }), order)
      t.deepEqual(await ids(documents, c, {}, { sort: [['v', -1]] }), descending)
      t.deepEqual(await ids(documents, c, {}, { sort: [['v', 1]], skip: 3, limit: 5 }), order.slice(3, 8))
      t.deepEqual(
        await ids(documents, c, {}, { sort: [['v', -1]], skip: 3, limit: 5 }),
        descending.slice(3, 8),
      )
    },
  ],
  [
    `sort: without arrays, behind an equal key; ${title}`,
    async (t, documents, c) => {
      if (isIndexed) await documents.ensureIndexes(c, [{ keys: ['z', 'v'] }])
      await fill(
        documents,
        c,
        documentsOf('v').filter(({ v }) => !Array.isArray(v)),
      )
      const plain = (all: readonly string[]): readonly string[] =>
        all.filter((id) => id !== 'i' && id !== 'k')
      t.deepEqual(await ids(documents, c, { z: 1 }, { sort: [['v', 1]] }), plain(order))
      t.deepEqual(await ids(documents, c, { z: 1 }, { sort: [['v', -1]] }), plain(descending))
      t.deepEqual(await ids(documents, c, { z: 1, v: { $gte: 'a' } }, { sort: [['v', 1]] }), [
        'a',
        'l',
        'f',
        'n',
        'g',
      ])
      t.deepEqual(await ids(documents, c, { z: 1, v: { $lt: 'b' } }, { sort: [['v', -1]] }), [
        'l',
        'a',
        'e',
        'm',
      ])
      t.deepEqual(
        await ids(documents, c, { z: 1, v: { $in: ['a', 1.5, null, 'f'] } }, { sort: [['v', -1]] }),
        ['a', 'b', 'd', 'h'],
      )
    },
  ],
  [
    `sort: several keys, directions and ties by id; ${title}`,
    async (t, documents, c) => {
      if (isIndexed) await documents.ensureIndexes(c, [{ keys: ['x'] }, { keys: ['x', 'y'] }])
      await fill(documents, c, [
        { _id: 'e', x: 2, y: 2 },
        { _id: 'd', x: 1, y: 2 },
        { _id: 'c', x: 2, y: 1 },
        { _id: 'b', x: 2, y: 2 },
        { _id: 'a', x: 1, y: 1 },
      ])
      for (const [sort, expected] of twoKeys) {
        t.is((await ids(documents, c, {}, { sort })).join(''), expected, JSON.stringify(sort))
      }
    },
  ],
  [
    `sort: long strings that begin alike; ${title}`,
    async (t, documents, c) => {
      if (isIndexed) await documents.ensureIndexes(c, [{ keys: ['v'] }])
      const long = 'x'.repeat(5_000)
      const ends = ['', 'a', 'b', 'c', 'd', 'e']
      await fill(
        documents,
        c,
        [...ends, ...ends].map((end, n) => ({ _id: `${12 - n}`.padStart(2, '0'), v: long + end })),
      )
      await fill(
        documents,
        c,
        [
          { _id: 'y', v: 'y' },
          { _id: 'w', v: 'w' },
        ],
        20,
      )
      const expected = ['w', '06', '12', '05', '11', '04', '10', '03', '09', '02', '08', '01', '07', 'y']
      t.deepEqual(await ids(documents, c, {}, { sort: [['v', 1]] }), expected)
      t.deepEqual(await ids(documents, c, { v: long + 'c' }), ['03', '09'])
      t.deepEqual(await ids(documents, c, { v: { $gt: long + 'c' } }, { sort: [['v', -1]] }), [
        'y',
        '01',
        '07',
        '02',
        '08',
      ])
      t.deepEqual(await ids(documents, c, { v: { $lte: long } }), ['06', '12', 'w'])
      t.is(await documents.count(c, { v: { $gte: long } }), 13)
    },
  ],
  [
    `sort: many documents with the same value, descending, in pages; ${title}`,
    async (t, documents, c) => {
      if (isIndexed) await documents.ensureIndexes(c, [{ keys: ['v'] }])
      const names = Array.from({ length: 1_500 }, (_, n) => String(n).padStart(4, '0'))
      await fill(
        documents,
        c,
        names.map((_id, n) => ({ _id, v: n < 1_000 ? 1 : n })),
      )
      const expected = [...names.slice(1_000).reverse(), ...names.slice(0, 1_000)]
      t.deepEqual(await ids(documents, c, {}, { sort: [['v', -1]] }), expected)
      t.deepEqual(
        await ids(documents, c, {}, { sort: [['v', -1]], skip: 700, limit: 450 }),
        expected.slice(700, 1_150),
      )
    },
  ],
]

export const sortingCases: readonly Case[] = [
  ...cases('without an index', false),
  ...cases('by an index', true),
  [
    'sort: an order that no index has, with and without a limit',
    async (t, documents, c) => {
      const values = Array.from({ length: 900 }, (_, n) => ({
        _id: String(n).padStart(3, '0'),
        v: (n * 7) % 31,
      }))
      await fill(documents, c, values)
      const expected = [...values].sort((a, b) => b.v - a.v || (a._id < b._id ? -1 : 1))
      t.deepEqual(await found(documents, c, {}, { sort: [['v', -1]] }), expected)
      t.deepEqual(
        await found(documents, c, {}, { sort: [['v', -1]], skip: 50, limit: 300 }),
        expected.slice(50, 350),
      )
    },
  ],
]
