/** Cases of the history's contract: what an append writes, refuses, and in which order. */
import { APPEND_BYTES_MAX, STREAM_NAME_BYTES_MAX } from '../../src/limits.ts'
import type { JsonObject } from '../../src/json.ts'
import type { Expected, History, NewEvent } from '../../src/history/port.ts'
import {
  appended,
  collect,
  idsOf,
  newEvent,
  numbered,
  numbersOf,
  range,
  refused,
} from '../support/history.ts'
import type { Case } from './history-case.ts'

export const appendCases: readonly Case[] = [
  {
    name: 'an append answers the place of its last event and reads back whole',
    run: async (t, { history, prefix }) => {
      const stream = `${prefix}order-1`
      const events = [
        { ...newEvent({ a: [1, { b: null }] }), type: 'First' },
        {
          ...newEvent({ c: 'é' }),
          meta: { ...newEvent().meta, via: { protocol: 'p' }, scope: { g: 'x' }, subject: 's' },
        },
      ]
      const place = await appended(history, stream, 'none', events)
      const stored = await collect(history.read(stream))
      t.deepEqual(
        stored.map(({ position: _, ...event }) => event),
        events.map((event, index) => ({ ...event, stream, revision: BigInt(index) })),
      )
      t.is(place.revision, 1n)
      t.true(place.position === stored[1]?.position)
      t.true((stored[0]?.position ?? 0n) > 0n)
      t.true((stored[1]?.position ?? 0n) > (stored[0]?.position ?? 0n))
    },
  },
  {
    name: 'what was answered is there after reopening, and appends go on behind it',
    run: async (t, { history, reopened, prefix }) => {
      const stream = `${prefix}kept-1`
      await appended(history, stream, 'none', numbered(3))
      const before = await collect(history.read(stream))
      const again = await reopened()
      t.deepEqual(await collect(again.read(stream)), before)
      const place = await appended(again, stream, 2n, numbered(1, 3))
      t.is(place.revision, 3n)
      t.true(place.position > (before.at(-1)?.position ?? 0n))
      t.deepEqual(numbersOf(await collect(again.read(stream))), range(0, 4))
    },
  },
  {
    name: '`none` is refused once the stream has an event',
    run: async (t, { history, prefix }) => {
      const stream = `${prefix}none-1`
      await appended(history, stream, 'none', numbered(2))
      t.deepEqual(await refused(history, stream, 'none', numbered(1)), { _tag: 'WrongRevision', actual: 1n })
      t.is((await collect(history.read(stream))).length, 2)
    },
  },
  {
    name: 'a revision of a missing stream is refused with `none`',
    run: async (t, { history, prefix }) => {
      const stream = `${prefix}missing-1`
      t.deepEqual(await refused(history, stream, 0n, numbered(1)), { _tag: 'WrongRevision', actual: 'none' })
      t.deepEqual(await refused(history, stream, 7n, numbered(2)), { _tag: 'WrongRevision', actual: 'none' })
      t.deepEqual(await collect(history.read(stream)), [])
      t.is((await appended(history, stream, 'none', numbered(1))).revision, 0n)
    },
  },
  {
    name: 'a revision that is too low or too high is refused whole',
    run: async (t, { history, prefix }) => {
      const stream = `${prefix}wrong-1`
      await appended(history, stream, 'none', numbered(3))
      for (const expected of [0n, 1n, 3n, 4n, 2n ** 62n]) {
        t.deepEqual(await refused(history, stream, expected, numbered(2)), {
          _tag: 'WrongRevision',
          actual: 2n,
        })
      }
      t.deepEqual(numbersOf(await collect(history.read(stream))), range(0, 3))
    },
  },
  {
    name: 'the present revision and `any` append at the end',
    run: async (t, { history, prefix }) => {
      const stream = `${prefix}grown-1`
      t.is((await appended(history, stream, 'any', numbered(1))).revision, 0n)
      t.is((await appended(history, stream, 0n, numbered(2, 1))).revision, 2n)
      t.is((await appended(history, stream, 'any', numbered(2, 3))).revision, 4n)
      t.is((await appended(history, stream, 4n, numbered(1, 5))).revision, 5n)
      t.deepEqual(numbersOf(await collect(history.read(stream))), range(0, 6))
    },
  },
  {
    name: 'an append without events writes nothing and answers the present end',
    run: async (t, { history, prefix }) => {
      const stream = `${prefix}empty-1`
      await appended(history, stream, 'none', [])
      t.deepEqual(await collect(history.read(stream)), [])
      const place = await appended(history, stream, 'none', numbered(2))
      t.deepEqual(await appended(history, stream, place.revision, []), place)
      t.deepEqual(await appended(history, stream, 'any', []), place)
      t.is((await collect(history.read(stream))).length, 2)
    },
  },
  {
    name: 'an append starts when its task is run, as often as it is run',
    run: async (t, { history, prefix }) => {
      const stream = `${prefix}lazy-1`
      const task = history.append(stream, 'any', numbered(1))
      const other = history.append(stream, 'none', numbered(1, 9))
      t.is((await other())._tag, 'Right')
      t.is((await task())._tag, 'Right')
      t.deepEqual(numbersOf(await collect(history.read(stream))), [9, 0])
    },
  },
  {
    name: 'of 64 writers that expect the same, exactly one wins',
    run: async (t, { history, prefix }) => {
      const stream = `${prefix}race-1`
      for (const [round, expected] of (['none', 1n, 3n] satisfies Expected[]).entries()) {
        const writers = range(0, 64).map((writer) =>
          history.append(stream, expected, numbered(2, writer * 2))(),
        )
        const answers = await Promise.all(writers)
        const winners = answers.flatMap((answer, writer) => (answer._tag === 'Right' ? [writer] : []))
        t.is(winners.length, 1)
        const actual = BigInt(round * 2 + 1)
        for (const answer of answers) {
          if (answer._tag === 'Left') t.deepEqual(answer.left, { _tag: 'WrongRevision', actual })
        }
        const last = (await collect(history.read(stream))).slice(round * 2)
        t.deepEqual(numbersOf(last), range((winners[0] ?? -1) * 2, 2))
      }
    },
  },
  {
    name: 'writers of many streams do not disturb one another',
    run: async (t, { history, prefix }) => {
      const write = async (writer: number): Promise<void> => {
        let expected: Expected = 'none'
        for (let n = 0; n < 20; n += 2) {
          expected = (await appended(history, `${prefix}many-${writer}`, expected, numbered(2, n))).revision
        }
      }
      await Promise.all(range(0, 32).map(write))
      for (const writer of range(0, 32)) {
        const events = await collect(history.read(`${prefix}many-${writer}`))
        t.deepEqual(numbersOf(events), range(0, 20))
        t.deepEqual(
          events.map(({ revision }) => revision),
          range(0, 20).map(BigInt),
        )
      }
      const positions = (await collect(history.readAll({ after: 0n, prefixes: [prefix] }))).map(
        (event) => event.position,
      )
      t.is(new Set(positions).size, 32 * 20)
    },
  },
  {
    name: 'appends of a stream may follow one another before the first answers',
    run: async (t, { history, prefix }) => {
      const stream = `${prefix}piped-1`
      const tasks = range(0, 50).map((n) =>
        history.append(stream, n === 0 ? 'none' : BigInt(n - 1), numbered(1, n)),
      )
      const stale = history.append(stream, 30n, numbered(1, 99))
      const answers = await Promise.all([...tasks, stale].map((task) => task()))
      t.deepEqual(
        answers.map((answer) => (answer._tag === 'Right' ? answer.right.revision : answer.left._tag)),
        [...range(0, 50).map(BigInt), 'WrongRevision'],
      )
      t.deepEqual(numbersOf(await collect(history.read(stream))), range(0, 50))
    },
  },
  {
    name: `an append of ${APPEND_BYTES_MAX} bytes is taken, one byte more is not`,
    run: async (t, { history, prefix }) => {
      const shapes: readonly ((bytes: number) => readonly NewEvent[])[] = [
        (bytes) => [sized(bytes)],
        (bytes) => [sized(1_000), sized(bytes - 3_000), sized(2_000)],
        (bytes) => [sized(bytes, 'é'.repeat(300_000))],
      ]
      for (const [index, shape] of shapes.entries()) {
        const stream = `${prefix}size-${index}`
        const failure = await refused(history, stream, 'none', shape(APPEND_BYTES_MAX + 1))
        t.deepEqual(failure, { _tag: 'TooLarge', bytes: APPEND_BYTES_MAX + 1 })
        t.deepEqual(await collect(history.read(stream)), [])
        const events = shape(APPEND_BYTES_MAX)
        await appended(history, stream, 'none', events)
        const stored = await collect(history.read(stream))
        t.deepEqual(idsOf(stored), idsOf(events))
        t.true(stored.every(({ data }, at) => data['fill'] === events[at]?.data['fill']))
      }
    },
  },
  {
    name: 'what only a mistake can ask for is a TypeError, and writes nothing',
    run: async (t, { history, prefix }) => {
      const stream = `${prefix}mistaken-1`
      const event = newEvent()
      const mistakes: readonly Parameters<History['append']>[] = [
        ['', 'any', [event]],
        [`${prefix}${'x'.repeat(STREAM_NAME_BYTES_MAX)}`, 'any', [event]],
        [`${prefix}${'é'.repeat(STREAM_NAME_BYTES_MAX / 2)}`, 'any', [event]],
        [`${prefix}\ud800`, 'any', [event]],
        [stream, -1n, [event]],
        [stream, 'any', [event, { ...event, id: 'not-a-uuid' }]],
        [stream, 'any', [event, { ...event, type: '' }]],
      ]
      for (const mistake of mistakes) {
        await t.throwsAsync(async () => history.append(...mistake)(), { instanceOf: TypeError })
      }
      t.deepEqual(await collect(history.read(stream)), [])
    },
  },
  {
    name: 'awkward data comes back as it was',
    run: async (t, { history, prefix }) => {
      const events = [...awkward, Object.fromEntries(awkward.map((data, index) => [`k${index}`, data]))].map(
        (data) => newEvent(data),
      )
      await appended(history, `${prefix}awkward-1`, 'none', events)
      const stored = await collect(history.read(`${prefix}awkward-1`))
      t.deepEqual(
        stored.map(({ data }) => JSON.stringify(data)),
        events.map(({ data }) => JSON.stringify(data)),
      )
      t.true(Object.hasOwn(stored[0]?.data ?? {}, '__proto__'))
    },
  },
  {
    name: 'awkward stream names are names of their own',
    run: async (t, { history, prefix }) => {
      const names = [
        'a',
        'aa',
        'a-',
        'a-1',
        'a-10',
        'A',
        'ä',
        'a\u0308',
        ' ',
        'a b',
        '日本-😀',
        '__proto__',
        'a/b?c#d',
        '"\\',
      ]
      const longest = 'x'.repeat(STREAM_NAME_BYTES_MAX - prefix.length)
      const streams = [...names, longest].map((name) => prefix + name)
      for (const [n, stream] of streams.entries()) await appended(history, stream, 'none', numbered(1, n))
      for (const [n, stream] of streams.entries()) {
        const stored = await collect(history.read(stream))
        t.deepEqual(numbersOf(stored), [n])
        t.is(stored[0]?.stream, stream)
      }
    },
  },
]

const awkward: readonly JsonObject[] = [
  JSON.parse('{"__proto__":{"polluted":true},"constructor":1,"toString":null}') as JsonObject,
  {
    '': '',
    ' ': ' ',
    '\u0000': '\u0000\u001f\u007f\u2028',
    '😀': '\ud800 alone',
    'a.b': '$c',
    '10': 1,
    '9': 2,
  },
  { numbers: [0, 1e308, -1e-308, 5e-324, 2 ** 53, -(2 ** 53), 0.1, 123456789012345680000] },
  {
    deep: range(0, 90).reduce<JsonObject>((inner) => ({ inner }), {}),
    empty: [{}, [], [[]], null, true, false],
  },
]

/** An event whose data and meta take exactly so many bytes as JSON. */
const sized = (bytes: number, text = ''): NewEvent => {
  const event = newEvent({ fill: text })
  const present = Buffer.byteLength(JSON.stringify(event.data) + JSON.stringify(event.meta))
  return { ...event, data: { fill: text + 'x'.repeat(bytes - present) } }
}
