import type { Reader } from '../reader.ts'
import type { DialogDocument } from './dialog-documents.ts'
import { lastMessages, lastStatuses, type LastStatus } from './dialog-messages.ts'
import { namesFor } from './dialog-names.ts'
import { unreadOf, viewsOfUser, type DialogView } from './dialog-views.ts'
import type { MessageDocument } from './messages.ts'

/** A dialog with all that its object shows to one user (connectycube 8.2). */
export type ShownDialog = {
  readonly dialog: DialogDocument
  readonly view: DialogView | undefined
  /** Of a private dialog what the opponent is called now. */
  readonly name: string | null
  readonly last: MessageDocument | undefined
  readonly status: LastStatus | null
  readonly unread: number | null
}

/** Some look-ups for all of them together, whatever is in them; one or two more for each group whose last message is the user's own. */
export const shownDialogs = async (
  reader: Pick<Reader, 'find'>,
  app: number,
  me: number,
  dialogs: readonly DialogDocument[],
): Promise<readonly ShownDialog[]> => {
  const ids = dialogs.map(({ _id }) => _id)
  const [views, names] = await Promise.all([viewsOfUser(reader, me, ids), namesFor(reader, app, me, dialogs)])
  const mine = dialogs.map((dialog) => ({ dialog, view: views.get(dialog._id) }))
  const lasts = await lastMessages(reader, mine, me)
  const own = dialogs.flatMap((dialog) => {
    const last = lasts.get(dialog._id)
    return last?.sender === me ? [{ dialog, last }] : []
  })
  const statuses = await lastStatuses(reader, own)
  return mine.map(({ dialog, view }) => ({
    ...{ dialog, view },
    name: names.get(dialog._id) ?? null,
    last: lasts.get(dialog._id),
    status: statuses.get(dialog._id) ?? null,
    unread: unreadOf(dialog, view),
  }))
}
