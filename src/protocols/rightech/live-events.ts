import { changesOf } from '../../domain/stores/present.ts'
import type { StoreDef } from '../../domain/stores/registry.ts'
import type { StoredEvent } from '../../history/port.ts'
import type { Json, JsonObject } from '../../json.ts'
import { eventFrame } from './engineio.ts'
import { objectOf, type Scope } from './live-topics.ts'

/** A fact of the history with what clients are told about its entity. */
export type Told = {
  readonly event: StoredEvent
  readonly def: StoreDef
  readonly scope: Scope
  readonly id: string
  /** As GET would show it after this event; of a deleted one, before it. */
  readonly item: JsonObject | undefined
}

/** Whether clients hear of events of that type at all. */
export const isTold = (type: string): boolean => Object.hasOwn(TELLINGS, type)

/** The platform events (rightech 6.3, 6.5, 8.5) that a fact means, in order. */
export const platformEvents = (told: Told): readonly PlatformEvent[] =>
  (TELLINGS[told.event.type]?.(told) ?? []).map((happening, ordinal) =>
    platformEvent(told, happening, ordinal),
  )

/** 6.5: what `/events/stream` sends and the socket carries. */
export type PlatformEvent = JsonObject & { readonly event: string }

type Happening = {
  readonly name: string
  readonly data: JsonObject
  /** It carries the version of its store (rightech 8.6). */
  readonly versioned?: true
}

/** By the types of the history's events. A store without a stem tells what is new in its own way, and nothing else. */
const TELLINGS: { readonly [type: string]: (told: Told) => readonly Happening[] } = {
  EntityCreated: ({ def, id, item = {} }) =>
    def.stem === undefined
      ? [{ name: item.importance === 'critical' ? 'push-message' : 'notification', data: item }]
      : [
          {
            name: `${def.stem}-insert`,
            data: { store: def.path, id, item: pushed(def, item) },
            versioned: true,
          },
        ],
  EntityChanged: ({ def, id, event, item = {} }) => {
    if (def.stem === undefined) return []
    const changes = changesOf(event.data, item)
    const data = { store: def.path, id, item: pushed(def, item), changes }
    return [{ name: `${def.stem}-update`, data, versioned: true }]
  },
  EntityDeleted: ({ def, id }) =>
    def.stem === undefined
      ? []
      : [{ name: `${def.stem}-remove`, data: { store: def.path, id }, versioned: true }],
  TaskExpired: ({ id }) => [{ name: 'task-expired', data: { id } }],
  SessionOpened: ({ id, event }) => [
    { name: 'user-signin', data: { id, method: event.data.method ?? null } },
  ],
}

const platformEvent = (told: Told, { name, data, versioned }: Happening, ordinal: number): PlatformEvent => {
  const { event, scope } = told
  const object = objectOf(scope.store, told.item)
  return {
    _msgid: messageId(event.id, ordinal),
    ...(object === undefined ? {} : { _oid: object }),
    _gid: scope.group,
    _org: scope.branch[0] ?? scope.group,
    service: 'api',
    event: name,
    time: event.meta.at,
    data,
    ...(versioned ? { _v: Number(event.position) } : {}),
  }
}

/** A model's tree may be large; who wants it asks for it (rightech 6.3). */
const pushed = (def: StoreDef, item: JsonObject): JsonObject => {
  if (def.path !== 'models') return item
  const { data: _tree, ...rest } = item
  return rest
}

/** 22 url-safe characters out of the event's UUID, so that a rebuild and the log give the same (rightech 8.5). */
const messageId = (eventId: string, ordinal: number): string => {
  const bytes = Buffer.from(eventId.replaceAll('-', ''), 'hex')
  bytes[15] = (bytes[15] ?? 0) ^ ordinal
  return bytes.toString('base64url')
}

/** The Socket.IO name and the texts of an event, each made once for all who get it. */
export type Push = {
  readonly event: PlatformEvent
  readonly store: string
  readonly id: string
  /** `42["<name>",{…}]` */
  readonly socketIo: () => Buffer
  /** The event by itself. */
  readonly bare: () => Buffer
}

export const pushOf = (event: PlatformEvent, store: string, id: string): Push => {
  const json = once(() => JSON.stringify(event satisfies Json))
  return {
    event,
    store,
    id,
    socketIo: once(() => Buffer.from(eventFrame(event.event, json()))),
    bare: once(() => Buffer.from(json())),
  }
}

const once = <A>(make: () => A): (() => A) => {
  let made: A | undefined
  return () => (made ??= make())
}
