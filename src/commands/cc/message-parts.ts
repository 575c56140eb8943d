import { randomUUID } from 'node:crypto'
import type { Either } from 'fp-ts/lib/Either.js'
import { roleOf } from '../../domain/cc/dialog.ts'
import { messageDecider } from '../../domain/cc/message-decide.ts'
import type { MessageAction, MessageCommand } from '../../domain/cc/message.ts'
import { messageStream, userActor } from '../../domain/cc/names.ts'
import { rejection, type Rejection } from '../../domain/rejection.ts'
import { dialogsFor, type MyDialog } from '../../queries/cc/dialogs.ts'
import { findMessages, isVisible, type MessageDocument } from '../../queries/cc/messages.ts'
import type { Reader } from '../../queries/reader.ts'
import type { Engine } from '../engine.ts'
import type { Dialogs } from './dialogs.ts'

export type Answered<A> = Promise<Either<Rejection, A>>

export type MessageParts = {
  readonly engine: Engine
  readonly reader: Reader
  readonly newId: (at: number) => string
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
}

export type Context = MessageParts & { readonly dialogs: Dialogs }
export type Who = { readonly app: number; readonly by: number }

export const NO_MESSAGE = rejection('NotFound', 'no_message')
/** He is not in its dialog, or it is not his. */
export const NO_RIGHT = rejection('Forbidden', 'no_right')

/** A message, and its dialog if he is in it. */
export type Found = { readonly message: MessageDocument; readonly mine: MyDialog | undefined }

/** Those that are there for him, by id. */
export const findAll = async (
  reader: Reader,
  { app, by }: Who,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Found>> => {
  const messages = [...(await findMessages(reader, app, ids)).values()]
  const dialogs = await dialogsFor(
    reader,
    app,
    messages.map(({ dialog }) => dialog),
    by,
  )
  const byId = new Map(dialogs.map((mine) => [mine.dialog._id, mine]))
  return new Map(
    messages.flatMap((message) => {
      const mine = byId.get(message.dialog)
      return mine === undefined || isVisible(message, mine, by) ? [[message._id, { message, mine }]] : []
    }),
  )
}

/** What becomes of a message for everybody. */
export const run = async (
  { engine, now, dialogs }: Context,
  { app, by }: Who,
  { _id: message, dialog, sender }: MessageDocument,
  action: MessageAction,
): Answered<unknown> => {
  const state = await dialogs.load(app, dialog)
  const command: MessageCommand = {
    ...{ app, dialog, message, sender, by, action },
    ...{ dialogType: state.type, role: roleOf(state, by) },
  }
  return engine.execute({
    commandId: randomUUID(),
    actor: userActor(app, by),
    stream: messageStream(app, message),
    decider: messageDecider,
    command,
    at: now(),
    via: { protocol: 'connectycube' },
  })()
}

/** Each dialog once. */
export const byDialog = (
  messages: readonly MessageDocument[],
): ReadonlyMap<string, readonly MessageDocument[]> => {
  const grouped = new Map<string, MessageDocument[]>()
  for (const message of messages) {
    const group = grouped.get(message.dialog)
    if (group === undefined) grouped.set(message.dialog, [message])
    else group.push(message)
  }
  return grouped
}
