import type { Document, Filter, FindOptions } from '../../documents/port.ts'
import { folded } from '../../domain/cc/user.ts'
import { isList, plainText, type Json, type JsonObject } from '../../json.ts'
import type { Vault } from '../../vault/port.ts'
import type { Reader } from '../reader.ts'

/** A user as his document shows him. */
export type UserDocument = Document

type Finder = Pick<Reader, 'get' | 'find'>

export const USERS = 'cc_users'

export const findUser = async (
  reader: Pick<Reader, 'get'>,
  app: number,
  id: number,
): Promise<UserDocument | undefined> => (await reader.get(USERS, `${app}-${id}`))?.value

/** Those that are there, by id. */
export const findUsers = async (
  reader: Pick<Reader, 'find'>,
  app: number,
  ids: Iterable<number>,
): Promise<ReadonlyMap<number, UserDocument>> => {
  const keys = [...new Set(ids)].map((id) => `${app}-${id}`)
  const found = keys.length === 0 ? [] : await usersWhere(reader, { _id: { $in: keys } })
  return new Map(found.map((user) => [Number(user['id']), user]))
}

export const usersWhere = async (
  reader: Pick<Reader, 'find'>,
  filter: Filter,
  options?: FindOptions,
): Promise<readonly UserDocument[]> => {
  const users: UserDocument[] = []
  for await (const page of reader.find(USERS, filter, options)) users.push(...page)
  return users
}

const only = async (reader: Finder, filter: Filter): Promise<UserDocument | undefined> =>
  (await usersWhere(reader, filter, { limit: 1 }))[0]

export const findByLogin = (reader: Finder, app: number, login: string): Promise<UserDocument | undefined> =>
  only(reader, { app, loginLc: folded(login) })

export const findByEmail = (reader: Finder, app: number, email: string): Promise<UserDocument | undefined> =>
  only(reader, { app, emailLc: folded(email) })

/** By a text that is compared as it is; several may have the same phone, of whom the first is found. */
export const findByText = (
  reader: Finder,
  app: number,
  name: 'phone' | 'externalId' | 'facebookId' | 'twitterId',
  value: string,
): Promise<UserDocument | undefined> => only(reader, { app, [`${name}Lc`]: folded(value), [name]: value })

/** By what he is called where somebody else vouches for him (connectycube 3.1), in the words of clients. */
export type IdentityField = 'login' | 'email' | 'phone' | 'facebook_id' | 'twitter_id'

export const findByIdentity = (
  reader: Finder,
  app: number,
  field: IdentityField,
  value: string,
): Promise<UserDocument | undefined> => {
  if (field === 'login') return findByLogin(reader, app, value)
  return field === 'email'
    ? findByEmail(reader, app, value)
    : findByText(reader, app, IDENTITY_PATHS[field], value)
}

const IDENTITY_PATHS = { phone: 'phone', facebook_id: 'facebookId', twitter_id: 'twitterId' } as const

/** `external_user_id`, then `external_id` (connectycube 4.4). */
export const findExternal = async (
  reader: Finder,
  app: number,
  id: string,
): Promise<UserDocument | undefined> =>
  (isNumber(id) ? await only(reader, { app, externalUserId: Number(id) }) : undefined) ??
  findByText(reader, app, 'externalId', id)

/** `007` is a text, and so are more digits than a number holds. */
const isNumber = (id: string): boolean => String(Number(id)) === id && Number.isSafeInteger(Number(id))

/** The object of connectycube 4.1. `lastRequestAt` in milliseconds since the Unix epoch. */
export const userView = (user: JsonObject, lastRequestAt?: number): JsonObject => {
  const at = (name: string): Json => user[name] ?? null
  return {
    ...{ id: at('id'), full_name: at('fullName'), email: at('email'), login: at('login') },
    ...{ phone: at('phone'), website: at('website') },
    created_at: timeText(at('createdAt')),
    updated_at: timeText(at('updatedAt')),
    last_request_at: timeText(lastRequestAt),
    ...{ external_user_id: at('externalUserId'), external_id: at('externalId') },
    ...{ facebook_id: at('facebookId'), twitter_id: at('twitterId'), blob_id: at('blobId') },
    ...{ custom_data: at('customData'), avatar: at('avatar'), user_tags: tagsText(at('tags')) },
    timezone: at('timezone'),
    ...(user['isGuest'] === true ? { is_guest: true } : {}),
  }
}

const tagsText = (tags: Json): string | null =>
  isList(tags) && tags.length > 0 ? tags.map(plainText).join(',') : null

/** Their objects, with when each was last heard of. */
export const userViews = (
  vault: Pick<Vault, 'get'>,
  users: readonly UserDocument[],
): Promise<readonly JsonObject[]> =>
  Promise.all(
    users.map(async (user) => userView(user, timeIn((await vault.get(LAST_REQUESTS, user._id))?.value))),
  )

/** When users were last heard of, by `<app>-<id>`: not a fact (decisions 10). */
export const LAST_REQUESTS = 'cc.last-requests'

/** Of everybody of the application who was ever heard of. */
export const lastRequests = async (
  vault: Pick<Vault, 'list'>,
  app: number,
): Promise<ReadonlyMap<number, number>> => {
  const prefix = `${app}-`
  const times = new Map<number, number>()
  for await (const page of vault.list(LAST_REQUESTS, prefix))
    for (const { key, value } of page) times.set(Number(key.slice(prefix.length)), timeIn(value) ?? 0)
  return times
}

const timeIn = (value: JsonObject | undefined): number | undefined => {
  const at = value?.['at']
  return typeof at === 'number' ? at : undefined
}

const timeText = (ms: Json | undefined): string | null =>
  typeof ms === 'number' ? `${new Date(ms).toISOString().slice(0, -5)}Z` : null
