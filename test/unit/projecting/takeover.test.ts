/**
 * Rebuilds and changes of version that are cut off, overtaken or held up at their worst moments: gates in the history and the documents stop
 * the runner exactly there. What counts is what a reader is shown, what is left behind, and that closing ends.
 */
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import { memoryDocuments } from '../../../src/documents/memory/memory.ts'
import { DocumentsUnavailable, type Documents } from '../../../src/documents/port.ts'
import { memoryHistory } from '../../../src/history/memory/memory.ts'
import type { History } from '../../../src/history/port.ts'
import type { Projection } from '../../../src/projecting/projection.ts'
import { startRunner } from '../../../src/projecting/runner.ts'
import { RECORDS } from '../../../src/projecting/serving.ts'
import { createReader } from '../../../src/queries/reader.ts'
import { append, newEvent } from '../../support/events.ts'
import { turns } from '../../support/waiting.ts'

const people = (version = 1, more: Projection['on'] = {}): Projection => ({
  name: 'people',
  version,
  prefixes: ['test.person-'],
  collections: { people: { indexes: [] } },
  on: {
    Named: ({ stream, data }) => [
      { collection: 'people', id: stream, put: { name: data.name ?? null, v: version } },
    ],
    ...more,
  },
})

type Given = {
  readonly history?: History
  readonly documents?: Documents
  readonly projection?: Projection
}

const start = async ({
  history = memoryHistory(),
  documents = memoryDocuments(),
  projection = people(),
}: Given) => {
  const stops: string[] = []
  const runner = await startRunner({
    history,
    documents,
    projections: [projection],
    onApplied: () => undefined,
    onStopped: (name) => void stops.push(name),
    onBroken: (error) => {
      throw error
    },
  })
  return { history, documents, runner, reader: createReader(documents, runner.serving), stops }
}

/** Closed, whoever comes to it waits until it is opened; `waiting` tells that somebody does. */
const gate = () => {
  let open = (): void => undefined
  let arrived = (): void => undefined
  let closed: Promise<void> | undefined
  const waiting = new Promise<void>((resolve) => (arrived = resolve))
  return {
    waiting,
    close: () => void (closed = new Promise((resolve) => (open = resolve))),
    open: () => {
      closed = undefined
      open()
    },
    pass: async () => {
      if (closed !== undefined) arrived()
      await closed
    },
  }
}

const fill = async (history: History, from: number, to: number): Promise<void> => {
  for (let n = from; n < to; n++)
    await append(history, `test.person-${n}`, newEvent('Named', { name: String(n) }))
}

const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await holds())) await nextTurn()
}

const ofPeople = async (documents: Documents) =>
  [...(await documents.collections())].filter((name) => name.startsWith('people')).sort()

const closesSoon = async (closing: Promise<void>): Promise<boolean> =>
  Promise.race([closing.then(() => true), pause(20_000, false, { ref: false })])

test('a version that comes back finds no checkpoint without documents', async (t) => {
  const first = await start({})
  await fill(first.history, 0, 5)
  await first.runner.reached(5n, ['test.'])
  await first.runner.close()
  for (const version of [2, 1]) {
    const next = await start({ ...first, projection: people(version) })
    await until(async () => (await next.reader.get('people', 'test.person-1'))?.value.v === version)
    t.is(await next.reader.count('people', {}), 5)
    await next.runner.close()
  }
})

test('what a killed take-over and a killed check left is gone after the next start', async (t) => {
  const memory = memoryDocuments()
  const first = await start({ documents: { ...memory, drop: () => new Promise(() => undefined) } })
  await fill(first.history, 0, 5)
  void first.runner.rebuild('people')
  await until(async () => (await memory.collections()).includes('people@1.1'))
  await until(() => first.runner.status()[0]?.generation === 1)
  await memory.ensureIndexes('people@1.1000000000', [])
  await memory.ensureIndexes('people@2.3', [])
  t.true((await ofPeople(memory)).includes('people@1'))
  const second = await start({ history: first.history, documents: memory })
  await until(async () => (await ofPeople(memory)).length === 1)
  t.deepEqual(await ofPeople(memory), ['people@1.1'])
  t.is(await memory.checkpoint('people@1'), undefined)
  t.is(await second.reader.count('people', {}), 5)
  await second.runner.close()
})

test('a rebuild that a change of version overtook is thrown away with its record', async (t) => {
  const first = await start({})
  await fill(first.history, 0, 1_000)
  await first.runner.reached(1_000n, ['test.'])
  const rebuilding = first.runner.rebuild('people')
  await until(async () => ((await first.documents.checkpoint('people@1.1')) ?? 0n) > 0n)
  await first.runner.close()
  await t.throwsAsync(rebuilding, { name: 'RebuildInterrupted' })
  const second = await start({ ...first, projection: people(2) })
  await until(async () => (await ofPeople(second.documents)).join() === 'people@2')
  t.is((await second.documents.get(RECORDS, 'people'))?.value.building, undefined)
  await second.runner.close()
})

test('a check while the line lags behind the history finds no difference', async (t) => {
  const memory = memoryHistory()
  const line = gate()
  const history: History = {
    ...memory,
    subscribe: async function* (options) {
      for await (const delivery of memory.subscribe(options)) {
        await line.pass()
        yield delivery
      }
    },
  }
  const { runner } = await start({ history })
  await fill(history, 0, 3)
  await runner.reached(3n, ['test.'])
  line.close()
  await fill(history, 3, 6)
  await append(history, 'test.person-0', newEvent('Named', { name: 'changed' }))
  await line.waiting
  const checking = runner.rebuild('people', { check: true })
  await turns(50)
  line.open()
  t.deepEqual(await checking, { outcome: 'compared', compared: 6, differences: [] })
  await runner.close()
})

test('a write during a take-over is shown and read', async (t) => {
  const memory = memoryDocuments()
  const flushing = gate()
  const documents: Documents = { ...memory, flush: () => flushing.pass() }
  const { history, runner, reader } = await start({ documents })
  await fill(history, 0, 3)
  await runner.reached(3n, ['test.'])
  let taking = false
  const rebuilding = runner.rebuild('people', {
    onProgress: () => {
      // Told last when the new build has joined the line: what comes next is the take-over.
      if (!taking) flushing.close()
      taking = true
    },
  })
  await flushing.waiting
  await fill(history, 3, 4)
  t.true(await runner.shown('test.person-3', 4n))
  t.is((await reader.get('people', 'test.person-3'))?.value.name, '3')
  flushing.open()
  t.like(await rebuilding, { outcome: 'taken over' })
  t.is(await reader.count('people', {}), 4)
  await runner.close()
})

test('nothing is written to streams whose new version does not serve yet', async (t) => {
  const memory = memoryDocuments()
  const first = await start({ documents: memory })
  await fill(first.history, 0, 3)
  await first.runner.reached(3n, ['test.'])
  await first.runner.close()
  const flushing = gate()
  flushing.close()
  const documents: Documents = { ...memory, flush: () => flushing.pass() }
  const { runner, reader } = await start({ history: first.history, documents, projection: people(2) })
  await flushing.waiting
  t.true(runner.status()[0]?.caughtUp)
  t.is((await reader.get('people', 'test.person-1'))?.value.v, 1)
  t.is(runner.refusal('test.person-1'), 'documents_behind')
  flushing.open()
  await until(() => runner.refusal('test.person-1') === undefined)
  t.is((await reader.get('people', 'test.person-1'))?.value.v, 2)
  await runner.close()
})

test('a new version that cannot get over an event never serves, also after a rebuild of it', async (t) => {
  const first = await start({})
  await fill(first.history, 0, 3)
  await append(first.history, 'test.person-3', newEvent('Odd'))
  await fill(first.history, 4, 6)
  await first.runner.reached(6n, ['test.'])
  await first.runner.close()
  const poisoned = people(2, {
    Odd: () => {
      throw new Error('cannot read this')
    },
  })
  const second = await start({ ...first, projection: poisoned })
  await until(() => second.stops.length > 0)
  t.like(await second.runner.rebuild('people'), { outcome: 'stopped' })
  await second.runner.close()
  const third = await start({ ...first, projection: poisoned })
  t.is((await third.reader.get('people', 'test.person-5'))?.value.v, 1)
  t.is(await third.reader.count('people', {}), 5)
  await third.runner.close()
  const mended = await start({ ...first, projection: people(2) })
  await until(async () => (await mended.reader.get('people', 'test.person-5'))?.value.v === 2)
  await until(async () => (await ofPeople(mended.documents)).join() === 'people@2')
  t.is(await mended.reader.count('people', {}), 5)
  await mended.runner.close()
})

test('a stop that cannot be recorded ends nothing', async (t) => {
  const memory = memoryDocuments()
  let down = false
  const documents: Documents = {
    ...memory,
    get: (collection, id) =>
      down && collection === RECORDS
        ? Promise.reject(new DocumentsUnavailable('down'))
        : memory.get(collection, id),
  }
  const projection = people(1, {
    Odd: () => {
      throw new Error('cannot read this')
    },
  })
  const { history, runner, stops } = await start({ documents, projection })
  down = true
  await append(history, 'test.person-1', newEvent('Odd'))
  await until(() => stops.length > 0)
  await pause(10)
  t.is(runner.refusal('test.person-1'), 'projection_stopped')
  await runner.close()
})

test('closing ends while the documents cannot be reached, with a rebuild under way', async (t) => {
  const memory = memoryDocuments()
  let down = false
  const documents: Documents = {
    ...memory,
    apply: (writes, checkpoints) =>
      down ? Promise.reject(new DocumentsUnavailable('down')) : memory.apply(writes, checkpoints),
  }
  const { history, runner } = await start({ documents })
  await fill(history, 0, 300)
  await runner.reached(300n, ['test.'])
  const rebuilding = runner.rebuild('people')
  await until(async () => ((await memory.checkpoint('people@1.1')) ?? 0n) > 0n)
  down = true
  await fill(history, 300, 301)
  const waiting = runner.shown('test.person-300', 301n)
  await pause(20)
  t.true(await closesSoon(runner.close()))
  await t.throwsAsync(rebuilding)
  t.false(await waiting)
  t.false(await Promise.race([runner.shown('test.person-300', 301n), pause(20_000, true, { ref: false })]))
})

test('closing does not wait for a reader of what was replaced', async (t) => {
  const { history, documents, runner, reader } = await start({})
  await fill(history, 0, 3)
  await runner.reached(3n, ['test.'])
  const pages = reader.find('people', {})[Symbol.asyncIterator]()
  await pages.next()
  const rebuilding = runner.rebuild('people')
  await until(() => runner.status()[0]?.generation === 1)
  t.true(await closesSoon(runner.close()))
  t.like(await rebuilding, { outcome: 'taken over' })
  const second = await start({ history, documents })
  await until(async () => (await ofPeople(documents)).join() === 'people@1.1')
  await second.runner.close()
  t.pass()
})

test('a rebuild that was given up before its turn came is not begun', async (t) => {
  const { history, documents, runner } = await start({})
  await fill(history, 0, 3)
  await runner.reached(3n, ['test.'])
  const gone = new AbortController()
  gone.abort()
  await t.throwsAsync(runner.rebuild('people', { signal: gone.signal }), { name: 'RebuildInterrupted' })
  t.is((await documents.get(RECORDS, 'people'))?.value.building, undefined)
  t.deepEqual(await ofPeople(documents), ['people@1'])
  await runner.close()
})
