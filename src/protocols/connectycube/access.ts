import * as E from 'fp-ts/lib/Either.js'
import type { IncomingHttpHeaders } from 'node:http'
import { tokenHashOf } from '../../commands/cc/sessions.ts'
import type { Answer } from '../../http/protocol.ts'
import type { JsonObject } from '../../json.ts'
import { applicationsWithKey } from '../../queries/cc/applications.ts'
import { needsUser, plainError, sessionIsDead, unauthorized } from './answers.ts'
import type { Caller, Level } from './endpoint.ts'
import { text } from './params.ts'
import type { Services } from './services.ts'

export type AccessParts = Pick<Services, 'sessions' | 'reader'> & {
  readonly settings: Pick<Services['settings'], 'appId'>
}

/** Who calls, if he may (connectycube 2.4). A live token is prolonged whatever the level; a dead one matters only where one is needed. */
export const admit = async (
  parts: AccessParts,
  level: Level,
  headers: IncomingHttpHeaders,
  query: JsonObject,
): Promise<E.Either<Answer, Caller>> => {
  if (level === 'admin') return administrator(parts, headers)
  const token = tokenIn(headers, query)
  const caller = token === undefined ? undefined : await callerOf(parts, token)
  if (level === 'user or admin' && headers[ADMIN_KEY] !== undefined)
    return asAdministrator(await administrator(parts, headers), caller)
  if (caller === undefined) return withoutSession(parts, level, headers, token !== undefined)
  return level.startsWith('user') && caller.user === 0 ? E.left(needsUser()) : E.right(caller)
}

const tokenIn = (headers: IncomingHttpHeaders, query: JsonObject): string | undefined => {
  const token = headerOf(headers, 'cb-token') ?? text(query['token'])
  return token === '' ? undefined : token
}

/** Whoever may call without one, and why nobody else does (2.6). */
const withoutSession = async (
  parts: AccessParts,
  level: Level,
  headers: IncomingHttpHeaders,
  hasToken: boolean,
): Promise<E.Either<Answer, Caller>> => {
  if (level === 'none') return E.right({ app: parts.settings.appId, user: 0, isAdmin: false })
  const key = level === 'key' ? headerOf(headers, 'cb-authkey') : undefined
  const app = key === undefined ? undefined : await applicationOf(parts, 'authKey', key)
  if (app !== undefined) return E.right({ app, user: 0, isAdmin: false })
  if (hasToken) return E.left(sessionIsDead())
  return E.left(key === undefined ? plainError(401, 'Token is required') : unauthorized())
}

/** What he writes is his user's, if he sent the token of one. */
const asAdministrator = (
  admin: E.Either<Answer, Caller>,
  caller: Caller | undefined,
): E.Either<Answer, Caller> =>
  E.isRight(admin) && caller?.app === admin.right.app ? E.right({ ...caller, isAdmin: true }) : admin

const administrator = async (
  parts: AccessParts,
  headers: IncomingHttpHeaders,
): Promise<E.Either<Answer, Caller>> => {
  const key = headerOf(headers, ADMIN_KEY)
  const app = key === undefined ? undefined : await applicationOf(parts, 'adminKey', key)
  return app === undefined ? E.left(unauthorized()) : E.right({ app, user: 0, isAdmin: true })
}

const callerOf = async ({ sessions }: AccessParts, token: string): Promise<Caller | undefined> => {
  const tokenHash = tokenHashOf(token)
  const session = await sessions.find(tokenHash)
  if (session === undefined) return undefined
  const { app, user } = session
  return { app, user, isAdmin: false, session, token, tokenHash }
}

/** Of several that have the same key it is the one that this server was started for. */
const applicationOf = async (
  { reader, settings: { appId } }: AccessParts,
  kind: 'authKey' | 'adminKey',
  key: string,
): Promise<number | undefined> => {
  const apps = await applicationsWithKey(reader, kind, key)
  return apps.includes(appId) ? appId : apps[0]
}

const ADMIN_KEY = 'cb-administration-api-key'
const headerOf = (headers: IncomingHttpHeaders, name: string): string | undefined => headers[name]?.toString()
