import type { Json, JsonObject } from '../../json.ts'
import { reactionsTo, type Marks, type MessageDocument } from '../../queries/cc/messages.ts'
import { isoSeconds } from './times.ts'

/** The object of connectycube 8.5 as `me` sees it. What the sender added stands beside it, and never in place of it. */
export const messageView = (message: MessageDocument, marks: Marks, me: number): JsonObject => ({
  ...message.params,
  _id: message._id,
  attachments: message.attachments ?? [],
  chat_dialog_id: message.dialog,
  created_at: isoSeconds(message.createdAt),
  date_sent: message.dateSent,
  delivered_ids: marks.deliveredTo(message),
  message: message.text,
  read_ids: marks.readBy(message),
  recipient_id: message.recipient,
  sender_id: message.sender,
  updated_at: isoSeconds(message.updatedAt),
  reactions: reactionsView(message, me),
  views_count: 0,
  read: marks.isReadByAll(message) ? 1 : 0,
  ...(message.editedAt === undefined ? {} : { edited_at: isoSeconds(message.editedAt) }),
})

/** Of the administration (connectycube 12.1). */
export const adminMessageView = (message: MessageDocument, marks: Marks): JsonObject => ({
  ...messageView(message, marks, NOBODY),
  edited_at: message.editedAt === undefined ? null : isoSeconds(message.editedAt),
  deleted_for_ids: [...new Set([...message.hiddenFor, ...marks.clearedFor(message)])].sort((a, b) => a - b),
})

const NOBODY = 0

const reactionsView = (message: MessageDocument, me: number): Json => {
  const given = [...reactionsTo(message)]
  if (given.length === 0) return null
  return {
    own: given.flatMap(([kind, users]) => (users.includes(me) ? [kind] : [])),
    total: Object.fromEntries(given.map(([kind, users]) => [kind, users.length])),
  }
}
