import { DIALOG_TYPES, type DialogType } from '../../domain/cc/dialog-events.ts'
import type { Notification } from '../../domain/cc/push-events.ts'
import type { Reader } from '../reader.ts'
import { settingsOf } from './applications.ts'
import { exceptionsOf, VIEWS } from './dialog-views.ts'
import { findDialog } from './dialogs.ts'
import { noticesFor, usersWithDevices } from './push.ts'

type AlertSettings = { readonly alerts: boolean }

/** Whether an application tells of messages, and anybody has a device to be told on; each is looked up once. */
export const settingsWithDevices = (reader: Reader): ((app: number) => Promise<AlertSettings>) => {
  const known = new Map<number, Promise<AlertSettings>>()
  const find = async (app: number): Promise<AlertSettings> => {
    if (!(await settingsOf(reader, app)).chat_alerts) return { alerts: false }
    for await (const page of usersWithDevices(reader, app)) if (page.length > 0) return { alerts: true }
    return { alerts: false }
  }
  return (app) => {
    const found = known.get(app) ?? find(app)
    known.set(app, found)
    return found
  }
}

/**
 * Devices of those in a dialog who want to be told of its messages (connectycube 8.4, 9) and have no available connection, by pages, ascending by
 * user.
 */
export async function* alertAudience(
  reader: Reader,
  where: { readonly app: number; readonly dialog: string; readonly type: DialogType },
  online: ReadonlySet<number>,
): AsyncGenerator<readonly Notification[]> {
  const { app, dialog } = where
  const silent = new Set((await exceptionsOf(reader, [dialog])).get(dialog)?.silent)
  for await (const page of membersOf(reader, where)) {
    const users = page.filter((user) => !silent.has(user) && !online.has(user))
    const notifications = await noticesFor(reader, app, users)
    if (notifications.length > 0) yield notifications
  }
}

const USERS_A_PAGE = 500

/** Ascending. In a broadcast is everybody. */
async function* membersOf(
  reader: Reader,
  { app, dialog, type }: { readonly app: number; readonly dialog: string; readonly type: DialogType },
): AsyncGenerator<readonly number[]> {
  const found = await findDialog(reader, app, dialog)
  if (found === undefined) return
  if (type === DIALOG_TYPES.broadcast) yield* usersWithDevices(reader, app)
  else if (type === DIALOG_TYPES.public) yield* subscribersOf(reader, dialog)
  else {
    const occupants = [...found.occupants].sort((a, b) => a - b)
    for (let from = 0; from < occupants.length; from += USERS_A_PAGE)
      yield occupants.slice(from, from + USERS_A_PAGE)
  }
}

async function* subscribersOf(reader: Reader, dialog: string): AsyncGenerator<readonly number[]> {
  const options = { sort: [['user', 1]], fields: ['user'] } as const
  for await (const page of reader.find(VIEWS, { dialog, isMember: true }, options))
    yield page.flatMap(({ user }) => (typeof user === 'number' ? [user] : []))
}
