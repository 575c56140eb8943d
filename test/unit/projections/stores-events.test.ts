/**
 * Proves that the event log tells of each fact what a push tells, without secrets, the same however the history is cut and however often
 * a batch comes, and that nothing personal is left of who was erased. The documents are the ones in memory.
 */
import test from 'ava'
import fc from 'fast-check'
import { storesEvents } from '../../../projections/stores-events.ts'
import { memoryDocuments } from '../../../src/documents/memory/memory.ts'
import type { Document, Documents } from '../../../src/documents/port.ts'
import { STORES } from '../../../src/domain/stores/registry.ts'
import { scopeOf } from '../../../src/domain/stores/visibility.ts'
import type { StoredEvent } from '../../../src/history/port.ts'
import type { JsonObject } from '../../../src/json.ts'
import { createBuild, projectInto } from '../../../src/projecting/build.ts'
import {
  AT,
  caller,
  created,
  hex,
  ID,
  ME,
  MINE,
  MINIMAL,
  patchCommand,
  ROOT,
  stored,
} from '../../support/stores-domain.ts'

const BUILD = createBuild(storesEvents, 0)
const EVENTS = 'stores_events@1'
const NAMES = 'stores_event_names@1'

const apply = async (documents: Documents, events: readonly StoredEvent[]): Promise<void> => {
  const writes: Parameters<typeof projectInto>[0] = []
  for (const event of events) projectInto(writes, BUILD, event)
  await documents.apply(writes, [])
}

const contents = async (documents: Documents, collection: string): Promise<readonly Document[]> => {
  const found: Document[] = []
  for await (const page of documents.find(collection, {})) found.push(...page)
  return found
}

const logOf = async (events: readonly StoredEvent[]): Promise<readonly Document[]> => {
  const documents = memoryDocuments()
  await apply(documents, events)
  return contents(documents, EVENTS)
}

/** As the history gives it back when the subject's key is destroyed. */
const erased = (events: readonly StoredEvent[]): readonly StoredEvent[] =>
  events.map((event) => ({
    ...event,
    data: { ...event.data, ...('sealed' in event.data ? { sealed: null } : {}) },
  }))

/** Created, renamed, deleted. */
const lifeOf = (path: string, body: JsonObject = {}): readonly StoredEvent[] => {
  const entity = created(path, { ...MINIMAL[path], ...body })
  entity.run(patchCommand(path, { name: 'Renamed', extra: { a: { b: [1] } } }))
  entity.run({ type: 'DeleteEntity', store: path, id: ID, at: AT, caller: caller(), blocked: false })
  return stored(path, ID, entity.facts())
}

for (const { path, stem, operations } of Object.values(STORES)) {
  if (stem === undefined || !operations.includes('post')) continue
  test(`${path}: one entry an event, with what changed, and no secret`, async (t) => {
    const entries = await logOf(lifeOf(path))
    const told = operations.includes('patch') ? ['insert', 'update', 'remove'] : ['insert', 'remove']
    const mine = entries.filter(({ event }) => JSON.stringify(event).startsWith(`"${stem}-`))
    t.true(told.every((what) => mine.some(({ event }) => event === `${stem}-${what}`)))
    t.deepEqual(
      [...entries].map(({ _id }) => _id),
      [...entries].map(({ _id }) => _id).sort(),
    )
    t.true(entries.every(({ _id }) => /^[0-9a-f]{24}$/.test(_id)))
    t.true(entries.every(({ _msgid }) => /^"[\w-]{22}"$/.test(JSON.stringify(_msgid))))
    t.notRegex(JSON.stringify(entries), /\$hash|f{64}|"password":"[^*]/)
    const [insert] = mine
    t.like(insert, { _gid: path === 'groups' ? ID : MINE, _org: ROOT, service: 'api', time: AT, _v: 1 })
    t.like(insert?.['data'], { store: path, id: ID })
    const update = mine.find(({ event }) => event === `${stem}-update`)?.['data'] as JsonObject | undefined
    if (update === undefined) return
    t.like(update, { store: path, id: ID, changes: { name: 'Renamed', extra: { a: { b: [1] } } } })
    t.false('item' in update)
  })
}

test('a model is told without its tree, a device password as ***', async (t) => {
  const [insert] = await logOf(lifeOf('models'))
  const { item } = insert?.['data'] as { item: JsonObject }
  t.true('props' in item && !('data' in item))
  const entity = created('objects', { ...MINIMAL['objects'], config: { auth: { password: 'first' } } })
  entity.run(patchCommand('objects', { config: { auth: { password: 'second' } } }))
  const told = await logOf(stored('objects', ID, entity.facts()))
  t.notRegex(JSON.stringify(told), /first|second/)
  t.like(told[0]?.['data'], { item: { config: { auth: { password: '***' } } } })
  t.like(told[1]?.['data'], { changes: { config: { auth: { password: '***' } } } })
  t.like(told[1], { _oid: ID, event: 'object-update' })
})

test('of an erased user the log keeps nothing personal, and a rebuild gives the same', async (t) => {
  const events = lifeOf('users')
  const subject = `stores.user-${ID}`
  const documents = memoryDocuments()
  await apply(documents, events)
  const signed: StoredEvent = {
    ...(events[0] as StoredEvent),
    id: hex('5').slice(0, 8),
    type: 'SessionOpened',
    data: { id: 's', user: ID, method: 'cookie', expiresAt: 1 },
    position: 50n,
  }
  const erasure: StoredEvent = {
    ...signed,
    type: 'SubjectErased',
    stream: 'platform.erasure-1',
    data: { subject },
    position: 90n,
  }
  t.true(JSON.stringify(await contents(documents, EVENTS)).includes('Ann.Smith'))
  await apply(documents, [signed, erasure])
  const left = await contents(documents, EVENTS)
  t.deepEqual(
    left.map(({ event }) => event),
    ['user-remove', 'user-signin'],
  )
  t.notRegex(JSON.stringify(left), /ann|Renamed/i)
  const rebuilt = memoryDocuments()
  await apply(rebuilt, [...erased(events), signed, erasure])
  t.deepEqual(await contents(rebuilt, EVENTS), left)
  t.deepEqual(await contents(rebuilt, NAMES), await contents(documents, NAMES))
})

/** A packet of the object, as its stream has it. */
const packet = (n: number, became?: 'online' | 'offline'): StoredEvent => ({
  id: `00000000-0000-4000-9000-${String(n).padStart(12, '0')}`,
  type: 'PacketReceived',
  data: {
    object: ID,
    packet: { _id: hex(`f${n}`), time: AT + n, online: became !== 'offline', _ts: (AT + n) * 1000, t: n },
    ...(became === undefined ? {} : { became }),
  },
  meta: {
    ...{ at: AT + n, actor: 'stores:user:u', commandId: 'c', correlationId: 'c', schema: 1 },
    scope: scopeOf('objects', {
      _id: ID,
      model: hex('e1'),
      owner: ME,
      group: MINE,
      branch: [ROOT, MINE],
      access: [],
    }),
  },
  stream: `stores.packets-${ID}`,
  revision: BigInt(n),
  position: BigInt(100 + n),
})

test('packets are no entries, coming and going is; their names are written when it happens', async (t) => {
  const events = [packet(0, 'online'), packet(1), packet(2, 'offline'), packet(3)]
  const entries = await logOf(events)
  t.deepEqual(
    entries.map(({ event, _oid, time, data }) => ({ event, _oid, time, data })),
    [
      { event: 'object-online', _oid: ID, time: AT, data: { time: AT } },
      { event: 'object-offline', _oid: ID, time: AT + 2, data: { time: AT + 2 } },
    ],
  )
  const named = (event: StoredEvent): number =>
    (storesEvents.on['PacketReceived']?.(event) ?? []).filter(
      ({ collection }) => collection === 'stores_event_names',
    ).length
  t.deepEqual(events.map(named), [2, 0, 2, 0])
  t.is(named(packet(0)), 1)
})

test('names are by group and model; who concerns no object has none', async (t) => {
  const documents = memoryDocuments()
  await apply(documents, [
    ...stored('labels', ID, created('labels').facts(), 1),
    ...stored('objects', ID, created('objects').facts(), 2),
    ...stored('tasks', ID, created('tasks', { name: 'T', object: hex('7') }).facts(), 3),
    ...stored('messages', hex('8'), created('messages').facts(), 4),
  ])
  t.deepEqual(
    (await contents(documents, NAMES)).map(({ _id, event, model }) => [_id, event, model]),
    [
      [`${MINE}:-:label-insert`, 'label-insert', '-'],
      [`${MINE}:-:notification`, 'notification', '-'],
      [`${MINE}:${hex('e1')}:object-insert`, 'object-insert', hex('e1')],
      [`${MINE}:?:task-insert`, 'task-insert', '?'],
    ],
  )
})

test('batches, cut anywhere and repeated, give what one gives', async (t) => {
  const events = [
    ...lifeOf('objects').map((event, index) => ({ ...event, position: BigInt(index + 1) })),
    ...lifeOf('users').map((event, index) => ({ ...event, position: BigInt(index + 20) })),
    packet(0, 'online'),
    packet(1),
    packet(2, 'offline'),
  ]
  const whole = memoryDocuments()
  await apply(whole, events)
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(events.length), fc.nat(events.length)), { maxLength: 5 }),
      async (cuts) => {
        const documents = memoryDocuments()
        let done = 0
        for (const [from, to] of cuts) {
          const start = Math.min(from, done)
          await apply(documents, events.slice(start, to))
          done = Math.max(done, to)
        }
        await apply(documents, events.slice(done))
        for (const collection of [EVENTS, NAMES])
          t.deepEqual(await contents(documents, collection), await contents(whole, collection))
      },
    ),
    { numRuns: 50 },
  )
})
