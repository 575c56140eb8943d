/**
 * A node that does not keep the documents itself sees them as they are: a runner over the same stores plays the other process, and
 * everything is told by reading, waiting and remembering as requests do. Stores in memory; failures by wrapping them.
 */
import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import { memoryDocuments } from '../../../src/documents/memory/memory.ts'
import { DocumentsUnavailable, type Documents } from '../../../src/documents/port.ts'
import { memoryHistory } from '../../../src/history/memory/memory.ts'
import type { History, Page } from '../../../src/history/port.ts'
import type { Projection } from '../../../src/projecting/projection.ts'
import { startRunner, type Runner } from '../../../src/projecting/runner.ts'
import { startWatch, type Watch } from '../../../src/projecting/watch.ts'
import { createReader } from '../../../src/queries/reader.ts'
import { append, newEvent } from '../../support/events.ts'
import { people } from '../../support/people.ts'
import { until } from '../../support/waiting.ts'

const PERSON = 'test.person-1'

const keep = (
  history: History,
  documents: Documents,
  projection: Projection = people(),
  keepReplacedMs = 0,
): Promise<Runner> =>
  startRunner({
    history,
    documents,
    projections: [projection],
    keepReplacedMs,
    onApplied: () => undefined,
    onStopped: () => undefined,
    onBroken: (error) => {
      throw error
    },
  })

const watchOf = (history: History, documents: Documents) => {
  const pages: Page[] = []
  const gaps: number[] = []
  const watch = startWatch({
    history,
    documents,
    projections: [people()],
    onPage: (page) => void pages.push(page),
    onGap: () => void gaps.push(pages.length),
  })
  return { watch, pages, gaps, reader: createReader(documents, watch.serving) }
}

const isUsable = (watch: Watch) => () => watch.refusal(PERSON) === undefined && watch.isCurrent()

test('what the other process has applied is read, and waiting for it ends when it is', async (t) => {
  const [history, documents] = [memoryHistory(), memoryDocuments()]
  const runner = await keep(history, documents)
  const { watch, reader } = watchOf(history, documents)
  await until(isUsable(watch))
  for (const name of ['a', 'b', 'c']) {
    const position = await append(history, PERSON, newEvent('Named', { name }))
    t.true(await watch.shown(PERSON, position))
    t.is((await reader.get('people', PERSON))?.value.name, name)
    t.true(watch.applied(['test.']) >= position)
    t.true(await watch.reached(position, ['test.']))
  }
  await watch.close()
  await runner.close()
})

test('a node that starts reads nothing before the documents are where the history is', async (t) => {
  const [history, documents] = [memoryHistory(), memoryDocuments()]
  await append(history, PERSON, newEvent('Named', { name: 'a' }))
  const { watch, reader } = watchOf(history, documents)
  await t.throwsAsync(reader.get('people', PERSON), { instanceOf: DocumentsUnavailable })
  await until(() => watch.trouble() === undefined)
  await t.throwsAsync(reader.get('people', PERSON), { instanceOf: DocumentsUnavailable })
  t.is(watch.refusal(PERSON), 'documents_behind')
  t.is(watch.status()[0]?.caughtUp, false)
  const runner = await keep(history, documents)
  await until(isUsable(watch))
  t.is((await reader.get('people', PERSON))?.value.name, 'a')
  await watch.close()
  await runner.close()
})

test('without a projector a write is not said to be shown, and the next ones are refused', async (t) => {
  const [history, documents] = [memoryHistory(), memoryDocuments()]
  const runner = await keep(history, documents)
  const { watch } = watchOf(history, documents)
  await until(isUsable(watch))
  await runner.close()
  const position = await append(history, PERSON, newEvent('Named', { name: 'a' }))
  t.false(await watch.shown(PERSON, position))
  t.is(watch.refusal(PERSON), 'documents_behind')
  t.is(watch.trouble(), 'nobody brings them forward')
  const next = await keep(history, documents)
  await until(isUsable(watch))
  t.true(await watch.shown(PERSON, position))
  await watch.close()
  await next.close()
})

test('nothing may be remembered from the arrival of an event until the documents show it, and it is announced at both', async (t) => {
  const [history, documents] = [memoryHistory(), memoryDocuments()]
  let held = false
  const slow: Documents = {
    ...documents,
    apply: async (writes, checkpoints) => {
      while (held) await pause(1)
      return documents.apply(writes, checkpoints)
    },
  }
  const runner = await keep(history, slow)
  const { watch, pages } = watchOf(history, documents)
  await until(isUsable(watch))
  held = true
  await append(history, PERSON, newEvent('Named', { name: 'a' }))
  await until(() => pages.length === 1)
  t.false(watch.isCurrent())
  await pause(100)
  t.is(pages.length, 1)
  held = false
  await until(() => watch.isCurrent())
  t.deepEqual(
    pages.map((page) => page.map(({ data }) => data.name)),
    [['a'], ['a']],
  )
  await watch.close()
  await runner.close()
})

test('a node that hears no events remembers nothing as soon as the documents are ahead of it', async (t) => {
  const [history, documents] = [memoryHistory(), memoryDocuments()]
  const runner = await keep(history, documents)
  const deaf: History = {
    ...history,
    subscribe: async function* ({ signal }) {
      yield { events: [], upTo: await history.head(), caughtUp: true }
      await pause(60_000, undefined, { signal }).catch(() => undefined)
    },
  }
  const { watch } = watchOf(deaf, documents)
  await until(isUsable(watch))
  await append(history, PERSON, newEvent('Named', { name: 'a' }))
  await until(() => !watch.isCurrent())
  t.is(watch.refusal(PERSON), undefined)
  await watch.close()
  await runner.close()
})

test('more events than are remembered until they are shown leave a gap, which is announced', async (t) => {
  const [history, documents] = [memoryHistory(), memoryDocuments()]
  const runner = await keep(history, documents)
  const { watch, gaps } = watchOf(history, documents)
  await until(isUsable(watch))
  await runner.close()
  for (let n = 0; n < 30; n++)
    await append(history, PERSON, ...Array.from({ length: 100 }, () => newEvent('Named', { name: 'a' })))
  const next = await keep(history, documents)
  await until(() => watch.isCurrent())
  t.true(gaps.length > 0)
  await watch.close()
  await next.close()
})

test('documents that cannot be read are in trouble after a while, nothing is read from them, and they come back', async (t) => {
  const [history, documents] = [memoryHistory(), memoryDocuments()]
  const runner = await keep(history, documents)
  let down = false
  const failing: Documents = {
    ...documents,
    checkpoints: () =>
      down ? Promise.reject(new DocumentsUnavailable('nobody answers')) : documents.checkpoints(),
  }
  const { watch, reader } = watchOf(history, failing)
  await until(isUsable(watch))
  down = true
  await until(() => watch.trouble() !== undefined)
  t.is(watch.trouble(), 'nobody answers')
  t.is(watch.refusal(PERSON), 'documents_unavailable')
  t.false(watch.isCurrent())
  await t.throwsAsync(reader.get('people', PERSON), {
    instanceOf: DocumentsUnavailable,
    message: 'nobody answers',
  })
  down = false
  await until(isUsable(watch))
  t.is(await reader.get('people', PERSON), undefined)
  await watch.close()
  await runner.close()
})

test('a poison event that stopped the other process is known here', async (t) => {
  const [history, documents] = [memoryHistory(), memoryDocuments()]
  const poisoned = people(1, {
    Odd: () => {
      throw new Error('cannot read this')
    },
  })
  const runner = await keep(history, documents, poisoned)
  const { watch } = watchOf(history, documents)
  await until(isUsable(watch))
  await append(history, PERSON, newEvent('Odd'))
  await until(() => watch.refusal(PERSON) === 'projection_stopped')
  t.is(watch.status()[0]?.stopped?.type, 'Odd')
  t.is(watch.refusal('other.thing-1'), undefined)
  await watch.close()
  await runner.close()
})

test('replaced documents stay until this node has heard of those that take over', async (t) => {
  const [history, documents] = [memoryHistory(), memoryDocuments()]
  await append(history, PERSON, newEvent('Named', { name: 'a' }))
  const runner = await keep(history, documents, people(), 5_000)
  const { watch, reader } = watchOf(history, documents)
  await until(isUsable(watch))
  const before = watch.serving.physical('people')
  await runner.rebuild('people')
  t.true((await documents.collections()).includes(before))
  for (let n = 0; n < 100; n++) {
    t.is((await reader.get('people', PERSON))?.value.name, 'a')
    await pause(5)
  }
  t.is(watch.serving.physical('people'), 'people@1.1')
  await until(async () => !(await documents.collections()).includes(before))
  t.is((await reader.get('people', PERSON))?.value.name, 'a')
  await watch.close()
  await runner.close()
})

test('documents that show more than the history has are not believed, until they are made anew', async (t) => {
  const documents = memoryDocuments()
  const other = memoryHistory()
  for (const name of ['a', 'b', 'c']) await append(other, PERSON, newEvent('Named', { name }))
  await (await keep(other, documents)).close()
  const history = memoryHistory()
  await append(history, PERSON, newEvent('Named', { name: 'x' }))
  const { watch, reader } = watchOf(history, documents)
  await pause(1_000)
  await t.throwsAsync(reader.get('people', PERSON), { instanceOf: DocumentsUnavailable })
  t.is(watch.refusal(PERSON), 'documents_behind')
  const runner = await keep(history, documents)
  await until(isUsable(watch))
  t.is((await reader.get('people', PERSON))?.value.name, 'x')
  await watch.close()
  await runner.close()
})

test('a projection that stands still refuses only what it would have to show', async (t) => {
  const [history, documents] = [memoryHistory(), memoryDocuments()]
  const pets: Projection = {
    name: 'pets',
    version: 1,
    prefixes: ['test.pet-'],
    collections: { pets: { indexes: [] } },
    on: {},
  }
  const projections = [people(), pets]
  const parts = { history, documents, onStopped: () => undefined, onApplied: () => undefined }
  const noFault = (error: unknown): never => {
    throw error
  }
  const both = await startRunner({ ...parts, projections, onBroken: noFault })
  const watch = startWatch({
    ...{ history, documents, projections },
    onPage: () => undefined,
    onGap: () => undefined,
  })
  await until(() => watch.refusal(PERSON) === undefined && watch.refusal('test.pet-1') === undefined)
  await both.close()
  const some = await startRunner({ ...parts, projections: [people()], onBroken: noFault })
  const position = await append(history, 'test.pet-1', newEvent('Named', { name: 'rex' }))
  t.false(await watch.shown('test.pet-1', position))
  await until(() => watch.refusal('test.pet-1') === 'documents_behind')
  const shown = await append(history, PERSON, newEvent('Named', { name: 'a' }))
  t.true(await watch.shown(PERSON, shown))
  t.is(watch.refusal(PERSON), undefined)
  t.is(watch.refusal('test.nobody-1'), undefined)
  await watch.close()
  await some.close()
})

test.serial(
  'who reads replaced documents for longer than they are kept is told that they may be gone',
  async (t) => {
    const [history, documents] = [memoryHistory(), memoryDocuments()]
    for (let n = 0; n < 500; n++)
      await append(history, `test.person-${n}`, newEvent('Named', { name: String(n) }))
    const runner = await keep(history, documents, people(), 50)
    const { watch, reader } = watchOf(history, documents)
    await until(isUsable(watch))
    const pages = reader.find('people', {})[Symbol.asyncIterator]()
    t.is((await pages.next()).done, false)
    await runner.rebuild('people')
    await until(() => watch.serving.physical('people') === 'people@1.1')
    const now = performance.now.bind(performance)
    performance.now = () => now() + 60_000
    const rest = async (): Promise<void> => {
      while ((await pages.next()).done !== true);
    }
    try {
      await t.throwsAsync(rest, { instanceOf: DocumentsUnavailable })
    } finally {
      performance.now = now
    }
    await watch.close()
    await runner.close()
  },
)
