/** Users in groups of their own, so that tests share a server and not its entities; and the smallest valid body of every store. */
import { randomBytes } from 'node:crypto'
import { STORES } from '../../src/domain/stores/registry.ts'
import type { Field } from '../../src/domain/stores/store-def.ts'
import type { Json, JsonObject } from '../../src/json.ts'
import { asText, bearer, clientOf, cookie, sidOf, type Client, type Entity } from './client.ts'
import { ADMIN } from './server.ts'

export type Member = Client & {
  readonly token: string
  readonly login: string
  readonly password: string
  readonly user: string
  readonly role: string
  readonly group: string
  readonly branch: readonly Json[]
}

export const PASSWORD = 'Passw0rd'

let made = 0
/** Used by nobody else, also not in another run on the same directory. */
export const unique = (stem: string): string => `${stem}-${randomBytes(4).toString('hex')}${++made}`

/** Signs in with a token. */
export const signIn = async (url: string, login: string, password: string): Promise<Member> => {
  const answer = await clientOf(url).post('/auth/token', { login, password })
  const { token } = answer.object()
  if (typeof token !== 'string') throw new Error(`${answer.status} ${answer.text}`)
  const client = clientOf(url, bearer(token))
  const me = (await client.get('/auth')).entity()
  return {
    ...client,
    token,
    login,
    password,
    user: me._id,
    role: asText(me.role),
    group: asText(me.group),
    branch: Array.isArray(me.branch) ? me.branch : [],
  }
}

export const signInAdmin = (url: string): Promise<Member> => signIn(url, ADMIN.login, ADMIN.password)

/** A user in a fresh group below the member's own, with a role of those credentials (else the member's own role). */
export const newMember = async (
  from: Member,
  options: { readonly credentials?: readonly string[]; readonly group?: string } = {},
): Promise<Member> => {
  const { credentials, group = (await create(from, 'groups')).entity._id } = options
  const role =
    credentials === undefined
      ? from.role
      : (await from.post('/roles', { name: unique('role'), credentials, group })).entity()._id
  const login = unique('user')
  const body = { name: login, login, email: `${login}@example.org`, password: PASSWORD, role, group }
  const user = await from.post('/users', body)
  user.entity()
  return signIn(from.url, login, PASSWORD)
}

/** The value of the member's `sid` cookie. */
export const signInByCookie = async ({
  url,
  login,
  password,
}: Member): Promise<Client & { readonly sid: string }> => {
  const sid = sidOf(await clientOf(url).post('/auth', { login, password }))
  return { ...clientOf(url, cookie(sid)), sid }
}

/** An API token of the member with those scopes. */
export const newToken = async (
  { url, post }: Member,
  scopes: readonly string[],
): Promise<Client & { readonly id: string; readonly token: string }> => {
  const made = (await post('/tokens', { scopes })).entity()
  const token = asText(made.token)
  return { ...clientOf(url, bearer(token)), id: made._id, token }
}

/** Creates an entity from the minimal body and what is given beside it. */
export const create = async (
  member: Member,
  store: string,
  more: JsonObject = {},
): Promise<{ readonly body: JsonObject; readonly entity: Entity }> => {
  const body = { ...(await minimalBody(member, store, more)), ...more }
  return { body, entity: (await member.post(`/${store}`, body)).entity() }
}

/** The required fields and nothing else, out of the registry, references to fresh entities. What `given` has is not made. */
export const minimalBody = async (
  member: Member,
  store: string,
  given: JsonObject = {},
): Promise<JsonObject> => {
  const body: Record<string, Json> = {}
  for (const [name, field] of requiredFields(store)) {
    if (given[name] === undefined) body[name] = await valueFor(member, store, name, field)
  }
  return body
}

export const requiredFields = (store: string): readonly (readonly [string, Field])[] =>
  Object.entries(STORES[store]?.fields ?? {}).filter(
    ([name, field]) => field.required === true || ALSO_REQUIRED[store] === name,
  )

/** Of two fields one has to be there (rightech 1.6). */
const ALSO_REQUIRED: { readonly [store: string]: string } = { automatons: 'model' }

/** Where any text will not do. */
const TEXTS: { readonly [field: string]: () => string } = {
  'models.base': () => 'mqtt',
  'users.password': () => PASSWORD,
  'users.email': () => `${unique('Mail')}@example.org`,
  'invites.email': () => `${unique('mail')}@example.org`,
}

const valueFor = async (member: Member, store: string, name: string, field: Field): Promise<Json> => {
  if (field.type === 'ref') return (await create(member, field.store)).entity._id
  if (field.type === 'number') return 1
  if (field.type === 'boolean') return true
  if (field.type === 'object') return {}
  if (field.type === 'list') return []
  return TEXTS[`${store}.${name}`]?.() ?? field.oneOf?.[0] ?? unique(name)
}
