/**
 * The projection runner on the memory adapters: what the documents show after any start, stop, poison event, rebuild or change of version, told
 * by reading them as a request would.
 */
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import { memoryDocuments } from '../../../src/documents/memory/memory.ts'
import type { Documents } from '../../../src/documents/port.ts'
import { memoryHistory } from '../../../src/history/memory/memory.ts'
import type { History } from '../../../src/history/port.ts'
import type { Projection } from '../../../src/projecting/projection.ts'
import { startRunner, type Runner } from '../../../src/projecting/runner.ts'
import { createReader } from '../../../src/queries/reader.ts'
import { append, newEvent } from '../../support/events.ts'
import { people } from '../../support/people.ts'

const tally: Projection = {
  name: 'tally',
  version: 1,
  prefixes: ['test.'],
  collections: { tally: { indexes: [] } },
  on: { Named: ({ position }) => [{ collection: 'tally', id: String(position), put: {} }] },
}

type Given = {
  readonly history?: History
  readonly documents?: Documents
  readonly projections?: readonly Projection[]
}

const start = async ({
  history = memoryHistory(),
  documents = memoryDocuments(),
  projections = [people()],
}: Given) => {
  const stops: string[] = []
  const applied: bigint[] = []
  const runner = await startRunner({
    history,
    documents,
    projections,
    onApplied: (page) => void applied.push(...page.map(({ position }) => position)),
    onStopped: (name, { position, error }) => void stops.push(`${name} ${position} ${error}`),
    onBroken: (error) => {
      throw error
    },
  })
  return { history, documents, runner, reader: createReader(documents, runner.serving), stops, applied }
}

const upTo = (runner: Runner, position: bigint) => runner.reached(position, ['test.'])

const name = async (reader: ReturnType<typeof createReader>, id: string) =>
  (await reader.get('people', id))?.value.name

test('what is appended is shown, in order, and waiting for it ends when it is', async (t) => {
  const { history, runner, reader, applied } = await start({})
  await append(history, 'test.person-1', newEvent('Named', { name: 'a' }))
  const last = await append(history, 'test.person-1', newEvent('Renamed', { name: 'b' }))
  t.true(await runner.shown('test.person-1', last))
  t.is(await name(reader, 'test.person-1'), 'b')
  t.deepEqual(applied, [1n, 2n])
  await runner.close()
})

test('a runner that starts again goes on from its checkpoint', async (t) => {
  const first = await start({})
  await append(first.history, 'test.person-1', newEvent('Named', { name: 'a' }))
  await upTo(first.runner, 1n)
  await first.runner.close()
  await append(first.history, 'test.person-2', newEvent('Named', { name: 'b' }))
  const second = await start(first)
  await upTo(second.runner, 2n)
  t.deepEqual(second.applied, [2n])
  t.is(await name(second.reader, 'test.person-1'), 'a')
  t.is(await name(second.reader, 'test.person-2'), 'b')
  await second.runner.close()
})

test('nothing is read from documents that have not caught up since the start', async (t) => {
  const history = memoryHistory()
  await append(history, 'test.person-1', newEvent('Named', { name: 'a' }))
  const never: History = { ...history, subscribe: ({ signal }) => waitFor(signal) }
  const { runner, reader } = await start({ history: never })
  await t.throwsAsync(reader.get('people', 'test.person-1'), { name: 'DocumentsUnavailable' })
  t.is(runner.refusal('test.person-1'), 'documents_behind')
  t.is(runner.refusal('other.thing-1'), undefined)
  await runner.close()
})

async function* waitFor(signal: AbortSignal): AsyncGenerator<never> {
  await pause(60_000, undefined, { signal }).catch(() => undefined)
}

test('a poison event stops its projection in front of it, and nothing else', async (t) => {
  const poison = people(1, {
    Poison: () => {
      throw new Error('cannot read this')
    },
  })
  const { history, documents, runner, reader, stops } = await start({ projections: [poison, tally] })
  await append(
    history,
    'test.person-1',
    newEvent('Named', { name: 'a' }),
    newEvent('Poison'),
    newEvent('Renamed', { name: 'late' }),
    newEvent('Named', { name: 'later' }),
  )
  while (stops.length === 0) await pause(5)
  t.deepEqual(stops, ['people 2 Error: cannot read this'])
  t.is(runner.refusal('test.person-1'), 'projection_stopped')
  t.is(await name(reader, 'test.person-1'), 'a')
  while ((await reader.count('tally', {})) < 2) await pause(5)
  t.like(runner.status()[0], { position: 1n, stopped: { position: 2n, type: 'Poison' } })
  await runner.close()

  const repaired = await start({ history, documents, projections: [people(1), tally] })
  await upTo(repaired.runner, 4n)
  t.is(await name(repaired.reader, 'test.person-1'), 'later')
  t.is(repaired.runner.status()[0]?.stopped, undefined)
  await repaired.runner.close()
})

test('writes that the documents refuse stop the projection too', async (t) => {
  const unique: Projection = {
    ...people(),
    collections: { people: { indexes: [{ keys: ['name'], unique: true }] } },
  }
  const { history, runner, reader, stops } = await start({ projections: [unique, tally] })
  await append(history, 'test.person-1', newEvent('Named', { name: 'same' }))
  await append(history, 'test.person-2', newEvent('Named', { name: 'same' }))
  while (stops.length === 0) await pause(5)
  t.regex(stops[0] ?? '', /^people 2 /)
  while ((await reader.count('tally', {})) < 2) await pause(5)
  await runner.close()
})

test('a new version is built beside the old one, which serves until the new one takes over', async (t) => {
  const first = await start({})
  for (let n = 0; n < 1_200; n++)
    await append(first.history, `test.person-${n}`, newEvent('Named', { name: 'x' }))
  await upTo(first.runner, 1_200n)
  await first.runner.close()
  const second = await start({ ...first, projections: [people(2), tally] })
  t.is((await second.reader.get('people', 'test.person-7'))?.value.v, 1)
  await upTo(second.runner, 1_200n)
  while ((await second.reader.get('people', 'test.person-7'))?.value.v !== 2) await pause(5)
  t.is(await second.reader.count('people', {}), 1_200)
  while ((await second.documents.collections()).includes('people@1')) await pause(5)
  await second.runner.close()
})

test('a rebuild takes over while events keep coming, and every version of a document is the same', async (t) => {
  const { history, documents, runner, reader } = await start({ projections: [people(), tally] })
  for (let n = 0; n < 300; n++)
    await append(history, `test.person-${n % 50}`, newEvent('Named', { name: String(n) }))
  const writing = (async () => {
    for (let n = 0; n < 300; n++) {
      await append(history, `test.person-${n % 50}`, newEvent('Renamed', { name: `r${n}` }))
      if (n % 10 === 0) await pause(1)
    }
  })()
  const progress: bigint[] = []
  const result = await runner.rebuild('people', {
    onProgress: ({ position }) => void progress.push(position),
  })
  t.like(result, { outcome: 'taken over', checkpoint: 'people@1.1' })
  await writing
  await upTo(runner, 600n)
  t.is(await name(reader, 'test.person-49'), 'r299')
  t.true(progress.length > 0)
  t.like(await runner.rebuild('people', { check: true }), {
    outcome: 'compared',
    compared: 50,
    differences: [],
  })
  t.deepEqual([...(await documents.collections())].sort(), ['people@1.1', 'platform_projections', 'tally@1'])
  await runner.close()
})

test('a check finds a document that is not what the history says', async (t) => {
  const { history, documents, runner } = await start({})
  await append(history, 'test.person-1', newEvent('Named', { name: 'a' }))
  await append(history, 'test.person-2', newEvent('Named', { name: 'b' }))
  await upTo(runner, 2n)
  await documents.apply(
    [{ collection: 'people@1', id: 'test.person-2', at: 3n, put: { name: 'forged' } }],
    [],
  )
  const result = await runner.rebuild('people', { check: true })
  t.like(result, { outcome: 'compared', differences: [{ collection: 'people', id: 'test.person-2' }] })
  await runner.close()
})

test('an interrupted rebuild goes on where it was at the next start', async (t) => {
  const first = await start({ projections: [people(), tally] })
  for (let n = 0; n < 1_000; n++)
    await append(first.history, `test.person-${n}`, newEvent('Named', { name: 'x' }))
  await upTo(first.runner, 1_000n)
  const rebuilding = first.runner.rebuild('people')
  while (((await first.documents.checkpoint('people@1.1')) ?? 0n) === 0n) await nextTurn()
  await first.runner.close()
  await t.throwsAsync(rebuilding, { name: 'RebuildInterrupted' })
  const at = (await first.documents.checkpoint('people@1.1')) ?? 0n
  t.true(at > 0n && at < 1_000n)
  const second = await start({ ...first, projections: [people(), tally] })
  while (second.runner.status()[0]?.generation !== 1) await pause(5)
  t.is(await second.reader.count('people', {}), 1_000)
  await second.runner.close()
})

test('documents that are ahead of the history are made anew from it', async (t) => {
  const first = await start({})
  await append(first.history, 'test.person-1', newEvent('Named', { name: 'a' }))
  await append(first.history, 'test.person-2', newEvent('Named', { name: 'gone' }))
  await upTo(first.runner, 2n)
  await first.runner.close()
  const older = memoryHistory()
  await append(older, 'test.person-1', newEvent('Named', { name: 'a' }))
  const second = await start({ ...first, history: older })
  await upTo(second.runner, 1n)
  t.is(await second.reader.get('people', 'test.person-2'), undefined)
  t.is(await name(second.reader, 'test.person-1'), 'a')
  await second.runner.close()
})

test('an erased subject is purged from the documents that list it', async (t) => {
  const { history, runner, reader } = await start({})
  await append(history, 'test.person-1', newEvent('Named', { name: 'a' }))
  await append(history, 'test.person-2', newEvent('Named', { name: 'b' }))
  const erased = newEvent('SubjectErased', { subject: 'test.person-1' })
  // What another application calls so in a stream of its own.
  await append(history, 'theirs-1', erased)
  await upTo(runner, 3n)
  t.is(await name(reader, 'test.person-1'), 'a')
  await append(history, 'platform.erasure-test.person-1', erased)
  await upTo(runner, 4n)
  t.is(await reader.get('people', 'test.person-1'), undefined)
  t.is(await name(reader, 'test.person-2'), 'b')
  await runner.close()
})
