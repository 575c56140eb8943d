/**
 * Accounts of Afrodite as its clients see them: the paths of the spec, the API over plain HTTP with an address of one's own, the bot login, and the first pair
 * of a session. Tests register an account of their own each, so that they share a server and nothing else.
 */
import { request, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http'
import { isObject, type JsonObject } from '../../src/json.ts'
import { startServer, type RunningServer, type ServerOptions } from './server.ts'

/** The public paths (afrodite 2, 3.1, 4, 6), as the spec prints them. */
export const PATHS = {
  version: '/0E_N3KS0gI2PPBujveMhHLv292Y',
  connect: '/6qQZ2jQO5exMKFI2jCzGAdMysxE',
  signIn: '/ijts6B4AAg_6Dyjhaw85iBnw5Bo',
  logout: '/g2UxTGqbCXXzUsALaE6udVrIh2U',
  delete: '/_aiEAY0WZCquNl_WQ5fDORGuHwA',
  state: '/C9sCP6O2IfIBQCu8LM1_SCybuW0',
  visibility: '/yG0OQXcMed-EGdvhSoq3qlXTYQc',
  unlimitedLikes: '/oKbgnRxyzLb50Y2_ZCuLJYtEIcM',
  data: '/Ln3_j2LpJIbQABKwnMMhUEtio5k',
  setup: '/RNb6qhf_lZU8t6kOm5kQY7Y34ok',
  completeSetup: '/VzPyCXS5Hx50SbAApdpUYfCY-Iw',
  latestBirthdate: '/Hg2W1drXZ94YVp3Uh38hnQzYIng',
  nextClientId: '/b5kd4x8_ybr1Rj_tprU5BxF_xGo',
  setDeviceToken: '/CBoGGZ4HDW0REbM6SxasDCvXJNM',
  pendingNotification: '/MhQXhJMKgrUh0s95FueOgalQg-o',
  demoLogin: '/TYbxniP-G9ibgdoAkpvVWTKkxaU',
  demoConfirm: '/3KlEajKOIo1Drd3uW-IzQ1L3qlE',
  demoAccounts: '/xyG8kH6eLanLiKYXdnOx1xxeAdA',
  demoRegister: '/oDv1gK4Y6nMrPgEo5nArQAckh6Q',
  demoLoginToAccount: '/sBH-LyNGOOFXivrv5clCpNrkwcA',
} as const

export type Env = { readonly [name: string]: string }

/** A server with bots: with the routes of 4.2 on a listener of their own unless the options say otherwise. */
export const startAfrodite = (env: Env = {}, options: Omit<ServerOptions, 'env'> = {}) =>
  startServer({ ...options, env: { AFRODITE_BOT_LOGIN: 'true', AFRODITE_INTERNAL_PORT: '0', ...env } })

/** The same without the listener: the bots' routes are on the shared one (one-port 2, row 10). */
export const startAfroditeShared = (env: Env = {}, options: Omit<ServerOptions, 'env'> = {}) =>
  startServer({ ...options, env: { AFRODITE_BOT_LOGIN: 'true', ...env } })

export type Reply = {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** Throws if the body is no JSON object. */
  readonly object: () => JsonObject
}

export type CallOptions = {
  readonly token?: string
  /** Bytes as they are; anything else is sent as JSON. */
  readonly body?: unknown
  readonly headers?: OutgoingHttpHeaders
  /** The address the request comes from. */
  readonly from?: string
}

/** One request on a connection of its own. */
export const call = (url: string, method: string, path: string, options: CallOptions = {}): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const { token, body, headers, from } = options
    const bytes = body === undefined || Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body))
    const { hostname, port } = new URL(url)
    const sent = request(
      {
        ...{ hostname, port, path, method, agent: false },
        ...(from === undefined ? {} : { localAddress: from }),
        headers: {
          ...(token === undefined ? {} : { 'x-access-token': token }),
          ...(bytes === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': bytes.length }),
          ...headers,
        },
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text,
            object: () => parsed(text),
          })
        })
      },
    )
    sent.on('error', reject)
    sent.end(bytes)
  })

const parsed = (text: string): JsonObject => {
  const value: unknown = JSON.parse(text)
  if (!isObject(value)) throw new Error(`no object: ${text}`)
  return value
}

/** The reply's object; throws if it is not 200. */
export const ok = (reply: Reply): JsonObject => {
  if (reply.status !== 200) throw new Error(`${reply.status} ${reply.text}`)
  return reply.object()
}

/** An access token in its text form, a refresh token raw: as clients keep them. */
export type Pair = { readonly access: string; readonly refresh: Buffer }

export type Account = { readonly aid: string; readonly pair: Pair }

/** Where the bots' routes are. */
export const botsUrl = (server: RunningServer): string => {
  try {
    return server.urlOf('internal')
  } catch {
    return server.url
  }
}

export const register = async (server: RunningServer): Promise<string> => {
  const { aid } = ok(await call(botsUrl(server), 'POST', '/account_api/register'))
  if (typeof aid !== 'string') throw new Error('no account')
  return aid
}

export const login = async (server: RunningServer, aid: string): Promise<Pair> =>
  pairOf(await call(botsUrl(server), 'POST', '/account_api/login', { body: { aid } }))

export const newAccount = async (server: RunningServer): Promise<Account> => {
  const aid = await register(server)
  return { aid, pair: await login(server, aid) }
}

/** Exactly the object of afrodite 4, its members in their order. */
const LOGIN_RESULT =
  /^\{"account":\{"refresh":\{"token":"([A-Za-z0-9+/]{512})"\},"access":\{"access_token":"([A-Za-z0-9_-]{43})"\}\},"profile":null,"media":null,"aid":\{"aid":"([0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})"\},"email":(null|"[^"]+")\}$/

export type LoginResult = { readonly pair: Pair; readonly aid: string; readonly email: string | null }

/** Throws if the reply is not the LoginResult byte for byte. */
export const loginResult = ({ status, text }: Reply): LoginResult => {
  const [, refresh = '', access = '', aid = '', email = ''] = LOGIN_RESULT.exec(text) ?? []
  if (status !== 200 || aid === '') throw new Error(`no LoginResult: ${status} ${text}`)
  return {
    pair: { access, refresh: Buffer.from(refresh, 'base64') },
    aid,
    email: JSON.parse(email) as string | null,
  }
}
export const pairOf = (reply: Reply): Pair => loginResult(reply).pair

/** The API status with this token: 200 = the permission is there. */
export const apiStatus = async (server: RunningServer, token?: string, from?: string): Promise<number> => {
  const options = { ...(token === undefined ? {} : { token }), ...(from === undefined ? {} : { from }) }
  return (await call(server.url, 'GET', PATHS.state, options)).status
}

/** Changes the visibility; throws if that is refused. */
export const setVisibility = async (server: RunningServer, token: string, value: boolean): Promise<void> => {
  const { status, text } = await call(server.url, 'PUT', PATHS.visibility, { token, body: { value } })
  if (status !== 200 || text !== '') throw new Error(`${status} ${text}`)
}
