import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { compileFilter } from '../../documents/filter.ts'
import { orderOf } from '../../documents/order.ts'
import type { Filter, SortKey } from '../../documents/port.ts'
import { ADMINISTRATOR } from '../../domain/cc/dialog.ts'
import { DIALOG_TYPES } from '../../domain/cc/dialog-events.ts'
import { rejection, type Rejection } from '../../domain/rejection.ts'
import { mergedPages } from '../merged-pages.ts'
import type { Reader } from '../reader.ts'
import { dialogOf, DIALOGS, type DialogDocument } from './dialog-documents.ts'
import { namesFor } from './dialog-names.ts'
import { findView, VIEWS, type DialogView } from './dialog-views.ts'

export type MyDialog = { readonly dialog: DialogDocument; readonly view: DialogView | undefined }

/** Of any application's: 404 if it is another's. */
export const findDialog = async (
  reader: Pick<Reader, 'get'>,
  app: number,
  id: string,
): Promise<DialogDocument | undefined> => {
  const dialog = dialogOf((await reader.get(DIALOGS, id))?.value)
  return dialog?.app === app ? dialog : undefined
}

/** A dialog that the user is in: `NotFound` if there is none, `Forbidden` if he is not (connectycube 8.3). */
export const dialogFor = async (
  reader: Pick<Reader, 'get'>,
  app: number,
  id: string,
  me: number,
): Promise<Either<Rejection, MyDialog>> => {
  const dialog = await findDialog(reader, app, id)
  if (dialog === undefined) return E.left(rejection('NotFound', 'no_dialog'))
  const view = await findView(reader, id, me)
  return isMember({ dialog, view }, me)
    ? E.right({ dialog, view })
    : E.left(rejection('Forbidden', 'not_an_occupant'))
}

/** Dialogs among the ids that the user is in, with his views: the others are left out. */
export const dialogsFor = async (
  reader: Pick<Reader, 'get'>,
  app: number,
  ids: readonly string[],
  me: number,
): Promise<readonly MyDialog[]> => {
  const found = await Promise.all([...new Set(ids)].map((id) => dialogFor(reader, app, id, me)))
  return found.flatMap((one) => (E.isRight(one) ? [one.right] : []))
}

export const isMember = ({ dialog, view }: MyDialog, user: number): boolean => {
  if (user === ADMINISTRATOR || dialog.type === DIALOG_TYPES.broadcast) return true
  return dialog.type === DIALOG_TYPES.public ? view?.isMember === true : dialog.occupants.includes(user)
}

/** Whom a broadcast dialog lists. */
const EVERYBODY = 0

/**
 * What the user sees in his list (connectycube 8.2), as conditions on dialogs of which no two are true of the same: what he is in and has not
 * hidden. Of public dialogs his subscriptions say it, of the others the dialogs themselves.
 */
const sourcesFor = async (
  reader: Pick<Reader, 'find'>,
  app: number,
  user: number,
): Promise<readonly Filter[]> => {
  const [hidden, subscribed] = await Promise.all([
    dialogIds(reader, { app, user, isHidden: true }),
    dialogIds(reader, { app, user, type: DIALOG_TYPES.public, isMember: true }),
  ])
  const shown = hidden.length === 0 ? {} : { _id: { $nin: hidden } }
  return [
    { app, occupants: user, ...shown },
    { app, occupants: EVERYBODY, ...shown },
    ...(subscribed.length === 0 ? [] : [{ app, _id: { $in: subscribed } }]),
  ]
}

/** All of it as one condition. */
export const visibleTo = async (
  reader: Pick<Reader, 'find'>,
  app: number,
  user: number,
): Promise<Filter> => ({ $or: await sourcesFor(reader, app, user) })

const dialogIds = async (reader: Pick<Reader, 'find'>, filter: Filter): Promise<readonly string[]> => {
  const ids: string[] = []
  for await (const page of reader.find(VIEWS, filter, { fields: ['dialog'] }))
    for (const { dialog } of page) if (typeof dialog === 'string') ids.push(dialog)
  return ids
}

export type Page = { readonly sort: readonly SortKey[]; readonly skip: number; readonly limit: number }
export type DialogPage = { readonly total: number; readonly dialogs: readonly DialogDocument[] }

/** Newest last message first, dialogs without messages behind them by their creation (connectycube 8.4). */
export const NEWEST_FIRST: readonly SortKey[] = [
  ['lastDate', -1],
  ['createdAt', -1],
]

type Finder = Pick<Reader, 'find' | 'count'>
type Mine = { readonly app: number; readonly user: number; readonly filter: Filter }

/** A page of the user's dialogs: in the usual order as many are read as are shown, however many he has. */
export const pageOfMine = async (
  reader: Finder,
  { app, user, filter }: Mine,
  page: Page,
): Promise<DialogPage> => {
  const sources = (await sourcesFor(reader, app, user)).map((source) => narrowed(source, filter))
  return pageOf(reader, sources, page)
}

export const countOfMine = async (reader: Finder, { app, user, filter }: Mine): Promise<number> =>
  countOf(
    reader,
    (await sourcesFor(reader, app, user)).map((source) => narrowed(source, filter)),
  )

/** A page of all dialogs of an application. */
export const pageOfAll = (reader: Finder, app: number, filter: Filter, page: Page): Promise<DialogPage> =>
  pageOf(reader, [narrowed({ app }, filter)], page)

const narrowed = (source: Filter, filter: Filter): Filter =>
  Object.keys(filter).length === 0 ? source : { $and: [source, filter] }

const pageOf = async (
  reader: Finder,
  sources: readonly Filter[],
  { sort, skip, limit }: Page,
): Promise<DialogPage> => {
  const merged = mergedPages(
    sources.map((source) => ({
      pages: reader.find(DIALOGS, source, { sort, limit: skip + limit }),
      shown: (document) => document,
    })),
    { order: orderOf(sort), skip, limit, project: (document) => document },
  )
  const dialogs: DialogDocument[] = []
  for await (const found of merged) dialogs.push(...found.flatMap((document) => dialogOf(document) ?? []))
  // A page that is not full says how many there are, unless it is behind the end.
  const isLast = dialogs.length < limit && (dialogs.length > 0 || skip === 0)
  return { dialogs, total: isLast ? skip + dialogs.length : await countOf(reader, sources) }
}

const countOf = async (reader: Finder, sources: readonly Filter[]): Promise<number> =>
  (await Promise.all(sources.map((source) => reader.count(DIALOGS, source)))).reduce(
    (sum, count) => sum + count,
    0,
  )

/** The same where names count: those of private dialogs are the opponents', so all of the user's dialogs are looked at. */
export const pageByNames = async (
  reader: Pick<Reader, 'find'>,
  { app, user, filter }: Mine,
  page: Page,
): Promise<DialogPage> => {
  const all: DialogDocument[] = []
  for await (const found of reader.find(DIALOGS, await visibleTo(reader, app, user)))
    all.push(...found.flatMap((document) => dialogOf(document) ?? []))
  const names = await namesFor(reader, app, user, all)
  const matches = compileFilter(filter)
  const order = orderOf(page.sort)
  const byId = new Map(all.map((dialog) => [dialog._id, dialog]))
  const sorted = all
    .map((dialog) => ({ ...dialog, name: names.get(dialog._id) ?? null }))
    .filter(matches)
    .map((dialog) => order.sortable(dialog))
    .sort(order.compare)
  return {
    total: sorted.length,
    dialogs: sorted.slice(page.skip, page.skip + page.limit).flatMap(({ id }) => byId.get(id) ?? []),
  }
}
