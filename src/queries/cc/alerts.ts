import type { Alert } from '../../domain/cc/push-events.ts'
import type { JsonObject } from '../../json.ts'
import { CC_ALERT_TEXT_CHARACTERS_MAX } from '../../limits.ts'
import type { Reader } from '../reader.ts'
import { findMessages, type MessageDocument } from './messages.ts'
import { findUsers, type UserDocument } from './users.ts'

/** What the pushes say that tell of messages (connectycube 9), by message, each as it is now; those that are gone are left out. */
export const alertsOf = async (
  reader: Pick<Reader, 'find'>,
  app: number,
  alerts: readonly Alert[],
): Promise<ReadonlyMap<string, JsonObject>> => {
  const messages = await findMessages(
    reader,
    app,
    alerts.map(({ message }) => message),
  )
  const there = [...messages.values()]
  const senders = await findUsers(
    reader,
    app,
    there.map(({ sender }) => sender),
  )
  return new Map(
    there.flatMap((message) => {
      const text = textOf(message)
      return text === undefined ? [] : [[message._id, told(message, text, senders.get(message.sender))]]
    }),
  )
}

/** Nothing is left of what was said. */
const textOf = ({ text, attachments }: MessageDocument): string | undefined => {
  if (text !== null && text !== '') return text
  return attachments === null || attachments.length === 0 ? undefined : '[attachment]'
}

const told = (
  { _id, dialog, sender }: MessageDocument,
  text: string,
  user: UserDocument | undefined,
): JsonObject => {
  const name = [user?.['fullName'], user?.['login']].find((one) => typeof one === 'string' && one !== '')
  const cut =
    text.length > CC_ALERT_TEXT_CHARACTERS_MAX
      ? `${text.slice(0, CC_ALERT_TEXT_CHARACTERS_MAX).replace(HALF_AT_END, '')}…`
      : text
  return {
    message: typeof name === 'string' ? `${name}: ${cut}` : cut,
    ...{ dialog_id: dialog, message_id: _id, user_id: sender },
    ...{ ios_sound: 'default', ios_thread_id: dialog },
  }
}

/** Of a character that was cut in the middle. */
const HALF_AT_END = /[\uD800-\uDBFF]$/
