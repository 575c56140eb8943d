import * as t from 'io-ts'
import type { Fact } from '../decider.ts'
import { eventsOf, JsonValue, nullable, sealed } from './codec.ts'
import { wordsSubject } from './names.ts'

/** connectycube 8.1: the number decides. */
export const DIALOG_TYPES = { broadcast: 1, group: 2, private: 3, public: 4, meeting: 5 } as const
export type DialogType = (typeof DIALOG_TYPES)[keyof typeof DIALOG_TYPES]
const DialogTypeCodec = t.union([t.literal(1), t.literal(2), t.literal(3), t.literal(4), t.literal(5)])

const Users = t.readonlyArray(t.number)
/** The owner's words, whoever of the admins changed them. */
const Details = sealed(
  t.partial({
    name: nullable(t.string),
    description: nullable(t.string),
    photo: nullable(t.string),
    extensions: nullable(t.record(t.string, t.string)),
  }),
)

/**
 * Of a dialog's stream. Messages are in it, because who may write is decided together with who is in it, and because so each gets its number:
 * `seq` counts a dialog's messages from 1 without a gap, `own` those of its sender in it. What a reader has not read is a difference of both
 * (see `view-events.ts`), however long the dialog is. When the history goes for all, `own` begins at 1 again and `seq` goes on. Times are
 * milliseconds since the Unix epoch, `dateSent` seconds.
 */
export const DIALOG_EVENTS = {
  /** `occupants` of types 2, 3 and 5 are whoever is in it, of type 4 the first subscribers; ascending. */
  DialogCreated: t.intersection([
    t.type({
      app: t.number,
      dialog: t.string,
      type: DialogTypeCodec,
      owner: t.number,
      occupants: Users,
      admins: Users,
      allowPreview: t.boolean,
    }),
    t.partial({ sealed: Details }),
  ]),
  DialogDetailsChanged: t.type({
    app: t.number,
    dialog: t.string,
    owner: t.number,
    by: t.number,
    sealed: Details,
  }),
  DialogPreviewChanged: t.type({ app: t.number, dialog: t.string, by: t.number, allowPreview: t.boolean }),
  /**
   * Subscribers of type 4 too. Who was in it before sees it again as he left it; everybody else has read nothing of what is behind `floor`,
   * up to which the history went for all.
   */
  DialogOccupantsAdded: t.type({
    app: t.number,
    dialog: t.string,
    dialogType: DialogTypeCodec,
    by: t.number,
    users: Users,
    returning: Users,
    floor: t.number,
  }),
  /** `by` himself among them: he left. An admin is none any more. */
  DialogOccupantsRemoved: t.type({
    app: t.number,
    dialog: t.string,
    dialogType: DialogTypeCodec,
    by: t.number,
    users: Users,
  }),
  DialogAdminsChanged: t.type({ app: t.number, dialog: t.string, by: t.number, admins: Users }),
  /** All pinned messages, newest pin last. */
  DialogPinsChanged: t.type({
    app: t.number,
    dialog: t.string,
    by: t.number,
    pinned: t.readonlyArray(t.string),
  }),
  DialogDeleted: t.type({ app: t.number, dialog: t.string, by: t.number }),
  /** For all: every message up to `seq` goes. */
  DialogHistoryDeleted: t.type({ app: t.number, dialog: t.string, by: t.number, seq: t.number }),
  /**
   * The sender's words. `recipient` is 0 but in private dialogs. `origin` tells who has had the stanza already, `sendToChat` whether anybody is
   * to get it.
   */
  MessageSent: t.intersection([
    t.type({
      app: t.number,
      dialog: t.string,
      message: t.string,
      dialogType: DialogTypeCodec,
      seq: t.number,
      own: t.number,
      sender: t.number,
      recipient: t.number,
      dateSent: t.number,
      origin: t.keyof({ rest: null, xmpp: null }),
      sendToChat: t.boolean,
      silent: t.boolean,
    }),
    t.partial({
      sealed: sealed(
        t.partial({
          text: t.string,
          attachments: t.readonlyArray(JsonValue),
          params: t.record(t.string, JsonValue),
        }),
      ),
    }),
  ]),
} as const

export const dialogEvents = eventsOf(DIALOG_EVENTS)

/** Of a pair's stream: there is at most one private dialog at a time (connectycube 8.4). */
export const PAIR_EVENTS = {
  PairReserved: t.type({ app: t.number, users: Users, dialog: t.string }),
} as const
export const pairEvents = eventsOf(PAIR_EVENTS)

const wordsOf =
  (whose: 'owner' | 'sender') =>
  ({ data }: Pick<Fact, 'data'>): string | undefined => {
    const { app, [whose]: user } = data
    return typeof app === 'number' && typeof user === 'number' ? wordsSubject(app, user) : undefined
  }

/** Names and texts are words of whoever owns the dialog or sent the message (decisions 5, 22). */
export const DIALOG_SEALED = {
  DialogCreated: { fields: ['sealed'], subject: wordsOf('owner') },
  DialogDetailsChanged: { fields: ['sealed'], subject: wordsOf('owner') },
  MessageSent: { fields: ['sealed'], subject: wordsOf('sender') },
} as const
