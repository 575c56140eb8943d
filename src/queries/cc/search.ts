import type { Filter } from '../../documents/port.ts'
import { DIALOG_TYPES } from '../../domain/cc/dialog-events.ts'
import type { Reader } from '../reader.ts'
import { dialogOf, DIALOGS, type DialogDocument } from './dialog-documents.ts'
import { namesFor } from './dialog-names.ts'
import { viewsOfUser } from './dialog-views.ts'
import { visibleTo, type MyDialog } from './dialogs.ts'
import { behindOf, messagesWhere, type MessageDocument } from './messages.ts'

export type Search = {
  readonly text: string
  /** Only in these; all that he sees if there are none. */
  readonly dialogs: readonly string[]
  /** Seconds since the Unix epoch, both included. */
  readonly newest?: number
  readonly oldest?: number
  readonly limit: number
}

export type Found = {
  readonly dialogs: readonly DialogDocument[]
  readonly messages: readonly MessageDocument[]
}

/** Connectycube 8.6: what has the text in it, as it is written, of what the user sees; newest first. */
export const searchFor = async (
  reader: Pick<Reader, 'find'>,
  app: number,
  user: number,
  search: Search,
): Promise<Found> => {
  const contains = { $regex: literal(search.text) }
  const visible = await visibleTo(reader, app, user)
  const among =
    search.dialogs.length === 0 ? visible : { $and: [visible, { _id: { $in: [...search.dialogs] } }] }
  const mine = await withViews(reader, user, await dialogsWhere(reader, among, DIALOGS_MAX))
  const shared = { $and: [among, { type: { $ne: DIALOG_TYPES.private }, name: contains }] }
  const named = await dialogsWhere(reader, shared, search.limit)
  const pairs = await pairsNamed(reader, { app, user, text: search.text }, mine)
  const messages =
    mine.length === 0
      ? []
      : await messagesWhere(
          reader,
          { ...placesOf(mine, user), ...sentIn(search), text: contains },
          { sort: [['dateSent', -1]], limit: search.limit },
        )
  return { dialogs: [...named, ...pairs].sort(newestFirst).slice(0, search.limit), messages }
}

/** Of whoever has more, those are searched that were written in last. */
const DIALOGS_MAX = 500

/** Private dialogs are called what the opponent is called now: no dialog's document says that. */
const pairsNamed = async (
  reader: Pick<Reader, 'find'>,
  { app, user, text }: { readonly app: number; readonly user: number; readonly text: string },
  mine: readonly MyDialog[],
): Promise<readonly DialogDocument[]> => {
  const pairs = mine.flatMap(({ dialog }) => (dialog.type === DIALOG_TYPES.private ? [dialog] : []))
  const names = await namesFor(reader, app, user, pairs)
  return pairs.filter(({ _id }) => names.get(_id)?.includes(text) === true)
}

const newestFirst = (a: DialogDocument, b: DialogDocument): number => (b.lastDate ?? 0) - (a.lastDate ?? 0)

const literal = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')

const dialogsWhere = async (
  reader: Pick<Reader, 'find'>,
  filter: Filter,
  limit: number,
): Promise<readonly DialogDocument[]> => {
  const dialogs: DialogDocument[] = []
  for await (const page of reader.find(DIALOGS, filter, { sort: [['lastDate', -1]], limit }))
    dialogs.push(...page.flatMap((document) => dialogOf(document) ?? []))
  return dialogs
}

const withViews = async (
  reader: Pick<Reader, 'find'>,
  user: number,
  dialogs: readonly DialogDocument[],
): Promise<readonly MyDialog[]> => {
  const views = await viewsOfUser(
    reader,
    user,
    dialogs.map(({ _id }) => _id),
  )
  return dialogs.map((dialog) => ({ dialog, view: views.get(dialog._id) }))
}

/** One condition for all of them; where something was cleared, for him or for all, that is left out. */
const placesOf = (mine: readonly MyDialog[], user: number): Filter => {
  const cleared = mine.flatMap((one) =>
    behindOf(one) === 0 ? [] : [{ dialog: one.dialog._id, seq: { $lte: behindOf(one) } }],
  )
  return {
    dialog: { $in: mine.map(({ dialog }) => dialog._id) },
    hiddenFor: { $ne: user },
    ...(cleared.length === 0 ? {} : { $nor: cleared }),
  }
}

const sentIn = ({ newest, oldest }: Search): Filter => {
  const bounds = {
    ...(oldest === undefined ? {} : { $gte: oldest }),
    ...(newest === undefined ? {} : { $lte: newest }),
  }
  return Object.keys(bounds).length === 0 ? {} : { dateSent: bounds }
}
