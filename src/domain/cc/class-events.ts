import * as t from 'io-ts'
import { eventsOf } from './codec.ts'
import { FieldTypeCodec } from './field-types.ts'
import { ActionCodec, ClassPermissions } from './permissions.ts'

/** `generation` counts the classes that had this name, from 1: records of an earlier one are none of this one's. */
const place = { app: t.number, class: t.string, generation: t.number }

const definition = {
  fields: t.record(t.string, FieldTypeCodec),
  permissions: ClassPermissions,
  useClassPermissions: t.readonlyArray(ActionCodec),
  schemaless: t.boolean,
}

/** Of a class's stream. What is in a definition is the administrator's: nothing is sealed. */
export const CLASS_EVENTS = {
  DataClassDefined: t.type({ ...place, ...definition }),
  /** The whole definition as it is now. */
  DataClassChanged: t.type({ ...place, ...definition }),
  /** Its records are out of everybody's reach at once; what hangs on them in other classes is deleted next. */
  DataClassRemoved: t.type({ ...place, at: t.number }),
  /** That is done: its records go. */
  DataClassCleared: t.type(place),
} as const

export const classEvents = eventsOf(CLASS_EVENTS)
