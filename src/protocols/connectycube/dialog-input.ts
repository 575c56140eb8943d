import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import type { NewDialog } from '../../commands/cc/dialogs.ts'
import { DIALOG_TYPES, type DialogType } from '../../domain/cc/dialog-events.ts'
import type { Details } from '../../domain/cc/dialog.ts'
import type { Answer } from '../../http/protocol.ts'
import { isObject, type Json, type JsonObject } from '../../json.ts'
import { CONNECTYCUBE_DETAIL_CHARACTERS_MAX } from '../../limits.ts'
import { fieldErrors, RULES } from './answers.ts'
import { integer, list, text, truthy } from './params.ts'

type Errors = { readonly [field: string]: readonly string[] }

/** @param keys extensions that the application has */
export const readNewDialog = (params: JsonObject, keys: readonly string[]): Either<Answer, NewDialog> => {
  const type = typeOf(params['type'])
  const { details, errors } = readDetails(params, keys)
  const occupants = readUsers(params, 'occupants_ids')
  const admins = readUsers(params, 'admins_ids')
  const all: Errors = {
    ...errors,
    ...occupants.errors,
    ...admins.errors,
    ...(type === undefined ? { type: [params['type'] === undefined ? RULES.blank : RULES.invalid] } : {}),
    ...(type === undefined ? {} : missing(type, details, occupants.users)),
  }
  if (type === undefined || Object.keys(all).length > 0) return E.left(fieldErrors(all))
  const { name: _name, ...withoutName } = details
  return E.right({
    type,
    occupants: occupants.users,
    admins: type === DIALOG_TYPES.private ? [] : admins.users,
    allowPreview: readPreview(params['permissions']) ?? false,
    details: type === DIALOG_TYPES.private ? withoutName : details,
  })
}

/** Which of them may be missing depends on the type (connectycube 8.4). */
const missing = (type: DialogType, { name }: Details, occupants: readonly number[]): Errors => {
  const needsName =
    type === DIALOG_TYPES.broadcast || type === DIALOG_TYPES.group || type === DIALOG_TYPES.public
  const needsOccupants = type === DIALOG_TYPES.group || type === DIALOG_TYPES.private
  return {
    ...(needsName && (name ?? '').trim() === '' ? { name: [RULES.blank] } : {}),
    ...(needsOccupants && occupants.length === 0 ? { occupants_ids: [RULES.blank] } : {}),
  }
}

/** What an update asks for; `undefined` where it says nothing of it. */
export type DialogChanges = {
  readonly details: Details | undefined
  readonly allowPreview: boolean | undefined
  readonly isMuted: boolean | undefined
  readonly push: Lists
  readonly pull: Lists
}
export type Lists = {
  readonly occupants: readonly number[] | undefined
  readonly admins: readonly number[] | undefined
  readonly pinned: readonly string[] | undefined
}

/** An empty name of a shared dialog is none. */
export const readChanges = (
  params: JsonObject,
  keys: readonly string[],
  type: DialogType,
): Either<Answer, DialogChanges> => {
  const { details, errors } = readDetails(params, keys)
  const push = readLists(params['push_all'])
  const pull = readLists(params['pull_all'])
  const isNameless = details.name !== undefined && (details.name ?? '').trim() === ''
  const all: Errors = {
    ...errors,
    ...push.errors,
    ...pull.errors,
    ...(isNameless && type !== DIALOG_TYPES.private && type !== DIALOG_TYPES.meeting
      ? { name: [RULES.blank] }
      : {}),
  }
  if (Object.keys(all).length > 0) return E.left(fieldErrors(all))
  return E.right({
    details: Object.keys(details).length === 0 ? undefined : details,
    allowPreview: readPreview(params['permissions']),
    isMuted: params['is_muted'] === undefined ? undefined : truthy(params['is_muted']),
    push: push.lists,
    pull: pull.lists,
  })
}

/** An empty list asks for nothing. */
const readLists = (value: Json | undefined): { readonly lists: Lists; readonly errors: Errors } => {
  const params = isObject(value) ? value : {}
  const occupants = readUsers(params, 'occupants_ids')
  const admins = readUsers(params, 'admins_ids')
  return {
    lists: {
      occupants: unlessEmpty(occupants.users),
      admins: unlessEmpty(admins.users),
      pinned: unlessEmpty(list(params['pinned_messages_ids'])),
    },
    errors: { ...occupants.errors, ...admins.errors },
  }
}

const unlessEmpty = <T>(items: readonly T[]): readonly T[] | undefined =>
  items.length === 0 ? undefined : items

const typeOf = (value: Json | undefined): DialogType | undefined => {
  const number = integer(value)
  return Object.values(DIALOG_TYPES).find((type) => type === number)
}

const readUsers = (
  params: JsonObject,
  field: string,
): { readonly users: readonly number[]; readonly errors: Errors } => {
  const ids = list(params[field]).map(integer)
  const users = ids.flatMap((id) => (id !== undefined && id > 0 ? [id] : []))
  return users.length === ids.length
    ? { users, errors: {} }
    : { users: [], errors: { [field]: [RULES.invalid] } }
}

const readDetails = (
  params: JsonObject,
  keys: readonly string[],
): { readonly details: Details; readonly errors: Errors } => {
  const texts: { name?: string | null; description?: string | null; photo?: string | null } = {}
  const errors: { [field: string]: readonly string[] } = {}
  for (const field of ['name', 'description', 'photo'] as const) {
    const value = params[field]
    if (value === undefined) continue
    const read = value === null ? null : text(value)
    if (read === undefined) errors[field] = [RULES.invalid]
    else if ((read ?? '').length > CONNECTYCUBE_DETAIL_CHARACTERS_MAX)
      errors[field] = [RULES.tooLong(CONNECTYCUBE_DETAIL_CHARACTERS_MAX)]
    else texts[field] = read
  }
  const extensions = readExtensions(params['extensions'], keys)
  return { details: { ...texts, ...(extensions === undefined ? {} : { extensions }) }, errors }
}

/** Only configured keys, as text; `null` takes all away. */
const readExtensions = (
  value: Json | undefined,
  keys: readonly string[],
): { readonly [key: string]: string } | null | undefined => {
  if (value === undefined || value === null) return value
  if (!isObject(value)) return undefined
  const kept = Object.entries(value).flatMap(([key, one]) => {
    const read = isObject(one) ? JSON.stringify(one) : text(one)
    return keys.includes(key) && read !== undefined
      ? [[key, read.slice(0, CONNECTYCUBE_DETAIL_CHARACTERS_MAX)] as const]
      : []
  })
  return Object.fromEntries(kept)
}

const readPreview = (permissions: Json | undefined): boolean | undefined => {
  if (permissions === null) return false
  const allowed = isObject(permissions) ? permissions['allow_preview'] : undefined
  return allowed === undefined ? undefined : truthy(allowed)
}
