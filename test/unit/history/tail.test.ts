/** Proves that the newest events kept in memory stay bounded in number and in bytes, and say when they do not reach back. */
import test from 'ava'
import fc from 'fast-check'
import { makeTail } from '../../../src/history/embedded/tail.ts'
import type { StoredEvent } from '../../../src/history/port.ts'
import { newEvent } from '../../support/history.ts'

const eventAt = (position: number): StoredEvent => ({
  ...newEvent({ position }),
  stream: 's',
  revision: 0n,
  position: BigInt(position),
})
const positions = (events: readonly StoredEvent[] | undefined) =>
  events?.map(({ position }) => Number(position))

test('an empty tail knows nothing, a new one begins where it was filled', (t) => {
  const tail = makeTail(10, 1_000)
  t.is(tail.after(0n, 5), undefined)
  tail.push(eventAt(7), 10)
  tail.push(eventAt(8), 10)
  t.is(tail.after(5n, 5), undefined)
  t.deepEqual(positions(tail.after(6n, 5)), [7, 8])
  t.deepEqual(positions(tail.after(6n, 1)), [7])
  t.deepEqual(positions(tail.after(8n, 5)), [])
  tail.clear()
  t.is(tail.after(8n, 5), undefined)
})

test('it keeps the newest events, as many as both bounds allow', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 600 }),
      fc.integer({ min: 1, max: 100 }),
      (sizes, eventsMax) => {
        const tail = makeTail(eventsMax, 1_000)
        sizes.forEach((bytes, index) => {
          tail.push(eventAt(index + 1), bytes)
        })
        let kept = 0
        for (let bytes = 0; kept < Math.min(sizes.length, eventsMax); kept++) {
          bytes += sizes[sizes.length - 1 - kept] ?? 0
          if (bytes > 1_000) break
        }
        const first = sizes.length - kept
        t.deepEqual(
          positions(tail.after(BigInt(first), 1_000)),
          Array.from({ length: kept }, (_, index) => first + 1 + index),
        )
        if (first > 0) t.is(tail.after(BigInt(first - 1), 1_000), undefined)
      },
    ),
  )
})
