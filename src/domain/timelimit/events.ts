import * as t from 'io-ts'
import type { JsonObject } from '../../json.ts'
import type { Fact } from '../decider.ts'
import type { Upcasters } from '../upcasters.ts'
import { CATEGORY_EVENTS } from './events/categories.ts'
import { DEVICE_EVENTS } from './events/devices.ts'
import type { EventDef } from './events/event.ts'
import { FAMILY_EVENTS } from './events/family.ts'
import { RULE_EVENTS } from './events/rules.ts'
import { USER_EVENTS } from './events/users.ts'

/** Every event of a family's stream (timelimit 9.3): its shape, the versions that it moves, and who is told. */
export const FAMILY_EVENT_TABLE = {
  ...FAMILY_EVENTS,
  ...USER_EVENTS,
  ...DEVICE_EVENTS,
  ...CATEGORY_EVENTS,
  ...RULE_EVENTS,
} as const

export type FamilyEventType = keyof typeof FAMILY_EVENT_TABLE
export type DataOf<T extends FamilyEventType> = t.TypeOf<(typeof FAMILY_EVENT_TABLE)[T]['codec']>

export const TIMELIMIT_UPCASTERS: Upcasters = {}

/** The row of a type; `undefined` for what is none of a family's. */
export const familyEvent = (type: string): EventDef | undefined => ROWS.get(type)

const ROWS: ReadonlyMap<string, EventDef> = new Map<string, EventDef>(Object.entries(FAMILY_EVENT_TABLE))

/** What an action or command decided. Members that are `undefined` are left out, as in the JSON that is stored. */
export const fact = <T extends FamilyEventType>(type: T, data: DataOf<T>): Fact => ({
  type,
  data: data as JsonObject,
})

/** The data of an event of a known type. Throws if it has another shape: such a history must stop its reader, not bend it. */
export const dataOf = <T extends FamilyEventType>(type: T, { data }: Pick<Fact, 'data'>): DataOf<T> => {
  const { codec } = FAMILY_EVENT_TABLE[type]
  if (codec.is(data)) return data
  throw new TypeError(`Malformed data of ${type}`)
}

/** Of `timelimit.system-status` (timelimit 2.18). */
export const StatusMessageChanged = t.type({ message: t.string })
/** Of `timelimit.mails-…`: the mail of that event was sent, or given up. */
export const MailSettled = t.type({
  mail: t.string,
  result: t.union([t.literal('sent'), t.literal('dropped')]),
})

/** For the seal table: every `sealed` of these is sealed with the family's key, whose name is the stream's (decisions 22). */
export const TIMELIMIT_SEALED = Object.fromEntries(
  Object.entries(FAMILY_EVENT_TABLE)
    .filter(([, { codec }]) => hasSealed(codec))
    .map(([type]) => [type, { fields: ['sealed'], subject: (_: unknown, stream: string) => stream }]),
)

function hasSealed(codec: t.Mixed): boolean {
  if (codec instanceof t.IntersectionType) return (codec.types as readonly t.Mixed[]).some(hasSealed)
  return codec instanceof t.InterfaceType && Object.hasOwn(codec.props as object, 'sealed')
}
