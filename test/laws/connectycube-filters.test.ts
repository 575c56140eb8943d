/**
 * Proves that a translated filter means what connectycube 2.10 says: for random documents and random expressions, the documents that the
 * query language finds are those that a plain predicate, written from the spec alone, lets through.
 */
import * as E from 'fp-ts/lib/Either.js'
import test from 'ava'
import * as fc from 'fast-check'
import { compileFilter } from '../../src/documents/filter.ts'
import { isList, isObject, plainText, type Json, type JsonObject } from '../../src/json.ts'
import { translate, type Fields } from '../../src/protocols/connectycube/filters.ts'

const SOAK = process.env['SOAK'] !== undefined

const FIELDS: Fields = {
  n: { type: 'number', path: 'deep.n' },
  t: { type: 'text', path: 't' },
  at: { type: 'time', path: 'at' },
  is: { type: 'boolean', path: 'is' },
  tags: { type: 'list', path: 'tags' },
  nums: { type: 'numbers', path: 'nums' },
}

const SECONDS = [1_700_000_000, 1_700_000_001, 1_700_000_002]
const texts = fc.constantFrom('a', 'A', 'ab', 'b.c', 'ü', 'x*y', '')
const numbers = fc.constantFrom(-1, 0, 1, 2, 10)
const times = fc.record({ second: fc.constantFrom(...SECONDS), ms: fc.constantFrom(0, 1, 999) })

const document = fc.record({
  deep: fc.record({ n: fc.option(numbers) }),
  t: fc.option(texts),
  at: fc.option(times.map(({ second, ms }) => second * 1_000 + ms)),
  is: fc.option(fc.boolean()),
  tags: fc.array(texts, { maxLength: 3 }),
  nums: fc.array(numbers, { maxLength: 3 }),
})

/** As it may arrive: of JSON, or of a query. */
const VALUES: Readonly<Record<string, fc.Arbitrary<string | number | boolean>>> = {
  n: numbers.chain((n) => fc.constantFrom<string | number>(n, String(n))),
  nums: numbers.chain((n) => fc.constantFrom<string | number>(n, String(n))),
  t: texts,
  tags: texts,
  at: fc
    .constantFrom(...SECONDS)
    .chain((s) =>
      fc.constantFrom<string | number>(
        s,
        String(s),
        s * 1_000,
        new Date(s * 1_000).toISOString(),
        String(new Date(s * 1_000)),
      ),
    ),
  is: fc.constantFrom<string | boolean>(true, false, 'true', '1', '0', 'no'),
}

type Clause = readonly [field: string, op: string, operand: Json]

const clauseOf = (field: string): fc.Arbitrary<Clause> => {
  const value = VALUES[field] ?? texts
  // Commas separate, and what is empty is left out: so lists of a query have neither.
  const many = fc.array(value, { maxLength: 3 })
  const one = (op: string) => value.map((operand): Clause => [field, op, operand])
  const list = (op: string) =>
    many.chain((operands) => {
      const plain = operands.filter((item) => item !== '')
      return fc.constantFrom<Clause>([field, op, operands], [field, op, plain.join(',')])
    })
  const always = [
    one('='),
    one('eq'),
    one('ne'),
    fc.constant<Clause>([field, 'ne', null]),
    fc.constant<Clause>([field, 'eq', null]),
  ]
  const lists = ['in', 'nin', 'or', 'all'].map(list)
  const compared = field === 'is' ? [] : ['gt', 'gte', 'lt', 'lte'].map(one)
  const matched = field === 't' || field === 'tags' ? [one('ctn')] : []
  return fc.oneof(...always, ...lists, ...compared, ...matched)
}

const clauses = fc
  .array(fc.constantFrom(...Object.keys(FIELDS)).chain(clauseOf), { maxLength: 4 })
  .map((all) =>
    all.filter(([field, op], index) => all.findIndex((one) => one[0] === field && one[1] === op) === index),
  )

/** Clauses on one field share its parameter; equality without an operator stands alone there. */
const paramsOf = (all: readonly Clause[]): JsonObject => {
  const params: { [field: string]: { [op: string]: Json } } = {}
  for (const [field, op, operand] of all) (params[field] ??= {})[op === '=' ? 'eq' : op] = operand
  return params
}

// The spec again, in other words.

const wholeSeconds = (value: string): number => {
  const number = /^\d+$/.test(value) ? Number(value) : Date.parse(value)
  return Math.floor(number >= 1e12 ? number / 1_000 : number)
}

const KNOWN: Readonly<Record<string, (value: string) => Json>> = {
  at: wholeSeconds,
  n: Number,
  nums: Number,
  is: (value) => value === 'true' || value === '1',
}

const known = (field: string, value: Json): Json =>
  value === null ? null : (KNOWN[field] ?? String)(plainText(value))

const storedIn = (field: string, doc: JsonObject): readonly Json[] => {
  const { deep } = doc
  const value = field === 'n' && isObject(deep) ? (deep['n'] ?? null) : (doc[field] ?? null)
  if (isList(value)) return value
  return [field === 'at' && typeof value === 'number' ? Math.floor(value / 1_000) : value]
}

const compare = (a: Json, b: Json): number => {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b))
  return NaN
}

const holds = (doc: JsonObject, [field, op, operand]: Clause): boolean => {
  const stored = storedIn(field, doc)
  const split = typeof operand === 'string' ? operand.split(',').filter((item) => item !== '') : []
  const wanted = (isList(operand) ? operand : split).map((item) => known(field, item))
  const has = (value: Json): boolean => stored.includes(value)
  const one = known(field, operand)
  const compares = (accepts: (difference: number) => boolean): boolean =>
    stored.some((value) => accepts(compare(value, one)))
  const contains = (text: Json): boolean =>
    typeof text === 'string' && text.toLowerCase().includes(plainText(operand).toLowerCase())
  const meanings: Readonly<Record<string, () => boolean>> = {
    '=': () => has(one),
    eq: () => has(one),
    ne: () => !has(one),
    in: () => wanted.some(has),
    or: () => wanted.some(has),
    nin: () => !wanted.some(has),
    all: () => wanted.length > 0 && wanted.every(has),
    ctn: () => stored.some(contains),
    gt: () => compares((difference) => difference > 0),
    gte: () => compares((difference) => difference >= 0),
    lt: () => compares((difference) => difference < 0),
    lte: () => compares((difference) => difference <= 0),
  }
  return meanings[op]?.() ?? false
}

const isWanted = (doc: JsonObject, all: readonly Clause[]): boolean => {
  const any = all.filter(([, op]) => op === 'or')
  const rest = all.filter(([, op]) => op !== 'or')
  return (
    rest.every((clause) => holds(doc, clause)) &&
    (any.length === 0 || any.some((clause) => holds(doc, clause)))
  )
}

test('a translated filter finds what a plain predicate lets through', (t) => {
  let found = 0
  fc.assert(
    fc.property(fc.array(document, { minLength: 1, maxLength: 8 }), clauses, (docs, raw) => {
      // `=` and `eq` of one field would be one parameter.
      const all = raw.filter(
        ([field, op]) => op !== '=' || !raw.some((one) => one[0] === field && one[1] === 'eq'),
      )
      const filter = translate(paramsOf(all), FIELDS)
      if (E.isLeft(filter)) throw new Error(`refused: ${String(filter.left.body)}`)
      const matches = compileFilter(filter.right)
      for (const doc of docs) {
        const plain: JsonObject = { _id: 'x', ...doc }
        if (matches(plain)) found++
        if (matches(plain) !== isWanted(plain, all))
          throw new Error(JSON.stringify({ plain, all, filter: filter.right }))
      }
    }),
    { numRuns: SOAK ? 200_000 : 2_000 },
  )
  t.true(found > 100)
})
