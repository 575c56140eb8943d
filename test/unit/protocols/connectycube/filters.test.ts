/** Proves what of filter expressions is no matter of values: refusals, what is ignored, the shape of the filter, sorting. Pure. */
import * as E from 'fp-ts/lib/Either.js'
import test from 'ava'
import type { JsonObject } from '../../../../src/json.ts'
import { countOnly, sortOf, translate, type Fields } from '../../../../src/protocols/connectycube/filters.ts'

const FIELDS: Fields = {
  _id: { type: 'id', path: '_id' },
  type: { type: 'number', path: 'type' },
  name: { type: 'text', path: 'nameLc', fold: true, ops: ['eq', 'in', 'start_with'] },
  at: { type: 'time', path: 'at' },
  loc: { type: 'text', path: 'loc', elsewhere: ['near'] },
  free: { type: 'any', path: 'free' },
}

const filterOf = (params: JsonObject, reserved: readonly string[] = []): unknown => {
  const filter = translate(params, FIELDS, reserved)
  return E.isLeft(filter) ? JSON.parse(String(filter.left.body)) : filter.right
}

test('an empty question is an empty filter, and unknown fields are ignored', (t) => {
  t.deepEqual(filterOf({}), {})
  t.deepEqual(filterOf({ other: '1', limit: '5', constructor: '1', toString: { x: '1' } }), {})
  t.deepEqual(filterOf({ type: '1' }, ['type']), {})
})

test('a list is one condition for an index, whatever its form', (t) => {
  const expected = { $and: [{ _id: { $in: ['a', 'b'] } }] }
  t.deepEqual(filterOf({ _id: ['a', 'b'] }), expected)
  t.deepEqual(filterOf({ _id: { in: 'a, b' } }), expected)
  t.deepEqual(filterOf({ _id: { in: ['a', 'b'] } }), expected)
  t.deepEqual(filterOf({ type: { in: '3,1' } }), { $and: [{ type: { $in: [3, 1] } }] })
  // So the SDK writes a list that stands behind another nested parameter.
  t.deepEqual(filterOf({ _id: 'a, b' }), expected)
  t.deepEqual(filterOf({ type: '3,1' }), { $and: [{ type: { $in: [3, 1] } }] })
  t.deepEqual(filterOf({ loc: 'a,b' }), { $and: [{ loc: 'a,b' }] }, 'a text may have a comma')
})

test('many values are looked up together, or are too many', (t) => {
  const many = Array.from({ length: 5_000 }, (_, at) => String(at))
  t.deepEqual(filterOf({ _id: { nin: many } }), { $and: [{ $nor: [{ _id: { $in: many } }] }] })
  t.deepEqual(filterOf({ _id: { all: many } }), { errors: { _id: ['is invalid'] } })
})

test('a plain value and operators of one field hold together, in whatever order they came', (t) => {
  const expected = [{ type: 1 }, { $nor: [{ type: 2 }] }]
  t.deepEqual(filterOf({ type: ['1', { ne: '2' }] }), { $and: expected })
  t.deepEqual(filterOf({ type: [{ ne: '2' }, '1'] }), { $and: expected })
  t.deepEqual(filterOf({ type: ['1', '3', { ne: '2' }] }), {
    $and: [{ type: { $in: [1, 3] } }, { $nor: [{ type: 2 }] }],
  })
})

test('alternatives of several fields are one group beside the rest', (t) => {
  t.deepEqual(filterOf({ _id: { or: 'a' }, type: { or: '1,2', gt: '0' } }), {
    $and: [{ type: { $gt: 0 } }, { $or: [{ _id: 'a' }, { type: { $in: [1, 2] } }] }],
  })
})

test('what is unknown of an operator or a value is 422', (t) => {
  t.deepEqual(filterOf({ type: { like: '1' } }), {
    errors: { base: ['Operator like is not supported for the field type'] },
  })
  for (const params of [{ name: { gt: 'a' } }, { type: { ctn: '1' } }, { type: { constructor: '1' } }])
    t.regex(JSON.stringify(filterOf(params)), /^\{"errors":\{"base":/)
  for (const params of [
    { type: 'x' },
    { type: { in: '1,x' } },
    { type: { gt: null } },
    { type: [{}] },
    { type: '' },
  ])
    t.deepEqual(filterOf(params), { errors: { type: ['is invalid'] } }, JSON.stringify(params))
  t.deepEqual(filterOf({ at: { gt: 'yesterday' } }), { errors: { at: ['is invalid'] } })
  t.deepEqual(filterOf({ _id: { ctn: 'x'.repeat(1_001) } }), { errors: { _id: ['is invalid'] } })
})

test('null in a query is null where no text can be meant', (t) => {
  t.deepEqual(filterOf({ _id: 'null', type: { ne: 'null' }, at: { in: 'null' } }), {
    $and: [{ _id: null }, { $nor: [{ type: null }] }, { at: null }],
  })
  t.deepEqual(filterOf({ name: 'null' }), { $and: [{ nameLc: 'null' }] })
})

test('a text is searched for as it is, and folded where the document is', (t) => {
  t.deepEqual(filterOf({ _id: { ctn: 'a.b*(c' } }), {
    $and: [{ _id: { $regex: 'a\\.b\\*\\(c', $options: 'i' } }],
  })
  t.deepEqual(filterOf({ name: { start_with: 'Ab' } }), {
    $and: [{ nameLc: { $regex: '^Ab', $options: 'i' } }],
  })
  t.deepEqual(filterOf({ name: 'ABC' }), { $and: [{ nameLc: 'abc' }] })
  t.deepEqual(filterOf({ _id: { ctn: 'a\0' } }), { $and: [{ _id: { $in: [] } }] })
})

test('operators of somebody else are passed over', (t) => {
  t.deepEqual(filterOf({ loc: { near: '1,2;3', ne: 'x' } }), { $and: [{ $nor: [{ loc: 'x' }] }] })
})

test('where anything may stand, a text of a query is whatever it can be', (t) => {
  t.deepEqual(filterOf({ free: '5' }), { $and: [{ $or: [{ free: '5' }, { free: 5 }] }] })
  t.deepEqual(filterOf({ free: 5 }), { $and: [{ free: 5 }] })
  t.deepEqual(filterOf({ free: { gt: '5' } }), { $and: [{ free: { $gt: 5 } }] })
})

test('only known fields are sorted by', (t) => {
  const otherwise = [['_id', 1]] as const
  t.deepEqual(sortOf({ sort_desc: 'name' }, FIELDS, otherwise), [['nameLc', -1]])
  t.deepEqual(sortOf({ sort_asc: 'at' }, FIELDS, otherwise), [['at', 1]])
  t.deepEqual(sortOf({ sort_asc: 'constructor' }, FIELDS, otherwise), otherwise)
  t.deepEqual(sortOf({}, FIELDS, otherwise), otherwise)
  t.true(countOnly({ count: '1' }))
  t.false(countOnly({ count: '0' }))
})
