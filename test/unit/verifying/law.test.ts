/**
 * Proves for any history: whatever single change, drop, swap, insertion or repetition is made behind the back of the tree, it is found, and the
 * place named is the first that does not fit. The history is a list in memory, read as that of a server of its own is; its positions have gaps.
 */
import fc from 'fast-check'
import test from 'ava'
import type { StoredEvent } from '../../../src/history/port.ts'
import { leafHash } from '../../../src/proofs/leaf.ts'
import { poolOf } from '../../../src/verifying/reading/pool.ts'
import type { Answers, Description, Job } from '../../../src/verifying/reading/jobs.ts'
import { readAfter } from '../../../src/verifying/reading/ordered.ts'
import { createTower } from '../../../src/verifying/tower.ts'
import { verifyHistory, type Verdict } from '../../../src/verifying/verify.ts'
import { newEvent } from '../../support/events.ts'
import { SIGNER } from '../../support/verifying.ts'

type Placeless = Omit<StoredEvent, 'position'>

const historyOf = (streams: readonly number[]): readonly Placeless[] => {
  const revisions = new Map<string, bigint>()
  return streams.map((number, n) => {
    const stream = `rightech.label-${number}`
    const revision = revisions.get(stream) ?? 0n
    revisions.set(stream, revision + 1n)
    return { ...newEvent('Changed', { n, text: `text ${n}` }), stream, revision }
  })
}
/** As a store places them. */
const placed = (events: readonly Placeless[]): readonly StoredEvent[] =>
  events.map((event, n) => ({ ...event, position: BigInt(positionAt(n)) }))
const positionAt = (index: number): number => 10 + 3 * index

const verify = async (
  events: readonly Placeless[],
  tree: readonly Placeless[] | undefined,
): Promise<Verdict> => {
  const stored = Buffer.concat(placed(tree ?? []).map(leafHash))
  const tower = createTower()
  tower.add(stored)
  const state = {
    size: tree?.length ?? 0,
    position: String(positionAt((tree?.length ?? 0) - 1)),
    root: tower.root().toString('base64'),
  }
  const description: Description = {
    ...{ reads: 'after', what: 'a list', first: 0, last: -1, bytes: 0, hasTiles: tree !== undefined },
    ...(tree === undefined ? {} : { tree: state }),
  }
  const list = placed(events)
  const readAll = async function* ({ after }: { readonly after: bigint }) {
    await Promise.resolve()
    yield list.filter(({ position }) => position > after)
  }
  const answer = (job: Job) => {
    if (job.kind === 'after')
      return readAfter(
        { readAll },
        BigInt(job.after),
        { stored: stored.subarray(32 * job.leaf), covered: Math.max(0, job.leaves - job.leaf) },
        () => undefined,
      )
    if (job.kind === 'tiles') return Promise.resolve(tower.level(8 * job.level))
    return Promise.reject(new Error(job.kind))
  }
  const reads = {
    run: async <J extends Job>(job: J) => (await answer(job)) as Answers[J['kind']],
    close: () => Promise.resolve(),
  }
  return verifyHistory(poolOf([reads]), description, {})
}

const CHANGES = ['id', 'type', 'data', 'at', 'actor', 'stream', 'revision'] as const
const changed = (event: Placeless, what: (typeof CHANGES)[number]): Placeless => {
  if (what === 'id') return { ...event, id: newEvent('').id }
  if (what === 'type') return { ...event, type: `${event.type}.` }
  if (what === 'data') return { ...event, data: { ...event.data, text: 'another' } }
  if (what === 'stream') return { ...event, stream: `${event.stream}0` }
  if (what === 'revision') return { ...event, revision: event.revision + 1n }
  const { meta } = event
  return { ...event, meta: what === 'at' ? { ...meta, at: meta.at + 1 } : { ...meta, actor: 'another' } }
}

/** What is there then, and the index of the first that does not fit. */
type Tampering = (
  events: readonly Placeless[],
  a: number,
  b: number,
) => readonly [readonly Placeless[], number]
const TAMPERINGS: { readonly [what: string]: Tampering } = {
  change: (events, a, b) => [
    events.map((event, n) => (n === a ? changed(event, CHANGES[b % CHANGES.length] ?? 'id') : event)),
    a,
  ],
  drop: (events, a) => [events.filter((_, n) => n !== a), a],
  swap: (events, a, b) => {
    const [first, second] = [event(events, a), event(events, b)]
    return [events.map((one, n) => (n === a ? second : n === b ? first : one)), Math.min(a, b)]
  },
  insertion: (events, a) => {
    const own = { ...newEvent('Changed', { n: -1 }), stream: 'rightech.label-new', revision: 0n }
    return [[...events.slice(0, a), own, ...events.slice(a)], a]
  },
  repetition: (events, a) => [[...events.slice(0, a + 1), ...events.slice(a)], a + 1],
}
const event = (events: readonly Placeless[], at: number): Placeless => {
  const found = events[at]
  if (found === undefined) throw new RangeError(String(at))
  return found
}

const drawn = fc
  .array(fc.nat(6), { minLength: 2, maxLength: 600 })
  .chain((streams) => fc.tuple(fc.constant(streams), fc.nat(streams.length - 1), fc.nat(streams.length - 1)))

for (const [what, tampering] of Object.entries(TAMPERINGS)) {
  test(`a ${what} is found where it is`, async (t) => {
    await fc.assert(
      fc.asyncProperty(drawn, async ([streams, a, b]) => {
        if (what === 'swap' && a === b) return
        const events = historyOf(streams)
        t.deepEqual((await verify(events, events)).faults, [])
        const [tampered, index] = tampering(events, a, b)
        const { faults } = await verify(tampered, events)
        // Behind the end there is no event to name: then it is the position that is due.
        const expected = index < tampered.length ? positionAt(index) : positionAt(index - 1) + 1
        t.is(faults[0]?.position, String(expected), JSON.stringify(faults))
      }),
      { numRuns: 25 },
    )
  })
}

/** The tree is changed with the events: what then speaks are the signed heads. */
test('a change that the tree was changed with lies between two signed heads', async (t) => {
  const signed = (events: readonly Placeless[], revision: bigint): Placeless => {
    const tower = createTower()
    tower.add(Buffer.concat(placed(events).map(leafHash)))
    const head = SIGNER.sign({ size: events.length, root: tower.root() })
    return { ...newEvent('HeadSigned', { ...head }), stream: 'platform.job-heads', revision }
  }
  const first = historyOf(Array.from({ length: 300 }, (_, n) => n % 7))
  const withOne = [...first, signed(first, 0n)]
  const second = historyOf(Array.from({ length: 600 }, (_, n) => n % 7)).slice(300)
  const both = [...withOne, ...second]
  const all = [...both, signed(both, 1n)]
  const whole = await verify(all, all)
  t.deepEqual(whole.faults, [])
  t.is(whole.heads.covered, both.length)
  t.is(whole.heads.notCovered, 1)

  const tampered = all.map((one, n) => (n === 450 ? changed(one, 'data') : one))
  for (const tree of [tampered, undefined]) {
    const { faults, heads } = await verify(tampered, tree)
    t.deepEqual(
      faults.map(({ kind, position }) => [kind, position]),
      [['head', String(positionAt(300))]],
    )
    t.is(heads.covered, 300)
    t.regex(
      faults[0]?.detail ?? '',
      new RegExp(`between positions ${positionAt(300)} and ${positionAt(600)}`),
    )
  }

  const { faults, notes } = await verify(all, tampered)
  t.is(faults[0]?.position, String(positionAt(450)))
  t.regex(notes.join(), /the stored tree was changed, not they/)

  const forged = changed(all[601] ?? event(all, 0), 'id')
  const { note: own } = forged.data
  const note = typeof own === 'string' ? own.replace('\n601\n', '\n600\n') : null
  const other = [...both, { ...forged, data: { ...forged.data, note } }]
  t.deepEqual(
    (await verify(other, other)).faults.map(({ kind, position }) => [kind, position]),
    [['head', String(positionAt(601))]],
  )
})
