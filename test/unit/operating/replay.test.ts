/**
 * Replays on the memory adapters, beside documents that a runner made from the same history: which events are selected, and that a difference is
 * shown exactly where there is one, however the history grows meanwhile.
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { memoryDocuments } from '../../../src/documents/memory/memory.ts'
import type { Documents, Write } from '../../../src/documents/port.ts'
import { memoryHistory } from '../../../src/history/memory/memory.ts'
import type { History } from '../../../src/history/port.ts'
import { replay, selectEvents, type Selection } from '../../../src/operating/replay.ts'
import type { Difference } from '../../../src/operating/replay-compare.ts'
import type { Projection } from '../../../src/projecting/projection.ts'
import { startRunner } from '../../../src/projecting/runner.ts'
import { append, newEvent } from '../../support/events.ts'

let base = ''
test.before(async () => {
  base = await mkdtemp(join(tmpdir(), 'headwater-replays-'))
  process.env['TMPDIR'] = base
})
test.after.always('no replay leaves anything behind', async (t) => {
  const left = await readdir(base)
  await rm(base, { recursive: true })
  t.deepEqual(left, [])
})

const people: Projection = {
  name: 'people',
  version: 3,
  prefixes: ['test.'],
  collections: { people: { indexes: [{ keys: ['_s'] }] } },
  on: {
    Named: ({ stream, data }) => [
      { collection: 'people', id: stream, put: { name: data.name ?? null, _s: [stream] } },
    ],
    Renamed: ({ stream, data }) => [
      { collection: 'people', id: stream, update: { $set: { name: data.name ?? null } } },
    ],
    Left: ({ stream }) => [{ collection: 'people', id: stream, delete: true }],
    Poison: () => {
      throw new Error('cannot be taken')
    },
  },
}

const runnerOn = (t: ExecutionContext, history: History, documents: Documents) =>
  startRunner({
    ...{ history, documents, projections: [people], onApplied: () => undefined, onStopped: () => undefined },
    onBroken: (error) => t.fail(String(error)),
  })

/** Three people; the second is gone, the third renamed. */
const given = async (t: ExecutionContext) => {
  const [history, documents] = [memoryHistory(), memoryDocuments()]
  for (const name of ['a', 'b', 'c']) await append(history, `test.${name}`, newEvent('Named', { name }))
  const left = await append(history, 'test.b', newEvent('Left'))
  await append(history, 'other', newEvent('Named', { name: 'nobody' }))
  await append(history, 'test.c', newEvent('Renamed', { name: 'cc' }))
  const runner = await runnerOn(t, history, documents)
  t.true(await runner.reached(await history.head(), ['test.']))
  await runner.close()
  return { history, documents, left }
}

type Given = { readonly history: History; readonly documents: Documents }

const replayed = async (stores: Given, selection: Selection) => {
  const shown: Difference[] = []
  const onDifference = (difference: Difference): void => void shown.push(difference)
  const result = await replay({ ...stores, projection: people, selection, onDifference })
  return { result, shown: shown.map(({ id, kind, isLater }) => [id, kind, isLater]), differences: shown }
}

/** Out of turn, as nobody but a fault does. */
const tamper = (
  documents: Documents,
  at: bigint,
  id: string,
  change: { put: { name: string } } | 'delete',
) => {
  const write: Write =
    change === 'delete'
      ? { collection: 'people@3', id, at, delete: true }
      : { collection: 'people@3', id, at, ...change }
  return documents.apply([write], [])
}

const collect = async (pages: ReturnType<typeof selectEvents>): Promise<readonly string[]> => {
  const found: string[] = []
  for await (const page of pages()) found.push(...page.map(({ stream, type }) => `${stream} ${type}`))
  return found
}

test('a stream is selected whole, and once more only what came since', async (t) => {
  const { history } = await given(t)
  const pages = selectEvents(history, { stream: 'test.b' })
  t.deepEqual(await collect(pages), ['test.b Named', 'test.b Left'])
  t.deepEqual(await collect(pages), [])
  await append(history, 'test.b', newEvent('Named', { name: 'again' }))
  t.deepEqual(await collect(pages), ['test.b Named'])
})

test('positions are selected with both ends', async (t) => {
  const { history, left } = await given(t)
  const between = selectEvents(history, { from: left, to: left + 1n })
  t.deepEqual(await collect(between), ['test.b Left', 'other Named'])
  t.deepEqual(await collect(between), [])
  t.deepEqual(await collect(selectEvents(history, { from: left, to: left })), ['test.b Left'])
  t.deepEqual(await collect(selectEvents(history, { from: left, to: left - 1n })), [])
  t.deepEqual(await collect(selectEvents(history, { from: left + 100n })), [])
  t.is((await collect(selectEvents(history, { from: 0n }))).length, 6)
  t.is((await collect(selectEvents(history, { from: 0n, to: 1_000n }))).length, 6)

  const open = selectEvents(history, { from: left + 1n })
  t.is((await collect(open)).length, 2)
  await append(history, 'test.d', newEvent('Named'))
  t.deepEqual(await collect(open), ['test.d Named'])
})

test('what is as the events make it does not differ', async (t) => {
  const stores = await given(t)
  const { result, shown } = await replayed(stores, { from: 0n })
  t.deepEqual(shown, [])
  t.like(result, { outcome: 'compared', events: 6, compared: 3, differences: 0, unbuilt: 0 })
  const stream = await replayed(stores, { stream: 'test.c' })
  t.like(stream.result, { outcome: 'compared', events: 2, compared: 1, differences: 0 })
  t.like(await replayed(stores, { stream: 'test.nobody' }), { result: { outcome: 'nothing', events: 0 } })
})

test('each way to differ is shown with both sides', async (t) => {
  const stores = await given(t)
  const head = await stores.history.head()
  await tamper(stores.documents, head, 'test.a', { put: { name: 'x' } })
  await tamper(stores.documents, head, 'test.b', { put: { name: 'back' } })
  await tamper(stores.documents, head + 1n, 'test.c', 'delete')
  const { result, shown, differences } = await replayed(stores, { from: 0n })
  t.like(result, { outcome: 'compared', compared: 3, differences: 3, later: 0 })
  t.deepEqual(shown, [
    ['test.a', 'different', false],
    ['test.b', 'only serving', false],
    ['test.c', 'only in the replay', false],
  ])
  t.deepEqual(differences[0]?.replayed, { at: 1n, value: { _id: 'test.a', name: 'a', _s: ['test.a'] } })
  t.deepEqual(differences[0]?.serving, { at: head, value: { _id: 'test.a', name: 'x' } })
  t.deepEqual((await replayed(stores, { stream: 'test.a' })).shown, [['test.a', 'different', true]])
})

test('a part of the history: what later events changed is said to be so, what it does not begin is not compared', async (t) => {
  const stores = await given(t)
  const { left } = stores
  const first = await replayed(stores, { from: 0n, to: left - 1n })
  t.deepEqual(first.shown, [
    ['test.b', 'only in the replay', false],
    ['test.c', 'different', true],
  ])
  t.like(first.result, { compared: 3, differences: 2, later: 1, upTo: left - 1n })
  const last = await replayed(stores, { from: left })
  t.deepEqual(last.shown, [])
  t.like(last.result, { compared: 1, differences: 0, unbuilt: 1 })
})

test('a document that is made after it was changed in vain is compared after all', async (t) => {
  const [history, documents] = [memoryHistory(), memoryDocuments()]
  await append(history, 'test.a', newEvent('Renamed', { name: 'x' }), newEvent('Named', { name: 'a' }))
  const runner = await runnerOn(t, history, documents)
  await runner.reached(await history.head(), ['test.'])
  await runner.close()
  const { result } = await replayed({ history, documents }, { from: 0n })
  t.like(result, { outcome: 'compared', compared: 1, differences: 0, unbuilt: 0 })
})

test('a poison event is told with its place', async (t) => {
  const stores = await given(t)
  const position = await append(stores.history, 'test.a', newEvent('Poison'))
  await append(stores.history, 'test.a', newEvent('Renamed', { name: 'behind' }))
  const { result } = await replayed(stores, { from: 0n })
  t.deepEqual(result, {
    outcome: 'stopped',
    events: 6,
    stopped: { position, stream: 'test.a', type: 'Poison', error: 'Error: cannot be taken' },
  })
})

test('beside a runner at work nothing differs', async (t) => {
  const [history, documents] = [memoryHistory(), memoryDocuments()]
  const streams = Array.from({ length: 700 }, (_, n) => `test.${n}`)
  for (const stream of streams) await append(history, stream, newEvent('Named', { name: 'first' }))
  const runner = await runnerOn(t, history, documents)
  const stop = new AbortController()
  const writing = async (): Promise<number> => {
    let n = 0
    while (!stop.signal.aborted) {
      await append(history, streams[n++ % 700] ?? '', newEvent('Renamed', { name: String(n) }))
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    return n
  }
  const written = writing()
  const { result, shown } = await replayed({ history, documents }, { from: 0n })
  stop.abort()
  const n = await written
  t.deepEqual(shown, [])
  t.like(result, { outcome: 'compared', compared: 700, differences: 0 })
  t.true(n > 0)
  await runner.close()
})

test('in many documents each difference is found, whatever else serves between them', async (t) => {
  const [history, documents] = [memoryHistory(), memoryDocuments()]
  const all = Array.from({ length: 1_200 }, (_, n) => `test.é${n}`)
  for (const stream of all) await append(history, stream, newEvent('Named', { name: 'first' }))
  const runner = await runnerOn(t, history, documents)
  await runner.reached(await history.head(), ['test.'])
  await runner.close()
  await tamper(documents, 1_300n, 'test.a', { put: { name: 'no event made it' } })
  await tamper(documents, 1_300n, 'test.é10', 'delete')
  await tamper(documents, 1_300n, 'test.é999', { put: { name: 'x' } })
  const { result, shown } = await replayed({ history, documents }, { from: 0n })
  t.deepEqual(shown, [
    ['test.é10', 'only in the replay', false],
    ['test.é999', 'different', true],
  ])
  t.like(result, { compared: 1_200, differences: 2, later: 1 })
})

test('without documents that serve it says so', async (t) => {
  const { history } = await given(t)
  await t.throwsAsync(replayed({ history, documents: memoryDocuments() }, { from: 0n }), {
    message: 'No documents of people serve: there is nothing to compare with',
  })
})

test('documents that give way to others while they are compared are not taken for a difference', async (t) => {
  const stores = await given(t)
  const runner = await runnerOn(t, stores.history, stores.documents)
  let replacing: Promise<unknown> | undefined
  const documents: Documents = {
    ...stores.documents,
    get: async (collection, id) => {
      if (collection === 'people@3') await (replacing ??= runner.rebuild('people'))
      return stores.documents.get(collection, id)
    },
  }
  await t.throwsAsync(replayed({ ...stores, documents }, { from: 0n }), {
    message: /began to serve meanwhile/,
  })
  await runner.close()
})
