import { isObject, type Json, type JsonObject } from '../../json.ts'
import { dataOf, PacketReceived } from './events.ts'
import { applySet, MASK } from './paths.ts'
import { changesOf, present } from './present.ts'
import type { StoreDef } from './store-def.ts'
import { toldStore } from './sub-stores.ts'
import { readScope, type Scope } from './topics.ts'

/** What of an event of the history its platform events are made of. Sealed fields are open. */
export type ToldEvent = {
  readonly id: string
  readonly type: string
  readonly stream: string
  readonly position: bigint
  readonly data: JsonObject
  readonly meta: { readonly at: number; readonly scope?: JsonObject }
}

/** Whom an event is about. */
export type Concern = { readonly def: StoreDef; readonly scope: Scope; readonly id: string }

/** A fact of the history with what clients are told about its entity. */
export type Told = Concern & {
  readonly event: ToldEvent
  /** As GET would show it after this event; of a deleted one, before it. Absent where nobody can know it: in the event log. */
  readonly item: JsonObject | undefined
}

/** Types of the history's events that clients hear of. */
export const toldTypes = (): readonly string[] => Object.keys(TELLINGS)

/** Whether clients hear of events of that type at all. */
export const isTold = (type: string): boolean => Object.hasOwn(TELLINGS, type)

/** `undefined`: the event tells clients nothing. */
export const concernOf = ({ type, stream, meta }: ToldEvent): Concern | undefined => {
  const scope = isTold(type) ? readScope(meta.scope) : undefined
  const def = scope === undefined ? undefined : toldStore(scope.store)
  return scope === undefined || def === undefined
    ? undefined
    : { def, scope, id: stream.slice(stream.indexOf('-') + 1) }
}

/** Where a list has the entity, which is what rights are about. */
export const listPathOf = ({ def, scope }: Concern): string =>
  scope.table === undefined ? def.path : `tables/${scope.table}/rows`

/** The platform events (rightech 6.3, 6.5, 8.5) that a fact means, in order. */
export const platformEvents = (told: Told): readonly PlatformEvent[] =>
  (TELLINGS[told.event.type]?.(told) ?? []).map((happening, ordinal) =>
    platformEvent(told, happening, ordinal),
  )

/** 6.5: what `/events/stream` sends and the socket carries. */
export type PlatformEvent = JsonObject & {
  readonly event: string
  readonly _msgid: string
  readonly time: number
}

/** What an `object-packet` of the log has beside the packet: packets' documents carry it as `_e`, and the log reads those. */
export const packetEntry = ({ event, scope }: Omit<Told, 'item'>, ordinal: number): JsonObject => ({
  _id: entryId(event, ordinal),
  _msgid: messageId(event.id, ordinal),
  _org: originOf(scope),
  time: event.meta.at,
})

/**
 * `_id` of an event in the log: its time, then its place in the history, so that the order by `_id` is the log's whole order and
 * what one command did stands as it was done. A rebuild gives the same.
 */
export const entryId = ({ position, meta }: Pick<ToldEvent, 'position' | 'meta'>, ordinal: number): string =>
  entryIdFrom(meta.at) + hex(Number(BigInt.asUintN(40, position)), 10) + hex(ordinal, 2)

/** Every `_id` of that millisecond or a later one is greater, and every earlier one less. */
export const entryIdFrom = (time: number): string => (time < TIME_END ? hex(Math.max(0, time), 12) : 'g')

type Happening = {
  readonly name: string
  readonly data: JsonObject
  /** It carries the version of its store (rightech 8.6). */
  readonly versioned?: true
}

/** An event whose data are members of the fact's. */
const told =
  (name: string, members: readonly string[]) =>
  ({ event }: Told): readonly Happening[] => [
    { name, data: Object.fromEntries(members.map((member) => [member, event.data[member] ?? null])) },
  ]

const linkTold =
  (name: string) =>
  ({ event: { data } }: Told): readonly Happening[] => {
    const { target = null, session = null, name: called = null } = data
    return [{ name, data: { id: target, session, name: called } }]
  }

/** By the types of the history's events. A store without a stem tells what is new in its own way, and nothing else. */
const TELLINGS: { readonly [type: string]: (told: Told) => readonly Happening[] } = {
  EntityCreated: ({ def, id, item = {} }) =>
    def.stem === undefined
      ? [{ name: item['importance'] === 'critical' ? 'push-message' : 'notification', data: item }]
      : [
          {
            name: `${def.stem}-insert`,
            data: { store: def.path, id, item: pushed(def, item) },
            versioned: true,
          },
        ],
  EntityChanged: ({ def, id, event, item }) => {
    if (def.stem === undefined) return []
    const data =
      item === undefined
        ? { store: def.path, id, changes: pushed(def, changesAlone(def, event.data)) }
        : { store: def.path, id, item: pushed(def, item), changes: changesOf(event.data, item) }
    return [{ name: `${def.stem}-update`, data, versioned: true }]
  },
  EntityDeleted: ({ def, id }) =>
    def.stem === undefined
      ? []
      : [{ name: `${def.stem}-remove`, data: { store: def.path, id }, versioned: true }],
  PacketReceived: ({ event }) => {
    const { packet, became } = dataOf(PacketReceived, event)
    const connectivity =
      became === undefined ? [] : [{ name: `object-${became}`, data: { time: packet['time'] ?? null } }]
    return [...connectivity, { name: 'object-packet', data: packet }]
  },
  TaskExpired: ({ id }) => [{ name: 'task-expired', data: { id } }],
  SessionOpened: ({ id, event }) => [
    { name: 'user-signin', data: { id, method: event.data['method'] ?? null } },
  ],
  CommandRequested: told('object-command-req', ['command', 'params']),
  CommandCompleted: told('object-command-res', ['command', 'params', 'result']),
  CommandFailed: told('object-command-err', ['command', 'params', 'error']),
  AutomatonStarted: linkTold('logic-automaton-start'),
  AutomatonStopped: linkTold('logic-automaton-stop'),
  HandlerStarted: linkTold('handler-start'),
  HandlerStopped: linkTold('handler-stop'),
  GeofenceStarted: linkTold('geofence-start'),
  GeofenceStopped: linkTold('geofence-stop'),
}

const platformEvent = (told: Told, { name, data, versioned }: Happening, ordinal: number): PlatformEvent => {
  const { event, scope } = told
  return {
    _msgid: messageId(event.id, ordinal),
    ...(scope.object === undefined ? {} : { _oid: scope.object }),
    _gid: scope.group,
    _org: originOf(scope),
    service: 'api',
    event: name,
    time: event.meta.at,
    data,
    ...(versioned ? { _v: Number(event.position) } : {}),
  }
}

/** The root group above. */
const originOf = ({ branch, group }: Scope): string => branch[0] ?? group

/** First millisecond that twelve digits do not hold. */
const TIME_END = 2 ** 48

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0')

/** 22 url-safe characters out of the event's UUID, so that a rebuild and the log give the same (rightech 8.5). */
export const messageId = (eventId: string, ordinal: number): string => {
  const bytes = Buffer.from(eventId.replaceAll('-', ''), 'hex')
  bytes[15] = (bytes[15] ?? 0) ^ ordinal
  return bytes.toString('base64url')
}

/** A model's tree may be large; who wants it asks for it (rightech 6.3). */
const pushed = (def: StoreDef, item: JsonObject): JsonObject => {
  if (def.path !== 'models') return item
  const { data: _tree, ...rest } = item
  return rest
}

/** `changes` without the entity: its top-level fields with only what changed in them; what went is left out. */
const changesAlone = (def: StoreDef, data: JsonObject): JsonObject => {
  const set = isObject(data['set']) ? data['set'] : {}
  const sealed = isObject(data['sealed']) && isObject(data['sealed']['set']) ? data['sealed']['set'] : {}
  const shown = Object.entries(sealed).flatMap(([path, value]): [string, Json][] => {
    if (def.personal.includes(path)) return [[path, value]]
    return isMasked(def, path) ? [[path, MASK]] : []
  })
  return present(def.path, applySet({}, { ...set, ...Object.fromEntries(shown) }))
}

/** A secret that is never shown, like the hash of a token, has no mask either. */
const isMasked = (def: StoreDef, path: string): boolean =>
  def.secrets.includes(path) && def.fields[path]?.readOnly !== true
