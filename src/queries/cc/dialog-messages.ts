import type { Document, Filter, SortKey } from '../../documents/port.ts'
import { DIALOG_TYPES } from '../../domain/cc/dialog-events.ts'
import { viewId } from '../../domain/cc/names.ts'
import type { Reader } from '../reader.ts'
import type { DialogDocument } from './dialog-documents.ts'
import { findViews, hasRead, hasReceived, VIEWS, viewOf, type DialogView } from './dialog-views.ts'
import type { MyDialog } from './dialogs.ts'
import { isVisible, messagesWhere, visibleIn, type MessageDocument } from './messages.ts'

export type LastStatus = 'read' | 'delivered' | 'sent'

/**
 * The last message of each that is there for the user: looked at by its id, so that it is as it was edited; another is searched only if
 * that one was deleted or hidden.
 */
export const lastMessages = async (
  reader: Pick<Reader, 'find'>,
  dialogs: readonly MyDialog[],
  user: number,
): Promise<ReadonlyMap<string, MessageDocument>> => {
  const shown = dialogs.filter(
    ({ dialog, view }) => dialog.lastId !== null && (dialog.lastSeq ?? 0) > (view?.clearedSeq ?? 0),
  )
  const ids = shown.flatMap(({ dialog }) => dialog.lastId ?? [])
  const byId = new Map(
    (await messagesWhere(reader, { _id: { $in: ids } })).map((message) => [message._id, message]),
  )
  const found = new Map<string, MessageDocument>()
  await Promise.all(
    shown.map(async (mine) => {
      const last = byId.get(mine.dialog.lastId ?? '')
      const message =
        last !== undefined && isVisible(last, mine, user) ? last : await newest(reader, mine, user)
      if (message !== undefined) found.set(mine.dialog._id, message)
    }),
  )
  return found
}

const newest = async (
  reader: Pick<Reader, 'find'>,
  mine: MyDialog,
  user: number,
): Promise<MessageDocument | undefined> =>
  (await messagesWhere(reader, visibleIn(mine, user), { sort: [['seq', -1]], limit: 1 }))[0]

type Sent = { readonly dialog: DialogDocument; readonly last: MessageDocument }

/** Of last messages that are the user's own: what has become of them with the others (connectycube 8.2). */
export const lastStatuses = async (
  reader: Pick<Reader, 'find'>,
  sent: readonly Sent[],
): Promise<ReadonlyMap<string, LastStatus>> => {
  const small = sent.filter(isSmall)
  const views = new Map((await findViews(reader, small.flatMap(otherViews))).map((view) => [view._id, view]))
  const statuses = await Promise.all(
    sent.map(async (one): Promise<readonly [string, LastStatus]> => {
      const { dialog, last } = one
      const others = isSmall(one) ? otherViews(one).map((id) => views.get(id)) : undefined
      return [dialog._id, others?.length ? statusFor(others, last.seq) : await statusAmong(reader, one)]
    }),
  )
  return new Map(statuses)
}

/** Of so few all views are read at once with those of other dialogs: reading one costs a tenth of searching. */
const OTHERS_READ_MAX = 8

const isSmall = ({ dialog: { type, occupants } }: Sent): boolean =>
  type !== DIALOG_TYPES.broadcast && occupants.length > 1 && occupants.length <= OTHERS_READ_MAX + 1

const otherViews = ({ dialog, last }: Sent): readonly string[] =>
  dialog.occupants.flatMap((user) => (user === last.sender ? [] : [viewId(dialog._id, user)]))

const statusFor = (views: readonly (DialogView | undefined)[], seq: number): LastStatus => {
  if (views.every((view) => view !== undefined && hasRead(view, seq))) return 'read'
  return views.some((view) => view !== undefined && hasReceived(view, seq)) ? 'delivered' : 'sent'
}

/** Looks until it finds one who has not read it, and one who has it: not at everybody. Of a broadcast nobody can say who has not. */
const statusAmong = async (
  reader: Pick<Reader, 'find'>,
  { dialog, last: { seq, sender } }: Sent,
): Promise<LastStatus> => {
  const { _id, type, occupantsCount } = dialog
  if (type !== DIALOG_TYPES.broadcast && occupantsCount < 2) return 'sent'
  const isOther = ({ user }: DialogView): boolean => user !== sender
  if (type !== DIALOG_TYPES.broadcast) {
    const behind = { dialog: _id, isMember: true, readSeq: { $lt: seq } }
    const isBehind = (view: DialogView): boolean => isOther(view) && !hasRead(view, seq)
    if (!(await isThere(reader, behind, [['readSeq', 1]], isBehind))) return 'read'
  }
  const later = { dialog: _id, isMember: true, lastReceived: { $gte: seq } }
  const has = (view: DialogView): boolean => isOther(view) && hasReceived(view, seq)
  return (await isThere(reader, later, [['lastReceived', -1]], has)) ? 'delivered' : 'sent'
}

/** One of the first is nearly always the one. In the order of an index, so that no more is looked at. */
const isThere = async (
  reader: Pick<Reader, 'find'>,
  filter: Filter,
  sort: readonly SortKey[],
  isIt: (view: DialogView) => boolean,
): Promise<boolean> => {
  for (const few of [{ limit: FIRST }, { skip: FIRST }])
    for await (const page of reader.find(VIEWS, filter, { sort, ...few })) {
      if (page.some((document) => isItsView(document, isIt))) return true
      if ('limit' in few && page.length < FIRST) return false
    }
  return false
}

const FIRST = 3

const isItsView = (document: Document, isIt: (view: DialogView) => boolean): boolean => {
  const view = viewOf(document)
  return view !== undefined && isIt(view)
}
