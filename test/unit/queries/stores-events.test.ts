/**
 * Proves that nothing hidden in the log's documents can be asked for or sorted by, that packets and entries are one collection in every order
 * and under every condition, and that a scope opens what it names. Each case is a defect that was there. The documents are the ones in memory.
 */
import test from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import { storesEvents } from '../../../projections/stores-events.ts'
import { storesPackets } from '../../../projections/stores-packets.ts'
import { memoryDocuments } from '../../../src/documents/memory/memory.ts'
import type { Document, Filter, SortKey } from '../../../src/documents/port.ts'
import { scopeOf } from '../../../src/domain/stores/visibility.ts'
import type { StoredEvent } from '../../../src/history/port.ts'
import type { JsonObject } from '../../../src/json.ts'
import { createBuild, projectInto } from '../../../src/projecting/build.ts'
import { EVENTS } from '../../../src/protocols/rightech/events.ts'
import { allConditions, readSelectors } from '../../../src/protocols/rightech/selectors.ts'
import { eventLog, eventNames, readableEvents } from '../../../src/queries/stores-events.ts'
import type { Reader } from '../../../src/queries/reader.ts'
import type { Principal } from '../../../src/queries/stores-principals.ts'
import { AT, caller, hex, ID, ME, MINE, ROOT } from '../../support/stores-domain.ts'

const BUILDS = [createBuild(storesEvents, 0), createBuild(storesPackets, 0)]
type Reading = Pick<Reader, 'find' | 'count'>

const readerOf = async (events: readonly StoredEvent[]): Promise<Reading> => {
  const documents = memoryDocuments()
  const writes: Parameters<typeof projectInto>[0] = []
  for (const event of events) for (const build of BUILDS) projectInto(writes, build, event)
  await documents.apply(writes, [])
  return {
    find: (name, filter, options) => documents.find(`${name}@1`, filter, options),
    count: (name, filter) => documents.count(`${name}@1`, filter),
  }
}

const about = (scope: JsonObject, event: Partial<StoredEvent>, n: number): StoredEvent => ({
  id: `00000000-0000-4000-9000-${String(n).padStart(12, '0')}`,
  type: 'PacketReceived',
  data: {},
  meta: { ...{ at: AT, actor: 'stores:user:u', commandId: 'c', correlationId: 'c', schema: 1 }, scope },
  stream: `stores.packets-${ID}`,
  revision: BigInt(n),
  position: BigInt(100 + n),
  ...event,
})

const IN = { owner: ME, group: MINE, branch: [ROOT, MINE], access: [] }
const OBJECT = scopeOf('objects', { ...IN, _id: ID, model: hex('e1') })
const packet = (n: number, values: JsonObject = {}): StoredEvent => {
  const server = { _id: hex(`f${n}`), _oid: ID, _gid: MINE, time: AT + n, _ts: (AT + n) * 1000 }
  return about(OBJECT, { data: { object: ID, packet: { ...server, online: true, ...values } } }, n)
}
const rowOf = (table: string, n: number): StoredEvent => {
  const id = hex(`a${n}`)
  const data = { store: 'tables/rows', id, doc: { _id: id, table, data: {} } }
  const stream = `stores.tables.rows-${id}`
  return about(
    { ...IN, store: 'tables/rows', table },
    { type: 'EntityCreated', data, stream, revision: 0n },
    n,
  )
}

const principalOf = (...credentials: readonly string[]): Principal => ({
  ...({ kind: 'token', hash: '', id: '', expiresAt: Infinity } as const),
  caller: { ...caller(), credentials },
  everything: credentials.includes('*'),
})

const asked = async (
  reading: Reading,
  query: string,
  principal: Principal = principalOf('*'),
): Promise<readonly Document[]> => {
  const selectors = readSelectors(query, EVENTS)
  if (E.isLeft(selectors)) throw new Error(JSON.stringify(selectors.left))
  const { filter, sort } = selectors.right
  const both: Filter = allConditions([readableEvents(principal), filter])
  const options: { sort?: readonly SortKey[] } = sort === undefined ? {} : { sort }
  const found: Document[] = []
  for await (const page of eventLog(reading).find('stores_events', both, options)) found.push(...page)
  return found
}
const ids = (events: readonly Document[]): readonly string[] => events.map(({ _id }) => _id)

const label = (n: number, owner: string): StoredEvent => {
  const id = hex(`b${n}`)
  const data = { store: 'labels', id, doc: { _id: id, name: 'L' } }
  const stream = `stores.labels-${id}`
  return about({ ...IN, owner, store: 'labels' }, { type: 'EntityCreated', data, stream, revision: 0n }, n)
}

test('what is hidden cannot be asked for below its name or through the data of a packet', async (t) => {
  const reading = await readerOf([packet(1), label(2, ME)])
  for (const path of ['_to.0', 'data._to', 'data._to.0', '_s.0', 'data._e._org'])
    for (const value of [`user:${ME}`, ROOT])
      t.deepEqual(await asked(reading, `where.${path}=${value}`), [], path)
})

test('the order by what is hidden is the order by _id', async (t) => {
  const reading = await readerOf([packet(1), label(2, hex('9')), label(3, hex('1')), packet(4)])
  const all = ids(await asked(reading, ''))
  t.is(all.length, 4)
  for (const path of ['_to', '_i', '_st', '-_to', '_to.0', 'data._to', 'data._e.time', '-data._e._id'])
    t.deepEqual(ids(await asked(reading, `sortBy=${path}`)), all, path)
})

test('packets have data', async (t) => {
  const reading = await readerOf([packet(1), label(2, ME)])
  t.deepEqual(await asked(reading, 'where.data=null'), [])
  t.is((await asked(reading, 'where.data!=null')).length, 2)
})

test('the order by _id at one time is the one that was asked for', async (t) => {
  const reading = await readerOf([packet(1), packet(2), label(3, ME)])
  const all = ids(await asked(reading, ''))
  t.deepEqual(ids(await asked(reading, 'sortBy=time,_id')), all)
  t.deepEqual(ids(await asked(reading, 'sortBy=time,-_id')), [...all].reverse())
})

test('a scope for one table opens no other, whatever its name', async (t) => {
  const reading = await readerOf([rowOf(hex('c1'), 1), rowOf(hex('c2'), 2)])
  const seen = async (scope: string) => (await asked(reading, '', principalOf(scope))).length
  t.is(await seen('GET /tables/-/rows'), 0)
  t.is(await seen(`GET /tables/${hex('c1')}/rows`), 1)
  t.is(await seen('GET /tables/*/rows'), 2)
})

test('names of the rows of one table do not hide those of another', async (t) => {
  const reading = await readerOf([rowOf(hex('c1'), 1), rowOf(hex('c2'), 2)])
  for (const table of ['c1', 'c2']) {
    const { unique } = await eventNames(reading, principalOf(`GET /tables/${hex(table)}/rows`))
    t.deepEqual(unique, ['table-row-insert'], table)
  }
  t.deepEqual((await eventNames(reading, principalOf('GET /labels'))).unique, [])
})
