import * as E from 'fp-ts/lib/Either.js'
import { dialogEvents } from '../../domain/cc/dialog-events.ts'
import type { Content } from '../../domain/cc/message-content.ts'
import { RULES } from '../../domain/cc/rules.ts'
import type { Fact } from '../../domain/decider.ts'
import { rejection } from '../../domain/rejection.ts'
import { dialogFor, findDialog, type MyDialog } from '../../queries/cc/dialogs.ts'
import { hasRead } from '../../queries/cc/dialog-views.ts'
import { findMessages, goneBetween, type Gone, type MessageDocument } from '../../queries/cc/messages.ts'
import type { Reader } from '../../queries/reader.ts'
import { createDialogs } from './dialogs.ts'
import {
  byDialog,
  findAll,
  NO_MESSAGE,
  NO_RIGHT,
  run,
  type Answered,
  type Context,
  type MessageParts,
  type Who,
} from './message-parts.ts'
import { hide, removeForAll, type Removed } from './message-removal.ts'

/** What users do with messages (connectycube 8.6). */
export type Messages = {
  /** To a dialog, or to somebody: then their private dialog is found or made. */
  readonly send: (app: number, by: number, to: To, message: Sending) => Answered<MessageDocument>
  /** Messages that were shown to him are read; those that he had read, and his own, cost nothing. */
  readonly readPage: (
    app: number,
    by: number,
    mine: MyDialog,
    messages: readonly MessageDocument[],
  ) => Promise<void>
  /** All of them or, if one is not there or may not be edited, none. */
  readonly change: (app: number, by: number, ids: readonly string[], change: Change) => Answered<void>
  /** All that the dialog has at this moment: one event. */
  readonly markAll: (app: number, by: number, dialog: string, marks: MarkingAs) => Answered<void>
  /** For himself, or for all. */
  readonly remove: (app: number, by: number, ids: readonly string[], isForAll: boolean) => Answered<Removed>
  readonly react: (
    app: number,
    by: number,
    id: string,
    kinds: { readonly add: readonly string[]; readonly remove: readonly string[] },
  ) => Answered<void>
  /** One that is there for him. `NotFound`, or `Forbidden` if he is not in its dialog. */
  readonly find: (app: number, by: number, id: string) => Answered<MessageDocument>
}

export type To = { readonly dialog: string } | { readonly recipient: number }
export type Sending = {
  readonly content: Content
  readonly sendToChat: boolean
  readonly silent: boolean
}
export type MarkingAs = { readonly read: boolean; readonly delivered: boolean }
export type Change = MarkingAs & {
  /** They have to be in this one. */
  readonly dialog?: string
  readonly text?: string
}

export const createMessages = (parts: MessageParts): Messages => {
  const { reader } = parts
  const dialogs = createDialogs(parts)
  const context: Context = { ...parts, dialogs }
  return {
    send: (app, by, to, message) => send(context, { app, by }, to, message),
    readPage: (app, by, mine, messages) => readPage(context, { app, by }, mine, messages),
    change: (app, by, ids, change) => changeAll(context, { app, by }, ids, change),
    markAll: async (app, by, dialog, { read, delivered }) => {
      if (!read && !delivered) return E.map(nothing)(await dialogFor(reader, app, dialog, by))
      const action = { type: read ? 'ReadAll' : 'DeliverAll' } as const
      return E.map(nothing)(await dialogs.view(app, dialog, by, action))
    },
    remove: async (app, by, ids, isForAll) => {
      const who = { app, by }
      const found = await findAll(reader, who, ids)
      const sorted = [...found.values()].sort((a, b) => a.message.seq - b.message.seq)
      return isForAll ? removeForAll(context, who, ids, sorted) : hide(context, who, ids, sorted)
    },
    react: async (app, by, id, { add, remove }) => {
      const found = await findOne(reader, { app, by }, id)
      if (E.isLeft(found)) return found
      return E.map(nothing)(await run(context, { app, by }, found.right, { type: 'React', add, remove }))
    },
    find: (app, by, id) => findOne(reader, { app, by }, id),
  }
}

const nothing = (): void => undefined

const findOne = async (reader: Reader, who: Who, id: string): Answered<MessageDocument> => {
  const found = (await findAll(reader, who, [id])).get(id)
  if (found === undefined) return E.left(NO_MESSAGE)
  return found.mine === undefined ? E.left(NO_RIGHT) : E.right(found.message)
}

const send = async (
  context: Context,
  { app, by }: Who,
  to: To,
  sending: Sending,
): Answered<MessageDocument> => {
  const { dialogs, now, newId, reader } = context
  const dialog = 'dialog' in to ? E.right(to.dialog) : await privateDialog(context, { app, by }, to.recipient)
  if (E.isLeft(dialog)) return dialog
  const at = now()
  const message = newId(at)
  const done = await dialogs.run(app, dialog.right, {
    type: 'SendMessage',
    ...{ by, message, dateSent: Math.floor(at / 1_000) },
    origin: 'rest',
    ...sending,
  })
  if (E.isLeft(done)) return done
  const shown = (await findMessages(reader, app, [message])).get(message)
  return E.right(shown ?? asSent(done.right.facts, at))
}

/** Of one that somebody has deleted since. */
const asSent = ([sent]: readonly Fact[], at: number): MessageDocument => {
  const { message, sealed, app, dialog, seq, sender, recipient, dateSent } = dialogEvents.dataOf(
    'MessageSent',
    sent ?? { data: {} },
  )
  const { text = null, attachments = [], params = {} } = sealed ?? {}
  return {
    ...{ _id: message, app, live: true, dialog, seq, sender, recipient, text, attachments, params },
    ...{ dateSent, createdAt: at, updatedAt: at, hiddenFor: [], reactions: {} },
  }
}

/** Nobody writes to himself, or to somebody who is not there. */
const privateDialog = async ({ dialogs }: Context, { app, by }: Who, recipient: number): Answered<string> => {
  if (recipient === by) return E.left(TO_HIMSELF)
  const found = await dialogs.privateDialog(app, by, recipient)
  return E.isLeft(found) && found.left.kind === 'Unprocessable' ? E.left(NO_USER) : found
}

const TO_HIMSELF = rejection('Unprocessable', 'to_himself', { fields: { recipient_id: [RULES.invalid] } })
const NO_USER = rejection('NotFound', 'no_user')

const readPage = async (
  { dialogs, reader }: Context,
  { app, by }: Who,
  { dialog, view }: MyDialog,
  messages: readonly MessageDocument[],
): Promise<void> => {
  const unread = messages.filter(
    ({ sender, seq }) => sender !== by && (view === undefined || !hasRead(view, seq)),
  )
  if (unread.length === 0) return
  const own = messages.flatMap(({ sender, seq }) => (sender === by ? [seq] : []))
  const gone = await gaps(reader, dialog._id, by, messages)
  await dialogs.view(app, dialog._id, by, {
    type: 'Read',
    seqs: unread.map(({ seq }) => seq),
    mine: [...own, ...gone.mine],
    gone: gone.others,
  })
}

/** What is gone between messages that follow one another: with it they were read without a gap. */
const gaps = async (
  reader: Reader,
  dialog: string,
  user: number,
  messages: readonly MessageDocument[],
): Promise<Gone> => {
  const seqs = messages.map(({ seq }) => seq)
  const from = Math.min(...seqs)
  const to = Math.max(...seqs)
  return to - from + 1 === seqs.length ? NONE_GONE : goneBetween(reader, dialog, { from, to, user })
}

const NONE_GONE: Gone = { mine: [], others: [] }

const changeAll = async (
  context: Context,
  who: Who,
  ids: readonly string[],
  change: Change,
): Answered<void> => {
  const messages = await changeable(context.reader, who, ids, change)
  if (E.isLeft(messages)) return messages
  const edited = await edit(context, who, messages.right, change)
  return E.isLeft(edited) ? edited : mark(context, who, messages.right, change)
}

/** All of them, before anything is done. */
const changeable = async (
  reader: Reader,
  who: Who,
  ids: readonly string[],
  { dialog, text }: Change,
): Answered<readonly MessageDocument[]> => {
  if (dialog !== undefined && (await findDialog(reader, who.app, dialog)) === undefined)
    return E.left(NO_MESSAGE)
  const all = await findAll(reader, who, ids)
  const found = [...new Set(ids)].map((id) => all.get(id))
  const messages = found.flatMap((one) => (one === undefined ? [] : [one.message]))
  const isElsewhere = ({ dialog: its }: MessageDocument): boolean => its !== (dialog ?? its)
  if (messages.length < found.length || messages.some(isElsewhere)) return E.left(NO_MESSAGE)
  const isOthers = ({ sender }: MessageDocument): boolean => text !== undefined && sender !== who.by
  return found.some((one) => one?.mine === undefined) || messages.some(isOthers)
    ? E.left(NO_RIGHT)
    : E.right(messages)
}

const edit = async (
  context: Context,
  who: Who,
  messages: readonly MessageDocument[],
  { text }: Change,
): Answered<void> => {
  if (text === undefined) return E.right(undefined)
  for (const message of messages) {
    const edited = await run(context, who, message, { type: 'Edit', text })
    if (E.isLeft(edited)) return edited
  }
  return E.right(undefined)
}

/** Of others' messages only; what is read is delivered. */
const mark = async (
  { dialogs }: Context,
  { app, by }: Who,
  messages: readonly MessageDocument[],
  { read, delivered }: MarkingAs,
): Answered<void> => {
  if (!read && !delivered) return E.right(undefined)
  const type = read ? 'Read' : 'Deliver'
  for (const [dialog, of] of byDialog(messages.filter(({ sender }) => sender !== by))) {
    const marked = await dialogs.view(app, dialog, by, { type, seqs: of.map(({ seq }) => seq) })
    if (E.isLeft(marked)) return marked
  }
  return E.right(undefined)
}
