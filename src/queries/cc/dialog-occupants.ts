import { DIALOG_TYPES } from '../../domain/cc/dialog-events.ts'
import type { Reader } from '../reader.ts'
import type { DialogDocument } from './dialog-documents.ts'
import { VIEWS } from './dialog-views.ts'
import { findUsers, usersWhere, type UserDocument } from './users.ts'

type Page = { readonly skip: number; readonly limit: number }

/** Who is in it, ascending; who was deleted is left out. In a broadcast is everybody. */
export const occupantsPage = async (
  reader: Pick<Reader, 'find'>,
  dialog: DialogDocument,
  { skip, limit }: Page,
): Promise<readonly UserDocument[]> => {
  const { app, type } = dialog
  if (type === DIALOG_TYPES.broadcast) return usersWhere(reader, { app }, { sort: [['id', 1]], skip, limit })
  const ids = await idsOf(reader, dialog, { skip, limit })
  const users = await findUsers(reader, app, ids)
  return ids.flatMap((id) => users.get(id) ?? [])
}

const idsOf = async (
  reader: Pick<Reader, 'find'>,
  { _id, type, occupants }: DialogDocument,
  { skip, limit }: Page,
): Promise<readonly number[]> => {
  if (type !== DIALOG_TYPES.public) return [...occupants].sort((a, b) => a - b).slice(skip, skip + limit)
  const ids: number[] = []
  const page = { sort: [['user', 1]], skip, limit, fields: ['user'] } as const
  for await (const found of reader.find(VIEWS, { dialog: _id, isMember: true }, page))
    for (const { user } of found) if (typeof user === 'number') ids.push(user)
  return ids
}
