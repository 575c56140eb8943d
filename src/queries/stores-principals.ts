import { LRUCache } from 'lru-cache'
import type { Document } from '../documents/port.ts'
import type { Caller } from '../domain/stores/commands.ts'
import * as scopes from '../domain/stores/scopes.ts'
import type { StoredEvent } from '../history/port.ts'
import type { Json } from '../json.ts'
import { PRINCIPALS_MAX } from '../limits.ts'
import type { Vault } from '../vault/port.ts'
import type { Reader } from './reader.ts'

/** Who a credential stands for, and what it may do. */
export type Principal = {
  /** `cookie` and `token` are sessions by password, `api` is an entity of the store `tokens`. */
  readonly kind: 'cookie' | 'token' | 'api'
  /** SHA-256 of the credential. */
  readonly hash: string
  /** Of the session, or the API token's `_id`. */
  readonly id: string
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt: number
  readonly caller: Caller
  /** Every method may be called. */
  readonly everything: boolean
}

export type Principals = {
  /**
   * The principal of a credential's hash; no promise if it is in memory. A cookie opens nothing as a bearer token, nor the other way
   * round. Expired, ended, disabled and unknown are all `undefined`.
   */
  readonly find: (
    kind: 'cookie' | 'bearer',
    hash: string,
  ) => Principal | undefined | Promise<Principal | undefined>
  /** To be called for every event of the stores as soon as the documents show it. */
  readonly invalidate: (event: StoredEvent) => void
  /** Forgets who depends on that entity: what a request has just changed must hold for the next one. */
  readonly changed: (store: string, id: string) => void
  readonly forget: (hash: string) => void
  /** Forgets everybody. */
  readonly clear: () => void
}

/** Space of the vault: sessions by the hash of their secret. */
export const SESSIONS = 'stores.sessions'
export type Session = {
  readonly id: string
  readonly user: string
  readonly method: 'cookie' | 'token'
  readonly expiresAt: number
}

/** Whether a call of that verb and path (below `/api/v1`, decoded) is in the principal's rights. */
export const mayCall = (principal: Principal, verb: string, path: string): boolean =>
  principal.everything || scopes.mayCall(principal.caller, verb, path)

/** The user as somebody who asks, with what the role allows; `undefined` if there is none, or he is disabled. */
export const findCaller = async (reader: Pick<Reader, 'get'>, id: string): Promise<Caller | undefined> => {
  const user = await activeUser(reader, id)
  return user && callerOf(reader, user)
}

/** @param mayCache false while the events that end sessions may come late (decisions 10): then every credential is looked up. */
export const createPrincipals = (setup: {
  readonly reader: Reader
  readonly vault: Vault
  readonly now: () => number
  readonly mayCache?: () => boolean
}): Principals => {
  const { now, mayCache = () => true } = setup
  const cache = new LRUCache<string, Known>({ max: PRINCIPALS_MAX })
  const loading = new Map<string, Promise<Known | undefined>>()
  /** What is being read while something changes is not kept, because it may be from before. */
  let changes = 0

  const lookUp = (hash: string): Promise<Known | undefined> => {
    const started = changes
    const run = load(setup, hash).then((known) => {
      if (known !== undefined && started === changes && mayCache()) cache.set(hash, known)
      return known
    })
    loading.set(hash, run)
    const ended = (): void => {
      if (loading.get(hash) === run) loading.delete(hash)
    }
    run.then(ended, ended)
    return run
  }
  const dropWhere = (depends: (known: Known) => boolean): void => {
    changes += 1
    loading.clear()
    for (const [hash, known] of cache.entries()) if (depends(known)) cache.delete(hash)
  }
  const changed = (store: string, id: string): void => {
    const key = `${store}-${id}`
    if (WATCHED.has(store)) dropWhere(({ dependsOn }) => dependsOn.includes(key))
  }
  return {
    find: (kind, hash) => {
      const known = mayCache() ? cache.get(hash) : undefined
      if (known !== undefined) return usable(known, kind, now())
      return (loading.get(hash) ?? lookUp(hash)).then((found) => usable(found, kind, now()))
    },
    invalidate: ({ stream, type }) => {
      if (type === 'SubjectErased') dropWhere(() => true)
      const end = stream.indexOf('-')
      if (!stream.startsWith('stores.') || HARMLESS.has(type)) return
      changed(stream.slice('stores.'.length, end), stream.slice(end + 1))
    },
    changed,
    forget: (hash) => dropWhere(({ principal }) => principal.hash === hash),
    clear: () => dropWhere(() => true),
  }
}

type Known = { readonly principal: Principal; readonly dependsOn: readonly string[] }
type Grant = Omit<Principal, 'caller' | 'everything'> & {
  readonly user: string
  readonly scopes?: readonly string[]
}

const WATCHED: ReadonlySet<string> = new Set(['users', 'roles', 'tokens'])
/** They give power to nobody who has been looked up before, and take none away. */
const HARMLESS: ReadonlySet<string> = new Set(['EntityCreated', 'SessionOpened', 'PasswordSet'])

const usable = (known: Known | undefined, kind: 'cookie' | 'bearer', at: number): Principal | undefined => {
  if (known === undefined || known.principal.expiresAt <= at) return undefined
  return (known.principal.kind === 'cookie') === (kind === 'cookie') ? known.principal : undefined
}

const load = async (
  { reader, vault }: { readonly reader: Reader; readonly vault: Vault },
  hash: string,
): Promise<Known | undefined> => {
  const grant = (await ofSession(vault, hash)) ?? (await ofToken(reader, hash))
  if (grant === undefined) return undefined
  const user = await activeUser(reader, grant.user)
  return user && known(reader, grant, user)
}

const activeUser = async (reader: Pick<Reader, 'get'>, id: string): Promise<Document | undefined> => {
  const user = (await reader.get('stores_users', id))?.value
  return user?.['disabled'] === true ? undefined : user
}

const known = async (reader: Reader, grant: Grant, user: Document): Promise<Known> => {
  const { user: id, scopes, ...rest } = grant
  const whole = await callerOf(reader, user)
  const credentials = isBarred(rest.kind, user) ? [] : whole.credentials
  const caller = { ...whole, credentials, scopes }
  return {
    principal: { ...rest, caller, everything: isEverything(credentials) && isEverything(scopes ?? ['*']) },
    dependsOn: [`users-${id}`, `roles-${whole.role}`, `tokens-${rest.id}`],
  }
}

const callerOf = async (reader: Pick<Reader, 'get'>, user: Document): Promise<Caller & { role: string }> => {
  const role = text(user['role'])
  return {
    user: user._id,
    group: text(user['group']),
    branch: strings(user['branch']),
    role,
    credentials: await credentialsOf(reader, role),
  }
}

/** A user who may not come by cookie keeps the session without a right: every call is 403 (rightech 1.6, `webDisabled`). */
const isBarred = (kind: Principal['kind'], user: Document): boolean =>
  kind === 'cookie' && user['webDisabled'] === true

const credentialsOf = async (reader: Pick<Reader, 'get'>, role: string): Promise<readonly string[]> =>
  strings((await reader.get('stores_roles', role))?.value['credentials'])

const isEverything = (scopes: readonly string[]): boolean => scopes.includes('*')

const ofSession = async (vault: Vault, hash: string): Promise<Grant | undefined> => {
  const value = (await vault.get(SESSIONS, hash))?.value
  if (value === undefined) return undefined
  const kind = value['method'] === 'cookie' ? 'cookie' : 'token'
  return {
    kind,
    hash,
    id: text(value['id']),
    user: text(value['user']),
    expiresAt: number(value['expiresAt']),
  }
}

const ofToken = async (reader: Reader, hash: string): Promise<Grant | undefined> => {
  const known = (await reader.get('stores_tokens_by_hash', hash))?.value
  const token = known && (await reader.get('stores_tokens', text(known['token'])))?.value
  if (known === undefined || token === undefined) return undefined
  return {
    kind: 'api',
    hash,
    id: token._id,
    user: text(known['user']),
    expiresAt: number(token['expiresAt']),
    scopes: strings(token['scopes']),
  }
}

const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '')
const number = (value: Json | undefined): number => (typeof value === 'number' ? value : 0)
const strings = (value: Json | undefined): readonly string[] =>
  Array.isArray(value) ? (value as readonly Json[]).filter((item) => typeof item === 'string') : []
