/** Proves what is decided about rows of tables (rightech 3.7): given what came before, when asked, then these facts or this refusal. */
import test from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import type { Fact } from '../../../../src/domain/decider.ts'
import { STORES_EVENTS } from '../../../../src/domain/stores/events.ts'
import { columnTypes, rowsDecider, type RowCommand } from '../../../../src/domain/stores/rows.ts'
import { scopeOf } from '../../../../src/domain/stores/visibility.ts'
import type { JsonObject } from '../../../../src/json.ts'
import { AT, caller, created, hex, ID } from '../../../support/stores-domain.ts'

const TABLE = hex('7a')
const table = created(
  'tables',
  {
    name: 'Table',
    columns: [
      { id: 'text', name: 'T', dataType: 'string' },
      { id: 'count', name: 'C', dataType: 'number' },
      { id: 'is', name: 'I', dataType: 'boolean' },
      { id: 'when', name: 'W', dataType: 'date' },
    ],
  },
  { id: TABLE },
).entity()
const common = { id: ID, table, caller: caller() }
const creating = (body: JsonObject, at = AT): RowCommand => ({ ...common, type: 'CreateRow', at, body })
const patching = (body: JsonObject, more: { readonly table?: JsonObject } = {}): RowCommand => ({
  ...common,
  ...{ type: 'PatchRow', at: AT + 1, body },
  ...more,
})
const deleting: RowCommand = { ...common, type: 'DeleteRow', at: AT + 2 }

const decided = (given: readonly Fact[], command: RowCommand) =>
  rowsDecider.decide(command, given.reduce(rowsDecider.evolve, rowsDecider.initial))
const factsOf = (given: readonly Fact[], command: RowCommand): readonly Fact[] => {
  const answer = decided(given, command)
  if (E.isLeft(answer)) throw new Error(JSON.stringify(answer.left))
  return answer.right
}
const refusalOf = (given: readonly Fact[], command: RowCommand) => {
  const answer = decided(given, command)
  return E.isLeft(answer) ? answer.left : undefined
}
const GIVEN = factsOf([], creating({ data: { text: 'a', count: 1 } }))
const scope = { ...scopeOf('tables/rows', table), table: TABLE }

test('given nothing, a row is made of what are columns', (t) => {
  t.deepEqual(
    factsOf([], creating({ data: { text: 'a', is: null, time: 5, _id: 'x' }, name: 'x', table: 'y' })),
    [
      {
        type: 'EntityCreated',
        data: {
          store: 'tables/rows',
          id: ID,
          doc: { _id: ID, table: TABLE, time: AT, data: { text: 'a', is: null } },
        },
        scope,
      },
    ],
  )
  for (const body of [{}, { data: null }, { data: '' }, { data: {} }]) {
    t.like(factsOf([], creating(body))[0]?.data, { doc: { data: {} } })
  }
})

test('given a row, a patch sets what differs, and nothing else', (t) => {
  t.deepEqual(factsOf(GIVEN, patching({ data: { text: 'a', count: null, when: 7, _id: 1 } })), [
    {
      type: 'EntityChanged',
      data: {
        store: 'tables/rows',
        id: ID,
        set: { 'data.count': null, 'data.when': 7 },
        unset: [],
        at: AT + 1,
      },
      scope,
    },
  ])
  for (const body of [{}, { data: {} }, { data: { text: 'a' } }, { time: 1, other: 2 }]) {
    t.deepEqual(factsOf(GIVEN, patching(body)), [], JSON.stringify(body))
  }
})

test('given a row, deleting tells what it was, and its id never comes back', (t) => {
  const gone = factsOf(GIVEN, deleting)
  t.like(gone, [{ type: 'EntityDeleted', data: { last: { data: { text: 'a', count: 1 } } } }])
  const after = [...GIVEN, ...gone]
  t.like(refusalOf(after, deleting), { kind: 'NotFound', about: 'tables/rows' })
  t.like(refusalOf(after, patching({})), { kind: 'NotFound', about: 'tables/rows' })
  t.like(refusalOf(after, creating({})), { kind: 'Conflict', about: 'tables/rows' })
  t.like(refusalOf(GIVEN, creating({})), { kind: 'Conflict', about: 'tables/rows' })
})

test('a table that is gone or not the caller’s is not there; a row of another table is not', (t) => {
  const stranger = caller({ user: hex('a9'), group: hex('b9'), branch: [hex('b9')] })
  for (const command of [creating({}), patching({}), deleting]) {
    t.like(refusalOf(GIVEN, { ...command, table: undefined }), { kind: 'NotFound', about: 'tables' })
    t.like(refusalOf(GIVEN, { ...command, caller: stranger }), { kind: 'NotFound', about: 'tables' })
  }
  const other = { ...table, _id: hex('7b') }
  t.like(refusalOf(GIVEN, { ...deleting, table: other }), { kind: 'NotFound', about: 'tables/rows' })
  t.like(refusalOf(GIVEN, patching({}, { table: other })), { kind: 'NotFound', about: 'tables/rows' })
})

test('every broken rule is named at once', (t) => {
  const wrong = { text: 1, count: '1', is: 0, when: '2026', other: 1 }
  const fields = {
    ...{ 'data.text': ['type'], 'data.count': ['type'], 'data.is': ['type'], 'data.when': ['type'] },
    'data.other': ['unknown'],
  }
  for (const given of [[], GIVEN]) {
    const command = given.length === 0 ? creating : patching
    t.deepEqual(refusalOf(given, command({ data: wrong }))?.fields, fields)
    t.deepEqual(refusalOf(given, command({ data: [] }))?.fields, { data: ['type'] })
    t.deepEqual(refusalOf(given, command({ data: { count: 1e400 } }))?.fields, { data: ['format'] })
    t.deepEqual(refusalOf(given, command({ data: JSON.parse('{"__proto__":1}') as JsonObject }))?.fields, {
      data: ['format'],
    })
    t.is(refusalOf(given, command({ data: { text: 'x'.repeat(900_000) } }))?.kind, 'TooLarge')
  }
  t.deepEqual(refusalOf(GIVEN, patching({ data: null }))?.fields, { data: ['required'] })
  t.deepEqual(refusalOf(GIVEN, patching({ data: { toString: 1 } }))?.fields, { 'data.toString': ['unknown'] })
})

test('what a column left behind may stay, but not change', (t) => {
  const narrowed = { ...table, columns: [{ id: 'count', name: 'C', dataType: 'string' }] }
  t.deepEqual(factsOf(GIVEN, patching({ data: { text: 'a', count: 1 } }, { table: narrowed })), [])
  t.deepEqual(refusalOf(GIVEN, patching({ data: { text: 'b', count: 2 } }, { table: narrowed }))?.fields, {
    'data.text': ['unknown'],
    'data.count': ['type'],
  })
  t.like(factsOf(GIVEN, patching({ data: { count: 'x' } }, { table: narrowed })), [
    { data: { set: { 'data.count': 'x' } } },
  ])
})

test('columns are read from a table’s own list, without those that are the row’s', (t) => {
  t.deepEqual(
    [...columnTypes(table)],
    [
      ['text', 'string'],
      ['count', 'number'],
      ['is', 'boolean'],
      ['when', 'date'],
    ],
  )
  t.is(columnTypes({}).size, 0)
})

test('the events are those of the stores, and give the state back', (t) => {
  const facts = [...GIVEN]
  for (const command of [
    patching({ data: { when: 5 } }),
    patching({ data: { is: true, text: null } }),
    deleting,
  ]) {
    facts.push(...factsOf(facts, command))
  }
  for (const { type, data } of facts) {
    t.true(STORES_EVENTS[type as 'EntityCreated'].is(JSON.parse(JSON.stringify(data))), type)
  }
  const entity = facts.slice(0, -1).reduce(rowsDecider.evolve, rowsDecider.initial).entity
  t.deepEqual(entity, {
    ...{ _id: ID, table: TABLE, time: AT, _at: AT + 1 },
    data: { text: null, count: 1, when: 5, is: true },
  })
})
