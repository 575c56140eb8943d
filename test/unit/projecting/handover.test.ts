/**
 * Two processes that both believe they keep the documents, one after a lost lease: nothing is thrown away and nobody goes on with what does not
 * serve. And what a take-over replaces stays true for those who still read it. Memory adapters; the other process is a hand that writes.
 */
import { setTimeout as pause } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { memoryDocuments } from '../../../src/documents/memory/memory.ts'
import type { Documents } from '../../../src/documents/port.ts'
import { memoryHistory } from '../../../src/history/memory/memory.ts'
import type { History } from '../../../src/history/port.ts'
import { startRunner, type RunnerParts } from '../../../src/projecting/runner.ts'
import { RECORDS } from '../../../src/projecting/serving.ts'
import { append, newEvent } from '../../support/events.ts'
import { people } from '../../support/people.ts'
import { atSomePace } from '../../support/waiting.ts'
import { until } from '../../support/waiting.ts'

const PERSON = 'test.person-1'
const KEEP_MS = 1_000

const start = (history: History, documents: Documents, more: Partial<RunnerParts> = {}) =>
  startRunner({
    history,
    documents,
    projections: [people()],
    keepReplacedMs: KEEP_MS,
    onApplied: () => undefined,
    onStopped: () => undefined,
    onBroken: (error) => {
      throw error
    },
    ...more,
  })

const nameIn = async (documents: Documents, collection: string): Promise<unknown> =>
  (await documents.get(collection, PERSON))?.value.name

test('documents that another process brings forward while this one starts are not taken for those of another history', async (t) => {
  const [history, documents] = [memoryHistory(), memoryDocuments()]
  await append(history, PERSON, newEvent('Named', { name: 'a' }))
  await (await start(history, documents)).close()
  let isFirst = true
  const late: Documents = {
    ...documents,
    checkpoint: async (name) => {
      if (isFirst) {
        isFirst = false
        const at = await append(history, PERSON, newEvent('Renamed', { name: 'b' }))
        const write = { collection: 'people@1', id: PERSON, at, update: { $set: { name: 'b' } } }
        await documents.apply([write], [{ name: 'people@1', position: at }])
      }
      return documents.checkpoint(name)
    },
    drop: () => Promise.reject(new Error('thrown away')),
  }
  const runner = await start(history, late, { onAhead: () => t.fail('they are of this history') })
  t.is(await nameIn(documents, 'people@1'), 'b')
  await runner.close()
})

test('documents that are ahead stay if they must not begin anew', async (t) => {
  const documents = memoryDocuments()
  const history = memoryHistory()
  await append(history, PERSON, newEvent('Named', { name: 'a' }))
  await (await start(history, documents)).close()
  const refused = start(memoryHistory(), documents, {
    onAhead: () => Promise.reject(new Error('of another history')),
  })
  await t.throwsAsync(refused, { message: 'of another history' })
  t.is(await nameIn(documents, 'people@1'), 'a')
  t.is(await documents.checkpoint('people@1'), 1n)
})

test('whoever finds that another process let other documents serve begins again', async (t) => {
  const [history, documents] = [memoryHistory(), memoryDocuments()]
  await append(history, PERSON, newEvent('Named', { name: 'a' }))
  let broken: unknown
  const runner = await start(history, documents, { onBroken: (error) => (broken = error) })
  await runner.rebuild('people')
  await pause(2_500)
  t.is(broken, undefined, 'its own take-over is none of another process')
  const found = await documents.get(RECORDS, 'people')
  const put = { version: 1, generation: 2 }
  await documents.apply([{ collection: RECORDS, id: 'people', at: (found?.at ?? 0n) + 1n, put }], [])
  await until(() => broken !== undefined)
  t.regex(String(broken), /another process/)
  await runner.close()
  const next = await start(history, documents)
  await until(async () => (await nameIn(documents, 'people@1.2')) === 'a')
  await next.close()
})

test('replaced documents show what comes while they are kept, each for its whole time', (t) =>
  atSomePace(t, replacedTwice))

const replacedTwice = async (t: ExecutionContext, scale: number): Promise<void> => {
  const [history, documents] = [memoryHistory(), memoryDocuments()]
  await append(history, PERSON, newEvent('Named', { name: 'a' }))
  const keepMs = KEEP_MS * scale
  const runner = await start(history, documents, { keepReplacedMs: keepMs })
  await runner.rebuild('people')
  await pause(keepMs / 2)
  await runner.rebuild('people')
  const since = performance.now()
  const position = await append(history, PERSON, newEvent('Renamed', { name: 'b' }))
  t.true(await runner.shown(PERSON, position))
  for (const kept of ['people@1', 'people@1.1', 'people@1.2']) t.is(await nameIn(documents, kept), 'b', kept)
  await until(async () => !(await documents.collections()).includes('people@1'))
  await until(async () => !(await documents.collections()).includes('people@1.1'))
  t.true(performance.now() - since > keepMs * 0.9, 'the first one’s end is not the second one’s')
  const last = await append(history, PERSON, newEvent('Renamed', { name: 'c' }))
  t.true(await runner.shown(PERSON, last))
  t.is(await nameIn(documents, 'people@1.2'), 'c')
  t.deepEqual(
    (await documents.collections()).filter((name) => name.startsWith('people@')),
    ['people@1.2'],
  )
  t.deepEqual([...(await documents.checkpoints()).keys()], ['people@1.2'])
  await runner.close()
}

test('a check’s copy is not thrown away with what was replaced meanwhile', async (t) => {
  const [history, documents] = [memoryHistory(), memoryDocuments()]
  for (let n = 0; n < 300; n++)
    await append(history, `test.person-${n}`, newEvent('Named', { name: String(n) }))
  let slow = 0
  const slowly: Documents = {
    ...documents,
    apply: async (writes, checkpoints) => {
      await pause(slow)
      await documents.apply(writes, checkpoints)
    },
  }
  const runner = await start(history, slowly)
  await runner.rebuild('people')
  slow = KEEP_MS / 2
  const result = await runner.rebuild('people', { check: true })
  t.is(result.outcome, 'compared')
  t.true(result.outcome === 'compared' && result.differences.length === 0, JSON.stringify(result))
  await runner.close()
})
