/**
 * Proves the update operators of records (connectycube 6.5): each by its laws on generated lists, their order whatever order they come in,
 * and what they refuse.
 */
import test from 'ava'
import fc from 'fast-check'
import type { Json } from '../../../../src/json.ts'
import { applySteps, type Step } from '../../../../src/domain/cc/record-operators.ts'

const item = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom('a', 'b', 'c'))
const items = fc.array(item, { maxLength: 8 })
const after = (value: Json, ...steps: readonly Step[]): Json | undefined =>
  applySteps({ x: value }, steps).fields['x']
const on = <S extends Step>(step: Omit<S, 'field'> & { readonly op: S['op'] }): Step =>
  ({ ...step, field: 'x' }) as unknown as Step

const law = (name: string, property: fc.IProperty<[Json[], Json[]]>): void =>
  test(name, (t) => {
    t.notThrows(() => fc.assert(property, { numRuns: 200 }))
  })

law(
  'push appends, pull_all takes all of them away again, add_to_set adds what is not there',
  fc.property(items, items, (list, more) => {
    const pushed = after(list, on({ op: 'push', value: more }))
    const pulled = after(pushed ?? null, on({ op: 'pull_all', value: more }))
    const united = after(list, on({ op: 'add_to_set', value: more })) as Json[]
    const added = more.filter((one, at) => !list.includes(one) && more.indexOf(one) === at)
    return (
      JSON.stringify(pushed) === JSON.stringify([...list, ...more]) &&
      JSON.stringify(pulled) === JSON.stringify(list.filter((one) => !more.includes(one))) &&
      JSON.stringify(united) === JSON.stringify([...list, ...added])
    )
  }),
)

law(
  'pull with a filter is what the filter leaves; pop takes one end',
  fc.property(items, items, (list, _more) => {
    const pulled = after(
      list,
      on({
        op: 'pull_matching',
        value: [
          { op: 'gt', value: -1 },
          { op: 'lte', value: 2 },
        ],
      }),
    )
    const kept = list.filter((one) => typeof one !== 'number' || one <= -1 || one > 2)
    return (
      JSON.stringify(pulled) === JSON.stringify(kept) &&
      JSON.stringify(after(list, on({ op: 'pop', value: 1 }))) === JSON.stringify(list.slice(0, -1)) &&
      JSON.stringify(after(list, on({ op: 'pop', value: -1 }))) === JSON.stringify(list.slice(1))
    )
  }),
)

const ALL: readonly Step[] = [
  { op: 'set', field: 'x', value: ['z'] },
  { op: 'inc', field: 'n', value: 2 },
  { op: 'push', field: 'x', value: ['a', 'b', 'a'] },
  { op: 'add_to_set', field: 'x', value: ['b', 'c'] },
  { op: 'pull', field: 'x', value: ['b'] },
  { op: 'pull_all', field: 'x', value: ['c'] },
  { op: 'pop', field: 'x', value: 1 },
]

test('whatever order they come in, they are done in theirs', (t) => {
  const expected = { x: ['z', 'a'], n: 3 }
  fc.assert(
    fc.property(fc.shuffledSubarray([...ALL], { minLength: ALL.length }), (steps) => {
      const { fields, wrong } = applySteps({ x: ['old'], n: 1 }, steps)
      return wrong.length === 0 && JSON.stringify(fields) === JSON.stringify(expected)
    }),
    { numRuns: 100 },
  )
  t.deepEqual(applySteps({ x: ['old'], n: 1 }, ALL).fields, expected)
})

test('nothing is zero and an empty list to what adds, and nothing to what takes away', (t) => {
  t.is(after(null, on({ op: 'inc', value: -2 })), -2)
  t.deepEqual(after(null, on({ op: 'push', value: ['a'] })), ['a'])
  t.deepEqual(after(null, on({ op: 'at', value: { '2': 'y', '0': 'x' } })), ['x', null, 'y'])
  t.is(after(null, on({ op: 'pull', value: ['a'] })), null)
  t.is(after(null, on({ op: 'pop', value: 1 })), null)
  t.deepEqual(after(['a'], on({ op: 'set', value: { '3': 'd' } })), ['a', null, null, 'd'])
  t.deepEqual(after('text', on({ op: 'set', value: { '0': 'd' } })), { '0': 'd' })
})

test('what is of another type is refused and left as it is', (t) => {
  const wrong: readonly (readonly [Json, Step])[] = [
    ['a', on({ op: 'inc', value: 1 })],
    [[1], on({ op: 'inc', value: 1 })],
    [Number.MAX_SAFE_INTEGER, { op: 'inc', field: 'x', value: 1, whole: true }],
    [Number.MAX_VALUE, on({ op: 'inc', value: Number.MAX_VALUE })],
    [1, on({ op: 'push', value: [1] })],
    ['a', on({ op: 'pull', value: ['a'] })],
    [{}, on({ op: 'pop', value: 1 })],
    // A list of a hundred thousand nulls for eleven bytes.
    [[], on({ op: 'at', value: { '99999': 1 } })],
  ]
  for (const [value, step] of wrong)
    t.deepEqual(applySteps({ x: value }, [step]), { fields: { x: value }, wrong: ['x'] }, step.op)
})

test('a field called like a member of every object is one when it is there', (t) => {
  t.deepEqual(applySteps({}, [{ op: 'push', field: 'toString', value: [1] }]), {
    fields: { toString: [1] },
    wrong: [],
  })
})

/** If each element were compared with each, it would take half a minute of the only thread. */
const PLENTY = 30_000

test('lists of a whole record meet lists of a whole request without each being compared with each', (t) => {
  const deep = (from: number): readonly Json[] =>
    Array.from({ length: PLENTY }, (_, at) => (at % 2 === 0 ? from + at : { n: from + at }))
  const [list, more] = [deep(0), deep(PLENTY / 2)]
  const spent = process.cpuUsage()
  const united = after(list, on({ op: 'add_to_set', value: more }))
  const pulled = after(list, on({ op: 'pull_all', value: more }))
  const left = after(list, on({ op: 'pull_matching', value: [{ op: 'nin', value: more }] }))
  const { user, system } = process.cpuUsage(spent)
  t.deepEqual(
    [united, pulled, left].map((found) => Array.isArray(found) && found.length),
    [(PLENTY * 3) / 2, PLENTY / 2, PLENTY / 2],
  )
  t.true(user + system < 5_000_000)
})

test('texts compare by code points, wherever they begin to differ', (t) => {
  const texts = ['', 'a', 'a\ud83d', 'a\ufffd', 'a\u{1f600}', 'a\u{1f601}', 'a\u{1f601}b', 'b']
  for (const [at, text] of texts.entries())
    t.deepEqual(
      after(texts, on({ op: 'pull_matching', value: [{ op: 'lt', value: text }] })),
      texts.slice(at),
      text,
    )
})
