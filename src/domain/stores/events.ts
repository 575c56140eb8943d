import * as t from 'io-ts'
import { isObject, type JsonObject } from '../../json.ts'
import type { Fact } from '../decider.ts'
import { subjectOf, userSubject } from './names.ts'

/** Any JSON object. What is inside came through JSON or through validation, so it is not walked again. */
const json = new t.Type<JsonObject>(
  'JsonObject',
  isObject,
  (value, context) => (isObject(value) ? t.success(value) : t.failure(value, context)),
  t.identity,
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
} as const

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
