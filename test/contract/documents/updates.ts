import type { JsonObject } from '../../../src/json.ts'
import type { Update } from '../../../src/documents/port.ts'
import { put, update, type Case } from './helpers.ts'

type Row = readonly [name: string, before: JsonObject, changes: Update, after: JsonObject]

const parsed = (text: string): JsonObject => JSON.parse(text) as JsonObject

/** Each operator on a document that has what it needs, and on one that has not. */
const rows: readonly Row[] = [
  ['$set replaces and adds fields', { a: 1 }, { $set: { a: 2, b: [1] } }, { a: 2, b: [1] }],
  ['$set makes the objects on the way', {}, { $set: { 'a.b.c': 1 } }, { a: { b: { c: 1 } } }],
  ['$set keeps the neighbours', { a: { x: 1 } }, { $set: { 'a.y': 2 } }, { a: { x: 1, y: 2 } }],
  [
    '$set reaches into an array by number',
    { a: [{ b: 1 }, 2] },
    { $set: { 'a.0.b': 3 } },
    { a: [{ b: 3 }, 2] },
  ],
  ['$set fills a gap in an array with null', { a: [1] }, { $set: { 'a.3': 4 } }, { a: [1, null, null, 4] }],
  ['$unset removes a field', { a: 1, b: 2 }, { $unset: { a: '' } }, { b: 2 }],
  ['$unset removes a nested field only', { a: { b: 1, c: 2 } }, { $unset: { 'a.b': '' } }, { a: { c: 2 } }],
  ['$unset of what is missing does nothing', { b: 2 }, { $unset: { 'a.x': '' } }, { b: 2 }],
  ['$unset leaves null in an array', { a: [1, 2] }, { $unset: { 'a.0': '' } }, { a: [null, 2] }],
  ['$inc adds', { n: 1 }, { $inc: { n: 2.5 } }, { n: 3.5 }],
  ['$inc begins with zero', {}, { $inc: { 'a.n': -1 } }, { a: { n: -1 } }],
  ['$max takes the greater', { n: 5, m: 5 }, { $max: { n: 4, m: 6 } }, { n: 5, m: 6 }],
  ['$max sets what is missing', {}, { $max: { n: -4 } }, { n: -4 }],
  ['$min takes the lesser', { n: 5, m: 5 }, { $min: { n: 4, m: 6 } }, { n: 4, m: 5 }],
  [
    '$min and $max compare strings by code point',
    { a: '\uffee', b: '\uffee' },
    { $max: { a: '\u{1f600}' }, $min: { b: '\u{1f600}' } },
    { a: '\u{1f600}', b: '\uffee' },
  ],
  ['$push appends', { a: [1] }, { $push: { a: 1 } }, { a: [1, 1] }],
  ['$push begins an array', {}, { $push: { a: { x: 1 } } }, { a: [{ x: 1 }] }],
  ['$push of an array appends it as one', { a: [1] }, { $push: { a: [2, 3] } }, { a: [1, [2, 3]] }],
  ['$push with $each appends each', { a: [1] }, { $push: { a: { $each: [2, 3] } } }, { a: [1, 2, 3] }],
  ['$addToSet adds what is new only', { a: [1] }, { $addToSet: { a: 1 } }, { a: [1] }],
  ['$addToSet begins an array', {}, { $addToSet: { a: 1 } }, { a: [1] }],
  [
    '$addToSet compares objects by value',
    { a: [{ x: 1 }] },
    { $addToSet: { a: { x: 1 } } },
    { a: [{ x: 1 }] },
  ],
  ['$addToSet with $each', { a: [1] }, { $addToSet: { a: { $each: [1, 2, 2] } } }, { a: [1, 2] }],
  ['$pull removes equals', { a: [1, 2, 1] }, { $pull: { a: 1 } }, { a: [2] }],
  ['$pull removes by condition', { a: [1, 5, 9] }, { $pull: { a: { $gte: 5 } } }, { a: [1] }],
  [
    '$pull removes objects by their fields',
    { a: [{ x: 1, y: 1 }, { x: 2 }] },
    { $pull: { a: { x: 1 } } },
    { a: [{ x: 2 }] },
  ],
  ['$pull of what is missing does nothing', { b: 1 }, { $pull: { a: 1 } }, { b: 1 }],
  [
    'several operators work at once',
    { a: 1, b: 1, c: [1] },
    { $set: { a: 2 }, $unset: { b: '' }, $push: { c: 2 } },
    { a: 2, c: [1, 2] },
  ],
]

/** Names that mean something to JavaScript mean nothing here. */
const oddRows: readonly Row[] = [
  [
    'a document may have a field __proto__',
    parsed('{"__proto__":{"x":1},"constructor":1}'),
    { $set: { a: 1 } },
    parsed('{"__proto__":{"x":1},"constructor":1,"a":1}'),
  ],
  [
    '$set into constructor and toString makes fields',
    {},
    { $set: { 'constructor.x': 1, 'toString.y': 2 } },
    parsed('{"constructor":{"x":1},"toString":{"y":2}}'),
  ],
]

export const updateCases: readonly Case[] = [...rows, ...oddRows].map(
  ([name, before, changes, after]): Case => [
    name,
    async (t, documents, c) => {
      await documents.apply([put(c, 'a', 1, before)], [])
      await documents.apply([update(c, 'a', 2, changes)], [])
      const read = await documents.get(c, 'a')
      t.deepEqual(read?.value, { ...parsed('{"_id":"a"}'), ...after })
      t.is(read?.at, 2n)
      t.is(Reflect.get({}, 'x'), undefined)
    },
  ],
)
