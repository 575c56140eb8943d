/**
 * Proves that the verifier's own hashing is that of the RFCs, by their vectors, and that its way without objects says what the exact way and the
 * writer of the tree say: for any event, and never for bytes that are no event as it is written.
 */
import fc from 'fast-check'
import test from 'ava'
import type { Json, JsonObject } from '../../../src/json.ts'
import { jsonOf, recordOf } from '../../../src/history/embedded/record.ts'
import { eventJson } from '../../../src/history/event-json.ts'
import type { StoredEvent } from '../../../src/history/port.ts'
import { leafHash } from '../../../src/proofs/leaf.ts'
import { begin, canonize, createCanonizer } from '../../../src/verifying/canonical-bytes.ts'
import { canonicalText } from '../../../src/verifying/canonical.ts'
import { createLines, parseLine } from '../../../src/verifying/line.ts'
import { createRecords, parseRecord } from '../../../src/verifying/record.ts'
import { leafOf, Misshapen } from '../../../src/verifying/shape.ts'
import { newEvent } from '../../support/events.ts'

/** The canonical form that the fast way gives, if it gives one. */
const fastText = (text: string): string | undefined => {
  const canonizer = createCanonizer()
  const source = Buffer.from(text)
  begin(canonizer, source, 0)
  const end = canonize(canonizer, 0)
  return end === source.length ? canonizer.out.toString('utf8', 0, canonizer.at) : undefined
}

test('the example of RFC 8785', (t) => {
  const given = JSON.parse(
    '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}',
  ) as Json
  const canonical =
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
  t.is(canonicalText(given), canonical)
})

test('keys are ordered by UTF-16 units, as RFC 8785 (3.2.3) shows', (t) => {
  const given: Json = {
    '\u20ac': 1,
    '\r': 2,
    '\ufb33': 3,
    '1': 4,
    '\ud83d\ude00': 5,
    '\u0080': 6,
    '\u00f6': 7,
  }
  t.deepEqual([...canonicalText(given).matchAll(/:(\d)/g)].map(([, n]) => n).join(''), '2467153')
})

test('the fast way and the exact way agree on what JSON.stringify writes', (t) => {
  let decided = 0
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      const text = JSON.stringify(value)
      const fast = fastText(text)
      if (fast === undefined) return
      decided += 1
      t.is(fast, canonicalText(JSON.parse(text) as Json))
    }),
    { numRuns: 1_000 },
  )
  t.true(decided > 300)
})

test('the fast way judges nothing that is not as JSON.stringify writes it', (t) => {
  for (const text of [
    '{"a":1,"a":2}',
    '{"b":1,"a":2,"b":3}',
    '-0',
    '01',
    '1.0',
    '1E3',
    '1e3',
    '0.10',
    '.5',
    '1.',
    '+1',
    'nul',
    '[1 ]',
    '[1,]',
    '{"a"}',
    '{"a":1,}',
    '"\u0001"',
    '"\\u0041"',
    '"\\/"',
    '"a',
    '[',
    '{"a":',
    '12345678901234567890',
    '1e400',
    '--1',
  ])
    t.is(fastText(text), undefined, text)
  t.is(fastText('['.repeat(1_000) + ']'.repeat(1_000)), undefined)
})

const anyEvent = fc.record({
  stream: fc.oneof(
    fc.constantFrom('rightech.label-1', 'a b', 'größe', 'a"b\\c'),
    fc.string({ minLength: 1, maxLength: 40 }),
  ),
  revision: fc.bigInt(0n, 2n ** 48n - 2n),
  position: fc.bigInt(1n, 2n ** 48n - 1n),
  type: fc.oneof(fc.constant('EntityCreated'), fc.string({ minLength: 1 })),
  data: fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })),
})
type Drawn = typeof anyEvent extends fc.Arbitrary<infer T> ? T : never

const storedOf = ({ type, data, ...place }: Drawn): StoredEvent => {
  const event = newEvent(type, data as JsonObject)
  const written = JSON.parse(JSON.stringify(event.data)) as JsonObject
  return { ...event, ...place, data: written }
}
const isStream = (stream: string): boolean => Buffer.from(stream).toString() === stream

test('records, lines and the writer of the tree agree on any event', (t) => {
  const [records, lines] = [createRecords(), createLines()]
  fc.assert(
    fc.property(
      anyEvent.filter(({ stream }) => isStream(stream)),
      (drawn) => {
        const event = storedOf(drawn)
        const expected = leafHash(event).toString('hex')
        const record = recordOf(event.stream, Number(event.revision), jsonOf(event))
        t.is(records.leaf(record).toString('hex'), expected)
        t.is(leafOf(parseRecord(record)).toString('hex'), expected)
        const line = Buffer.from(JSON.stringify({ ...eventJson(event), leaf: 'x'.repeat(44) }))
        for (const read of [lines.read(line), parseLine(line)]) {
          t.true('leaf' in read && read.leaf.toString('hex') === expected && read.said === 'x'.repeat(44))
          t.true('leaf' in read && read.stream === event.stream && read.position === event.position)
        }
      },
    ),
    { numRuns: 300 },
  )
})

test('no byte of a record can be changed unseen', (t) => {
  const records = createRecords()
  const event = storedOf({
    stream: 'rightech.label-1',
    revision: 3n,
    position: 9n,
    type: 'Made',
    data: { é: '\u0001\b', b: [1.5, -3, null], a: 'x' },
  })
  const record = recordOf(event.stream, 3, jsonOf(event))
  const whole = Buffer.from(records.leaf(record))
  for (let at = 0; at < record.length; at += 1) {
    for (let bit = 0; bit < 8; bit += 1) {
      const changed = Buffer.from(record)
      changed[at] = (changed[at] ?? 0) ^ (1 << bit)
      let leaf: Buffer | undefined
      try {
        leaf = records.leaf(changed)
      } catch (error) {
        t.true(error instanceof Misshapen, `byte ${at}, bit ${bit}: ${String(error)}`)
      }
      t.false(leaf?.equals(whole) ?? false, `byte ${at}, bit ${bit}`)
    }
  }
})

test('what the exact way alone refuses', (t) => {
  const { id, meta } = newEvent('Made')
  const json = JSON.stringify({ id, type: 'Made', data: { a: '\u000b' }, meta })
  const recordWith = (text: string): Buffer => recordOf('s', 0, text)
  const records = createRecords()
  t.is(records.leaf(recordWith(json)).length, 32)
  for (const wrong of [
    json.replace('\\u000b', '\\u000B'),
    json.replace('"a"', '"a" '),
    json.replace('{"a":"\\u000b"}', '[]'),
    json.replace('"schema":1', '"schema":"1"'),
    json.replace('"data":', '"data":1,"data":'),
    json.replace('"Made"', '""'),
  ])
    t.throws(() => records.leaf(recordWith(wrong)), { instanceOf: Misshapen }, wrong)
  t.throws(() => records.leaf(Buffer.alloc(0)), { instanceOf: Misshapen })
  t.throws(() => records.leaf(Buffer.from([0, 200, 1])), { instanceOf: Misshapen })
})
