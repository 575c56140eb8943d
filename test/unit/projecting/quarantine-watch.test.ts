/**
 * A node that does not keep the documents itself hears from their records what another process holds: it refuses and tells nobody, and reads on.
 * A runner over the same stores in memory plays the other process.
 */
import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import { WATCH_IDLE_MS } from '../../../src/limits.ts'
import { startWatch } from '../../../src/projecting/watch.ts'
import { createReader } from '../../../src/queries/reader.ts'
import { append, newEvent } from '../../support/events.ts'
import { memoryDocuments } from '../../../src/documents/memory/memory.ts'
import { RECORDS } from '../../../src/projecting/serving.ts'
import { createView } from '../../../src/projecting/view.ts'
import { poisonable, startKeeping } from '../../support/keeping.ts'
import { people } from '../../support/people.ts'
import { until } from '../../support/waiting.ts'

const [A, B] = ['test.person-a', 'test.person-b'] as const

test('a node that watches refuses what is held and reads on, also one that began with it stopped', async (t) => {
  const { history, documents, runner, stops } = await startKeeping({ projections: [poisonable()] })
  await append(history, A, newEvent('Named', { name: 'a' }))
  await append(history, B, newEvent('Named', { name: 'b' }))
  await append(history, A, newEvent('Odd'), newEvent('Renamed', { name: 'held' }))
  await append(history, B, newEvent('Renamed', { name: 'b2' }))
  await until(() => stops.length > 0)
  const watch = startWatch({
    ...{ history, documents },
    projections: [people()],
    onPage: () => undefined,
    onGap: () => undefined,
  })
  const reader = createReader(documents, watch.serving)
  await until(() => watch.refusal(B) === 'projection_stopped')
  const names = new Set<unknown>()
  const done = new AbortController()
  const readAll = (async () => {
    while (!done.signal.aborted) {
      names.add((await reader.get('people', B))?.value.name)
      await pause(1)
    }
  })()
  await runner.hold('people')
  await until(() => watch.refusal(B) === undefined)
  done.abort()
  await readAll
  t.deepEqual(
    [...names].filter((name) => name !== 'b' && name !== 'b2'),
    [],
    'no gap',
  )
  t.is(watch.refusal(A), 'stream_held')
  t.true(watch.isHeld({ stream: A, position: 4n }))
  t.false(await watch.shown(A, 4n))
  t.true(await watch.shown(B, 5n))
  t.deepEqual([...(watch.status()[0]?.holds.keys() ?? [])], [A])
  await runner.close()
  const mended = await startKeeping({ history, documents })
  await mended.runner.release('people')
  await until(() => watch.refusal(A) === undefined)
  await until(async () => (await reader.get('people', A))?.value.name === 'held')
  await watch.close()
  await mended.runner.close()
})

test('documents move past a poison event only with a record that says what they hold', async (t) => {
  const documents = memoryDocuments()
  const stopped = { position: '3', stream: A, type: 'Odd', error: 'cannot read this' }
  const put = { version: 1, generation: 0, stopped }
  await documents.apply(
    [{ collection: RECORDS, id: 'people', at: 1n, put }],
    [{ name: 'people@1', position: 2n }],
  )
  const view = createView([people()])
  await view.refresh(documents, () => 9n)
  t.is(view.position('people'), 2n)
  // The record of the hold is written before, and may be read after.
  await documents.apply([], [{ name: 'people@1', position: 9n }])
  await view.refresh(documents, () => 9n)
  t.is(view.position('people'), 2n)
  const holds = [{ stream: A, position: '3', type: 'Odd' }]
  const held = { version: 1, generation: 0, holds }
  await documents.apply([{ collection: RECORDS, id: 'people', at: 2n, put: held }], [])
  await pause(WATCH_IDLE_MS + 10)
  await view.refresh(documents, () => 9n)
  t.is(view.position('people'), 9n)
  t.true(view.isHeld(['people'], { stream: A, position: 3n }))
})
