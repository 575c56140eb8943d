import { DIALOG_TYPES, type DialogType } from '../../domain/cc/dialog-events.ts'
import type { Answer } from '../../http/protocol.ts'
import type { JsonObject } from '../../json.ts'
import { settingsOf } from '../../queries/cc/applications.ts'
import type { DialogDocument } from '../../queries/cc/dialog-documents.ts'
import { findDialog } from '../../queries/cc/dialogs.ts'
import type { MessageDocument } from '../../queries/cc/messages.ts'
import { shownDialogs, type ShownDialog } from '../../queries/cc/shown-dialogs.ts'
import { json, notFound } from './answers.ts'
import type { Call } from './endpoint.ts'
import type { Services } from './services.ts'
import { isoSeconds } from './times.ts'

/** The dialog as it is now. */
export const dialogAnswer = async (
  services: Services,
  { caller }: Call,
  id: string,
  status = 200,
): Promise<Answer> => {
  const dialog = await findDialog(services.reader, caller.app, id)
  const [view] = dialog === undefined ? [] : await dialogViews(services, caller, [dialog])
  return view === undefined ? notFound() : json(status, view)
}

/** Dialogs as the user sees them (connectycube 8.2). */
export const dialogViews = async (
  { reader, settings }: Pick<Services, 'reader' | 'settings'>,
  { app, user }: { readonly app: number; readonly user: number },
  dialogs: readonly DialogDocument[],
): Promise<readonly JsonObject[]> => {
  const { dialog_extension_fields: keys } = await settingsOf(reader, app)
  const shown = await shownDialogs(reader, app, user, dialogs)
  return shown.map((one) => dialogView(one, { chatDomain: settings.chatDomain, keys }))
}

const dialogView = (
  { dialog, name, last, status, unread }: ShownDialog,
  { chatDomain, keys }: { readonly chatDomain: string; readonly keys: readonly string[] },
): JsonObject => {
  const { _id, app, type } = dialog
  return {
    _id,
    user_id: dialog.owner,
    ...{ type, name, description: dialog.description, photo: dialog.photo },
    created_at: isoSeconds(dialog.createdAt),
    updated_at: isoSeconds(dialog.updatedAt),
    occupants_ids: listsOccupants(type) ? [...dialog.occupants].sort((a, b) => a - b) : [],
    ...(type === DIALOG_TYPES.public ? { occupants_count: dialog.occupantsCount } : {}),
    admins_ids: dialog.admins,
    xmpp_room_jid: type === DIALOG_TYPES.private ? null : `${app}_${_id}@muc.${chatDomain}`,
    ...lastView(last),
    last_message_status: status,
    unread_messages_count: unread,
    pinned_messages_ids: dialog.pinned,
    extensions: extensionsOf(dialog, keys),
    permissions: dialog.allowPreview ? { allow_preview: true } : null,
  }
}

const lastView = (last: MessageDocument | undefined): JsonObject => ({
  last_message: last?.text ?? null,
  last_message_id: last?._id ?? null,
  last_message_user_id: last?.sender ?? null,
  last_message_date_sent: last?.dateSent ?? null,
})

/** Everybody is in a broadcast, and a public dialog may have 100,000 subscribers. */
export const listsOccupants = (type: DialogType): boolean =>
  type !== DIALOG_TYPES.broadcast && type !== DIALOG_TYPES.public

/** A key that the application has no more is gone from all dialogs (connectycube 12.3). */
const extensionsOf = ({ extensions }: DialogDocument, keys: readonly string[]): JsonObject | null => {
  const left = Object.entries(extensions ?? {}).filter(([key]) => keys.includes(key))
  return left.length === 0 ? null : Object.fromEntries(left)
}
