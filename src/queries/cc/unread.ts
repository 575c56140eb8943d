import { DIALOG_TYPES } from '../../domain/cc/dialog-events.ts'
import type { Reader } from '../reader.ts'
import { dialogOf, DIALOGS } from './dialog-documents.ts'
import { unreadOf, VIEWS, viewOf, type DialogView } from './dialog-views.ts'

export type Unread = {
  /** Of all his dialogs of the types that are counted. */
  readonly total: number
  readonly byDialog: ReadonlyMap<string, number>
}

const COUNTED_TYPES = [DIALOG_TYPES.group, DIALOG_TYPES.private, DIALOG_TYPES.meeting]

/** What the user has not read (connectycube 8.6), as it is counted in his dialogs: two documents a dialog, however long it is. */
export const unreadCounts = async (
  reader: Pick<Reader, 'find'>,
  app: number,
  user: number,
): Promise<Unread> => {
  const byDialog = new Map<string, number>()
  const mine = { app, user, type: { $in: COUNTED_TYPES }, isMember: true, isHidden: false }
  for await (const page of reader.find(VIEWS, mine)) {
    const views = page.flatMap((document) => viewOf(document) ?? [])
    for (const [dialog, count] of await countsOf(reader, views)) byDialog.set(dialog, count)
  }
  return { total: [...byDialog.values()].reduce((sum, count) => sum + count, 0), byDialog }
}

const countsOf = async (
  reader: Pick<Reader, 'find'>,
  views: readonly DialogView[],
): Promise<readonly (readonly [string, number])[]> => {
  const byDialog = new Map(views.map((view) => [view.dialog, view]))
  const counts: (readonly [string, number])[] = []
  for await (const page of reader.find(DIALOGS, { _id: { $in: [...byDialog.keys()] } }))
    for (const dialog of page.flatMap((document) => dialogOf(document) ?? []))
      counts.push([dialog._id, unreadOf(dialog, byDialog.get(dialog._id)) ?? 0])
  return counts
}
