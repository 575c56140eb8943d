import * as E from 'fp-ts/lib/Either.js'
import { isList, isObject, type Json, type JsonObject } from '../../json.ts'
import type { Fields } from '../rejection.ts'
import { RULES } from './rules.ts'

/** What an application may set (connectycube 12.3), by the names that its administrator uses. */
export type ApplicationSettings = {
  readonly session_without_existing_user: 'allow' | 'deny'
  readonly users_list_v1: 'allow' | 'deny'
  readonly require_signature: boolean
  readonly dialog_extension_fields: readonly string[]
  readonly notify_contact_joined: boolean
  readonly chat_alerts: boolean
  readonly welcome_mail: boolean
  readonly confirm_mail: boolean
  /** `%s` stands for the meeting's id. Null: below this server's own address. */
  readonly meeting_url_template: string | null
  readonly recording_webhook_url: string | null
  readonly cidp: IdentityProvider | null
}

/** The application's own identity provider (connectycube 3.1). Values are templates: `#{login}`, and `#{path.in.the.answer}`. */
export type IdentityProvider = {
  readonly url: string
  readonly request_params: { readonly [name: string]: string }
  readonly response_params: { readonly [field: string]: string }
}

export const DEFAULT_SETTINGS: ApplicationSettings = {
  session_without_existing_user: 'allow',
  users_list_v1: 'allow',
  require_signature: false,
  dialog_extension_fields: [],
  notify_contact_joined: false,
  chat_alerts: true,
  welcome_mail: false,
  confirm_mail: false,
  meeting_url_template: null,
  recording_webhook_url: null,
  cidp: null,
}

/** Where a mail sends whoever is invited; nobody but the operator knows where meetings are held. */
export const meetingUrls = ({ meeting_url_template: set }: ApplicationSettings, linkBase: string): string =>
  set ?? `${linkBase}/meet/%s`

/**
 * Those that may hold a key of another server, as a parameter or within a URL: in the history they are sealed with the application's key.
 */
export const isSecretSetting = (name: string): boolean => name === 'cidp' || name === 'recording_webhook_url'

/** All settings, of which an event or a document has those that were ever set. */
export const settingsFrom = (set: JsonObject): ApplicationSettings => {
  const read = readSettings(set)
  return { ...DEFAULT_SETTINGS, ...(E.isRight(read) ? read.right : {}) }
}

/** Those that are named, and known; or what is wrong with them. */
export const readSettings = (body: JsonObject): E.Either<Fields, Partial<ApplicationSettings>> => {
  const names = SETTING_NAMES.filter((name) => body[name] !== undefined)
  const values = names.map((name) => [name, READERS[name](body[name] ?? null)] as const)
  const invalid = values.filter(([, value]) => value === undefined)
  return invalid.length > 0
    ? E.left(Object.fromEntries(invalid.map(([name]) => [name, [RULES.invalid]])))
    : E.right(Object.fromEntries(values))
}

type Readers = {
  readonly [name in keyof ApplicationSettings]: (value: Json) => ApplicationSettings[name] | undefined
}

const EXTENSION_FIELDS_MAX = 3
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/
const PARAMETERS_MAX = 20
const TEMPLATE_CHARACTERS_MAX = 1_000

const choice = (value: Json): 'allow' | 'deny' | undefined =>
  value === 'allow' || value === 'deny' ? value : undefined

/** Forms have no booleans. */
const flag = (value: Json): boolean | undefined => {
  if (value === true || value === 1 || value === '1' || value === 'true') return true
  return value === false || value === 0 || value === '0' || value === 'false' ? false : undefined
}

const names = (value: Json): readonly string[] | undefined => {
  const items = typeof value === 'string' ? (value === '' ? [] : value.split(',')) : value
  if (!isList(items) || items.length > EXTENSION_FIELDS_MAX) return undefined
  const texts = items.flatMap((item) =>
    typeof item === 'string' && NAME.test(item.trim()) ? [item.trim()] : [],
  )
  return texts.length === items.length ? [...new Set(texts)] : undefined
}

const WEB = ['https:', 'http:']

const isUrl = (text: string, protocols: readonly string[]): boolean =>
  text.length <= TEMPLATE_CHARACTERS_MAX && URL.canParse(text) && protocols.includes(new URL(text).protocol)

const template = (value: Json): string | null | undefined => {
  if (value === null) return null
  const isTemplate = typeof value === 'string' && value.includes('%s')
  return isTemplate && isUrl(value.replaceAll('%s', '0'), WEB) ? value : undefined
}

const webhook = (value: Json): string | null | undefined =>
  value === null || (typeof value === 'string' && isUrl(value, WEB)) ? value : undefined

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/** Unencrypted only where nobody is on the way. */
const isProviderUrl = (text: string): boolean =>
  isUrl(text, ['https:']) || (isUrl(text, ['http:']) && LOOPBACK.test(new URL(text).hostname))

const templates = (value: Json | undefined): { readonly [name: string]: string } | undefined => {
  if (!isObject(value)) return undefined
  const entries = Object.entries(value).flatMap(([name, text]) =>
    typeof text === 'string' && NAME.test(name) && text.length <= TEMPLATE_CHARACTERS_MAX
      ? [[name, text] as const]
      : [],
  )
  const isWhole = entries.length === Object.keys(value).length && entries.length <= PARAMETERS_MAX
  return isWhole ? Object.fromEntries(entries) : undefined
}

const provider = (value: Json): IdentityProvider | null | undefined => {
  if (value === null) return null
  if (!isObject(value)) return undefined
  const { url } = value
  const request = templates(value['request_params'])
  const response = templates(value['response_params'])
  const isWhole = request !== undefined && response !== undefined && response['uid'] !== undefined
  return isWhole && typeof url === 'string' && isProviderUrl(url)
    ? { url, request_params: request, response_params: response }
    : undefined
}

const READERS: Readers = {
  session_without_existing_user: choice,
  users_list_v1: choice,
  require_signature: flag,
  dialog_extension_fields: names,
  notify_contact_joined: flag,
  chat_alerts: flag,
  welcome_mail: flag,
  confirm_mail: flag,
  meeting_url_template: template,
  recording_webhook_url: webhook,
  cidp: provider,
}
const SETTING_NAMES = Object.keys(READERS) as readonly (keyof ApplicationSettings)[]
