import * as t from 'io-ts'
import { isObject, type JsonObject } from '../../json.ts'
import { shaped } from '../codec-shape.ts'
import type { Fact } from '../decider.ts'
import type { Upcasters } from '../upcasters.ts'
import { subjectOf, userSubject } from './names.ts'

/** Any JSON object. What is inside came through JSON or through validation, so it is not walked again. */
const json = shaped(
  new t.Type<JsonObject>(
    'JsonObject',
    isObject,
    (value, context) => (isObject(value) ? t.success(value) : t.failure(value, context)),
    t.identity,
  ),
  { type: 'object' },
)
const ids = t.readonlyArray(t.string)
const optional = <C extends t.Mixed>(codec: C) => t.union([codec, t.undefined, t.null])

/** Sealed values by dotted path; null when the subject's key is destroyed (decisions 6, 7). */
const sealedValues = optional(json)
const sealedChange = optional(t.type({ set: json, unset: ids }))

/** `doc` is the whole entity but for what `sealed` has; where a secret is set, `doc` says `***`. */
export const EntityCreated = t.intersection([
  t.type({ store: t.string, id: t.string, doc: json }),
  t.partial({ sealed: sealedValues }),
])

/** `set`: dotted paths of what changed, as deep as they go; an array is one value. `at` becomes `_at`. */
export const EntityChanged = t.intersection([
  t.type({ store: t.string, id: t.string, set: json, unset: ids, at: t.number }),
  t.partial({ sealed: sealedChange }),
])

/** `last` and `sealed` as `doc` and `sealed` of an `EntityCreated` that would make the entity as it was at the end. */
export const EntityDeleted = t.intersection([
  t.type({ store: t.string, id: t.string, last: json }),
  t.partial({ sealed: sealedValues }),
])

/** `hash` is sealed: null once the user's key is destroyed. */
export const PasswordSet = t.type({ user: t.string, hash: t.union([t.string, t.null]) })

/** `id` names the session; the secret that opens it is nowhere in the history. `expiresAt` in milliseconds. */
export const SessionOpened = t.type({
  id: t.string,
  user: t.string,
  method: t.union([t.literal('cookie'), t.literal('token')]),
  expiresAt: t.number,
})

export const SessionClosed = t.type({ id: t.string, user: t.string })

/** A deadline of the task has passed; the `EntityChanged` before it has set `expired`. */
export const TaskExpired = t.type({ id: t.string })

const aboutCommand = { object: t.string, command: t.string, params: json }

/** Somebody asked for a command of an object (rightech 3.4). */
export const CommandRequested = t.type(aboutCommand)

/** It was accepted. No hardware is driven here, so nothing has run and `result` is null. */
export const CommandCompleted = t.type({ ...aboutCommand, result: t.null })

/** `error` is the tag that the client got. */
export const CommandFailed = t.type({ ...aboutCommand, error: t.string })

/** A link between an object and an automaton, handler or geofence began or ended (rightech 3.5); no user code runs here. */
const LinkMoved = t.type({ object: t.string, target: t.string, session: t.string, name: t.string })

/**
 * In the object's stream of packets. `packet` has every field that the server adds (rightech 3.3); it becomes part of the object's state
 * unless it is `late`: older than that state. `became`: what it changed of the object's connectivity.
 */
export const PacketReceived = t.intersection([
  t.type({ object: t.string, packet: json }),
  t.partial({ late: t.literal(true), became: t.union([t.literal('online'), t.literal('offline')]) }),
])

/** Documents no longer have packets with an `_id` below that one; ids sort by the time at which they were made. */
export const PacketsExpired = t.type({ before: t.string })

export type EntityCreated = t.TypeOf<typeof EntityCreated>
export type EntityChanged = t.TypeOf<typeof EntityChanged>
export type EntityDeleted = t.TypeOf<typeof EntityDeleted>

/** Every event of the stores with the codec of its data. */
export const STORES_EVENTS = {
  EntityCreated,
  EntityChanged,
  EntityDeleted,
  PasswordSet,
  SessionOpened,
  SessionClosed,
  TaskExpired,
  CommandRequested,
  CommandCompleted,
  CommandFailed,
  AutomatonStarted: LinkMoved,
  AutomatonStopped: LinkMoved,
  HandlerStarted: LinkMoved,
  HandlerStopped: LinkMoved,
  GeofenceStarted: LinkMoved,
  GeofenceStopped: LinkMoved,
  PacketReceived,
  PacketsExpired,
} as const

export const STORES_UPCASTERS: Upcasters = {}

/** The data of an event of a known type. Throws if it has another shape: such a history must stop its reader, not bend it. */
export const dataOf = <A>(codec: t.Type<A>, event: Pick<Fact, 'type' | 'data'>): A => {
  if (codec.is(event.data)) return event.data
  throw new TypeError(`Malformed data of ${event.type}`)
}

/** As the sealing decorator of the history asks for it: which fields of an event's data are sealed, and with whose key. */
export type SealTable = {
  readonly [eventType: string]: {
    readonly fields: readonly string[]
    readonly subject: (event: Sealable, stream: string) => string | undefined
  }
}
type Sealable = { readonly data: JsonObject; readonly meta: { readonly scope?: JsonObject } }

const ofEntity = ({ data, meta }: Sealable): string | undefined =>
  isObject(data['sealed']) && typeof data['store'] === 'string' && typeof data['id'] === 'string'
    ? subjectOf(
        data['store'],
        data['id'],
        typeof meta.scope?.['owner'] === 'string' ? meta.scope['owner'] : undefined,
      )
    : undefined

export const STORES_SEALED: SealTable = {
  EntityCreated: { fields: ['sealed'], subject: ofEntity },
  EntityChanged: { fields: ['sealed'], subject: ofEntity },
  EntityDeleted: { fields: ['sealed'], subject: ofEntity },
  PasswordSet: {
    fields: ['hash'],
    subject: ({ data }) => (typeof data['user'] === 'string' ? userSubject(data['user']) : undefined),
  },
}
