import { DOCUMENTS_PAGE } from '../../../src/limits.ts'
import type { JsonObject } from '../../../src/json.ts'
import { fill, found, ids, put, remove, type Case } from './helpers.ts'

const many = (count: number): readonly { readonly _id: string; readonly g: number }[] =>
  Array.from({ length: count }, (_, n) => ({ _id: String(n).padStart(5, '0'), g: n % 2 }))

const projections: readonly (readonly [fields: readonly string[], expected: JsonObject])[] = [
  [['a'], { _id: 'x', a: 1 }],
  [[], { _id: 'x' }],
  [['_id'], { _id: 'x' }],
  [['o.k'], { _id: 'x', o: { k: 1 } }],
  [['o.k', 'o.l'], { _id: 'x', o: { k: 1, l: { m: 2 } } }],
  [['o', 'o.k'], { _id: 'x', o: { k: 1, l: { m: 2 }, '': 0 } }],
  [['o.l.m'], { _id: 'x', o: { l: { m: 2 } } }],
  [['list.k'], { _id: 'x', list: [{ k: 1 }, {}, { k: 3 }] }],
  [['a.b'], { _id: 'x' }],
  [['none', 'none.x'], { _id: 'x' }],
  [['o.none'], { _id: 'x', o: {} }],
  [['constructor'], { _id: 'x' }],
]

export const pagingCases: readonly Case[] = [
  [
    'find gives pages that are neither empty nor too long, and everything once',
    async (t, documents, c) => {
      const values = many(2 * DOCUMENTS_PAGE + 7)
      await fill(documents, c, values)
      const sizes: number[] = []
      for await (const page of documents.find(c, {})) sizes.push(page.length)
      t.true(sizes.length >= 3 && sizes.every((size) => size > 0 && size <= DOCUMENTS_PAGE))
      t.deepEqual(
        await ids(documents, c),
        values.map(({ _id }) => _id),
      )
    },
  ],
  [
    'skip and limit',
    async (t, documents, c) => {
      const values = many(700)
      await documents.ensureIndexes(c, [{ keys: ['g'] }])
      await fill(documents, c, values)
      const names = values.map(({ _id }) => _id)
      const odd = values.filter(({ g }) => g === 1).map(({ _id }) => _id)
      for (const [skip, limit] of [
        [0, 5],
        [3, 5],
        [0, 450],
        [250, 250],
        [698, 10],
        [700, 1],
        [9_999, 1],
      ] as const) {
        t.deepEqual(
          await ids(documents, c, {}, { skip, limit }),
          names.slice(skip, skip + limit),
          `${skip} ${limit}`,
        )
        t.deepEqual(await ids(documents, c, { g: 1 }, { skip, limit }), odd.slice(skip, skip + limit))
        t.deepEqual(
          await ids(documents, c, { g: 1, _id: { $gte: '' } }, { skip, limit }),
          odd.slice(skip, skip + limit),
        )
      }
      t.deepEqual(await ids(documents, c, {}, { skip: 690 }), names.slice(690))
    },
  ],
  [
    'an abandoned find holds nothing up',
    async (t, documents, c) => {
      await fill(documents, c, many(500))
      for await (const page of documents.find(c, {})) {
        t.true(page.length > 0)
        break
      }
      await documents.apply([put(c, 'new', 1_000, { g: 5 })], [])
      t.deepEqual(await ids(documents, c, { g: 5 }), ['new'])
    },
  ],
  [
    'documents that change between two pages: what stays is found once, what was deleted ahead is not found',
    async (t, documents, c) => {
      const values = many(3 * DOCUMENTS_PAGE)
      await documents.ensureIndexes(c, [{ keys: ['g'] }])
      await fill(documents, c, values)
      const seen: string[] = []
      for await (const page of documents.find(c, { g: 0 })) {
        if (seen.length === 0) {
          await documents.apply(
            [put(c, '00000a', 5_000, { g: 0 }), put(c, '99999', 5_001, { g: 0 }), remove(c, '00598', 5_002)],
            [],
          )
        }
        seen.push(...page.map(({ _id }) => _id))
      }
      t.is(new Set(seen).size, seen.length)
      const stayed = values.filter(({ _id, g }) => g === 0 && _id !== '00598').map(({ _id }) => _id)
      t.deepEqual(
        seen.filter((id) => id !== '99999' && id !== '00598' && id !== '00000a'),
        stayed,
      )
    },
  ],
  [
    'fields keep their nesting, and the id',
    async (t, documents, c) => {
      const value = {
        a: 1,
        o: { k: 1, l: { m: 2 }, '': 0 },
        list: [{ k: 1, v: 1 }, { v: 2 }, 7, { k: 3 }],
      }
      await documents.apply([put(c, 'x', 1, value)], [])
      for (const [fields, expected] of projections) {
        t.deepEqual(await found(documents, c, {}, { fields }), [{ _id: 'x', ...expected }], fields.join())
      }
      t.deepEqual(await found(documents, c), [{ _id: 'x', ...value }])
    },
  ],
  [
    'fields do not matter for the order',
    async (t, documents, c) => {
      await fill(documents, c, [
        { _id: 'a', v: 2, w: 1 },
        { _id: 'b', v: 1, w: 1 },
      ])
      t.deepEqual(await found(documents, c, {}, { sort: [['v', 1]], fields: ['w'] }), [
        { _id: 'b', w: 1 },
        { _id: 'a', w: 1 },
      ])
    },
  ],
]
