/**
 * An operator holds a poison event and what is behind it in its stream: everything else goes on, nothing that is held is shown or told, and after
 * a release the documents are as if nothing had ever been held. Stores in memory; told by reading, comparing with a build from scratch, and
 * starting again.
 */
import test from 'ava'
import { memoryDocuments } from '../../../src/documents/memory/memory.ts'
import type { Documents } from '../../../src/documents/port.ts'
import { memoryHistory } from '../../../src/history/memory/memory.ts'
import type { History } from '../../../src/history/port.ts'
import { REBUILD_SLICE_EVENTS } from '../../../src/limits.ts'
import type { createReader } from '../../../src/queries/reader.ts'
import { append, newEvent } from '../../support/events.ts'
import { dump, fromScratch, poisonable, slowly, startKeeping, type Given } from '../../support/keeping.ts'
import { people } from '../../support/people.ts'
import { until } from '../../support/waiting.ts'

const [A, B, C] = ['test.person-a', 'test.person-b', 'test.person-c'] as const

/** In one page: A is named, poison, renamed; B is named in between and afterwards. */
const fill = async (history: History): Promise<bigint> => {
  await append(history, A, newEvent('Named', { name: 'a' }))
  await append(history, B, newEvent('Named', { name: 'b' }))
  await append(history, A, newEvent('Odd'), newEvent('Renamed', { name: 'held' }))
  return append(history, B, newEvent('Renamed', { name: 'b2' }))
}

const stopped = async (given: Given = {}) => {
  const history = given.history ?? memoryHistory()
  await fill(history)
  const kept = await startKeeping({ projections: [poisonable()], ...given, history })
  await until(() => kept.stops.length > 0)
  return kept
}

/** So many that a rebuild can be broken off in the middle. */
const crowd = async (history: History): Promise<void> => {
  for (let n = 0; n < 2 * REBUILD_SLICE_EVENTS; n += 1)
    await append(history, `${C}${n}`, newEvent('Named', { name: String(n) }))
}

const nameOf = async ({ reader }: { readonly reader: ReturnType<typeof createReader> }, id: string) =>
  (await reader.get('people', id))?.value.name

test('what is held stands still, is refused and told nobody; everything else goes on', async (t) => {
  const kept = await stopped()
  const { history, runner } = kept
  t.is(runner.refusal(B), 'projection_stopped')
  const result = await runner.hold('people')
  t.like(result, { outcome: 'held', hold: { stream: A, position: 3n, type: 'Odd' }, stopped: undefined })
  t.is(await nameOf(kept, A), 'a')
  t.is(await nameOf(kept, B), 'b2')
  t.is(runner.refusal(A), 'stream_held')
  t.is(runner.refusal(B), undefined)
  t.false(await runner.shown(A, 4n))
  t.true(await runner.shown(A, 1n))
  t.deepEqual(
    [1n, 3n, 4n].map((position) => runner.isHeld({ stream: A, position })),
    [false, true, true],
  )
  t.false(runner.isHeld({ stream: B, position: 5n }))
  t.like(runner.status()[0], { position: 5n, caughtUp: true, stopped: undefined })

  // What was under way when it stopped.
  await append(history, A, newEvent('Renamed', { name: 'held too' }))
  const last = await append(history, C, newEvent('Named', { name: 'c' }))
  t.true(await runner.shown(C, last))
  t.is(await nameOf(kept, A), 'a')
  t.like(await runner.rebuild('people', { check: true }), { compared: 3, differences: [] })
  t.like(await runner.hold('people'), { outcome: 'not stopped' })
  await runner.close()
})

test('the next poison event of another stream can be held too, and one of two released', async (t) => {
  const kept = await stopped()
  const { history, documents, runner } = kept
  await append(history, B, newEvent('Odd'))
  const last = await append(history, C, newEvent('Named', { name: 'c' }))
  t.like(await runner.hold('people'), { outcome: 'held', stopped: { stream: B, position: 6n } })
  t.is(runner.refusal(C), 'projection_stopped')
  t.like(await runner.hold('people'), { outcome: 'held', hold: { stream: B }, stopped: undefined })
  t.true(await runner.shown(C, last))
  await runner.close()

  const mended = await startKeeping({ history, documents })
  t.deepEqual([...(mended.runner.status()[0]?.holds.keys() ?? [])], [A, B])
  t.like(await mended.runner.release('people', C), { outcome: 'not held' })
  const result = await mended.runner.release('people', A)
  t.like(result, { outcome: 'released', checkpoint: 'people@1.1' })
  t.is(await nameOf(mended, A), 'held')
  t.is(mended.runner.refusal(A), undefined)
  t.is(mended.runner.refusal(B), 'stream_held')
  await mended.runner.release('people')
  t.deepEqual(await dump(documents, 'people@1.2'), await fromScratch(history, people(), 'people'))
  t.deepEqual(await documents.collections(), ['platform_projections', 'people@1.2'])
  await mended.runner.close()
})

test('a release that meets the poison again changes nothing and leaves nothing', async (t) => {
  const kept = await stopped()
  const { documents, runner } = kept
  await runner.hold('people')
  const before = await dump(documents, 'people@1')
  for (const round of [1, 2]) {
    t.like(await runner.release('people', A), { outcome: 'stopped', stopped: { position: 3n } }, `${round}`)
    t.deepEqual(await dump(documents, 'people@1'), before)
    t.deepEqual([...(await documents.checkpoints()).keys()], ['people@1'])
    t.false((await documents.collections()).includes('people@1.1'))
    t.is(runner.refusal(A), 'stream_held')
  }
  await runner.close()
  const again = await startKeeping({ ...kept, projections: [poisonable()] })
  t.is(again.runner.refusal(A), 'stream_held')
  t.is(await nameOf(again, B), 'b2')
  t.deepEqual(again.stops, [])
  await again.runner.close()
})

test('holds stay through rebuilds, new versions and starts; documents that begin anew begin without', async (t) => {
  const kept = await stopped()
  const { history, documents } = kept
  await kept.runner.hold('people')
  t.like(await kept.runner.rebuild('people'), { outcome: 'taken over' })
  t.is(kept.runner.refusal(A), 'stream_held')
  await kept.runner.close()
  const next = await startKeeping({ history, documents, projections: [poisonable(2)] })
  await until(
    async () => (await next.reader.get('people', B))?.value.v === 2 && next.runner.refusal(B) === undefined,
  )
  t.is(next.runner.refusal(A), 'stream_held')
  t.is(await nameOf(next, A), 'a')
  t.like(await next.runner.rebuild('people', { check: true }), { differences: [] })
  await next.runner.close()
  const lost = await startKeeping({ history, projections: [poisonable(2)] })
  await until(() => lost.stops.length > 0)
  t.is(lost.runner.refusal(B), 'projection_stopped')
  await lost.runner.close()
})

test('a new version that stopped beside the serving one holds and takes over', async (t) => {
  const first = await startKeeping({})
  const { history, documents } = first
  const last = await fill(history)
  await first.runner.reached(last, ['test.'])
  await first.runner.close()
  const second = await startKeeping({ history, documents, projections: [poisonable(2)] })
  await until(() => second.stops.length > 0)
  t.is(await nameOf(second, A), 'held')
  t.like(await second.runner.hold('people'), { outcome: 'held' })
  t.like((await second.reader.get('people', B))?.value, { name: 'b2', v: 2 })
  t.is(second.runner.refusal(B), undefined)
  t.is(await nameOf(second, A), 'a')
  await second.runner.close()
})

test('readers see no gap while a held projection catches up, also with a runner that began with it stopped', async (t) => {
  const first = await stopped()
  await first.runner.close()
  const [documents, gate] = slowly(first.documents)
  const { runner, reader, stops } = await startKeeping({
    history: first.history,
    documents,
    projections: [poisonable()],
  })
  await until(() => stops.length > 0)
  gate.close()
  const holding = runner.hold('people')
  await gate.waiting()
  t.is((await reader.get('people', B))?.value.name, 'b')
  t.is(runner.refusal(B), 'documents_behind')
  t.is(runner.refusal(A), 'stream_held')
  t.false(runner.status()[0]?.caughtUp)
  gate.open()
  t.like(await holding, { outcome: 'held' })
  t.is((await reader.get('people', B))?.value.name, 'b2')
  await runner.close()
})

test('a hold that was cut off before anything moved stands at the next start', async (t) => {
  const first = await stopped()
  const [documents, gate] = slowly(first.documents)
  await first.runner.close()
  const second = await startKeeping({ history: first.history, documents, projections: [poisonable()] })
  await until(() => second.stops.length > 0)
  gate.close()
  const holding = second.runner.hold('people')
  await gate.waiting()
  const closing = second.runner.close()
  gate.open()
  await Promise.all([closing, holding.catch(() => undefined)])
  const third = await startKeeping({ ...first, projections: [poisonable()] })
  await until(() => third.runner.refusal(B) === undefined)
  t.deepEqual(third.stops, [])
  t.is(third.runner.refusal(A), 'stream_held')
  await third.runner.close()
})

test('a release that was cut off goes on at the next start', async (t) => {
  const first = await stopped()
  const { history, documents: raw } = first
  await first.runner.hold('people')
  await crowd(history)
  await first.runner.close()
  const [documents, gate] = slowly(raw)
  const second = await startKeeping({ history, documents })
  await second.runner.reached(await history.head(), ['test.'])
  gate.close()
  const releasing = second.runner.release('people')
  await gate.waiting()
  const closing = second.runner.close()
  gate.open()
  await t.throwsAsync(releasing, { name: 'RebuildInterrupted' })
  await closing
  const third = await startKeeping({ history, documents: raw })
  await until(() => third.runner.status()[0]?.generation === 1)
  t.is(third.runner.refusal(A), undefined)
  t.is(await nameOf(third, A), 'held')
  await third.runner.close()
})

test('a rebuild does not go on with what a release had begun', async (t) => {
  const kept = await stopped()
  const { history } = kept
  await kept.runner.hold('people')
  await crowd(history)
  await kept.runner.close()
  const [documents, gate] = slowly(kept.documents)
  const { runner, reader } = await startKeeping({ history, documents })
  await runner.reached(await history.head(), ['test.'])
  const gone = new AbortController()
  gate.close()
  const releasing = runner.release('people', A, { signal: gone.signal })
  await gate.waiting()
  gone.abort()
  gate.open()
  await t.throwsAsync(releasing, { name: 'RebuildInterrupted' })
  t.true((await documents.collections()).includes('people@1.1'))
  t.like(await runner.rebuild('people'), { outcome: 'taken over', checkpoint: 'people@1.2' })
  t.is(runner.refusal(A), 'stream_held')
  t.is(await nameOf({ reader }, A), 'a')
  t.like(await runner.rebuild('people', { check: true }), { differences: [] })
  t.deepEqual(await documents.collections(), ['platform_projections', 'people@1.2'])
  await runner.close()
})

test('an erasure purges what a held stream has shown, and is never held itself', async (t) => {
  const kept = await stopped()
  const { history, runner, documents } = kept
  await runner.hold('people')
  const receipt = newEvent('SubjectErased', { subject: A })
  const at = await append(history, `platform.erasure-${A}`, receipt)
  t.true(await runner.reached(at, ['']))
  t.is(await nameOf(kept, A), undefined)
  t.is(await nameOf(kept, B), 'b2')
  t.like(await runner.rebuild('people', { check: true }), { differences: [] })
  await runner.close()

  const refusing: Documents = {
    ...documents,
    apply: (writes, checkpoints) =>
      writes.some((write) => 'where' in write)
        ? Promise.reject(new Error('refused'))
        : documents.apply(writes, checkpoints),
  }
  const next = await startKeeping({ ...kept, documents: refusing, projections: [poisonable()] })
  await append(history, `platform.erasure-${B}`, newEvent('SubjectErased', { subject: B }))
  await until(() => next.stops.length > 0)
  await t.throwsAsync(next.runner.hold('people'), { message: /never held/ })
  await next.runner.close()
})

test('what the documents have taken of an event that they refused is gone after the hold', async (t) => {
  const memory = memoryDocuments()
  /** As a store without transactions: what comes first is there although what comes then is refused. */
  const documents: Documents = {
    ...memory,
    apply: async (writes, checkpoints) => {
      for (const write of writes) {
        if ('put' in write && write.put.name === 'refused') throw new Error('refused')
        await memory.apply([write], [])
      }
      await memory.apply([], checkpoints)
    },
  }
  const twice = people(1, {
    Doubled: ({ stream, data }) => [
      { collection: 'people', id: stream, update: { $set: { name: 'half' } } },
      { collection: 'people', id: `${stream}-2`, put: { name: data.name ?? null } },
    ],
  })
  const kept = await startKeeping({ documents, projections: [twice] })
  await append(kept.history, A, newEvent('Named', { name: 'a' }))
  await append(kept.history, A, newEvent('Doubled', { name: 'refused' }))
  await until(() => kept.stops.length > 0)
  t.is(await nameOf(kept, A), 'half')
  t.like(await kept.runner.hold('people'), { outcome: 'held', stopped: undefined })
  t.is(await nameOf(kept, A), 'a')
  t.like(await kept.runner.rebuild('people', { check: true }), { differences: [] })
  await kept.runner.close()
})
