/**
 * Proves classes and records by what was said before, what is asked, and what is said then (connectycube 6, 12.2): states come out of events
 * alone.
 */
import * as E from 'fp-ts/lib/Either.js'
import test from 'ava'
import { classDecider, type ClassCommand } from '../../../../src/domain/cc/class.ts'
import { recordDecider } from '../../../../src/domain/cc/record-decide.ts'
import type { Change, RecordCommand } from '../../../../src/domain/cc/record.ts'
import type { Decider, Fact } from '../../../../src/domain/decider.ts'
import { CC_RECORD_BYTES_MAX } from '../../../../src/limits.ts'

const RECORD = '69559a80cdfc3ca022c61582'
const place = { app: 1, class: 'note', generation: 2, record: RECORD, owner: 7 }
const mine = { user: 7, isAdmin: false, groups: [] }
const theirs = { user: 8, isAdmin: false, groups: [] }
const decider = recordDecider(1, 7)

/** The events said, or why not. */
const said = <S, C>(of: Decider<S, C>, given: readonly Fact[], command: C) => {
  const decision = of.decide(command, given.reduce(of.evolve, of.initial))
  return E.isRight(decision) ? decision.right : `${decision.left.kind} ${decision.left.reason}`
}
const events = <S, C>(of: Decider<S, C>, given: readonly Fact[], command: C): readonly Fact[] => {
  const answer = said(of, given, command)
  return typeof answer === 'string' ? [] : answer
}

const creating = (more: Partial<Extract<RecordCommand, { type: 'Create' }>> = {}): RecordCommand => ({
  ...{ type: 'Create', place, isAllowed: true, parent: null, permissions: {}, at: 1_000 },
  steps: [
    { op: 'set', field: 'n', value: 1 },
    { op: 'set', field: 'none', value: null },
  ],
  ...more,
})
const changing = (change: Partial<Change>, more: Partial<Extract<RecordCommand, { type: 'Change' }>> = {}) =>
  ({
    ...{ type: 'Change', generation: 2, who: mine, rule: undefined, at: 2_000 },
    change: { steps: [], permissions: {}, ...change },
    ...more,
  }) satisfies RecordCommand
const deleting = {
  type: 'Delete',
  generation: 2,
  who: mine,
  rule: undefined,
  cascades: true,
  at: 3_000,
} as const
const created = events(decider, [], creating())

test('a new record says its fields that are something, and all its rules', (t) => {
  t.deepEqual(created, [
    {
      type: 'RecordCreated',
      data: {
        ...{ ...place, parent: null, at: 1_000 },
        sealed: {
          fields: { n: 1 },
          permissions: { read: { access: 'open' }, update: { access: 'owner' }, delete: { access: 'owner' } },
        },
      },
    },
  ])
  t.is(said(decider, [], creating({ isAllowed: false })), 'Forbidden no_permission')
  t.is(said(decider, created, creating()), 'Conflict id_taken')
  const large = 'x'.repeat(CC_RECORD_BYTES_MAX)
  const steps = [{ op: 'set', field: 's', value: large }] as const
  t.is(said(decider, [], creating({ steps })), 'TooLarge record_too_large')
})

test('a change says results, only what differs, and that there was one', (t) => {
  const steps = [
    { op: 'inc', field: 'n', value: 4 },
    { op: 'push', field: 'l', value: ['a'] },
    { op: 'set', field: 'none', value: null },
  ] as const
  const base = { ...place, by: 7, at: 2_000 }
  t.deepEqual(events(decider, created, changing({ steps })), [
    { type: 'RecordChanged', data: { ...base, sealed: { set: { n: 5, l: ['a'] } } } },
  ])
  const nothing = [{ op: 'set', field: 'n', value: 1 }] as const
  t.deepEqual(events(decider, created, changing({ steps: nothing, parent: null })), [
    { type: 'RecordChanged', data: base },
  ])
  const cleared = [{ op: 'set', field: 'n', value: null }] as const
  const [change] = events(decider, created, changing({ steps: cleared, parent: RECORD }))
  t.deepEqual(change?.data, { ...base, parent: RECORD, sealed: { set: { n: null } } })
  const wrong = [{ op: 'push', field: 'n', value: [1] }] as const
  t.is(said(decider, created, changing({ steps: wrong })), 'Unprocessable wrong_type')
})

test('the rule of the class goes before the record’s, and records of an earlier class are not there', (t) => {
  t.is(said(decider, created, changing({}, { who: theirs })), 'Forbidden no_permission')
  t.is(events(decider, created, changing({}, { who: theirs, rule: { access: 'open' } })).length, 1)
  t.is(said(decider, created, changing({}, { rule: { access: 'not_allowed' } })), 'Forbidden no_permission')
  t.is(said(decider, created, changing({}, { generation: 3 })), 'NotFound no_record')
  t.is(said(decider, [], changing({})), 'NotFound no_record')
  const open = { update: { access: 'open' } } as const
  const opened = [...created, ...events(decider, created, changing({ permissions: open }))]
  t.is(events(decider, opened, changing({}, { who: theirs })).length, 1)
})

test('a deletion says once what hangs on it, and once that nothing does', (t) => {
  t.is(said(decider, created, { ...deleting, who: theirs }), 'Forbidden no_permission')
  const gone = [...created, ...events(decider, created, deleting)]
  t.is(said(decider, gone, deleting), 'NotFound no_record')
  t.deepEqual(said(decider, gone, { type: 'DeleteWith', of: 'x', by: 8, at: 1 }), [])
  const end = { type: 'EndCascade' } as const
  t.deepEqual(events(decider, gone, end), [{ type: 'RecordCascadeEnded', data: place }])
  t.deepEqual(said(decider, [...gone, ...events(decider, gone, end)], end), [])
  t.deepEqual(said(decider, created, end), [])
  // Whoever has it.
  t.is(events(decider, created, { type: 'DeleteWith', of: 'x', by: 8, at: 1 }).length, 1)
})

test('of an owner whose words are erased there is no record', (t) => {
  const erased = created.map(({ type, data }) => ({ type, data: { ...data, sealed: null } }))
  t.is(said(decider, erased, changing({})), 'NotFound no_record')
  t.is(said(decider, erased, creating()), 'Conflict id_taken')
})

test('a class is defined, changed, removed, and another when it is defined again', (t) => {
  const define = (type: 'Integer' | 'String'): ClassCommand => ({
    ...{ type: 'Define', app: 1, class: 'note' },
    change: { fields: { n: type }, permissions: {} },
  })
  const remove: ClassCommand = { type: 'Remove', app: 1, class: 'note', at: 5 }
  t.is(said(classDecider, [], remove), 'NotFound no_class')
  const defined = events(classDecider, [], define('Integer'))
  t.is(defined[0]?.data['generation'], 1)
  t.deepEqual(said(classDecider, defined, define('Integer')), [])
  t.deepEqual(events(classDecider, defined, define('String'))[0]?.data['fields'], { n: 'String' })
  const removed = [...defined, ...events(classDecider, defined, remove)]
  t.is(events(classDecider, removed, define('Integer'))[0]?.data['generation'], 2)
  const clear = { type: 'Clear', app: 1, class: 'note', generation: 1 } as const
  const cleared = events(classDecider, removed, clear)
  t.is(cleared[0]?.type, 'DataClassCleared')
  t.deepEqual(said(classDecider, [...removed, ...cleared], clear), [])
})
