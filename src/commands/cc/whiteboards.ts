import { randomUUID } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { userActor, whiteboardStream } from '../../domain/cc/names.ts'
import {
  SLOT_TAKEN,
  whiteboardDecider,
  WHITEBOARDS_A_DIALOG,
  type WhiteboardCommand,
} from '../../domain/cc/whiteboard.ts'
import { rejection, type Rejection } from '../../domain/rejection.ts'
import { findWhiteboard, whiteboardsOf } from '../../queries/cc/meetings.ts'
import type { Reader } from '../../queries/reader.ts'
import type { Engine } from '../engine.ts'

type Answered<A> = Promise<Either<Rejection, A>>
type Me = { readonly app: number; readonly user: number }

export type WhiteboardParts = {
  readonly engine: Engine
  readonly reader: Reader
  readonly newId: (at: number) => string
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
}

/** Takes a free place of the dialog (connectycube 10.2). Answers its id. */
export const createWhiteboard = async (
  parts: WhiteboardParts,
  me: Me,
  { dialog, name }: { readonly dialog: string; readonly name: string },
): Answered<string> => {
  const taken = new Set((await whiteboardsOf(parts.reader, me.app, dialog)).map(({ slot }) => slot))
  for (let slot = 0; slot < WHITEBOARDS_A_DIALOG; slot++) {
    if (taken.has(slot)) continue
    const whiteboard = parts.newId(parts.now())
    const made = await run(parts, { ...me, whiteboard, type: 'Create', dialog, slot, name }, me.user)
    if (E.isRight(made)) return E.right(whiteboard)
    if (made.left.reason !== SLOT_TAKEN.reason) return made
  }
  return E.left(rejection('Unprocessable', 'whiteboards_max', { fields: { chat_dialog_id: [FULL] } }))
}

/** Renames it, or deletes it: only who made it may. */
export const changeWhiteboard = async (
  parts: WhiteboardParts,
  { app, user }: Me,
  whiteboard: string,
  change: { readonly type: 'Rename'; readonly name: string } | { readonly type: 'Delete' },
): Answered<unknown> => {
  const known = await findWhiteboard(parts.reader, app, whiteboard)
  if (known === undefined) return E.left(rejection('NotFound', 'no_whiteboard'))
  return run(parts, { app, user, whiteboard, ...change }, known.user)
}

const FULL = `has ${WHITEBOARDS_A_DIALOG} whiteboards already`

const run = ({ engine, now }: WhiteboardParts, command: WhiteboardCommand, creator: number) =>
  engine.execute({
    stream: whiteboardStream(command.app, command.whiteboard),
    decider: whiteboardDecider(command.app, creator),
    command,
    commandId: randomUUID(),
    actor: userActor(command.app, command.user),
    at: now(),
    via: { protocol: 'connectycube' },
  })()
