import type * as t from 'io-ts'
import {
  DIALOG_TYPES,
  dialogEvents,
  type DIALOG_EVENTS,
  type DialogType,
} from '../../src/domain/cc/dialog-events.ts'
import { messageEvents } from '../../src/domain/cc/message-events.ts'
import { viewId } from '../../src/domain/cc/names.ts'
import { viewEvents, type VIEW_EVENTS } from '../../src/domain/cc/view-events.ts'
import type { Index, Update } from '../../src/documents/port.ts'
import type { StoredEvent } from '../../src/history/port.ts'
import type { Json, JsonObject } from '../../src/json.ts'
import type { ProjectedWrite } from '../../src/projecting/projection.ts'
import type { Handlers } from './handlers.ts'

export const VIEWS = 'cc_dialog_views'

/**
 * `counts` is the dialog where unread messages are counted, and missing where they are not (types 1 and 4); `hiddenIn` and `silentIn` are the
 * dialog for whom it is hidden, or who wants no pushes, and else missing.
 */
export const VIEW_INDEXES: readonly Index[] = [
  { keys: ['dialog', 'isMember', 'user'] },
  { keys: ['dialog', 'isMember', 'readSeq'] },
  { keys: ['dialog', 'isMember', 'lastReceived'] },
  { keys: ['hiddenIn'] },
  { keys: ['silentIn'] },
  { keys: ['app', 'user', 'isHidden'] },
  { keys: ['app', 'user', 'type', 'isMember'] },
]

type DialogData<T extends keyof typeof DIALOG_EVENTS> = t.TypeOf<(typeof DIALOG_EVENTS)[T]>
type ViewEventType = keyof typeof VIEW_EVENTS
type ViewData<T extends ViewEventType> = t.TypeOf<(typeof VIEW_EVENTS)[T]>

type Whose = {
  readonly app: number
  readonly dialog: string
  readonly type: DialogType
  readonly user: number
}

/** Of somebody who has read nothing behind `floor`. */
const fresh = ({ app, dialog, type, user }: Whose, floor: number): ProjectedWrite => ({
  collection: VIEWS,
  id: viewId(dialog, user),
  put: {
    ...{ app, dialog, type, user },
    ...(isCounted(type) ? { counts: dialog } : {}),
    isMember: true,
    isHidden: false,
    notifies: true,
    sent: 0,
    readSeq: floor,
    readOwn: 0,
    startSeq: floor,
    read: [],
    deliveredSeq: floor,
    delivered: [],
    lastReceived: 0,
    gone: [],
    goneSeen: 0,
    hiddenSeqs: [],
    clearedSeq: 0,
  },
})

const isCounted = (type: DialogType): boolean =>
  type !== DIALOG_TYPES.broadcast && type !== DIALOG_TYPES.public

const one = (dialog: string, user: number, update: Update): ProjectedWrite => ({
  collection: VIEWS,
  id: viewId(dialog, user),
  update,
})

const SHOWN = { $set: { isHidden: false }, $unset: { hiddenIn: '' } } as const

const added = (data: DialogData<'DialogOccupantsAdded'>): readonly ProjectedWrite[] => {
  const { app, dialog, dialogType: type, users, floor } = data
  const returning = new Set(data.returning)
  return users.map((user) =>
    returning.has(user)
      ? one(dialog, user, { $set: { isMember: true, ...SHOWN.$set }, $unset: SHOWN.$unset })
      : fresh({ app, dialog, type, user }, floor),
  )
}

/** A private dialog that was hidden is there again for both. */
const sent = (data: DialogData<'MessageSent'>): readonly ProjectedWrite[] => {
  const { dialog, dialogType, sender, recipient, own } = data
  if (dialogType !== DIALOG_TYPES.private) return [one(dialog, sender, { $set: { sent: own } })]
  return [
    one(dialog, sender, { $set: { sent: own, ...SHOWN.$set }, $unset: SHOWN.$unset }),
    ...(recipient === 0 ? [] : [one(dialog, recipient, SHOWN)]),
  ]
}

/** As if everybody had read all of it and nobody had written: `own` begins anew. */
const historyDeleted = ({ dialog, seq }: DialogData<'DialogHistoryDeleted'>): ProjectedWrite => ({
  collection: VIEWS,
  where: { dialog, counts: dialog },
  update: {
    $set: {
      ...{ readSeq: seq, readOwn: 0, sent: 0, startSeq: NOT_FRESH },
      ...{ read: [], delivered: [], gone: [], goneSeen: 0, hiddenSeqs: [] },
    },
    $max: { deliveredSeq: seq },
  },
})

/** No watermark is that low: what was deleted before this view began is nothing to it. */
const NOT_FRESH = -1

/** Whoever has not read so far, one by one neither, has one unread message less; the others count only that it is gone. */
const messageDeleted = (event: StoredEvent): readonly ProjectedWrite[] => {
  const { dialog, seq, sender } = messageEvents.dataOf('MessageDeletedForAll', event)
  const where = { dialog, counts: dialog, isMember: { $in: [true, false] }, readSeq: { $lt: seq } }
  const isRead = { $elemMatch: { from: { $lte: seq }, to: { $gte: seq } } }
  const $inc = { goneSeen: 1 }
  return [
    {
      collection: VIEWS,
      where: { ...where, user: { $ne: sender }, read: { $not: isRead }, hiddenSeqs: { $ne: seq } },
      update: { $inc, $push: { gone: seq } },
    },
    {
      collection: VIEWS,
      where: { ...where, $or: [{ user: sender }, { read: isRead }, { hiddenSeqs: seq }] },
      update: { $inc },
    },
  ]
}

const on =
  <T extends ViewEventType>(type: T, write: (data: ViewData<T>) => readonly ProjectedWrite[]) =>
  (event: StoredEvent): readonly ProjectedWrite[] =>
    write(viewEvents.dataOf(type, event))

const change = <T extends ViewEventType>(type: T, update: (data: ViewData<T>) => Update) =>
  on(type, (data) => [one(data.dialog, data.user, update(data))])

const passed = (seq: number): JsonObject => ({ to: { $lte: seq } })

const readUpTo = ({ seq, own }: { readonly seq: number; readonly own: number }): Update => ({
  $set: { readSeq: seq, readOwn: own },
  $max: { lastReceived: seq },
  $pull: {
    read: passed(seq),
    delivered: passed(seq),
    gone: { $lte: seq },
    hiddenSeqs: { $lte: seq },
  },
})

/** A watermark that was taken before the history went for all, and came after it, says nothing any more. */
const ifAbove = (
  { dialog, user, seq }: { readonly dialog: string; readonly user: number; readonly seq: number },
  update: Update,
): ProjectedWrite => ({
  collection: VIEWS,
  where: { _id: viewId(dialog, user), readSeq: { $lt: seq } },
  update,
})

const cleared = (data: ViewData<'HistoryCleared'>): readonly ProjectedWrite[] => {
  const { dialog, user, seq } = data
  const { $set, ...others } = readUpTo(data)
  const clearedSeq: { readonly [field: string]: Json } = { clearedSeq: seq }
  return [
    ifAbove(data, { ...others, $set: { ...$set, ...clearedSeq } }),
    {
      collection: VIEWS,
      where: { _id: viewId(dialog, user), readSeq: { $gte: seq } },
      update: { $set: clearedSeq },
    },
  ]
}

export const viewHandlers: Handlers = {
  DialogCreated: (event) => {
    const { app, dialog, type, occupants } = dialogEvents.dataOf('DialogCreated', event)
    return type === DIALOG_TYPES.broadcast
      ? []
      : occupants.map((user) => fresh({ app, dialog, type, user }, 0))
  },
  DialogOccupantsAdded: (event) => added(dialogEvents.dataOf('DialogOccupantsAdded', event)),
  DialogOccupantsRemoved: (event) => {
    const { dialog, users } = dialogEvents.dataOf('DialogOccupantsRemoved', event)
    return users.map((user) => one(dialog, user, { $set: { isMember: false } }))
  },
  DialogDeleted: (event) => {
    const { dialog } = dialogEvents.dataOf('DialogDeleted', event)
    return [{ collection: VIEWS, where: { dialog }, delete: true }]
  },
  DialogHistoryDeleted: (event) => [historyDeleted(dialogEvents.dataOf('DialogHistoryDeleted', event))],
  MessageSent: (event) => sent(dialogEvents.dataOf('MessageSent', event)),
  MessageDeletedForAll: messageDeleted,
  ViewOpened: on('ViewOpened', ({ app, dialog, user }) => [
    fresh({ app, dialog, user, type: DIALOG_TYPES.broadcast }, 0),
  ]),
  DialogReadUpTo: on('DialogReadUpTo', (data) => [ifAbove(data, readUpTo(data))]),
  MessagesRead: change('MessagesRead', ({ seqs, spans }) => ({
    $set: { read: spans },
    $max: { lastReceived: Math.max(...seqs) },
    // Deleted or hidden meanwhile: they are counted once.
    $pull: { gone: { $in: seqs }, hiddenSeqs: { $in: seqs } },
  })),
  DialogDeliveredUpTo: change('DialogDeliveredUpTo', ({ seq }) => ({
    $max: { deliveredSeq: seq, lastReceived: seq },
    $pull: { delivered: passed(seq) },
  })),
  MessagesDelivered: change('MessagesDelivered', ({ seqs, seq, spans }) => ({
    $max: { deliveredSeq: seq, lastReceived: Math.max(...seqs) },
    $set: { delivered: spans },
  })),
  MessagesHidden: change('MessagesHidden', ({ messages }) => ({
    $addToSet: { hiddenSeqs: { $each: messages.flatMap(({ seq, counted }) => (counted ? [seq] : [])) } },
    $set: { hides: true },
  })),
  HistoryCleared: on('HistoryCleared', cleared),
  DialogHidden: change('DialogHidden', ({ dialog }) => ({ $set: { isHidden: true, hiddenIn: dialog } })),
  DialogShown: change('DialogShown', () => SHOWN),
  NotificationsToggled: change('NotificationsToggled', ({ dialog, enabled }) =>
    enabled
      ? { $set: { notifies: true }, $unset: { silentIn: '' } }
      : { $set: { notifies: false, silentIn: dialog } },
  ),
}
