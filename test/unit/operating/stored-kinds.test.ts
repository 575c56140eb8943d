/**
 * Proves what a start looks for among the stored events: with the notes of the tree's keeper, behind them, and without any; types and schemas that
 * this version cannot read are named with the place where they came first, and others' events are none of its business.
 */
import test from 'ava'
import { memoryDocuments } from '../../../src/documents/memory/memory.ts'
import { memoryHistory } from '../../../src/history/memory/memory.ts'
import { HistoryUnavailable, type History } from '../../../src/history/port.ts'
import type { Json } from '../../../src/json.ts'
import { startKindsCheck, unknownKinds, UnknownKinds } from '../../../src/operating/stored-kinds.ts'
import { AUDIT, KINDS_ID, STATE_ID, TREE } from '../../../src/proofs/collections.ts'
import { append, newEvent } from '../../support/events.ts'

const types = new Map([
  ['Known', { schema: 1 }],
  ['Grown', { schema: 3 }],
])
const LABEL = 'stores.labels-1'

const filled = async (...kinds: readonly (readonly [string, string, number])[]): Promise<History> => {
  const history = memoryHistory()
  for (const [stream, type, schema] of kinds) await append(history, stream, newEvent(type, {}, { schema }))
  return history
}

/** What the keeper noted up to there. */
const notes = async (position: number, kinds: Json) => {
  const documents = memoryDocuments()
  const [at, text] = [BigInt(position), String(position)]
  await documents.apply(
    [
      { collection: AUDIT, id: KINDS_ID, at, put: { kinds } },
      { collection: TREE, id: STATE_ID, at, put: { size: position, position: text, root: '' } },
    ],
    [],
  )
  return documents
}

test('every schema up to the current one is known; a newer one and a strange type are named with their first place', async (t) => {
  const stored = await filled(
    [LABEL, 'Known', 1],
    [LABEL, 'Grown', 1],
    [LABEL, 'Grown', 3],
    ['timelimit.family-1', 'Grown', 4],
    [LABEL, 'Grown', 4],
    ['platform.job-x', 'Strange', 1],
    ['claim-user-login-00', 'Known', 0],
  )
  const found = await unknownKinds({ stored, documents: memoryDocuments(), types })
  t.deepEqual(found, [
    { type: 'Grown', schema: 4, position: 4n, stream: 'timelimit.family-1' },
    { type: 'Strange', schema: 1, position: 6n, stream: 'platform.job-x' },
    { type: 'Known', schema: 0, position: 7n, stream: 'claim-user-login-00' },
  ])
  t.is(
    new UnknownKinds(found.slice(0, 1)).message,
    'the history has events that this version does not know: Grown at schema 4, first at position 4 in timelimit.family-1',
  )
})

test("others' events may be of any kind", async (t) => {
  const stored = await filled(['orders-1', 'Ordered', 9], ['store.s', 'Known', 7], [LABEL, 'Known', 1])
  t.deepEqual(await unknownKinds({ stored, documents: memoryDocuments(), types }), [])
  const documents = await notes(3, [{ type: 'Ordered', schema: 9, first: '1' }])
  t.deepEqual(await unknownKinds({ stored, documents, types }), [])
})

test('what was noted is not read again, what is behind it is', async (t) => {
  const kinds = [1, 2, 3].map(() => [LABEL, 'Known', 1] as const)
  const stored = await filled(...kinds, [LABEL, 'Strange', 1])
  const read: bigint[] = []
  const watched: typeof stored = {
    ...stored,
    readAll: (options) => {
      read.push(options.after)
      return stored.readAll(options)
    },
  }
  const documents = await notes(3, [{ type: 'Known', schema: 1, first: '1' }])
  t.like(await unknownKinds({ stored: watched, documents, types }), [{ type: 'Strange', position: 4n }])
  t.deepEqual(read, [3n])
  const older = await notes(4, [
    { type: 'Known', schema: 1, first: '1' },
    { type: 'Strange', schema: 1, first: '4' },
  ])
  t.like(await unknownKinds({ stored, documents: older, types }), [
    { type: 'Strange', position: 4n, stream: LABEL },
  ])
})

test('notes that are ahead of the history are of another one: all of it is read', async (t) => {
  const stored = await filled([LABEL, 'Strange', 1])
  const documents = await notes(9, [{ type: 'Known', schema: 1, first: '1' }])
  t.is((await unknownKinds({ stored, documents, types })).length, 1)
})

test('a shared store that is away is tried again; what is unknown is not', async (t) => {
  const [stored, documents] = [await filled([LABEL, 'Known', 1]), memoryDocuments()]
  let away = true
  const later: typeof stored = {
    ...stored,
    head: () => (away ? Promise.reject(new HistoryUnavailable('away')) : stored.head()),
  }
  const check = startKindsCheck({ stored: later, documents, types, isShared: true })
  t.truthy(check.missing())
  await t.throwsAsync(startKindsCheck({ stored: later, documents, types, isShared: false }).through)
  away = false
  await check.through
  t.is(check.missing(), undefined)
  const strange = { stored: await filled([LABEL, 'Strange', 1]), documents, types, isShared: true }
  await t.throwsAsync(startKindsCheck(strange).through, { instanceOf: UnknownKinds })
})

test('closing ends the wait for a store', async (t) => {
  const stored = { ...memoryHistory(), head: () => Promise.reject(new HistoryUnavailable('away')) }
  const check = startKindsCheck({ stored, documents: memoryDocuments(), types, isShared: true })
  setTimeout(check.close, 10)
  await t.throwsAsync(check.through, { name: 'AbortError' })
})
