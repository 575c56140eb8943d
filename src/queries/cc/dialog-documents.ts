import * as t from 'io-ts'
import type { Document } from '../../documents/port.ts'
import type { DialogType } from '../../domain/cc/dialog-events.ts'
import { nullable } from '../../domain/cc/codec.ts'

export const DIALOGS = 'cc_dialogs'

const Text = nullable(t.string)
const Number = nullable(t.number)

const Stored = t.type({
  _id: t.string,
  app: t.number,
  type: t.union([t.literal(1), t.literal(2), t.literal(3), t.literal(4), t.literal(5)]),
  owner: t.number,
  /** In no order; `[0]` of type 1, empty of type 4. */
  occupants: t.readonlyArray(t.number),
  occupantsCount: t.number,
  admins: t.readonlyArray(t.number),
  allowPreview: t.boolean,
  name: Text,
  description: Text,
  photo: Text,
  extensions: nullable(t.record(t.string, t.string)),
  pinned: t.readonlyArray(t.string),
  /** Milliseconds since the Unix epoch. */
  createdAt: t.number,
  updatedAt: t.number,
  /** Number of the last message that was sent; up to `floor` they are gone. */
  seq: t.number,
  floor: t.number,
  goneCount: t.number,
  /** Of the last message, as far as known without looking at it. */
  lastId: Text,
  lastSeq: Number,
  /** Seconds since the Unix epoch. */
  lastDate: Number,
  lastSender: Number,
})

/** A dialog as `projections/cc/dialogs.ts` keeps it. */
export type DialogDocument = t.TypeOf<typeof Stored> & { readonly type: DialogType }

export const dialogOf = (document: Document | undefined): DialogDocument | undefined =>
  Stored.is(document) ? document : undefined
