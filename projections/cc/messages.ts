import { dialogEvents } from '../../src/domain/cc/dialog-events.ts'
import { messageEvents } from '../../src/domain/cc/message-events.ts'
import { wordsSubject, writerOf } from '../../src/domain/cc/names.ts'
import { goneFrom, reactionPath, reactionsPath } from '../../src/domain/cc/shown-messages.ts'
import { viewEvents } from '../../src/domain/cc/view-events.ts'
import type { Update } from '../../src/documents/port.ts'
import type { StoredEvent } from '../../src/history/port.ts'
import type { JsonObject } from '../../src/json.ts'
import type { ProjectedWrite, Projection } from '../../src/projecting/projection.ts'
import { erasedSubject } from './handlers.ts'

const MESSAGES = 'cc_messages'

const ERASED = { text: null, attachments: null, params: null } as const

const NOTHING_SAID: NonNullable<Update['$unset']> = {
  ...{ text: '', attachments: '', params: '', updatedAt: '', editedAt: '' },
  ...{ recipient: '', hiddenFor: '', _s: '' },
}

/** What is erased of a reaction that came when the message was just gone leaves an empty object too. */
const STUB = { live: false, reactions: {} } as const

/** Of a message that is gone for all only its number, its sender and its time are left: marks go on counting with it, and so does who asks how many were sent. */
const gone = (dialog: string): Update => ({
  $set: { ...STUB, dialog: goneFrom(dialog) },
  $unset: { ...NOTHING_SAID, dateSent: '' },
})

/** Of many at once: what the dialog's document says keeps everybody from them, so that as few indexes as possible change. */
const ALL_GONE: Update = { $set: STUB, $unset: NOTHING_SAID }

const sent = (event: StoredEvent): readonly ProjectedWrite[] => {
  const { message, sealed, ...data } = dialogEvents.dataOf('MessageSent', event)
  const { app, dialog, seq, sender, recipient, dateSent } = data
  const { at } = event.meta
  const put: JsonObject = {
    ...{ app, live: true, dialog, seq, sender, recipient },
    ...(sealed === null
      ? ERASED
      : {
          text: sealed?.text ?? null,
          attachments: sealed?.attachments ?? [],
          params: sealed?.params ?? {},
        }),
    ...{ dateSent, createdAt: at, updatedAt: at, hiddenFor: [], reactions: {} },
    _s: [wordsSubject(app, sender)],
  }
  return [{ collection: MESSAGES, id: message, put }]
}

const change = (id: string, update: Update): ProjectedWrite => ({ collection: MESSAGES, id, update })

const edited = (event: StoredEvent): readonly ProjectedWrite[] => {
  const { app, message, sender, sealed } = messageEvents.dataOf('MessageEdited', event)
  const { at } = event.meta
  return [
    change(message, {
      $set: { text: sealed?.text ?? null, editedAt: at, updatedAt: at },
      // It may have come when the dialog was just deleted, and its messages with it.
      $addToSet: { _s: wordsSubject(app, sender) },
    }),
  ]
}

/** Each user's stand by themselves, because they are his words: so what is erased leaves nothing of them, not even an empty name. */
const reacted = (event: StoredEvent): readonly ProjectedWrite[] => {
  const { app, message, user, sealed } = messageEvents.dataOf('MessageReactionsChanged', event)
  const { add, remove } = sealed ?? NO_REACTIONS
  const each = <A>(kinds: readonly string[], value: A): { readonly [path: string]: A } =>
    Object.fromEntries(kinds.map((kind) => [reactionPath(user, kind), value]))
  return [
    change(message, {
      $set: { ...each(add, true), updatedAt: event.meta.at },
      ...(remove.length === 0 ? {} : { $unset: each(remove, '' as const) }),
      $addToSet: { _s: wordsSubject(app, user) },
    }),
  ]
}

const NO_REACTIONS = { add: [], remove: [] }

/** The others keep the message; what it said is gone, and what its reader thought of it. */
const erased = (event: StoredEvent): readonly ProjectedWrite[] => {
  const subject = erasedSubject(event)
  const writer = writerOf(subject)
  if (writer === undefined) return []
  const { user } = writer
  const $unset = { [reactionsPath(user)]: '' } as const
  return [
    { collection: MESSAGES, where: { _s: subject, sender: user }, update: { $set: ERASED, $unset } },
    { collection: MESSAGES, where: { _s: subject, sender: { $ne: user } }, update: { $unset } },
  ]
}

/**
 * Messages, one document each (connectycube 8.5); who has read them is not in here (see `view-events.ts`). `dateSent` is seconds, all other
 * times milliseconds since the Unix epoch. Of one that is gone for all a stub stays, which is not `live`.
 */
export const ccMessages: Projection = {
  name: 'cc-messages',
  version: 3,
  prefixes: ['cc.dialog-', 'cc.view-', 'cc.message-', 'platform.erasure-cc.words-'],
  collections: {
    [MESSAGES]: {
      indexes: [
        { keys: ['_s'] },
        { keys: ['dialog', 'dateSent', 'seq'] },
        { keys: ['dialog', 'seq'] },
        { keys: ['app', 'live', 'createdAt'] },
      ],
    },
  },
  on: {
    MessageSent: sent,
    MessageEdited: edited,
    MessageReactionsChanged: reacted,
    MessageDeletedForAll: (event) => {
      const { dialog, message } = messageEvents.dataOf('MessageDeletedForAll', event)
      return [change(message, gone(dialog))]
    },
    MessagesHidden: (event) => {
      const { user, messages } = viewEvents.dataOf('MessagesHidden', event)
      return messages.map(({ message }) => change(message, { $addToSet: { hiddenFor: user } }))
    },
    DialogHistoryDeleted: (event) => {
      const { dialog, seq } = dialogEvents.dataOf('DialogHistoryDeleted', event)
      return [{ collection: MESSAGES, where: { dialog, seq: { $lte: seq }, live: true }, update: ALL_GONE }]
    },
    DialogDeleted: (event) => {
      const { dialog } = dialogEvents.dataOf('DialogDeleted', event)
      return [{ collection: MESSAGES, where: { dialog, live: true }, update: ALL_GONE }]
    },
    SubjectErased: erased,
  },
}
