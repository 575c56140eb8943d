/** Proves what a fact of the history means to clients: ids that sort and repeat, and changes that tell no secret and nothing hidden. */
import test from 'ava'
import {
  concernOf,
  entryId,
  entryIdFrom,
  packetEntry,
  platformEvents,
  type PlatformEvent,
  type ToldEvent,
} from '../../../../src/domain/stores/platform-events.ts'
import type { JsonObject } from '../../../../src/json.ts'
import { AT, created, ID, MINE, patchCommand, ROOT, stored } from '../../../support/stores-domain.ts'

const toldOf = (event: ToldEvent, item?: JsonObject): readonly PlatformEvent[] => {
  const concern = concernOf(event)
  return concern === undefined ? [] : platformEvents({ ...concern, event, item })
}

/** The change that a PATCH is, as the log tells it. */
const changesOf = (store: string, before: JsonObject, patch: JsonObject): unknown => {
  const entity = created(store, before)
  entity.run(patchCommand(store, patch))
  const change = stored(store, ID, entity.facts()).find(({ type }) => type === 'EntityChanged')
  const [told] = change === undefined ? [] : toldOf(change)
  return (told?.['data'] as JsonObject | undefined)?.['changes']
}

const OBJECT: JsonObject = { name: 'O', model: ID, id: 'o' }

test('ids of the log sort by time, then by place in the history, then within the event', (t) => {
  const at = (time: number, position: bigint, ordinal = 0) =>
    entryId({ meta: { at: time }, position }, ordinal)
  const ids = [at(AT, 9n), at(AT, 10n), at(AT, 10n, 1), at(AT, 300n), at(AT + 1, 1n), at(AT * 4, 0n)]
  t.deepEqual([...ids].sort(), ids)
  t.true(ids.every((id) => /^[0-9a-f]{24}$/.test(id)))
  t.regex(at(AT, 2n ** 63n - 1n), /^[0-9a-f]{24}$/)
  t.true(at(AT, 0n) >= entryIdFrom(AT) && at(AT - 1, 2n ** 40n - 1n, 255) < entryIdFrom(AT))
  t.true(at(AT, 0n) >= entryIdFrom(-5) && at(2 ** 48 - 1, 2n ** 40n - 1n, 255) < entryIdFrom(2 ** 53 - 1))
})

test('changes without the entity are what changed at each path', (t) => {
  const before = { ...OBJECT, config: { a: { x: 1, y: 2 }, b: [1] }, gone: 1 }
  t.deepEqual(changesOf('objects', before, { config: { a: { x: 5 } }, status: null }), {
    config: { a: { x: 5 } },
    status: null,
  })
})

test('a secret changes as ***, wherever it was or came from', (t) => {
  const password = (value: string): JsonObject => ({ config: { auth: { password: value } } })
  const masked = { config: { auth: { password: '***' } } }
  t.deepEqual(changesOf('objects', OBJECT, password('new')), masked)
  t.deepEqual(changesOf('objects', { ...OBJECT, ...password('old') }, password('new')), masked)
  const user = { name: 'A', login: 'anna', email: 'a@b', password: 'Secret123', role: ID }
  t.deepEqual(changesOf('users', user, { email: 'c@d' }), { email: 'c@d' })
})

test('a task tells no deadline that it only has for the server', (t) => {
  const changes = changesOf('tasks', { name: 'T' }, { deadlines: { inwork: AT + 10_000 } })
  t.deepEqual(changes, { deadlines: { inwork: AT + 10_000 } })
})

test('the entry of a packet is the event that is pushed', (t) => {
  const [creation] = stored('objects', ID, created('objects', OBJECT).facts())
  if (creation === undefined) return t.fail()
  const packet = { _id: ID, time: 7, online: true }
  const event = { ...creation, type: 'PacketReceived', data: { object: ID, packet, became: 'online' } }
  const concern = concernOf(event)
  if (concern === undefined) return t.fail()
  const [online, told] = toldOf(event)
  t.like(online, { event: 'object-online', _oid: ID, data: { time: 7 } })
  const { _id, ...entry } = packetEntry({ ...concern, event }, 1)
  t.like(told, { event: 'object-packet', ...entry, _gid: MINE, _org: ROOT, data: packet })
  t.not(online?._msgid, told?._msgid)
  t.is(_id, entryId(event, 1))
})

test('what is no fact about an entity tells nothing', (t) => {
  const [creation] = stored('labels', ID, created('labels').facts())
  if (creation === undefined) return t.fail()
  t.deepEqual(toldOf({ ...creation, type: 'PasswordSet' }), [])
  t.deepEqual(toldOf({ ...creation, meta: { at: AT } }), [])
  t.deepEqual(toldOf({ ...creation, meta: { at: AT, scope: { store: 'nonsense' } } }), [])
})
