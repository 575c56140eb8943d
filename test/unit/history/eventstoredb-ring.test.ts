/**
 * Proves that the ring of the newest events gives what a list of all events would give, page by page, for as long as it reaches, and that
 * it is bounded; with positions that have gaps, as on a server.
 */
import test from 'ava'
import fc from 'fast-check'
import { makeRing } from '../../../src/history/eventstoredb/ring.ts'
import type { StoredEvent } from '../../../src/history/port.ts'
import { HISTORY_PAGE_EVENTS } from '../../../src/limits.ts'
import { newEvent, range } from '../../support/history.ts'

const event = (stream: string, position: bigint): StoredEvent => ({
  ...newEvent(),
  stream,
  revision: 0n,
  position,
})

test('it gives what is behind a position, filtered, and says how far it looked', (t) => {
  const steps = fc.array(
    fc.record({ gap: fc.bigInt(1n, 50n), stream: fc.constantFrom('a-1', 'a-2', 'b-1', undefined) }),
    { maxLength: 200 },
  )
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 40 }), fc.bigInt(0n, 4_000n), (pushed, eventsMax, after) => {
      const start = 100n
      const ring = makeRing(start, eventsMax, 1_000_000)
      const all: StoredEvent[] = []
      let position = start
      for (const { gap, stream } of pushed) {
        position += gap
        const stored = stream === undefined ? undefined : event(stream, position)
        if (stored !== undefined) all.push(stored)
        ring.push(position, stored, 10)
      }
      const base = all.length > eventsMax ? (all.at(-eventsMax - 1)?.position ?? start) : start
      const looked = ring.after(after, ['a-'])
      t.is(ring.position(), position)
      t.is(ring.reaches(after), after >= base)
      const events = all.filter((stored) => stored.position > after && stored.stream.startsWith('a-'))
      const upTo = position > after ? position : after
      t.deepEqual(looked, after < base ? undefined : { events, upTo })
    }),
  )
})

test('a page is bounded, and the next one goes on behind it', (t) => {
  const ring = makeRing(0n, 10_000, 1_000_000_000)
  const count = HISTORY_PAGE_EVENTS * 2 + 10
  for (const n of range(1, count)) ring.push(BigInt(n * 3), event('a-1', BigInt(n * 3)), 10)
  const positions: bigint[] = []
  let after = 0n
  for (const wanted of [HISTORY_PAGE_EVENTS, HISTORY_PAGE_EVENTS, 10]) {
    const looked = ring.after(after, undefined)
    t.is(looked?.events.length, wanted)
    positions.push(...(looked?.events ?? []).map(({ position }) => position))
    after = looked?.upTo ?? 0n
  }
  t.deepEqual(
    positions,
    range(1, count).map((n) => BigInt(n * 3)),
  )
})

test('it forgets the oldest when it has too many bytes', (t) => {
  const ring = makeRing(0n, 10_000, 100)
  for (const n of range(1, 10)) ring.push(BigInt(n), event('a-1', BigInt(n)), 30)
  t.is(ring.after(6n, undefined), undefined)
  t.deepEqual(
    ring.after(7n, undefined)?.events.map(({ position }) => position),
    [8n, 9n, 10n],
  )
  ring.push(11n, event('a-1', 11n), 1_000)
  t.false(ring.reaches(10n))
  t.true(ring.reaches(11n))
})
