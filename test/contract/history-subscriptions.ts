/** Cases of the history's contract: subscriptions never skip, repeat or reorder, and never run ahead of who takes them. */
import { HISTORY_PAGE_EVENTS } from '../../src/limits.ts'
import type { Delivery, StoredEvent } from '../../src/history/port.ts'
import {
  appended,
  collect,
  following,
  idsOf,
  inTime,
  numbered,
  numbersOf,
  range,
  type Following,
} from '../support/history.ts'
import type { Case } from './history-case.ts'

const LONG = HISTORY_PAGE_EVENTS * 2 + 100

export const subscriptionCases: readonly Case[] = [
  {
    name: 'a subscription delivers what was there and then what comes',
    run: async (t, { history, prefix }) => {
      await appended(history, `${prefix}s-1`, 'none', numbered(3))
      const subscription = following(history, { after: 0n, prefixes: [prefix] })
      await subscription.count(3)
      await appended(history, `${prefix}s-2`, 'none', numbered(2, 3))
      await subscription.count(5)
      await appended(history, `${prefix}s-1`, 2n, numbered(1, 5))
      await subscription.count(6)
      await subscription.stop()
      t.deepEqual(subscription.events(), await collect(history.readAll({ after: 0n, prefixes: [prefix] })))
      t.deepEqual(numbersOf(subscription.events()), range(0, 6))
    },
  },
  {
    name: 'a subscription behind a position leaves out what is before it',
    run: async (t, { history, prefix }) => {
      const { position } = await appended(history, `${prefix}s-1`, 'none', numbered(3))
      await appended(history, `${prefix}s-1`, 2n, numbered(2, 3))
      const subscription = following(history, { after: position, prefixes: [prefix] })
      await subscription.count(2)
      await appended(history, `${prefix}s-1`, 4n, numbered(1, 5))
      await subscription.count(3)
      await subscription.stop()
      t.deepEqual(numbersOf(subscription.events()), [3, 4, 5])
    },
  },
  {
    name: 'a subscription behind the head says that it has caught up, then waits',
    run: async (t, { history, prefix }) => {
      await appended(history, `${prefix}s-1`, 'none', numbered(3))
      const subscription = following(history, { after: await history.head(), prefixes: [prefix] })
      await subscription.until(() => subscription.deliveries.at(-1)?.caughtUp === true)
      t.deepEqual(subscription.events(), [])
      await appended(history, `${prefix}s-1`, 2n, numbered(1, 3))
      await subscription.count(1)
      await subscription.stop()
      t.deepEqual(numbersOf(subscription.events()), [3])
    },
  },
  {
    name: '`caughtUp` and `upTo` tell how far was looked',
    run: async (t, { history, prefix }) => {
      const { position } = await appended(history, `${prefix}s-1`, 'none', numbered(LONG))
      const subscription = following(history, { after: 0n, prefixes: [prefix] })
      await subscription.until(() => subscription.deliveries.at(-1)?.caughtUp === true)
      await subscription.stop()
      const { deliveries } = subscription
      t.is(subscription.events().length, LONG)
      t.true(upToIsRight(deliveries))
      t.true((deliveries.at(-1)?.upTo ?? 0n) >= position)
      const first = deliveries.find(({ events }) => events.length > 0)
      t.false(first?.caughtUp ?? true)
    },
  },
  {
    name: '`upTo` moves past what the prefixes leave out',
    run: async (t, { history, prefix }) => {
      const { position } = await appended(history, `${prefix}wanted-1`, 'none', numbered(1))
      const before = await appended(history, `${prefix}other-1`, 'none', numbered(3))
      const subscription = following(history, { after: position - 1n, prefixes: [`${prefix}wanted-`] })
      await subscription.until(() => (subscription.deliveries.at(-1)?.upTo ?? 0n) >= before.position)
      t.is(subscription.events().length, 1)
      const later = await appended(history, `${prefix}other-1`, 2n, numbered(3))
      await subscription.until(() => (subscription.deliveries.at(-1)?.upTo ?? 0n) >= later.position)
      await appended(history, `${prefix}wanted-1`, 0n, numbered(1, 1))
      await subscription.count(2)
      await subscription.stop()
      t.deepEqual(numbersOf(subscription.events()), [0, 1])
      t.true(upToIsRight(subscription.deliveries))
    },
  },
  {
    name: 'prefixes select what is delivered, before and after catching up',
    run: async (t, { history, prefix }) => {
      const write = async (first: number): Promise<void> => {
        await appended(history, `${prefix}a.x-1`, 'any', numbered(1, first))
        await appended(history, `${prefix}b.x-1`, 'any', numbered(1, first + 1))
        await appended(history, `${prefix}c.x-1`, 'any', numbered(1, first + 2))
      }
      await write(0)
      const subscription = following(history, { after: 0n, prefixes: [`${prefix}a.`, `${prefix}c.`] })
      await subscription.count(2)
      await write(3)
      await subscription.count(4)
      await subscription.stop()
      t.deepEqual(numbersOf(subscription.events()), [0, 2, 3, 5])
    },
  },
  {
    name: "a subscription without prefixes sees everybody's events",
    run: async (t, { history, prefix }) => {
      const after = await history.head()
      const subscription = following(history, { after })
      const mine = (): readonly StoredEvent[] =>
        subscription.events().filter(({ stream }) => stream.startsWith(prefix))
      await appended(history, `${prefix}a-1`, 'none', numbered(2))
      await subscription.until(() => mine().length === 2)
      await appended(history, `${prefix}b-1`, 'none', numbered(2, 2))
      await subscription.until(() => mine().length === 4)
      await subscription.stop()
      t.deepEqual(numbersOf(mine()), range(0, 4))
      t.true(upToIsRight(subscription.deliveries))
    },
  },
  {
    name: 'several subscriptions get the same, each from its own place',
    run: async (t, { history, prefix }) => {
      const { position } = await appended(history, `${prefix}s-1`, 'none', numbered(4))
      const all = range(0, 5).map(() => following(history, { after: 0n, prefixes: [prefix] }))
      const later = following(history, { after: position, prefixes: [prefix] })
      await Promise.all(all.map((subscription) => subscription.count(4)))
      const writing = Promise.all(
        range(0, 50).map((n) => appended(history, `${prefix}s-2`, 'any', numbered(1, 4 + n))),
      )
      await Promise.all([writing, ...all.map((subscription) => subscription.count(54)), later.count(50)])
      await Promise.all([...all, later].map((subscription) => subscription.stop()))
      for (const subscription of all) t.deepEqual(numbersOf(subscription.events()), range(0, 54))
      t.deepEqual(numbersOf(later.events()), range(4, 50))
    },
  },
  {
    name: 'under many writers nothing is skipped, repeated or reordered',
    run: async (t, { history, prefix }) => {
      const early = following(history, { after: 0n, prefixes: [prefix] })
      const write = async (writer: number): Promise<void> => {
        for (const n of range(0, 25))
          await appended(history, `${prefix}s-${writer}`, 'any', numbered(2, n * 2))
      }
      const writing = Promise.all(range(0, 16).map(write))
      const midway = following(history, { after: 0n, prefixes: [prefix] })
      await Promise.all([writing, early.count(800), midway.count(800)])
      await Promise.all([early.stop(), midway.stop()])
      const all = await collect(history.readAll({ after: 0n, prefixes: [prefix] }))
      t.is(all.length, 800)
      t.deepEqual(idsOf(early.events()), idsOf(all))
      t.deepEqual(idsOf(midway.events()), idsOf(all))
    },
  },
  {
    name: 'who breaks off and comes back behind the last event misses and repeats nothing',
    run: async (t, { history, prefix }) => {
      const seen: StoredEvent[] = []
      const write = async (): Promise<void> => {
        for (const n of range(0, 60))
          await appended(history, `${prefix}s-${n % 4}`, 'any', numbered(3, n * 3))
      }
      const read = async (): Promise<void> => {
        for (let round = 1; seen.length < 180; round++) {
          const subscription = following(history, { after: seen.at(-1)?.position ?? 0n, prefixes: [prefix] })
          await subscription.count(Math.min(round * 3, 180 - seen.length))
          await subscription.stop()
          seen.push(...subscription.events())
        }
      }
      await Promise.all([write(), read()])
      t.deepEqual(numbersOf(seen), range(0, 180))
    },
  },
  {
    name: 'who comes back behind `upTo` misses and repeats nothing either',
    run: async (t, { history, prefix }) => {
      const seen: unknown[] = []
      let after = await history.head()
      for (const n of range(0, 20)) {
        await appended(history, `${prefix}wanted-1`, 'any', numbered(1, n))
        await appended(history, `${prefix}other-1`, 'any', numbered(1))
        const subscription = following(history, { after, prefixes: [`${prefix}wanted-`] })
        await subscription.count(1)
        await subscription.stop()
        seen.push(...numbersOf(subscription.events()))
        after = subscription.deliveries.at(-1)?.upTo ?? 0n
      }
      t.deepEqual(seen, range(0, 20))
    },
  },
  {
    name: 'a slow taker loses nothing, and is handed a page at a time',
    run: async (t, { history, prefix }) => {
      await appended(history, `${prefix}s-0`, 'none', numbered(1))
      const slow = following(history, { after: 0n, prefixes: [prefix] })
      await slow.until(() => slow.events().length === 1 && slow.deliveries.at(-1)?.caughtUp === true)
      await Promise.all(
        range(0, 30).map((n) => appended(history, `${prefix}s-${n}`, 'any', numbered(100, 1 + n * 100))),
      )
      await slow.count(3_001)
      await slow.stop()
      t.deepEqual(
        idsOf(slow.events()),
        idsOf(await collect(history.readAll({ after: 0n, prefixes: [prefix] }))),
      )
      t.true(slow.deliveries.every(({ events }) => events.length <= HISTORY_PAGE_EVENTS))
      t.is(slow.deliveries.at(-1)?.caughtUp, true)
    },
  },
  {
    name: 'an abort ends a subscription that waits',
    run: async (t, { history, prefix }) => {
      const subscription = following(history, { after: await history.head(), prefixes: [prefix] })
      await subscription.until(() => subscription.deliveries.at(-1)?.caughtUp === true)
      await inTime(subscription.stop(), 20_000)
      t.deepEqual(subscription.events(), [])
      const many = range(0, 20).map(() => following(history, { after: 0n, prefixes: [prefix] }))
      await appended(history, `${prefix}s-1`, 'none', numbered(1))
      await Promise.all(many.map((other) => other.count(1)))
      await inTime(Promise.all(many.map((other) => other.stop())), 20_000)
    },
  },
  {
    name: 'an abort ends a subscription in the middle of the past',
    run: async (t, { history, prefix }) => {
      await appended(history, `${prefix}s-1`, 'none', numbered(LONG))
      const abort = new AbortController()
      const seen: StoredEvent[] = []
      for await (const { events } of history.subscribe({
        after: 0n,
        prefixes: [prefix],
        signal: abort.signal,
      })) {
        seen.push(...events)
        if (seen.length > 0) abort.abort()
      }
      t.true(seen.length > 0 && seen.length < LONG)
      t.deepEqual(numbersOf(seen), range(0, seen.length))
    },
  },
  {
    name: 'leaving the loop ends a subscription, one that was aborted before never begins',
    run: async (t, { history, prefix }) => {
      await appended(history, `${prefix}s-1`, 'none', numbered(2))
      const take = async (signal: AbortSignal): Promise<Delivery | undefined> => {
        for await (const delivery of history.subscribe({ after: 0n, prefixes: [prefix], signal })) {
          if (delivery.events.length > 0) return delivery
        }
        return undefined
      }
      t.deepEqual(numbersOf((await take(new AbortController().signal))?.events ?? []), [0, 1])
      t.is(await take(AbortSignal.abort()), undefined)
      t.is((await appended(history, `${prefix}s-1`, 1n, numbered(1, 2))).revision, 2n)
    },
  },
  {
    name: 'an append is delivered soon after it was answered',
    run: async (t, { history, prefix }) => {
      const subscription = following(history, { after: await history.head(), prefixes: [prefix] })
      await subscription.until(() => subscription.deliveries.at(-1)?.caughtUp === true)
      for (const n of range(0, 10)) {
        const { position } = await appended(history, `${prefix}s-1`, 'any', numbered(1, n))
        await inTime(subscription.count(n + 1), 20_000)
        t.is(subscription.events().at(-1)?.position, position)
      }
      await subscription.stop()
    },
  },
]

/** Every delivery looked at least as far as its last event and the delivery before, and not past the next one's first event. */
const upToIsRight = (deliveries: Following['deliveries']): boolean =>
  deliveries.every(({ events, upTo }, index) => {
    const before = deliveries[index - 1]?.upTo ?? 0n
    const first = events[0]?.position ?? before + 1n
    return upTo >= before && upTo >= (events.at(-1)?.position ?? 0n) && first > before
  })
