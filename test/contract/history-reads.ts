/** Cases of the history's contract: reading streams and the whole history. */
import { HISTORY_PAGE_EVENTS } from '../../src/limits.ts'
import type { StoredEvent } from '../../src/history/port.ts'
import { appended, collect, idsOf, numbered, numbersOf, pagesOf, range } from '../support/history.ts'
import type { Case, Given } from './history-case.ts'

const LONG = HISTORY_PAGE_EVENTS * 2 + 100

export const readCases: readonly Case[] = [
  {
    name: 'a long stream comes in pages, forwards and backwards, in order',
    run: async (t, given) => {
      const stream = await longStream(given)
      for (const direction of ['forwards', 'backwards'] as const) {
        const pages = await pagesOf(given.history.read(stream, { direction }))
        t.true(pages.length >= 3)
        t.true(pages.every((page) => page.length > 0 && page.length <= HISTORY_PAGE_EVENTS))
        const wanted = direction === 'forwards' ? range(0, LONG) : [...range(0, LONG)].reverse()
        t.deepEqual(
          pages.flat().map(({ revision }) => Number(revision)),
          wanted,
        )
        t.deepEqual(numbersOf(pages.flat()), wanted)
      }
    },
  },
  {
    name: 'forwards from a revision, up to a limit',
    run: async (t, given) => {
      const stream = await longStream(given)
      const read = async (from: bigint | 'start', limit?: number) =>
        numbersOf(
          await collect(given.history.read(stream, { from, ...(limit === undefined ? {} : { limit }) })),
        )
      t.deepEqual(await read('start', 3), [0, 1, 2])
      t.deepEqual(await read(0n, 1), [0])
      t.deepEqual(await read(10n, 2), [10, 11])
      t.deepEqual(await read(600n), range(600, LONG - 600))
      t.deepEqual(await read(3n, HISTORY_PAGE_EVENTS + 1), range(3, HISTORY_PAGE_EVENTS + 1))
      t.deepEqual(await read(BigInt(LONG - 1), 10), [LONG - 1])
      t.deepEqual(await read(BigInt(LONG)), [])
      t.deepEqual(await read(2n ** 60n, 5), [])
      t.deepEqual(await read(5n, 0), [])
    },
  },
  {
    name: 'backwards from the end or a revision, up to a limit',
    run: async (t, given) => {
      const stream = await longStream(given)
      const read = async (from: bigint | 'end', limit?: number) =>
        numbersOf(
          await collect(
            given.history.read(stream, {
              from,
              direction: 'backwards',
              ...(limit === undefined ? {} : { limit }),
            }),
          ),
        )
      t.deepEqual(await read('end', 2), [LONG - 1, LONG - 2])
      t.deepEqual(await read(0n), [0])
      t.deepEqual(await read(3n), [3, 2, 1, 0])
      t.deepEqual(await read(10n, 2), [10, 9])
      t.deepEqual(
        await read('end', HISTORY_PAGE_EVENTS + 2),
        [...range(LONG - HISTORY_PAGE_EVENTS - 2, HISTORY_PAGE_EVENTS + 2)].reverse(),
      )
      t.deepEqual(await read('end', 0), [])
    },
  },
  {
    name: 'a missing stream is empty, whatever its neighbours are called',
    run: async (t, { history, prefix }) => {
      await appended(history, `${prefix}a-1`, 'none', numbered(1))
      await appended(history, `${prefix}a-11`, 'none', numbered(1, 1))
      for (const name of ['a-', 'a-10', 'a-2', 'a-111', 'A-1']) {
        t.deepEqual(await collect(history.read(prefix + name)), [])
        t.deepEqual(await collect(history.read(prefix + name, { direction: 'backwards' })), [])
      }
      t.deepEqual(numbersOf(await collect(history.read(`${prefix}a-1`))), [0])
      t.deepEqual(numbersOf(await collect(history.read(`${prefix}a-11`))), [1])
    },
  },
  {
    name: 'the whole history comes in order of position, as its streams tell it',
    run: async (t, { history, prefix }) => {
      for (const n of range(0, 30)) await appended(history, `${prefix}s-${n % 3}`, 'any', numbered(2, n * 2))
      const all = await collect(history.readAll({ after: 0n, prefixes: [prefix] }))
      t.deepEqual(numbersOf(all), range(0, 60))
      t.true(isAscending(all))
      for (const s of range(0, 3)) {
        const stream = `${prefix}s-${s}`
        t.deepEqual(
          all.filter((event) => event.stream === stream),
          await collect(history.read(stream)),
        )
      }
    },
  },
  {
    name: 'the whole history goes on behind any position',
    run: async (t, { history, prefix }) => {
      for (const n of range(0, 8)) await appended(history, `${prefix}s-${n % 2}`, 'any', numbered(2, n * 2))
      const all = await collect(history.readAll({ after: 0n, prefixes: [prefix] }))
      t.is(all.length, 16)
      for (const [index, { position }] of all.entries()) {
        const behind = await collect(history.readAll({ after: position, prefixes: [prefix] }))
        t.deepEqual(idsOf(behind), idsOf(all.slice(index + 1)))
      }
    },
  },
  {
    name: 'the whole history up to a limit, in pages',
    run: async (t, given) => {
      await longStream(given)
      for (const limit of [0, 1, 7, HISTORY_PAGE_EVENTS, HISTORY_PAGE_EVENTS + 1, LONG, LONG + 5]) {
        const pages = await pagesOf(given.history.readAll({ after: 0n, prefixes: [given.prefix], limit }))
        t.true(pages.every((page) => page.length > 0 && page.length <= HISTORY_PAGE_EVENTS))
        t.deepEqual(numbersOf(pages.flat()), range(0, Math.min(limit, LONG)))
      }
    },
  },
  {
    name: 'prefixes select by the beginning of the stream name alone',
    run: async (t, { history, prefix }) => {
      const names = ['a.x-1', 'a.xy-1', 'a-1', 'b.a.x-1', 'ä.x-1', 'A.x-1']
      for (const [n, name] of names.entries()) await appended(history, prefix + name, 'none', numbered(1, n))
      const select = async (...wanted: readonly string[]) =>
        numbersOf(
          await collect(history.readAll({ after: 0n, prefixes: wanted.map((name) => prefix + name) })),
        )
      t.deepEqual(await select('a.'), [0, 1])
      t.deepEqual(await select('a.x-'), [0])
      t.deepEqual(await select('a.x-1'), [0])
      t.deepEqual(await select('b', 'a-'), [2, 3])
      t.deepEqual(await select('ä'), [4])
      t.deepEqual(await select('a', 'a.x', 'A'), [0, 1, 2, 5])
      t.deepEqual(await select('c', 'a.x-1.more'), [])
      t.deepEqual(await select(''), range(0, 6))
    },
  },
  {
    name: "a read without prefixes sees everybody's events",
    run: async (t, { history, prefix }) => {
      const before = await history.head()
      await appended(history, `${prefix}a-1`, 'none', numbered(2))
      await appended(history, `${prefix}b-1`, 'none', numbered(2, 2))
      const all = await collect(history.readAll({ after: before }))
      t.deepEqual(numbersOf(all.filter(({ stream }) => stream.startsWith(prefix))), range(0, 4))
      t.true(isAscending(all))
    },
  },
  {
    name: 'the head is the position of the last event',
    run: async (t, { history, reopened, prefix }) => {
      const before = await history.head()
      const { position } = await appended(history, `${prefix}head-1`, 'none', numbered(3))
      const head = await history.head()
      t.true(position > before)
      t.true(head >= position)
      const behind = await collect(history.readAll({ after: before }))
      t.true((behind.at(-1)?.position ?? 0n) >= head)
      t.true((await (await reopened()).head()) >= position)
    },
  },
  {
    name: 'a reader beside writers sees a stream without gaps, and appends whole',
    run: async (t, { history, prefix }) => {
      const stream = `${prefix}beside-1`
      let writing = true
      const write = async (): Promise<void> => {
        try {
          for (const n of range(0, 40)) await appended(history, stream, 'any', numbered(5, n * 5))
        } finally {
          writing = false
        }
      }
      const sizes: number[] = []
      const read = async (): Promise<void> => {
        while (writing) {
          const events = await collect(history.read(stream))
          t.deepEqual(numbersOf(events), range(0, events.length))
          sizes.push(events.length)
          await new Promise(setImmediate)
        }
      }
      await Promise.all([write(), read()])
      t.true(sizes.length > 0 && sizes.every((size) => size % 5 === 0))
      t.is((await collect(history.read(stream))).length, 200)
    },
  },
]

const longStream = async ({ history, prefix }: Given): Promise<string> => {
  const stream = `${prefix}long-1`
  await appended(history, stream, 'none', numbered(LONG))
  return stream
}

const isAscending = (events: readonly StoredEvent[]): boolean =>
  events.every((event, index) => index === 0 || event.position > (events[index - 1]?.position ?? 0n))
