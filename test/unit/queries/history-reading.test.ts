/**
 * Proves that what an auditor selects is what a filter over the whole history leaves, page by page and in both directions, exactly once: in a history whose
 * positions have gaps, with tiles of all of it, of a part, or of nothing; and that a page costs a bounded amount of reading.
 */
import { randomUUID } from 'node:crypto'
import test from 'ava'
import fc from 'fast-check'
import { memoryDocuments } from '../../../src/documents/memory/memory.ts'
import { DocumentsUnavailable } from '../../../src/documents/port.ts'
import { isObject } from '../../../src/json.ts'
import { memoryHistory } from '../../../src/history/memory/memory.ts'
import type { History, NewEvent, Page, StoredEvent } from '../../../src/history/port.ts'
import { NOTHING, startBuilding } from '../../../src/proofs/building.ts'
import { AUDIT, AUDIT_INDEXES, auditId } from '../../../src/proofs/collections.ts'
import { createHistoryReading, type HistoryReading } from '../../../src/queries/history/reading.ts'
import type { Selection, Wanted } from '../../../src/queries/history/selection.ts'
import { appended, collect } from '../../support/history.ts'

const EVENTS = 1_200
const ERASED = 'stores.users-2'
const TYPES = ['Made', 'Changed', 'Removed', 'Rare']
const STREAMS = ['stores.users-1', ERASED, 'stores.labels-1', `platform.erasure-${ERASED}`]

/** The same history every time; what is rare comes in few tiles. */
const eventAt = (n: number): NewEvent & { readonly stream: string } => {
  const isRare = n === 300 || n > 1_150
  return {
    id: randomUUID(),
    stream: STREAMS[(n * 7) % (n > 900 ? 4 : 3)] ?? '',
    type: isRare ? 'Rare' : (TYPES[(n * 5) % 3] ?? ''),
    data: { n },
    meta: {
      at: 1_000_000 + n * 10 - ((n * 37) % 50),
      actor: `stores:user:${n < 600 ? n % 3 : n % 5}`,
      commandId: `c-${n >> 2}`,
      correlationId: `r-${n >> 3}`,
      schema: 1,
      ...(n % 3 === 0 ? { subject: `stores.users-${n % 2 === 0 ? 1 : 2}` } : {}),
    },
  }
}

/** Positions that tell nothing about how many events lie between them. */
const spread = (position: bigint): bigint => position * 13n + (position > 500n ? 100_000n : 0n)
const gathered = (position: bigint): bigint => {
  const high = (position - 100_000n) / 13n
  if (position >= 100_000n + 13n * 501n) return high
  return position / 13n < 500n ? position / 13n : 500n
}

const withGaps = (history: History): Pick<History, 'read' | 'readAll' | 'head'> & { looked: number } => {
  const moved = (event: StoredEvent): StoredEvent => ({ ...event, position: spread(event.position) })
  async function* pages(from: AsyncIterable<Page>): AsyncGenerator<Page> {
    for await (const page of from) {
      gaps.looked += page.length
      yield page.map(moved)
    }
  }
  const gaps = {
    looked: 0,
    read: (...parameters: Parameters<History['read']>) => pages(history.read(...parameters)),
    readAll: ({ after, ...options }: Parameters<History['readAll']>[0]) =>
      pages(history.readAll({ ...options, after: gathered(after) })),
    head: async () => {
      const head = await history.head()
      return head === 0n ? 0n : spread(head)
    },
  }
  return gaps
}

const memory = memoryHistory()
const history = withGaps(memory)
let events: Page = []
const documentsOf = async (upTo: number) => {
  const documents = memoryDocuments()
  await documents.ensureIndexes(AUDIT, AUDIT_INDEXES)
  const building = startBuilding(NOTHING)
  events.slice(0, upTo).forEach(building.add)
  const { tiles, state } = building.changes()
  await documents.apply(tiles, [])
  await documents.apply([state], [])
  return documents
}
const readings: Record<string, HistoryReading> = {}
test.before(async () => {
  for (let n = 0; n < EVENTS; n += 1) {
    const { stream, ...event } = eventAt(n)
    await appended(memory, stream, 'any', [event])
  }
  events = await collect(history.readAll({ after: 0n }))
  readings['no tiles'] = createHistoryReading(history)
  readings['tiles of a part'] = createHistoryReading(history, await documentsOf(700))
  readings['all tiles'] = createHistoryReading(history, await documentsOf(EVENTS))
})

const positionOf = (text: string): bigint => {
  const event: unknown = JSON.parse(text)
  if (!isObject(event) || typeof event['position'] !== 'string') throw new Error(text)
  return BigInt(event['position'])
}

const selected = ({ selection, after, before = 2n ** 63n, direction }: Wanted): readonly bigint[] => {
  const { since = 0, until = Infinity, subject, ...exact } = selection
  const found = events.filter(({ position, stream, type, meta }) => {
    const has = { stream, type, actor: meta.actor, command: meta.commandId }
    const names = ['stream', 'type', 'actor', 'command'] as const
    const subjects = [undefined, meta.subject, ERASURE.exec(stream)?.[1]]
    return [
      position > after,
      position < before,
      names.every((name) => [undefined, has[name]].includes(exact[name])),
      subjects.includes(subject),
      meta.at >= since,
      meta.at <= until,
    ].every((holds) => holds)
  })
  const positions = found.map(({ position }) => position)
  return direction === 'forwards' ? positions : positions.reverse()
}
const ERASURE = /^platform\.erasure-(.+)$/

/** Goes on with `next` until there is none. */
const paged = async (reading: HistoryReading, wanted: Wanted, limit: number): Promise<readonly bigint[]> => {
  const found: bigint[] = []
  for (let from = wanted; ;) {
    const { events: page, next } = await reading.page(from, limit)
    if (page.length > limit) throw new Error(`${page.length} events in a page of ${limit}`)
    found.push(...page.map(positionOf))
    if (next === undefined) return found
    from = wanted.direction === 'forwards' ? { ...from, after: next } : { ...from, before: next }
  }
}

const streamed = async (reading: HistoryReading, wanted: Wanted): Promise<readonly bigint[]> => {
  const found: bigint[] = []
  for await (const step of reading.all(wanted)) found.push(...step.events.map(({ position }) => position))
  return found
}

const maybe = <A>(arbitrary: fc.Arbitrary<A>): fc.Arbitrary<A | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: 1 })
const time = fc.integer({ min: 999_900, max: 1_000_000 + EVENTS * 10 })
const position = fc.bigInt({ min: 0n, max: spread(BigInt(EVENTS)) + 20n })
const wanteds = fc
  .record({
    selection: fc.record(
      {
        stream: fc.constantFrom(...STREAMS, 'no.stream-1'),
        type: fc.constantFrom(...TYPES, 'None'),
        actor: fc.integer({ min: 0, max: 5 }).map((n) => `stores:user:${n}`),
        subject: fc.constantFrom('stores.users-1', ERASED, 'stores.users-3'),
        command: fc.integer({ min: 0, max: EVENTS / 4 }).map((n) => `c-${n}`),
        since: time,
        until: time,
      },
      { requiredKeys: [] },
    ),
    keep: fc.array(fc.constantFrom('stream', 'type', 'actor', 'subject', 'command', 'since', 'until'), {
      maxLength: 2,
    }),
    after: fc.oneof(fc.constant(0n), position),
    before: maybe(position),
    direction: fc.constantFrom('forwards' as const, 'backwards' as const),
  })
  .map(({ selection, keep, before, ...wanted }): Wanted => {
    const kept: Selection = Object.fromEntries(
      Object.entries(selection).filter(([name]) => keep.some((one) => one === name)),
    )
    return { ...wanted, selection: kept, ...(before === undefined ? {} : { before }) }
  })

for (const name of ['no tiles', 'tiles of a part', 'all tiles']) {
  test(`a selection is what a filter leaves: ${name}`, async (t) => {
    const reading = readings[name]
    if (reading === undefined) return t.fail()
    await fc.assert(
      fc.asyncProperty(wanteds, fc.integer({ min: 1, max: 400 }), async (wanted, limit) => {
        const expected = selected(wanted)
        // Few events a page make many pages: as many as tell something.
        t.deepEqual(await paged(reading, wanted, Math.max(limit, Math.ceil(expected.length / 12))), expected)
        t.deepEqual(await streamed(reading, wanted), expected)
      }),
      { numRuns: process.env['SOAK'] === undefined ? 40 : 3_000 },
    )
  })
  test(`an event is found at its position, and nothing beside it: ${name}`, async (t) => {
    const reading = readings[name]
    for (const n of [0, 1, 255, 256, 499, 500, 699, 700, 1_199]) {
      const event = events[n]
      if (event === undefined) return t.fail()
      t.deepEqual(await reading?.at(event.position), event)
      t.is(await reading?.at(event.position - 1n), undefined)
      t.is(await reading?.at(event.position + 1n), undefined)
    }
    for (const nothing of [0n, 2n ** 63n - 1n]) t.is(await reading?.at(nothing), undefined)
  })
}

test.serial('tiles spare the reading of what cannot match', async (t) => {
  const [first, rare] = [events[300]?.position, events.at(-1)?.position]
  if (first === undefined || rare === undefined) return t.fail()
  const wanted = {
    selection: { type: 'Rare' },
    after: 0n,
    before: first + 1n,
    direction: 'forwards',
  } as const
  history.looked = 0
  t.deepEqual(await streamed(readings['all tiles'] ?? t.fail(), wanted), [first])
  t.true(history.looked <= 256, String(history.looked))
  history.looked = 0
  t.is((await streamed(readings['no tiles'] ?? t.fail(), wanted)).length, 1)
  t.true(history.looked > 256)
})

test('a page that finds nothing says where to go on', async (t) => {
  const long = memoryHistory()
  const many = Array.from({ length: 500 }, (_, n) => eventAt(n)).map(({ stream: _stream, ...event }) => event)
  for (let n = 0; n < 50; n += 1)
    await appended(
      long,
      'a-1',
      'any',
      many.map((event) => ({ ...event, id: randomUUID() })),
    )
  const reading = createHistoryReading(long)
  for (const direction of ['forwards', 'backwards'] as const) {
    const wanted: Wanted = { selection: { command: 'c-none' }, after: 0n, direction }
    const { events: none, next } = await reading.page(wanted, 100)
    t.deepEqual(none, [])
    t.is(next, direction === 'forwards' ? 20_000n : 5_001n)
    const rest = direction === 'forwards' ? { after: next ?? 0n } : { before: next ?? 0n }
    t.deepEqual(await reading.page({ ...wanted, ...rest }, 100), { events: [], next: undefined })
  }
})

test('tiles that are being made anew do not pass for tiles without a match', async (t) => {
  const documents = await documentsOf(EVENTS)
  await documents.apply([{ collection: AUDIT, at: 1_000_000n, id: auditId(2), delete: true }], [])
  const reading = createHistoryReading(history, documents)
  const wanted = { selection: { type: 'Made' }, after: 0n, direction: 'forwards' } as const
  await t.throwsAsync(() => reading.page(wanted, 1_000), { instanceOf: DocumentsUnavailable })
})

test('large events come in answers of bounded size, also backwards', async (t) => {
  const large = memoryHistory()
  for (let n = 0; n < 24; n += 1)
    await appended(large, 'a-1', 'any', [{ ...eventAt(n), data: { n, text: 'x'.repeat(900_000) } }])
  const reading = createHistoryReading(large)
  for (const direction of ['forwards', 'backwards'] as const) {
    const wanted: Wanted = { selection: {}, after: 0n, direction }
    const page = await reading.page(wanted, 1_000)
    t.is(page.events.length, 5)
    t.is((await paged(reading, wanted, 1_000)).length, 24)
  }
})
