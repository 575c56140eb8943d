import * as t from 'io-ts'
import type { Document, Filter } from '../../documents/port.ts'
import { viewId } from '../../domain/cc/names.ts'
import { covers } from '../../domain/cc/spans.ts'
import type { Reader } from '../reader.ts'
import type { DialogDocument } from './dialog-documents.ts'

export const VIEWS = 'cc_dialog_views'

const Span = t.type({ from: t.number, to: t.number, n: t.number, others: t.number })
const Spans = t.readonlyArray(Span)
const Seqs = t.readonlyArray(t.number)

const ViewDocument = t.intersection([
  t.type({
    _id: t.string,
    app: t.number,
    dialog: t.string,
    type: t.number,
    user: t.number,
    isMember: t.boolean,
    isHidden: t.boolean,
    /** Pushes about messages are wanted. */
    notifies: t.boolean,
    /** Messages of his in it. */
    sent: t.number,
    readSeq: t.number,
    readOwn: t.number,
    startSeq: t.number,
    /** Read above the watermark; `n` of a span are another's that were there. */
    read: Spans,
    deliveredSeq: t.number,
    delivered: Spans,
    /** The highest number that he ever got. */
    lastReceived: t.number,
    /** Others' messages above the watermark that were deleted for all since this view began, and were neither read nor hidden then. */
    gone: Seqs,
    /** Whoever's messages that were. */
    goneSeen: t.number,
    hiddenSeqs: Seqs,
    clearedSeq: t.number,
  }),
  t.partial({
    counts: t.string,
    /** He has hidden messages of it one by one, some time. */
    hides: t.literal(true),
  }),
])

/** What a user has read, hidden or switched off of a dialog; `undefined`: he did nothing with it so far (a broadcast). */
export type DialogView = t.TypeOf<typeof ViewDocument>

export const viewOf = (document: Document | undefined): DialogView | undefined =>
  ViewDocument.is(document) ? document : undefined

export const findView = async (
  reader: Pick<Reader, 'get'>,
  dialog: string,
  user: number,
): Promise<DialogView | undefined> => viewOf((await reader.get(VIEWS, viewId(dialog, user)))?.value)

/** A user's views of some dialogs, by dialog. */
export const viewsOfUser = async (
  reader: Pick<Reader, 'find'>,
  user: number,
  dialogs: readonly string[],
): Promise<ReadonlyMap<string, DialogView>> => {
  const views = await findViews(
    reader,
    dialogs.map((dialog) => viewId(dialog, user)),
  )
  return new Map(views.map((view) => [view.dialog, view]))
}

export const findViews = async (
  reader: Pick<Reader, 'find'>,
  ids: readonly string[],
): Promise<readonly DialogView[]> => {
  if (ids.length === 0) return []
  const views: DialogView[] = []
  for await (const page of reader.find(VIEWS, { _id: { $in: ids } }))
    views.push(...page.flatMap((document) => viewOf(document) ?? []))
  return views
}

/** Views of all that are in a dialog, by pages: what `read_ids` and `delivered_ids` of its messages are put together from. */
export async function* viewsOfDialog(
  reader: Pick<Reader, 'find'>,
  dialog: string,
): AsyncGenerator<readonly DialogView[]> {
  for await (const page of reader.find(VIEWS, { dialog, isMember: true }, { sort: [['user', 1]] }))
    yield page.flatMap((document) => viewOf(document) ?? [])
}

export type Exceptions = { readonly hidden: readonly number[]; readonly silent: readonly number[] }

/** Who has hidden those dialogs, and who wants no pushes about them, by dialog. */
export const exceptionsOf = async (
  reader: Pick<Reader, 'find'>,
  dialogs: readonly string[],
): Promise<ReadonlyMap<string, Exceptions>> => {
  const hidden = await usersByDialog(reader, { hiddenIn: { $in: dialogs } })
  const silent = await usersByDialog(reader, { silentIn: { $in: dialogs } })
  const usersOf = (found: readonly Whose[], dialog: string): readonly number[] =>
    found.flatMap((one) => (one.dialog === dialog ? [one.user] : [])).sort((a, b) => a - b)
  return new Map(
    dialogs.map((dialog) => [dialog, { hidden: usersOf(hidden, dialog), silent: usersOf(silent, dialog) }]),
  )
}

type Whose = { readonly dialog: string; readonly user: number }

const usersByDialog = async (reader: Pick<Reader, 'find'>, filter: Filter): Promise<readonly Whose[]> => {
  const found: Whose[] = []
  for await (const page of reader.find(VIEWS, filter, { fields: ['dialog', 'user'] }))
    for (const { dialog, user } of page)
      if (typeof dialog === 'string' && typeof user === 'number') found.push({ dialog, user })
  return found
}

/** Of another's message. */
export const hasRead = ({ readSeq, read }: DialogView, seq: number): boolean =>
  seq <= readSeq || covers(read, seq)

/** What was read was delivered. */
export const hasReceived = (view: DialogView, seq: number): boolean =>
  seq <= view.deliveredSeq || covers(view.delivered, seq) || hasRead(view, seq)

/**
 * Others' messages that the user has neither read nor hidden and that were not deleted: a difference, whatever the length of the dialog. Null where it is not
 * counted (types 1 and 4). Both documents are as of the same moment, or a later message is not counted yet.
 */
export const unreadOf = (
  { seq, goneCount }: Pick<DialogDocument, 'seq' | 'goneCount'>,
  view: DialogView | undefined,
): number | null => {
  if (view?.counts === undefined) return null
  const { readSeq, readOwn, startSeq, sent, read, gone, goneSeen, hiddenSeqs } = view
  const above = read.reduce((sum, { to, n }) => (to > readSeq ? sum + n : sum), 0)
  const loose = new Set([...gone, ...hiddenSeqs].filter((one) => one > readSeq))
  // Deleted before he came in: only while he has not read up to a moment at which he was.
  const before = readSeq === startSeq ? goneCount - goneSeen : 0
  return Math.max(0, seq - readSeq - (sent - readOwn) - above - loose.size - before)
}
