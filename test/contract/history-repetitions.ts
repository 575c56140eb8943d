/** Cases of the history's contract: an append that is repeated because its outcome was not known. */
import { appended, collect, idsOf, newEvent, numbered, refused } from '../support/history.ts'
import type { Case } from './history-case.ts'

export const repetitionCases: readonly Case[] = [
  {
    name: 'the same ids at the same expectation are answered with their first place',
    run: async (t, { history, prefix }) => {
      const stream = `${prefix}again-1`
      const first = numbered(2)
      const second = numbered(3, 2)
      const firstPlace = await appended(history, stream, 'none', first)
      t.deepEqual(await appended(history, stream, 'none', first), firstPlace)
      const secondPlace = await appended(history, stream, 1n, second)
      t.deepEqual(await appended(history, stream, 1n, second), secondPlace)
      t.deepEqual(await appended(history, stream, 'none', first), firstPlace)
      t.deepEqual(idsOf(await collect(history.read(stream))), idsOf([...first, ...second]))
    },
  },
  {
    name: 'only ids are compared',
    run: async (t, { history, prefix }) => {
      const stream = `${prefix}again-2`
      const event = newEvent({ a: 1 })
      const place = await appended(history, stream, 'none', [event])
      t.deepEqual(
        await appended(history, stream, 'none', [{ ...event, type: 'Other', data: { a: 2 } }]),
        place,
      )
      const stored = await collect(history.read(stream))
      t.deepEqual(
        stored.map(({ type, data }) => ({ type, data })),
        [{ type: event.type, data: event.data }],
      )
    },
  },
  {
    name: 'also after later appends, after reopening, and far back',
    run: async (t, { history, reopened, prefix }) => {
      const stream = `${prefix}again-3`
      const first = numbered(2)
      const second = numbered(1, 2)
      const firstPlace = await appended(history, stream, 'none', first)
      const secondPlace = await appended(history, stream, 1n, second)
      await appended(history, stream, 2n, numbered(700, 3))
      const again = await reopened()
      t.deepEqual(await appended(again, stream, 'none', first), firstPlace)
      t.deepEqual(await appended(again, stream, 1n, second), secondPlace)
      t.is((await collect(again.read(stream))).length, 703)
    },
  },
  {
    name: 'a repetition that overlaps only partly is a wrong revision',
    run: async (t, { history, prefix }) => {
      const stream = `${prefix}overlap-1`
      const [a = newEvent(), b = newEvent(), c = newEvent(), d = newEvent()] = numbered(4)
      await appended(history, stream, 'none', [a, b, c])
      const wrong = { _tag: 'WrongRevision', actual: 2n } as const
      t.deepEqual(await refused(history, stream, 'none', [a, b, c, d]), wrong)
      t.deepEqual(await refused(history, stream, 'none', [b, c]), wrong)
      t.deepEqual(await refused(history, stream, 'none', [a, c]), wrong)
      t.deepEqual(await refused(history, stream, 0n, [c, b]), wrong)
      t.deepEqual(await refused(history, stream, 1n, [c, d]), wrong)
      t.deepEqual(idsOf(await collect(history.read(stream))), idsOf([a, b, c]))
    },
  },
  {
    name: 'the same ids at the present end are written again',
    run: async (t, { history, prefix }) => {
      const stream = `${prefix}end-1`
      const events = numbered(2)
      await appended(history, stream, 'none', events)
      const place = await appended(history, stream, 1n, events)
      t.is(place.revision, 3n)
      t.deepEqual(idsOf(await collect(history.read(stream))), idsOf([...events, ...events]))
    },
  },
  {
    name: 'the same ids in another stream are other events',
    run: async (t, { history, prefix }) => {
      const events = numbered(2)
      const one = await appended(history, `${prefix}one-1`, 'none', events)
      const two = await appended(history, `${prefix}two-1`, 'none', events)
      t.true(two.position > one.position)
      t.is((await collect(history.readAll({ after: 0n, prefixes: [prefix] }))).length, 4)
    },
  },
  {
    name: 'a repetition while the first is still on its way is one append',
    run: async (t, { history, prefix }) => {
      const stream = `${prefix}twice-1`
      const first = numbered(2)
      const second = numbered(2, 2)
      const [a, b, c, d] = await Promise.all([
        appended(history, stream, 'none', first),
        appended(history, stream, 1n, second),
        appended(history, stream, 'none', first),
        appended(history, stream, 1n, second),
      ])
      t.deepEqual(c, a)
      t.deepEqual(d, b)
      t.is(d.revision, 3n)
      t.deepEqual(idsOf(await collect(history.read(stream))), idsOf([...first, ...second]))
    },
  },
  {
    name: "somebody else's events at that place are a wrong revision, before and after they are flushed",
    run: async (t, { history, prefix }) => {
      const stream = `${prefix}lost-1`
      const [, loser] = await Promise.all([
        appended(history, stream, 'none', numbered(1)),
        refused(history, stream, 'none', numbered(1)),
      ])
      t.deepEqual(loser, { _tag: 'WrongRevision', actual: 0n })
      t.is((await collect(history.read(stream))).length, 1)
      t.deepEqual(await refused(history, stream, 'none', numbered(1)), { _tag: 'WrongRevision', actual: 0n })
    },
  },
]
