import * as t from 'io-ts'
import type { Document, Filter, FindOptions } from '../../documents/port.ts'
import { JsonValue, nullable } from '../../domain/cc/codec.ts'
import { DIALOG_TYPES } from '../../domain/cc/dialog-events.ts'
import type { Previous } from '../../domain/cc/message.ts'
import { viewId } from '../../domain/cc/names.ts'
import { goneFrom, reactionKind, reactionUser } from '../../domain/cc/shown-messages.ts'
import { CONNECTYCUBE_PREVIEW_MESSAGES, CONNECTYCUBE_READERS_SHOWN_MAX } from '../../limits.ts'
import type { Reader } from '../reader.ts'
import type { DialogDocument } from './dialog-documents.ts'
import { findViews, hasRead, hasReceived, viewsOfDialog, type DialogView } from './dialog-views.ts'
import type { MyDialog } from './dialogs.ts'

export const MESSAGES = 'cc_messages'

const Users = t.readonlyArray(t.number)
const Stored = t.intersection([
  t.type({
    _id: t.string,
    app: t.number,
    live: t.literal(true),
    dialog: t.string,
    seq: t.number,
    sender: t.number,
    recipient: t.number,
    text: nullable(t.string),
    attachments: nullable(t.readonlyArray(JsonValue)),
    params: nullable(t.record(t.string, JsonValue)),
    /** Seconds since the Unix epoch; the others are milliseconds. */
    dateSent: t.number,
    createdAt: t.number,
    updatedAt: t.number,
    hiddenFor: Users,
    /** By user, then by kind; see `shown-messages.ts`. */
    reactions: t.record(t.string, t.record(t.string, t.literal(true))),
  }),
  t.partial({ editedAt: t.number }),
])

/** A message that is there, as `projections/cc/messages.ts` keeps it. */
export type MessageDocument = t.TypeOf<typeof Stored>

export const messagesWhere = async (
  reader: Pick<Reader, 'find'>,
  filter: Filter,
  options?: FindOptions,
): Promise<readonly MessageDocument[]> => {
  const messages: MessageDocument[] = []
  for await (const page of reader.find(MESSAGES, filter, options)) messages.push(...page.filter(isStored))
  return messages
}

const isStored = (document: Document): document is Document & MessageDocument => Stored.is(document)

/** Those of the application that are there, by id. */
export const findMessages = async (
  reader: Pick<Reader, 'find'>,
  app: number,
  ids: readonly string[],
): Promise<ReadonlyMap<string, MessageDocument>> => {
  const found = ids.length === 0 ? [] : await messagesWhere(reader, { _id: { $in: [...new Set(ids)] } })
  return new Map(found.flatMap((message) => (message.app === app ? [[message._id, message]] : [])))
}

/** Messages of a dialog that are there for the user. Of who has hidden none it says no more than what an index knows. */
export const visibleIn = (mine: MyDialog, user: number): Filter => {
  const from = behindOf(mine)
  return {
    dialog: mine.dialog._id,
    ...(mine.view?.hides === true ? { hiddenFor: { $ne: user } } : {}),
    ...(from === 0 ? {} : { seq: { $gt: from } }),
  }
}

export const isVisible = (message: MessageDocument, mine: MyDialog, user: number): boolean =>
  !message.hiddenFor.includes(user) && message.seq > behindOf(mine)

/** Up to there nothing is there for him. */
export const behindOf = ({ dialog, view }: MyDialog): number => Math.max(dialog.floor, view?.clearedSeq ?? 0)

/** The last ones, oldest first: what strangers may look at (connectycube 8.6). */
export const previewOf = async (
  reader: Pick<Reader, 'find'>,
  filter: Filter,
): Promise<readonly MessageDocument[]> => {
  const page = { sort: [['seq', -1]], limit: CONNECTYCUBE_PREVIEW_MESSAGES } as const
  return [...(await messagesWhere(reader, filter, page))].reverse()
}

/** If it is the dialog's last one: the newest that is there without it, or null. */
export const previousOf = async (
  reader: Pick<Reader, 'find'>,
  { lastId, floor }: DialogDocument,
  { _id, dialog, seq }: MessageDocument,
): Promise<Previous | null | undefined> => {
  if (lastId !== _id) return undefined
  const below = { dialog, seq: { $gt: floor, $lt: seq } }
  const [left] = await messagesWhere(reader, below, { sort: [['seq', -1]], limit: 1 })
  if (left === undefined) return null
  return { message: left._id, seq: left.seq, dateSent: left.dateSent, sender: left.sender }
}

export type Gone = { readonly mine: readonly number[]; readonly others: readonly number[] }

/** Numbers of those between `from` and `to` that were deleted for all: they fill the gaps between the ones that are there. */
export const goneBetween = async (
  reader: Pick<Reader, 'find'>,
  dialog: string,
  { from, to, user }: { readonly from: number; readonly to: number; readonly user: number },
): Promise<Gone> => {
  const mine: number[] = []
  const others: number[] = []
  const filter = { dialog: goneFrom(dialog), seq: { $gt: from, $lt: to } }
  for await (const page of reader.find(MESSAGES, filter, { fields: ['seq', 'sender'], limit: GAPS_MAX }))
    for (const { seq, sender } of page)
      if (typeof seq === 'number') (sender === user ? mine : others).push(seq)
  return { mine, others }
}

/** A page of messages that many are gone between is read with gaps. */
const GAPS_MAX = 1_000

/** Who has read and received messages of a dialog. */
export type Marks = {
  /** The sender first, who has from the start, then the others, ascending. */
  readonly readBy: (message: Pick<MessageDocument, 'seq' | 'sender'>) => readonly number[]
  readonly deliveredTo: (message: Pick<MessageDocument, 'seq' | 'sender'>) => readonly number[]
  /** Whether all others that are in the dialog have; of a broadcast nobody can say. */
  readonly isReadByAll: (message: Pick<MessageDocument, 'seq' | 'sender'>) => boolean
  /** For whom it is gone because they cleared the history. */
  readonly clearedFor: (message: Pick<MessageDocument, 'seq'>) => readonly number[]
}

/** Put together from the views of its members, of whom a public dialog may have more than are looked at. */
export const marksOf = async (
  reader: Pick<Reader, 'find'>,
  dialog: Pick<DialogDocument, '_id' | 'type' | 'occupants' | 'occupantsCount'>,
): Promise<Marks> => marksFrom(dialog, await memberViews(reader, dialog))

/** Of a message that was just sent. */
export const NO_MARKS: Marks = {
  readBy: ({ sender }) => [sender],
  deliveredTo: ({ sender }) => [sender],
  isReadByAll: () => false,
  clearedFor: () => [],
}

const memberViews = async (
  reader: Pick<Reader, 'find'>,
  { _id, type, occupants }: Pick<DialogDocument, '_id' | 'type' | 'occupants'>,
): Promise<readonly DialogView[]> => {
  if (type === DIALOG_TYPES.private)
    return findViews(
      reader,
      occupants.map((user) => viewId(_id, user)),
    )
  const views: DialogView[] = []
  for await (const page of viewsOfDialog(reader, _id)) {
    views.push(...page)
    if (views.length >= CONNECTYCUBE_READERS_SHOWN_MAX) break
  }
  return views
}

const marksFrom = (
  { type, occupantsCount }: Pick<DialogDocument, 'type' | 'occupantsCount'>,
  views: readonly DialogView[],
): Marks => {
  const sorted = [...views].sort((a, b) => a.user - b.user)
  const usersWho = (
    { seq, sender }: Pick<MessageDocument, 'seq' | 'sender'>,
    has: (view: DialogView, seq: number) => boolean,
  ): readonly number[] => [
    sender,
    ...sorted.flatMap((view) => (view.user !== sender && has(view, seq) ? [view.user] : [])),
  ]
  const members = new Set(views.map(({ user }) => user))
  return {
    readBy: (message) => usersWho(message, hasRead),
    deliveredTo: (message) => usersWho(message, hasReceived),
    isReadByAll: (message) => {
      const others = occupantsCount - (members.has(message.sender) ? 1 : 0)
      return type !== DIALOG_TYPES.broadcast && others > 0 && usersWho(message, hasRead).length > others
    },
    clearedFor: ({ seq }) => sorted.flatMap(({ clearedSeq, user }) => (seq <= clearedSeq ? [user] : [])),
  }
}

/** Who gave which reactions, ascending; kinds that nobody gives any more are not there (connectycube 8.6). */
export const reactionsTo = ({
  reactions,
}: Pick<MessageDocument, 'reactions'>): ReadonlyMap<string, readonly number[]> => {
  const given = new Map<string, number[]>()
  const users = Object.keys(reactions).sort((one, other) => reactionUser(one) - reactionUser(other))
  for (const key of users)
    for (const kind of Object.keys(reactions[key] ?? {}).map(reactionKind)) {
      const givers = given.get(kind)
      if (givers === undefined) given.set(kind, [reactionUser(key)])
      else givers.push(reactionUser(key))
    }
  return given
}
