import * as t from 'io-ts'
import type { Fact } from '../decider.ts'
import type { Upcasters } from '../upcasters.ts'
import { eventsOf, sealed } from './codec.ts'
import { wordsSubject } from './names.ts'

const place = { app: t.number, dialog: t.string, message: t.string, sender: t.number }

/** Of a message's stream: what became of it after it was sent. */
export const MESSAGE_EVENTS = {
  /** The sender's words. */
  MessageEdited: t.type({ ...place, sealed: sealed(t.type({ text: t.string })) }),
  /** Kinds that this user gave or took back now, none of them in both; a kind is text of his choice, so his words. */
  MessageReactionsChanged: t.type({
    ...place,
    user: t.number,
    sealed: sealed(t.type({ add: t.readonlyArray(t.string), remove: t.readonlyArray(t.string) })),
  }),
  /** `previous`: the newest message that is left, if this was the last one; null if none is. */
  MessageDeletedForAll: t.intersection([
    t.type({ ...place, seq: t.number, by: t.number }),
    t.partial({
      previous: t.union([
        t.type({ message: t.string, seq: t.number, dateSent: t.number, sender: t.number }),
        t.null,
      ]),
    }),
  ]),
} as const

export const messageEvents = eventsOf(MESSAGE_EVENTS)

const wordsOf =
  (whose: 'sender' | 'user') =>
  ({ data }: Pick<Fact, 'data'>): string | undefined => {
    const { app, [whose]: user } = data
    return typeof app === 'number' && typeof user === 'number' ? wordsSubject(app, user) : undefined
  }

/** A text is its sender's words, before and after; a reaction those of who reacts (decisions 5, 22). */
export const MESSAGE_SEALED = {
  MessageEdited: { fields: ['sealed'], subject: wordsOf('sender') },
  MessageReactionsChanged: { fields: ['sealed'], subject: wordsOf('user') },
} as const

/** Schema 1 had the kinds in the clear. One that is missing stops who reads it, as it did there. */
export const MESSAGE_UPCASTERS: Upcasters = {
  MessageReactionsChanged: [
    ({ add, remove, ...rest }) => ({ ...rest, sealed: { add: add ?? null, remove: remove ?? null } }),
  ],
}
