import { DIALOG_TYPES } from '../../domain/cc/dialog-events.ts'
import type { Reader } from '../reader.ts'
import type { DialogDocument } from './dialog-documents.ts'
import { findUsers } from './users.ts'

/** `full_name`, else the login, of whom a private dialog is with; null if he was deleted. */
export const namesFor = async (
  reader: Pick<Reader, 'find'>,
  app: number,
  me: number,
  dialogs: readonly DialogDocument[],
): Promise<ReadonlyMap<string, string | null>> => {
  const opponents = new Map(
    dialogs.flatMap(({ _id, type, occupants }) => {
      const isMine = type === DIALOG_TYPES.private && occupants.includes(me)
      const other = isMine ? occupants.find((user) => user !== me) : undefined
      return other === undefined ? [] : [[_id, other] as const]
    }),
  )
  const users = await findUsers(reader, app, opponents.values())
  return new Map(
    dialogs.map(({ _id, type, name }) => {
      if (type !== DIALOG_TYPES.private) return [_id, name]
      const profile = users.get(opponents.get(_id) ?? 0)
      const called = profile?.['fullName'] ?? profile?.['login']
      return [_id, typeof called === 'string' ? called : null]
    }),
  )
}
