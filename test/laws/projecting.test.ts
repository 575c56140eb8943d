/**
 * Laws of keeping documents: however the history is delivered, in any pages, overlapping, repeated, and again after a crash that lost what came
 * behind a checkpoint, they are those of one pass; and a process that dies at any write of a hold, a rebuild, a release or a change of version
 * leaves what the next one brings to the same end. Through the real runner, over a history and documents in memory that misbehave.
 */
import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import * as fc from 'fast-check'
import { memoryDocuments } from '../../src/documents/memory/memory.ts'
import type { Documents, Write } from '../../src/documents/port.ts'
import { memoryHistory } from '../../src/history/memory/memory.ts'
import type { Delivery, History, Page } from '../../src/history/port.ts'
import { createBuild, projectInto } from '../../src/projecting/build.ts'
import { isHeld } from '../../src/projecting/holds.ts'
import type { Projection } from '../../src/projecting/projection.ts'
import { append, newEvent } from '../support/events.ts'
import { dump, fromScratch, poisonable, startKeeping } from '../support/keeping.ts'
import { people } from '../support/people.ts'
import { until } from '../support/waiting.ts'

const RUNS = process.env['SOAK'] ? 2_000 : 60

const GROUP = 'test.group-1'
/** Counts, lists and deletions by an index: what would show if an event counted twice or not at all. Members are written by their own streams too. */
const members: Projection = {
  name: 'members',
  version: 1,
  prefixes: ['test.'],
  collections: { members: { indexes: [{ keys: ['group'] }] }, totals: { indexes: [] } },
  on: {
    Joined: ({ stream }) => [
      { collection: 'members', id: stream, put: { group: GROUP, n: 0, list: [] } },
      { collection: 'totals', id: 'all', put: { n: 0 } },
    ],
    Raised: ({ stream, data }) => [
      { collection: 'members', id: stream, update: { $inc: { n: 1 }, $push: { list: data.by ?? null } } },
      { collection: 'totals', id: 'all', update: { $inc: { n: 1 } } },
    ],
    GroupRaised: () => [{ collection: 'members', where: { group: GROUP }, update: { $inc: { n: 100 } } }],
    GroupEnded: () => [{ collection: 'members', where: { group: GROUP }, delete: true }],
    Poison: () => {
      throw new Error('cannot read this')
    },
  },
}

const happened = fc.array(
  fc.record({
    stream: fc.constantFrom('test.person-1', 'test.person-2', 'test.person-3', GROUP),
    type: fc.constantFrom('Joined', 'Raised', 'Raised', 'GroupRaised', 'GroupEnded', 'Poison'),
  }),
  { minLength: 1, maxLength: 40 },
)
/** How long a page is, and how far before it the next one begins. */
const cuts = fc.array(fc.record({ size: fc.integer({ min: 1, max: 7 }), again: fc.nat({ max: 6 }) }), {
  minLength: 1,
  maxLength: 40,
})
/** Where checkpoints are put back to before a start. */
const crashes = fc.array(fc.nat({ max: 40 }), { maxLength: 2 })

type Cuts = readonly { readonly size: number; readonly again: number }[]

/** The same events in other pages; each page may begin with some that have been there. */
function* recut(events: Page, sizes: Cuts): Generator<Page> {
  for (let at = 0, n = 0; at < events.length; n += 1) {
    const { size, again } = sizes[n % sizes.length] ?? { size: 1, again: 0 }
    yield events.slice(Math.max(0, at - again), at + size)
    at += size
  }
}

const misdelivering = (history: History, sizes: Cuts): History => ({
  ...history,
  readAll: async function* (options) {
    for await (const page of history.readAll(options)) yield* recut(page, sizes)
  },
  subscribe: async function* (options): AsyncGenerator<Delivery> {
    for await (const { events, upTo, caughtUp } of history.subscribe(options)) {
      for (const page of recut(events, sizes))
        yield { events: page, upTo: page.at(-1)?.position ?? upTo, caughtUp: false }
      yield { events, upTo, caughtUp }
    }
  },
})

/** One event after the other, each once, without what is held. */
const inOnePass = async (history: History, holds: ReturnType<typeof createBuild>['holds']) => {
  const documents = memoryDocuments()
  const build = createBuild(members, 0)
  for await (const page of history.readAll({ after: 0n })) {
    for (const event of page) {
      if (isHeld(holds, event)) continue
      const writes: Write[] = []
      projectInto(writes, build, event)
      await documents.apply(writes, [])
    }
  }
  return pictureOf(documents)
}

const pictureOf = async (documents: Documents): Promise<readonly string[]> => [
  ...(await dump(documents, 'members@1')),
  ...(await dump(documents, 'totals@1')),
]

test('any delivery gives the documents of one pass, with every poison event held', async (t) => {
  await fc.assert(
    fc.asyncProperty(happened, cuts, crashes, async (events, sizes, lost) => {
      const [history, documents] = [memoryHistory(), memoryDocuments()]
      for (const [n, { stream, type }] of events.entries())
        await append(history, stream, newEvent(type, { by: n }))
      const head = await history.head()
      const start = () =>
        startKeeping({ documents, history: misdelivering(history, sizes), projections: [members] })
      let kept = await start()
      for (const back of [...lost, undefined]) {
        while ((await kept.runner.hold('members')).outcome === 'held');
        await kept.runner.reached(head, ['test.'])
        if (back === undefined) break
        await kept.runner.close()
        const position = BigInt(Math.min(back, events.length))
        await documents.apply([], [{ name: 'members@1', position }])
        kept = await start()
      }
      const holds = kept.runner.status()[0]?.holds ?? new Map()
      t.deepEqual(await pictureOf(documents), await inOnePass(history, holds))
      t.like(await kept.runner.rebuild('members', { check: true }), { differences: [] })
      await kept.runner.close()
    }),
    { numRuns: RUNS },
  )
})

const [A, B] = ['test.person-a', 'test.person-b'] as const

const withPoison = async (): Promise<History> => {
  const history = memoryHistory()
  await append(
    history,
    A,
    newEvent('Named', { name: 'a' }),
    newEvent('Odd'),
    newEvent('Renamed', { name: 'held' }),
  )
  await append(history, B, newEvent('Named', { name: 'b' }))
  return history
}

/** From its `count`th write on nothing answers any more, and nothing is written: the process has died. */
const dyingAt = (documents: Documents, count: number) => {
  let writes = 0
  let died = (): void => undefined
  const dead = new Promise<'dead'>((resolve) => (died = () => resolve('dead')))
  const mortal =
    <A extends readonly unknown[]>(write: (...args: A) => Promise<void>) =>
    (...args: A): Promise<void> => {
      writes += 1
      if (writes < count) return write(...args)
      died()
      return new Promise(() => undefined)
    }
  const { apply, flush, drop, forgetCheckpoint, ensureIndexes } = documents
  const given: Documents = {
    ...documents,
    apply: mortal(apply),
    flush: mortal(flush),
    drop: mortal(drop),
    forgetCheckpoint: mortal(forgetCheckpoint),
    ensureIndexes: mortal(ensureIndexes),
  }
  return { given, dead }
}

type Work = (kept: Awaited<ReturnType<typeof startKeeping>>) => Promise<unknown>
const works: readonly (readonly [name: string, before: boolean, projection: Projection, work: Work])[] = [
  ['a hold', false, poisonable(), ({ runner }) => runner.hold('people')],
  ['a rebuild under a hold', true, poisonable(), ({ runner }) => runner.rebuild('people')],
  ['a release', true, people(), ({ runner }) => runner.release('people')],
  ['a release that is stopped', true, poisonable(), ({ runner }) => runner.release('people')],
  [
    'a change of version',
    true,
    people(2),
    ({ runner }) => until(() => runner.status()[0]?.caughtUp === true),
  ],
]

for (const [name, isHeldBefore, projection, work] of works) {
  test(`${name} may die at any write`, async (t) => {
    let deaths = 0
    for (let count = 1; ; count += 1) {
      const [history, documents] = [await withPoison(), memoryDocuments()]
      const first = await startKeeping({ history, documents, projections: [poisonable()] })
      await until(() => first.stops.length > 0)
      if (isHeldBefore) await first.runner.hold('people')
      await first.runner.close()

      const { given, dead } = dyingAt(documents, count)
      const done = (async () => {
        const kept = await startKeeping({ history, documents: given, projections: [projection] })
        await work(kept)
        await kept.runner.close()
      })()
      if ((await Promise.race([dead, done])) !== 'dead') break
      deaths += 1

      const next = await startKeeping({ history, documents, projections: [projection] })
      // Where the hold had not come to stand before the death, it is asked for again.
      if (!isHeldBefore) await next.runner.hold('people')
      await until(() => next.runner.status()[0]?.caughtUp === true)
      t.is((await next.reader.get('people', B))?.value.name, 'b', `${count}: readers see no gap`)
      t.like(await next.runner.rebuild('people', { check: true }), { differences: [] }, `${count}`)
      await next.runner.close()

      const mended = await startKeeping({ history, documents, projections: [people(projection.version)] })
      await mended.runner.release('people')
      const { version = 0, generation = 0 } = mended.runner.status()[0] ?? {}
      const serving = `people@${version}${generation === 0 ? '' : `.${generation}`}`
      t.deepEqual(await dump(documents, serving), await fromScratch(history, people(version), 'people'))
      const left = (await documents.collections()).filter((one) => one.startsWith('people@'))
      t.deepEqual(left, [serving], `${count}: nothing is left over`)
      t.deepEqual([...(await documents.checkpoints()).keys()], [serving])
      await mended.runner.close()
    }
    t.true(deaths > 5, String(deaths))
    // Those that died do nothing more.
    await pause(10)
  })
}
