import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { isList, isObject, type Json, type JsonObject } from '../../json.ts'
import type { Fields } from '../rejection.ts'
import { RULES } from './rules.ts'
import type { Profile } from './user-events.ts'

/** What a client said about a user: what is absent stays, null clears. */
export type Given = {
  readonly changes: Partial<Profile>
  readonly password?: string
  readonly oldPassword?: string
}

/** The text of a broken rule. */
export type Broken = string

/** Reads the fields of connectycube 4.1 by their table; the left says of each what is broken. Unknown fields are ignored. */
export const readUserFields = (input: JsonObject): Either<Fields, Given> => {
  const values = new Map<string, Json>()
  const broken = new Map<string, readonly Broken[]>()
  const take = (field: string, name: string, read: Either<Broken, Json>): void => {
    if (E.isLeft(read)) broken.set(field, [read.left])
    else values.set(name, read.right)
  }
  for (const [field, { name, read }] of FIELDS) {
    const value = input[field]
    if (value !== undefined) take(field, name, value === null ? cleared(name) : read(value))
  }
  const password = readPassword(input['password'])
  if (password !== undefined && E.isLeft(password)) broken.set('password', [password.left])
  if (broken.size > 0) return E.left(Object.fromEntries(broken))
  return E.right({
    changes: Object.fromEntries(values),
    ...(password !== undefined && E.isRight(password) ? { password: password.right } : {}),
    ...oldPasswordIn(input),
  })
}

/** What a client may say of a user, by its own names. */
export const userFieldNames = (): readonly string[] => [...FIELDS.keys(), 'password', 'old_password']

const cleared = (name: keyof Profile): Either<Broken, Json> => E.right(name === 'tags' ? [] : null)

const oldPasswordIn = (input: JsonObject): Pick<Given, 'oldPassword'> => {
  const oldPassword = textOf(input['old_password'])
  return oldPassword === undefined ? {} : { oldPassword }
}

/** `undefined`: there is none. */
export const readPassword = (value: Json | undefined): Either<Broken, string> | undefined => {
  if (value === undefined) return undefined
  if (value === null) return E.left(RULES.blank)
  return text(PASSWORD_MIN, PASSWORD_MAX)(value)
}

/** A new user needs a name to sign in by, and a password. */
export const missingIn = ({ changes, password }: Given): Fields | undefined => {
  const isNamed = typeof changes.login === 'string' || typeof changes.email === 'string'
  if (isNamed && password !== undefined) return undefined
  return {
    ...(isNamed ? {} : { login: [RULES.blank] }),
    ...(password === undefined ? { password: [RULES.blank] } : {}),
  }
}

const PASSWORD_MIN = 8
const PASSWORD_MAX = 40
const TAGS_MAX = 5
const TAG_CHARACTERS_MAX = 50
const EMAIL_CHARACTERS_MAX = 254

type Read<A> = (value: Json) => Either<Broken, A>
type Field = { readonly name: keyof Profile; readonly read: Read<Json> }

const textOf = (value: Json | undefined): string | undefined =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined

const lengthOf = (value: string): number => Array.from(value).length

/** Half a character cannot be stored as it is. */
export const isWhole = (value: string): boolean => !/[\p{Cs}\0]/u.test(value)

const within = (value: string, min: number, max: number): Either<Broken, string> => {
  if (!isWhole(value)) return E.left(RULES.invalid)
  const length = lengthOf(value)
  if (length < min) return E.left(RULES.tooShort(min))
  return length > max ? E.left(RULES.tooLong(max)) : E.right(value)
}

const text =
  (min: number, max: number): Read<string> =>
  (value) => {
    const read = textOf(value)
    return read === undefined ? E.left(RULES.invalid) : within(read, min, max)
  }

/** An empty one is none. */
const optional =
  (max: number): Read<string | null> =>
  (value) =>
    E.map((read: string) => (read === '' ? null : read))(text(0, max)(value))

const trimmed =
  (min: number, max: number): Read<string> =>
  (value) => {
    const read = textOf(value)
    return read === undefined ? E.left(RULES.invalid) : within(read.trim(), min, max)
  }

/** A dot-atom before the at sign and a domain behind it; anything else would have to be quoted somewhere. */
const EMAIL =
  /^[^\s\p{C}"(),.:;<>@[\\\]]+(?:\.[^\s\p{C}"(),.:;<>@[\\\]]+)*@[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]*[\p{L}\p{M}\p{N}])?(?:\.[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]*[\p{L}\p{M}\p{N}])?)*$/u

const email: Read<string> = (value) => {
  const read = textOf(value)?.trim()
  if (read === undefined) return E.left(RULES.invalid)
  if (lengthOf(read) > EMAIL_CHARACTERS_MAX) return E.left(RULES.tooLong(EMAIL_CHARACTERS_MAX))
  return EMAIL.test(read) ? E.right(read) : E.left(RULES.invalid)
}

const website: Read<string | null> = (value) =>
  E.map((read: string | null) => (read === null || SCHEME.test(read) ? read : `http://${read}`))(
    optional(255)(value),
  )
const SCHEME = /^[a-z][a-z\d+.-]*:\/\//i

const customData: Read<string | null> = (value) =>
  optional(5_000)(isObject(value) || isList(value) ? JSON.stringify(value) : value)

const whole: Read<number> = (value) => {
  const read = typeof value === 'string' && /^\s*-?\d{1,16}\s*$/.test(value) ? Number(value) : value
  return typeof read === 'number' && Number.isSafeInteger(read) ? E.right(read) : E.left(RULES.invalid)
}

const tagOf = (item: string | undefined): Either<Broken, string> => {
  const tag = item?.trim()
  return tag === undefined || tag.includes(',') ? E.left(RULES.invalid) : within(tag, 0, TAG_CHARACTERS_MAX)
}

/** Each once, in the order in which they were given. */
const tags: Read<readonly string[]> = (value) => {
  const items = isList(value) ? value.map(textOf) : textOf(value)?.split(',')
  if (items === undefined) return E.left(RULES.invalid)
  const all = new Set<string>()
  for (const item of items) {
    const tag = tagOf(item)
    if (E.isLeft(tag)) return tag
    if (tag.right !== '') all.add(tag.right)
  }
  return all.size > TAGS_MAX ? E.left(RULES.invalid) : E.right([...all])
}

/** By the client's name of a field. */
const FIELDS: ReadonlyMap<string, Field> = new Map<string, Field>([
  ['login', { name: 'login', read: trimmed(3, 70) }],
  ['email', { name: 'email', read: email }],
  ['full_name', { name: 'fullName', read: trimmed(1, 255) }],
  ['phone', { name: 'phone', read: optional(40) }],
  ['website', { name: 'website', read: website }],
  ['custom_data', { name: 'customData', read: customData }],
  ['avatar', { name: 'avatar', read: optional(512) }],
  ['blob_id', { name: 'blobId', read: whole }],
  ['external_user_id', { name: 'externalUserId', read: whole }],
  ['external_id', { name: 'externalId', read: optional(255) }],
  ['facebook_id', { name: 'facebookId', read: optional(255) }],
  ['twitter_id', { name: 'twitterId', read: optional(255) }],
  ['timezone', { name: 'timezone', read: whole }],
  ['tag_list', { name: 'tags', read: tags }],
])
