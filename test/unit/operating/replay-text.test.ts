/** How a replay's differences and its end read, for people and as JSON: told by the texts themselves. */
import test from 'ava'
import {
  differenceJson,
  differenceText,
  differingFields,
  replayedJson,
  replayedText,
} from '../../../src/operating/replay-text.ts'
import { placesJson, placesText } from '../../../src/operating/status.ts'

const replayed = { at: 7n, value: { _id: 'x', color: 'red', more: { a: 1, b: [1, 2] } } }
const serving = { at: 9n, value: { _id: 'x', color: 'blue', more: { a: 1, b: [2] }, extra: null } }
const common = { collection: 'people', id: 'x', isLater: false } as const

test('only the fields that differ are named, by their paths', (t) => {
  t.deepEqual(differingFields(replayed.value, serving.value), [
    { path: 'color', a: 'red', b: 'blue' },
    { path: 'more.b', a: [1, 2], b: [2] },
    { path: 'extra', a: undefined, b: null },
  ])
  t.deepEqual(differingFields(replayed.value, replayed.value), [])
  t.deepEqual(differingFields({}, { constructor: 1 }), [{ path: 'constructor', a: undefined, b: 1 }])
})

test('a difference', (t) => {
  const difference = { ...common, kind: 'different', replayed, serving, isLater: true } as const
  t.is(
    differenceText(difference),
    [
      'people x: different (replayed at 7; serving at 9, later)',
      '    color: replayed "red", serving "blue"',
      '    more.b: replayed [1,2], serving [2]',
      '    extra: replayed nothing, serving null',
    ].join('\n'),
  )
  t.deepEqual(differenceJson(difference), {
    ...{ kind: 'different', collection: 'people', id: 'x', later: true },
    replayed: { at: '7', value: replayed.value },
    serving: { at: '9', value: serving.value },
  })
})

test('a document of one side, with its value cut', (t) => {
  const value = { _id: 'x', long: 'x'.repeat(1_000) }
  const difference = {
    ...common,
    kind: 'only serving',
    replayed: undefined,
    serving: { at: 9n, value },
  } as const
  const [head, body = ''] = differenceText(difference).split('\n')
  t.is(head, 'people x: only serving (serving at 9)')
  t.is(body.length, 4 + 200 + 1)
  t.true(body.endsWith('…'))
  t.deepEqual(differenceJson(difference).serving, { at: '9', value })
})

test('the end', (t) => {
  const stopped = { position: 2n ** 60n, stream: 's', type: 'T', error: 'Error: no' }
  const poison = { outcome: 'stopped', events: 3, stopped } as const
  t.is(replayedText('people', poison), `people: stops at position ${2n ** 60n}, T in s: Error: no`)
  t.is(replayedJson('people', poison).position, String(2n ** 60n))
  const compared = {
    outcome: 'compared',
    events: 3,
    upTo: 9n,
    compared: 4,
    differences: 2,
    later: 1,
    unbuilt: 5,
    serving: { version: 3, generation: 1, position: 11n },
  } as const
  t.is(
    replayedText('people', compared),
    [
      'people: 3 events up to position 9 replayed; people@3.1 serves up to 11',
      'people: 4 documents compared, 2 differ',
      '  1 of these were changed by events behind the replayed ones',
      '  5 more not compared: what they begin with is not among the events',
    ].join('\n'),
  )
  t.deepEqual(replayedJson('people', compared).serving, { version: 3, generation: 1, position: '11' })
})

test('where the stores are', (t) => {
  const embedded = { history: 'embedded', documents: 'embedded', directory: '/d' } as const
  t.is(placesText(embedded), 'embedded in /d')
  t.deepEqual(placesJson(embedded), { kind: 'embedded', directory: '/d' })
  const shared = { history: 'eventstoredb', documents: 'mongodb' } as const
  t.is(placesText(shared), 'history in EventStoreDB, documents in MongoDB')
  t.deepEqual(placesJson(shared), { kind: 'shared', ...shared })
  const mixed = { history: 'eventstoredb', documents: 'embedded', directory: '/d' } as const
  t.is(placesText(mixed), 'history in EventStoreDB, documents embedded in /d')
  t.deepEqual(placesJson(mixed), { kind: 'shared', ...mixed })
})
