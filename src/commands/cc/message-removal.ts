import * as E from 'fp-ts/lib/Either.js'
import { findDialog } from '../../queries/cc/dialogs.ts'
import { previousOf } from '../../queries/cc/messages.ts'
import { byDialog, run, type Answered, type Context, type Found, type Who } from './message-parts.ts'

/** Each id in one of three. */
export type Removed = {
  readonly removed: readonly string[]
  readonly forbidden: readonly string[]
  readonly missing: readonly string[]
}

/** Those that were not found, or are not removed for another reason, as they were asked for. */
const bucketed = (
  ids: readonly string[],
  removed: ReadonlySet<string>,
  forbidden: ReadonlySet<string>,
): Removed => {
  const asked = [...new Set(ids)]
  return {
    removed: asked.filter((id) => removed.has(id)),
    forbidden: asked.filter((id) => forbidden.has(id)),
    missing: asked.filter((id) => !removed.has(id) && !forbidden.has(id)),
  }
}

/** Ascending, so that the last one of the dialog finds who is left when its turn comes. */
export const removeForAll = async (
  context: Context,
  who: Who,
  ids: readonly string[],
  found: readonly Found[],
): Answered<Removed> => {
  const { reader } = context
  const removed = new Set<string>()
  const forbidden = new Set<string>()
  for (const { message } of found) {
    const dialog = await findDialog(reader, who.app, message.dialog)
    const previous = dialog === undefined ? undefined : await previousOf(reader, dialog, message)
    const done = await run(context, who, message, {
      type: 'DeleteForAll',
      seq: message.seq,
      ...(previous === undefined ? {} : { previous }),
    })
    if (E.isRight(done)) removed.add(message._id)
    else if (done.left.kind === 'Forbidden') forbidden.add(message._id)
    else if (done.left.kind !== 'NotFound') return done
  }
  return E.right(bucketed(ids, removed, forbidden))
}

/** One event for each dialog. */
export const hide = async (
  { dialogs }: Context,
  { app, by }: Who,
  ids: readonly string[],
  found: readonly Found[],
): Answered<Removed> => {
  const isIn = ({ mine }: Found): boolean => mine !== undefined
  const messages = found.filter(isIn).map(({ message }) => message)
  const forbidden = new Set(found.filter((one) => !isIn(one)).map(({ message }) => message._id))
  for (const [dialog, of] of byDialog(messages)) {
    const list = of.map(({ _id: message, seq, sender }) => ({ message, seq, sender }))
    const hidden = await dialogs.view(app, dialog, by, { type: 'Hide', messages: list })
    if (E.isLeft(hidden)) return hidden
  }
  return E.right(bucketed(ids, new Set(messages.map(({ _id }) => _id)), forbidden))
}
