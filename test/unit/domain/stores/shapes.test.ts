/** Proves the nested rules of geofences, scenes, tables, task kinds and messages, and the deadlines of tasks (rightech 1.6). */
import test from 'ava'
import type { JsonObject } from '../../../../src/json.ts'
import { present } from '../../../../src/domain/stores/present.ts'
import {
  AT,
  created,
  createCommand,
  fieldsOf,
  following,
  hex,
  ID,
  ME,
  MINIMAL,
  patchCommand,
} from '../../../support/stores-domain.ts'

const post = (store: string, more: JsonObject) =>
  fieldsOf(following(store).run(createCommand(store, { ...MINIMAL[store], ...more })))
const shape = (value: JsonObject) => post('geofences', { shape: value })

test('shapes that are right', (t) => {
  const points = [
    [1, 2],
    [3, 4],
    [-90, 180],
  ]
  const right: readonly JsonObject[] = [
    { type: 'marker', center: [55.7, 37.6] },
    { type: 'circle', center: [0, 0], radius: 1 },
    { type: 'circle', center: [0, 0] },
    { type: 'polyline', points: points.slice(1) },
    { type: 'polygon', points },
    { type: 'rectangle', points: points.slice(1) },
    { type: 'rectangle', points: [...points, [5, 6]] },
    { type: 'route', trips: [{ type: 'return', points, waypoints: [{ center: [1, 2], name: 'A' }] }] },
    { type: 'else', center: 'anything' },
    { type: 'toString' },
  ]
  for (const each of right) t.is(shape(each), undefined, JSON.stringify(each))
})

test('shapes that are wrong', (t) => {
  const wrong: readonly [JsonObject, JsonObject][] = [
    [{}, { 'shape.type': ['required'] }],
    [{ type: 5 }, { 'shape.type': ['type'] }],
    [{ type: 'marker' }, { 'shape.center': ['required'] }],
    [{ type: 'marker', center: [90.1, 0] }, { 'shape.center': ['range'] }],
    [{ type: 'marker', center: [0, -180.1] }, { 'shape.center': ['range'] }],
    [{ type: 'marker', center: ['0', 0] }, { 'shape.center': ['type'] }],
    [{ type: 'marker', center: [0, 0, 0] }, { 'shape.center': ['type'] }],
    [{ type: 'circle', center: [0, 0], radius: 0 }, { 'shape.radius': ['range'] }],
    [{ type: 'polyline', points: [[0, 0]] }, { 'shape.points': ['min'] }],
    [
      {
        type: 'polygon',
        points: [
          [0, 0],
          [200, 0],
        ],
      },
      { 'shape.points': ['min', 'range'] },
    ],
    [
      {
        type: 'polygon',
        points: [
          [0, 0],
          [1, 0],
          [0, 0],
        ],
      },
      { 'shape.points': ['format'] },
    ],
    [
      {
        type: 'rectangle',
        points: [
          [0, 0],
          [1, 0],
          [2, 0],
        ],
      },
      { 'shape.points': ['min'] },
    ],
    [
      {
        type: 'rectangle',
        points: [
          [0, 0],
          [1, 0],
          [2, 0],
          [3, 0],
          [4, 0],
        ],
      },
      { 'shape.points': ['max'] },
    ],
    [{ type: 'route' }, { 'shape.trips': ['required'] }],
    [
      { type: 'route', trips: [{ type: 'x', points: [null], waypoints: [{ name: 5 }] }, 1] },
      {
        'shape.trips.0.type': ['enum'],
        'shape.trips.0.points': ['type'],
        'shape.trips.0.waypoints.0.center': ['required'],
        'shape.trips.0.waypoints.0.name': ['type'],
        'shape.trips.1': ['type'],
      },
    ],
  ]
  for (const [each, fields] of wrong) t.deepEqual(shape(each), fields as never, JSON.stringify(each))
  t.deepEqual(post('geofences', { shape: [], color: 1 }), { shape: ['type'], color: ['type'] })
})

test('floors', (t) => {
  const floor = { kind: 'floor', floorId: 1, sceneId: 's', beacons: [{ name: 'b', x: 1, y: 2 }] }
  t.is(post('geofences', { floors: [floor] }), undefined)
  t.deepEqual(
    post('geofences', {
      floors: [{ kind: 'cellar', heightTo: '3', beacons: [{ name: '', x: 'a', y: 1 }] }, null],
    }),
    {
      'floors.0.kind': ['enum'],
      'floors.0.floorId': ['required'],
      'floors.0.sceneId': ['required'],
      'floors.0.heightTo': ['type'],
      'floors.0.beacons.0.name': ['required'],
      'floors.0.beacons.0.x': ['type'],
      'floors.1': ['type'],
    },
  )
})

test('scenes, messages, kinds and tokens', (t) => {
  t.deepEqual(post('scenes', { type: '4d', file: 5, props: { a: 1, b: 'x' } }), {
    type: ['enum'],
    file: ['type'],
    'props.a': ['type'],
  })
  t.deepEqual(post('messages', { importance: 'huge', id: 'x' }), { importance: ['enum'], id: ['reference'] })
  t.is(created('messages').entity()['importance'], 'info')
  t.deepEqual(
    post('tasks/kinds', { statusConfig: { actions: { a: 'x' } }, reportConfig: { fields: [{ name: 'n' }] } }),
    {
      'statusConfig.actions.a': ['type'],
      'reportConfig.fields.0.type': ['required'],
    },
  )
  t.deepEqual(post('tokens', { expiresAt: AT, scopes: 'x' }), { expiresAt: ['range'], scopes: ['type'] })
  t.like(created('tokens').entity(), { expiresAt: AT + 86_400_000, issuedAt: AT, type: 'access' })
})

const VIRTUAL = [
  { id: 'time', name: 'Created', dataType: 'date', deletable: false },
  { id: '_id', name: 'ID', dataType: 'string', deletable: false },
]
const NAME = { id: 'name', name: 'Name', dataType: 'string' }
const SUM = { id: 'sum', name: 'Sum', dataType: 'number' }

test('tables always have the virtual columns, and show one that is there', (t) => {
  const table = created('tables')
  t.like(table.entity(), { columns: [NAME, ...VIRTUAL], displayColumn: 'name' })
  table.run(patchCommand('tables', { columns: [SUM] }))
  t.like(table.entity(), { columns: [SUM, ...VIRTUAL], displayColumn: 'sum' })
  t.deepEqual(fieldsOf(table.run(patchCommand('tables', { columns: [NAME], displayColumn: 'sum' }))), {
    displayColumn: ['reference'],
  })
  t.like(created('tables', { name: 'T', columns: [] }).entity(), { columns: VIRTUAL, displayColumn: 'time' })
  t.deepEqual(post('tables', { columns: [SUM, SUM, { id: 'a b', dataType: 'blob' }] }), {
    'columns.2.id': ['format'],
    'columns.2.name': ['required'],
    'columns.2.dataType': ['enum'],
    columns: ['unique'],
  })
})

test('a task has its defaults', (t) => {
  t.like(created('tasks').entity(), {
    status: 'created',
    priority: 3,
    archived: false,
    notification: false,
    expired: false,
    createdBy: { id: ME, store: 'users' },
  })
  t.is(created('tasks', { name: 'T', assignee: hex('1') }).entity()['status'], 'assigned')
  t.is(created('tasks', { name: 'T', assignee: null, status: 'odd' }).entity()['status'], 'odd')
  t.deepEqual(post('tasks', { priority: 'high', object: 'x', deadlines: [] }), {
    priority: ['type'],
    object: ['reference'],
    deadlines: ['type'],
  })
})

const expire = (at: number) => ({ type: 'ExpireTask', id: ID, at }) as const

test('a task expires once when a deadline of either shape has passed', (t) => {
  for (const deadlines of [
    { inwork: AT + 10, closed: null },
    { a: { status: 'inwork', time: AT + 10 }, b: AT + 99 },
  ]) {
    const task = created('tasks', { name: 'T', deadlines })
    t.is(task.entity()['_due'], AT + 10)
    t.deepEqual(task.run(expire(AT + 10)), [])
    t.like(task.run(expire(AT + 11)), {
      length: 2,
      0: { type: 'EntityChanged', data: { set: { expired: true }, unset: ['_due'], at: AT + 11 } },
      1: { type: 'TaskExpired', data: { id: ID } },
    })
    t.like(task.entity(), { expired: true, _at: AT + 11 })
    t.deepEqual(task.run(expire(AT + 12)), [])
    t.false('_due' in present('tasks', task.entity()))
  }
})

test('closed tasks, tasks without deadlines and tasks that are not there do not expire', (t) => {
  t.deepEqual(created('tasks', { name: 'T', status: 'closed', deadlines: { a: 1 } }).run(expire(AT)), [])
  t.deepEqual(created('tasks').run(expire(AT)), [])
  t.deepEqual(following('tasks').run(expire(AT)), [])
  const task = created('tasks', { name: 'T', deadlines: { a: AT + 10 } })
  task.run(patchCommand('tasks', { status: 'closed' }))
  t.false('_due' in task.entity())
})

test('a task postponed into the future is expired no longer and can expire again', (t) => {
  const task = created('tasks', { name: 'T', deadlines: { a: AT + 10, b: AT + 20 } })
  task.run(expire(AT + 15))
  task.run(patchCommand('tasks', { deadlines: { a: null } }, { at: AT + 25 }))
  t.is(task.entity()['expired'], true)
  t.deepEqual(task.run(patchCommand('tasks', { expired: false })), [])
  task.run(patchCommand('tasks', { deadlines: { b: AT + 90 } }, { at: AT + 26 }))
  t.like(task.entity(), { expired: false, _due: AT + 90 })
  t.like(task.run(expire(AT + 91)), { length: 2 })
})
