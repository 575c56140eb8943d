/**
 * Proves what is stored of events that come from outside and what is shown of stored ones, that no projection sees a foreign stream, what a
 * client's regular expression may cost, and that reading backwards gives everything once, whatever its windows.
 */
import { randomUUID } from 'node:crypto'
import test from 'ava'
import { PROJECTIONS } from '../../../projections/registry.ts'
import { FOREIGN_TYPE } from '../../../src/history/foreign.ts'
import { memoryHistory } from '../../../src/history/memory/memory.ts'
import type { NewEvent, Page, StoredEvent } from '../../../src/history/port.ts'
import { backwards } from '../../../src/serving/eventstoredb/backwards.ts'
import { OWN_PREFIXES, refuserOf, storedCodec } from '../../../src/serving/eventstoredb/codec.ts'
import { patternOf } from '../../../src/serving/eventstoredb/patterns.ts'
import type { Proposed } from '../../../src/serving/eventstoredb/served.ts'
import { appended, numbered, range } from '../../support/history.ts'

const { meta } = numbered(1)[0] ?? { meta: undefined }
const proposed = (parts: Partial<Proposed> = {}): Proposed => ({
  id: randomUUID(),
  type: 'EntityCreated',
  contentType: 'application/json',
  data: Buffer.from('{"n":1}'),
  metadata: Buffer.from(JSON.stringify(meta)),
  ...parts,
})
const stored = (event: NewEvent): StoredEvent => ({ ...event, stream: 'mine-1', revision: 3n, position: 7n })

test('every projection looks at streams of ours alone', (t) => {
  const prefixes = PROJECTIONS.flatMap((projection) => projection.prefixes)
  t.true(prefixes.length > 0)
  for (const prefix of prefixes)
    t.true(
      OWN_PREFIXES.some((own) => prefix.startsWith(own)),
      prefix,
    )
})

const FOREIGN: readonly Partial<Proposed>[] = [
  {},
  { data: Buffer.from(' { "b":1, "b":2, "a":1e400 }\n') },
  { data: Buffer.from('[\ufeff'), metadata: Buffer.alloc(0), contentType: 'text/plain' },
  { data: Buffer.from([0xff, 0, 0xed, 0xa0, 0x80]) },
  { data: Buffer.from('['.repeat(200_000)), type: 'deep\n\u0000' },
]

test('beside a server whatever comes is foreign, and is shown byte for byte', (t) => {
  const codec = storedCodec('closed')
  for (const parts of FOREIGN) {
    const event = proposed(parts)
    const kept = stored(JSON.parse(JSON.stringify(codec.toNew(event, 'mine-1'))) as NewEvent)
    t.is(kept.type, FOREIGN_TYPE)
    const { id, type, contentType, data, metadata } = codec.toRecorded(kept)
    t.deepEqual(
      { id, type, contentType, data: Buffer.from(data), metadata: Buffer.from(metadata) },
      { ...event, data: Buffer.from(event.data), metadata: Buffer.from(event.metadata) },
    )
    t.is(codec.typeOf(kept), event.type)
  }
})

test('an import stores as ours what has the form of ours, and refuses anything else in our streams', (t) => {
  const codec = storedCodec('import')
  const own = proposed()
  t.deepEqual(codec.toNew(own, 'stores.labels-1'), {
    id: own.id,
    type: own.type,
    data: { n: 1 },
    meta,
  } as never)
  for (const parts of [...FOREIGN.slice(1), { metadata: Buffer.from('{"at":1}') }]) {
    t.is(codec.toNew(proposed(parts), 'mine-1').type, FOREIGN_TYPE)
    t.throws(() => codec.toNew(proposed(parts), 'claim-login-1'), { name: 'Refusal' })
  }
})

test('a time that no clock shows does not stop whoever reads', (t) => {
  const codec = storedCodec('closed')
  for (const at of [0.5, -1, 1e300]) {
    const event = stored({ id: randomUUID(), type: 'a', data: {}, meta: { ...meta, at } as never })
    t.is(codec.toRecorded(event).created, 0)
  }
})

test('our streams are closed beside a server and open to an import, the names of the server to nobody', (t) => {
  const event = [proposed()]
  for (const prefix of OWN_PREFIXES) {
    t.is(refuserOf('closed')(`${prefix}x`, event)?.kind, 'denied')
    t.is(refuserOf('import')(`${prefix}x`, event), undefined)
  }
  for (const mode of ['closed', 'import'] as const) {
    t.is(refuserOf(mode)('mine-1', event), undefined)
    t.is(refuserOf(mode)('$mine', event)?.kind, 'denied')
    t.is(refuserOf(mode)('mine-1', [proposed({ type: '$>' })])?.kind, 'denied')
  }
})

test('a regular expression matches as ever, and one without end is given up', (t) => {
  const names = ['a-1', '$b', 'aaa', 'b-2']
  for (const text of ['^[^$]', '^a', '^(a|b)-\\d+$', '(?:a+)+$', '.*-.*'])
    t.deepEqual(
      [...patternOf(text)(names)],
      names.map((name) => new RegExp(text).test(name)),
      text,
    )
  t.throws(() => patternOf('(')(names), { name: 'Refusal' })
  for (const text of ['^(a+)+$', '^(a|a)*$', '(.*)*\\1x'])
    t.throws(() => patternOf(text)([`${'a'.repeat(200)}!`]), { message: /too long/ }, text)
  // Harmless for short names; a type of others may be as long as an append.
  t.throws(() => patternOf('a*$')([`${'a'.repeat(500_000)}!`]), { message: /too long/ })
  t.deepEqual([...patternOf('^a*!$')([`${'a'.repeat(500_000)}!`, 'b'])], [true, false])
})

test('backwards gives everything that is picked once, the newest first', async (t) => {
  const history = memoryHistory()
  for (const n of range(0, 70)) await appended(history, `a-${n}`, 'none', numbered(20, n * 20))
  const total = 1_400
  for (const [every, bytes] of [
    [1, 10],
    [1, 400_000],
    [97, 10],
  ] as const) {
    const pick = (page: Page) =>
      page
        .filter(({ position }) => Number(position) % every === 0)
        .map(({ position }) => ({ position, bytes: bytesOf(position, bytes) }))
    const found: bigint[] = []
    for await (const page of backwards(history, BigInt(total + 1), { count: 3, pick, closed: () => false })) {
      t.true(page.length <= 500 && page.length * bytes <= 4 * 1024 * 1024)
      found.push(...page.map((one) => one.readBigInt64BE()))
    }
    const all = range(1, total).filter((position) => position % every === 0)
    t.deepEqual(found, all.toReversed().map(BigInt))
  }
})

/** Only the first bytes are there, the length is as if all were. */
const bytesOf = (position: bigint, length: number): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(position)
  return Object.defineProperty(bytes, 'length', { value: length })
}
