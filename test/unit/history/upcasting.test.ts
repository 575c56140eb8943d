/**
 * Proves upcasting with tables made for it: stored events of older schemas reach deciders, projections and snapshots in the current shape, sealed
 * or not, and by the same steps however old they are; what cannot be brought up stops who reads it and nobody else.
 */
import { randomUUID } from 'node:crypto'
import test from 'ava'
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { createEngine } from '../../../src/commands/engine.ts'
import { createSnapshots } from '../../../src/commands/snapshots.ts'
import { memoryDocuments } from '../../../src/documents/memory/memory.ts'
import { EVENT_TYPES, UPCASTERS } from '../../../src/domain/event-types.ts'
import type { Decider } from '../../../src/domain/decider.ts'
import { memoryHistory } from '../../../src/history/memory/memory.ts'
import type { Delivery, History, StoredEvent } from '../../../src/history/port.ts'
import { sealedHistory } from '../../../src/history/sealing.ts'
import {
  UnknownSchema,
  UpcastFailed,
  upcastingHistory,
  type UpcastTable,
} from '../../../src/history/upcasting.ts'
import type { JsonObject } from '../../../src/json.ts'
import { SNAPSHOT_EVERY_EVENTS } from '../../../src/limits.ts'
import type { Projection } from '../../../src/projecting/projection.ts'
import { startRunner } from '../../../src/projecting/runner.ts'
import { memoryKeyring } from '../../../src/vault/memory/keyring.ts'
import { append, newEvent } from '../../support/events.ts'
import { snapshotted } from '../../support/snapshots.ts'

/** Schema 1 `{ name }`, 2 `{ sealed: { name } }` (moved), 3 `{ sealed: { first, last } }`. */
const STEPS: UpcastTable = {
  Named: [
    ({ name = null }) => ({ sealed: name === null ? null : { name } }),
    ({ sealed }) => ({ sealed: sealed === null ? null : split(sealed as JsonObject) }),
  ],
  Added: [({ by = 0 }) => ({ amount: by })],
}
const split = ({ name }: JsonObject): JsonObject => {
  const [first = '', last = ''] = (name as string).split(' ')
  return { first, last }
}
const subject = (_: unknown, stream: string): string => stream
/** Both paths that were ever sealed. */
const SEALED = { Named: { fields: ['name', 'sealed'], subject } }
const isOurs = (stream: string): boolean => stream.startsWith('tally.')
const upcasting = (history: History, steps = STEPS): History => upcastingHistory(history, { steps, isOurs })

const eventsOf = async (history: History, stream: string): Promise<readonly StoredEvent[]> => {
  const all: StoredEvent[] = []
  for await (const page of history.read(stream)) all.push(...page)
  return all
}

const STREAM = 'tally.count-1'

test('sealed values of every older shape are opened first, and then brought up', async (t) => {
  const [raw, keyring] = [memoryHistory(), memoryKeyring()]
  const before = sealedHistory(raw, keyring, SEALED)
  await append(before, STREAM, newEvent('Named', { name: 'Ada Byron' }, { schema: 1 }))
  await append(before, STREAM, newEvent('Named', { sealed: { name: 'Ada King' } }, { schema: 2 }))
  const now = upcasting(before)
  await append(now, STREAM, newEvent('Named', { sealed: { first: 'Ada', last: 'Lovelace' } }))
  const read = await eventsOf(now, STREAM)
  t.deepEqual(
    read.map(({ data, meta }) => [data['sealed'], meta.schema]),
    ['Byron', 'King', 'Lovelace'].map((last) => [{ first: 'Ada', last }, 3]),
  )
  const stored = await eventsOf(raw, STREAM)
  t.deepEqual(
    stored.map(({ meta }) => meta.schema),
    [1, 2, 3],
  )
  t.false(JSON.stringify(stored.map(({ data }) => data)).includes('Ada'))
  await keyring.destroy(STREAM)
  t.deepEqual(
    (await eventsOf(now, STREAM)).map(({ data }) => data),
    Array(3).fill({ sealed: null }),
  )
})

test('reading all and following give the same as reading the stream', async (t) => {
  const raw = memoryHistory()
  for (const schema of [1, 2, 1])
    await append(raw, STREAM, newEvent('Named', { name: 'A B', sealed: { name: 'C D' } }, { schema }))
  const now = upcasting(raw)
  const expected = await eventsOf(now, STREAM)
  for await (const page of now.readAll({ after: 0n })) t.deepEqual(page, expected)
  const following = new AbortController()
  for await (const { events } of now.subscribe({ after: 0n, signal: following.signal })) {
    if (events.length > 0) t.deepEqual(events, expected)
    following.abort()
  }
  t.deepEqual(
    expected.map(({ data }) => data),
    [
      { sealed: { first: 'A', last: 'B' } },
      { sealed: { first: 'C', last: 'D' } },
      { sealed: { first: 'A', last: 'B' } },
    ],
  )
})

test('whatever the schema, the end is the current one, by all steps behind it in order', async (t) => {
  const step = fc.integer({ min: 0, max: 9 })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 5 }), fc.nat(5), async (marks, stored) => {
      const steps = marks.map((mark) => ({ path = [] }: JsonObject): JsonObject => ({
        path: [...(path as number[]), mark],
      }))
      const schema = Math.min(stored, marks.length) + 1
      const raw = memoryHistory()
      await append(raw, STREAM, newEvent('Stepped', { path: [] }, { schema }))
      const [event] = await eventsOf(upcasting(raw, { Stepped: steps }), STREAM)
      t.is(event?.meta.schema, marks.length + 1)
      t.deepEqual(event?.data, { path: marks.slice(schema - 1) })
    }),
    { numRuns: 100 },
  )
})

test('events at the current schema cost nothing: the very page is handed on', async (t) => {
  const page = [{ ...newEvent('Other'), stream: STREAM, revision: 0n, position: 1n }]
  const delivery: Delivery = { events: page, upTo: 1n, caughtUp: true }
  const now = upcasting({
    ...memoryHistory(),
    readAll: async function* () {
      yield await Promise.resolve(page)
    },
    subscribe: async function* () {
      yield await Promise.resolve(delivery)
    },
  })
  for await (const read of now.readAll({ after: 0n })) t.is(read, page)
  for await (const read of now.subscribe({ after: 0n, signal: new AbortController().signal }))
    t.is(read, delivery)
})

test('an event of a newer version, or that a step cannot bring up, throws when its data is read', async (t) => {
  const raw = memoryHistory()
  const failing: UpcastTable = {
    Added: [
      () => {
        throw new TypeError('no number')
      },
    ],
  }
  await append(
    raw,
    STREAM,
    newEvent('Added', { by: 1 }, { schema: 3 }),
    newEvent('Added', {}, { schema: 0 }),
    newEvent('Added', {}),
    newEvent('Other'),
  )
  const [newer, older, failed, other] = await eventsOf(upcasting(raw, failing), STREAM)
  t.regex(
    t.throws(() => newer?.data, { instanceOf: UnknownSchema }).message,
    /schema 3 of Added at position 1 \(tally\.count-1, revision 0\)/,
  )
  t.throws(() => older?.data, { instanceOf: UnknownSchema })
  t.is((t.throws(() => failed?.data, { instanceOf: UpcastFailed }).cause as Error).message, 'no number')
  t.deepEqual(other?.data, {})
})

test("others' events stay as they are, whatever they have for a schema", async (t) => {
  const raw = memoryHistory()
  await append(raw, 'orders-1', newEvent('Added', { by: 1 }, { schema: 7 }))
  t.deepEqual(await eventsOf(upcasting(raw), 'orders-1'), await eventsOf(raw, 'orders-1'))
})

/** As of schema 2 of `Added`. */
const decider: Decider<number, number> = {
  initial: 0,
  stateVersion: 1,
  evolve: (state, { data: { amount } }) => state + (amount as number),
  decide: (amount) => E.right([{ type: 'Added', data: { amount } }]),
}
const shows: Projection = {
  name: 'tallies',
  version: 1,
  prefixes: ['tally.'],
  collections: { tallies: { indexes: [] } },
  on: {
    Added: ({ stream, revision, data }) => [
      { collection: 'tallies', id: `${stream} ${revision}`, put: { amount: data['amount'] as number } },
    ],
  },
}

test('deciders, projections, rebuilds and snapshots see the current shape of events that are older', async (t) => {
  const [raw, documents, keyring] = [memoryHistory(), memoryDocuments(), memoryKeyring()]
  const engineOf = (history: History, upcasters: number) =>
    createEngine({
      history,
      keyring,
      snapshots: createSnapshots(documents, keyring, upcasters),
      refusal: () => undefined,
      shown: () => Promise.resolve(true),
    })
  const add = (amount: number) => ({
    stream: STREAM,
    decider,
    command: amount,
    commandId: randomUUID(),
    actor: 'tally:user:1',
    at: 1,
  })
  const old: Decider<number, number> = {
    ...decider,
    evolve: (state, { data: { by } }) => state + (by as number) * 1_000,
    decide: (by) => E.right([{ type: 'Added', data: { by } }]),
  }
  const before = engineOf(raw, 0)
  for (let n = 0; n < SNAPSHOT_EVERY_EVENTS; n += 1)
    t.true(E.isRight(await before.execute({ ...add(1), decider: old })()))
  await snapshotted(documents, STREAM)
  const now = upcasting(raw)
  const engine = engineOf(now, 1)
  t.like(
    await engine.execute(add(5))(),
    { right: { state: SNAPSHOT_EVERY_EVENTS + 5 } },
    'not the snapshot with other sums',
  )
  const stored = await eventsOf(raw, STREAM)
  t.is(stored.at(-1)?.meta.schema, 2)
  const nothing = (): void => undefined
  const runner = await startRunner({
    history: now,
    documents,
    projections: [shows],
    onApplied: nothing,
    onStopped: nothing,
    onBroken: (error) => t.fail(String(error)),
  })
  t.teardown(runner.close)
  t.true(await runner.shown(STREAM, stored.at(-1)?.position ?? 0n))
  t.is((await documents.get('tallies@1', `${STREAM} 0`))?.value['amount'], 1)
  t.like(await runner.rebuild('tallies', { check: true }), { outcome: 'compared', differences: [] })
})

test('no type has a step that nobody reads, and all types are at the schema that their steps lead to', (t) => {
  for (const type of Object.keys(UPCASTERS)) t.true(EVENT_TYPES.has(type), type)
  for (const [type, { schema }] of EVENT_TYPES) t.is(schema, (UPCASTERS[type]?.length ?? 0) + 1, type)
})
