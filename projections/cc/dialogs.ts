import type * as t from 'io-ts'
import {
  DIALOG_TYPES,
  dialogEvents,
  type DIALOG_EVENTS,
  type DialogType,
} from '../../src/domain/cc/dialog-events.ts'
import { messageEvents } from '../../src/domain/cc/message-events.ts'
import { wordsSubject } from '../../src/domain/cc/names.ts'
import type { Update } from '../../src/documents/port.ts'
import type { StoredEvent } from '../../src/history/port.ts'
import type { JsonObject } from '../../src/json.ts'
import type { ProjectedWrite, Projection } from '../../src/projecting/projection.ts'
import { VIEW_INDEXES, VIEWS, viewHandlers } from './dialog-views.ts'
import { erasedSubject, joined } from './handlers.ts'

const DIALOGS = 'cc_dialogs'

type DialogEventType = keyof typeof DIALOG_EVENTS
type DataOf<T extends DialogEventType> = t.TypeOf<(typeof DIALOG_EVENTS)[T]>

const on =
  <T extends DialogEventType>(type: T, write: (data: DataOf<T>, event: StoredEvent) => ProjectedWrite) =>
  (event: StoredEvent): readonly ProjectedWrite[] => [write(dialogEvents.dataOf(type, event), event)]

/** Changes the dialog's document, which has its `updatedAt` from that. */
const change = <T extends DialogEventType>(type: T, update: (data: DataOf<T>) => Update) =>
  on(type, (data, event) => {
    const { $set, ...others } = update(data)
    return {
      collection: DIALOGS,
      id: data.dialog,
      update: { ...others, $set: { ...$set, updatedAt: event.meta.at } },
    }
  })

const NO_DETAILS = { name: null, description: null, photo: null, extensions: null }
const NO_LAST = { lastId: null, lastSeq: null, lastDate: null, lastSender: null }

/** Whom the document lists: of a public dialog nobody, because they may be 100,000; 0 of a broadcast, because it is for everybody. */
const listed = (type: DialogType, occupants: readonly number[]): readonly number[] => {
  if (type === DIALOG_TYPES.broadcast) return [0]
  return type === DIALOG_TYPES.public ? [] : occupants
}

const created = ({ sealed, dialog, ...data }: DataOf<'DialogCreated'>, at: number): ProjectedWrite => {
  const { app, type, owner, occupants, admins, allowPreview } = data
  const put: JsonObject = {
    ...{ app, type, owner, admins, allowPreview },
    occupants: listed(type, occupants),
    occupantsCount: occupants.length,
    ...NO_DETAILS,
    ...sealed,
    pinned: [],
    createdAt: at,
    updatedAt: at,
    seq: 0,
    floor: 0,
    goneCount: 0,
    ...NO_LAST,
    _s: [wordsSubject(app, owner)],
  }
  return { collection: DIALOGS, id: dialog, put }
}

const added = ({ dialogType, users }: DataOf<'DialogOccupantsAdded'>): Update => ({
  $inc: { occupantsCount: users.length },
  ...(dialogType === DIALOG_TYPES.public ? {} : { $addToSet: { occupants: { $each: users } } }),
})

const removed = ({ dialogType, users }: DataOf<'DialogOccupantsRemoved'>): Update => ({
  $inc: { occupantsCount: -users.length },
  $pull: {
    admins: { $in: users },
    ...(dialogType === DIALOG_TYPES.public ? {} : { occupants: { $in: users } }),
  },
})

/** Only while the history has the message; the last message changes only if it was that one. */
const messageDeleted = (event: StoredEvent): readonly ProjectedWrite[] => {
  const { dialog, message, seq, previous } = messageEvents.dataOf('MessageDeletedForAll', event)
  const counted: Update = { $inc: { goneCount: 1 }, $pull: { pinned: message } }
  const where = { _id: dialog, floor: { $lt: seq } }
  if (previous === undefined) return [{ collection: DIALOGS, where, update: counted }]
  const last =
    previous === null
      ? NO_LAST
      : {
          lastId: previous.message,
          lastSeq: previous.seq,
          lastDate: previous.dateSent,
          lastSender: previous.sender,
        }
  return [
    {
      collection: DIALOGS,
      where: { ...where, lastId: message },
      update: { ...counted, $set: last },
    },
    { collection: DIALOGS, where: { ...where, lastId: { $ne: message } }, update: counted },
  ]
}

const dialogHandlers: Projection['on'] = {
  DialogCreated: on('DialogCreated', (data, { meta }) => created(data, meta.at)),
  DialogDetailsChanged: change('DialogDetailsChanged', ({ sealed }) => ({ $set: sealed ?? NO_DETAILS })),
  DialogPreviewChanged: change('DialogPreviewChanged', ({ allowPreview }) => ({ $set: { allowPreview } })),
  DialogOccupantsAdded: change('DialogOccupantsAdded', added),
  DialogOccupantsRemoved: change('DialogOccupantsRemoved', removed),
  DialogAdminsChanged: change('DialogAdminsChanged', ({ admins }) => ({ $set: { admins } })),
  DialogPinsChanged: change('DialogPinsChanged', ({ pinned }) => ({ $set: { pinned } })),
  DialogDeleted: on('DialogDeleted', ({ dialog }) => ({ collection: DIALOGS, id: dialog, delete: true })),
  DialogHistoryDeleted: change('DialogHistoryDeleted', ({ seq }) => ({
    $set: { floor: seq, goneCount: 0, pinned: [], ...NO_LAST },
  })),
  MessageSent: change('MessageSent', ({ message, seq, dateSent, sender }) => ({
    $set: { seq, lastId: message, lastSeq: seq, lastDate: dateSent, lastSender: sender },
  })),
  MessageDeletedForAll: messageDeleted,
  // The dialog stays for the others; its owner's words do not.
  SubjectErased: (event) => [
    { collection: DIALOGS, where: { _s: erasedSubject(event) }, update: { $set: NO_DETAILS } },
  ],
}

/**
 * Dialogs, and each user's view of each (connectycube 8.2). A message is a write to its dialog and to its sender's view, however many are in
 * it: what the others have not read is a difference (see `view-events.ts`); so no index has both who is in it and what a message changes.
 * Texts of messages are not in here, only the last one's id.
 * `lastDate` is seconds, `createdAt` and `updatedAt` milliseconds since the Unix epoch.
 */
export const ccDialogs: Projection = {
  name: 'cc-dialogs',
  version: 1,
  prefixes: ['cc.dialog-', 'cc.view-', 'cc.message-', 'platform.erasure-cc.words-'],
  collections: {
    [DIALOGS]: { indexes: [{ keys: ['_s'] }, { keys: ['app', 'occupants'] }] },
    [VIEWS]: { indexes: VIEW_INDEXES },
  },
  on: joined([dialogHandlers, viewHandlers]),
}
