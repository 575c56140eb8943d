import { randomUUID } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import type { Document, SortKey } from '../../documents/port.ts'
import { packetsDecider, packetStream } from '../../domain/stores/packets.ts'
import { isObject, type JsonObject } from '../../json.ts'
import { readBody } from './bodies.ts'
import { rejected } from './errors.ts'
import { listDocuments } from './lists.ts'
import { list, readable } from './reads.ts'
import { reply, replyJson } from './replies.ts'
import { objectCall, type Parameters, type Resource, type ResourceCall } from './resources.ts'
import type { Selectable } from './selectors.ts'
import type { PathType } from './where.ts'
import { writable } from './writes.ts'

/** `GET /objects/:id/packets` (rightech 3.3). */
const listPackets = async (call: ResourceCall, { id = '' }: Parameters): Promise<void> => {
  const object = await readable(objectCall(call), id)
  if (object === undefined) return
  return listDocuments(call.ctx, call.services, {
    collection: 'stores_packets',
    selectable: PACKETS,
    filter: { _oid: object._id },
    sort: BY_TIME,
    refined: inOrderOfArrival,
    kept: ['_ts', 'time'],
    encode: packetOf,
    about: 'objects',
  })
}

/** `POST /objects/:id/packets`: the packet as it is stored. */
const receive = async (call: ResourceCall, { id = '' }: Parameters): Promise<void> => {
  const { ctx, services, principal } = call
  const object = await writable(objectCall(call), id)
  const body = object && (await readBody(ctx))
  if (object === undefined || body === undefined) return
  const at = services.now()
  const packetId = services.newId(at)
  const outcome = await services.engine.execute({
    stream: packetStream(object._id),
    decider: packetsDecider,
    command: { type: 'ReceivePacket', object, body, packetId, at },
    commandId: randomUUID(),
    actor: `stores:user:${principal.caller.user}`,
    at,
    correlationId: ctx.state.request.id,
    via: { protocol: 'rightech', auth: principal.kind },
  })()
  if (E.isLeft(outcome)) return reply(ctx, rejected(outcome.left))
  const decided = outcome.right.facts[0]?.data['packet']
  // Found to be appended by an earlier try.
  const packet = isObject(decided) ? decided : await storedPacket(call, packetId)
  replyJson(ctx, succeeded(packet))
}

/** `GET /objects/:id/state`; `{}` before the first packet. */
const state = async (call: ResourceCall, { id = '' }: Parameters): Promise<void> => {
  const object = await readable(objectCall(call), id)
  if (object !== undefined) replyJson(call.ctx, succeeded(objectAt(object, 'state')))
}

/** `GET /objects/:id/config`, the password as `***`. */
const config = async (call: ResourceCall, { id = '' }: Parameters): Promise<void> => {
  const object = await readable(objectCall(call), id)
  if (object !== undefined) replyJson(call.ctx, succeeded(objectAt(object, 'config')))
}

/** `GET /objects/:id/tasks`: `GET /tasks?where.object=<_id>`. */
const tasks = async (call: ResourceCall, { id = '' }: Parameters): Promise<void> => {
  const object = await readable(objectCall(call), id)
  if (object === undefined) return
  return list({ ...call, route: call.routeOf('tasks') }, { filter: { object: object._id }, about: 'objects' })
}

export const PACKET_RESOURCES: readonly Resource[] = [
  { method: 'GET', path: 'objects/:id/packets', serve: listPackets },
  { method: 'POST', path: 'objects/:id/packets', serve: receive },
  { method: 'GET', path: 'objects/:id/state', serve: state },
  { method: 'GET', path: 'objects/:id/config', serve: config },
  { method: 'GET', path: 'objects/:id/tasks', serve: tasks },
]

const BY_TIME: readonly SortKey[] = [
  ['time', 1],
  ['_ts', 1],
]

/** Packets of one time come in the order in which they arrived, backwards too: that is the index's. */
const inOrderOfArrival = (sort: readonly SortKey[]): readonly SortKey[] => {
  const [first] = sort
  return sort.length === 1 && first?.[0] === 'time' ? [first, ['_ts', first[1]]] : sort
}

const TYPES: ReadonlyMap<string, PathType> = new Map(
  Object.entries<PathType>({
    _id: 'id',
    _oid: 'id',
    _mid: 'id',
    _gid: 'id',
    _ts: 'number',
    _web: 'boolean',
    id: 'string',
    time: 'number',
    online: 'boolean',
  }),
)

const PACKETS: Selectable = {
  search: ['name', 'description'],
  typeAt: (path) => TYPES.get(path) ?? (path.startsWith('_') ? 'hidden' : 'any'),
}

/** Without what the event log needs. */
const packetOf = ({ _e, _to, ...packet }: Document): JsonObject => packet

const storedPacket = async ({ services }: ResourceCall, id: string): Promise<JsonObject> => {
  const stored = await services.reader.get('stores_packets', id)
  return stored === undefined ? {} : packetOf(stored.value)
}

const succeeded = (body: JsonObject): string => JSON.stringify({ ...body, success: true })

const objectAt = (object: Document, name: string): JsonObject => {
  const value = object[name]
  return isObject(value) ? value : {}
}
