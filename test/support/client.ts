/** A client of the stores protocol over real HTTP: one keep-alive agent, whole replies. */
import { Agent, request, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http'
import { isObject, type Json, type JsonObject } from '../../src/json.ts'

export type Reply = {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** Sizes of the chunks that arrived. */
  readonly chunks: readonly Buffer[]
  /** Throws if the body is no JSON. */
  readonly json: () => Json
  /** The body as an object; throws if it is none. */
  readonly object: () => JsonObject
  /** The entity without `success`; throws if there is no `success: true`. */
  readonly entity: () => Entity
  readonly list: () => readonly Entity[]
}

export type Entity = JsonObject & { readonly _id: string }

export type Client = {
  readonly url: string
  readonly headers: OutgoingHttpHeaders
  readonly send: (method: string, path: string, options?: SendOptions) => Promise<Reply>
  /** Paths are below `/api/v1`. */
  readonly get: (path: string) => Promise<Reply>
  readonly post: (path: string, body?: JsonObject) => Promise<Reply>
  readonly patch: (path: string, body?: JsonObject) => Promise<Reply>
  readonly delete: (path: string) => Promise<Reply>
}

export type SendOptions = {
  readonly body?: string | Buffer
  readonly headers?: OutgoingHttpHeaders
  readonly agent?: Agent
}

export const BASE = '/api/v1'

export const clientOf = (url: string, headers: OutgoingHttpHeaders = {}): Client => {
  const send: Client['send'] = (method, path, options = {}) =>
    exchange(url, method, path, { ...options, headers: { ...headers, ...options.headers } })
  const withBody = (method: string) => (path: string, body?: JsonObject) =>
    send(method, BASE + path, body === undefined ? {} : { body: JSON.stringify(body) })
  return {
    url,
    headers,
    send,
    get: (path) => send('GET', BASE + path),
    post: withBody('POST'),
    patch: withBody('PATCH'),
    delete: (path) => send('DELETE', BASE + path),
  }
}

export const bearer = (token: string): OutgoingHttpHeaders => ({ Authorization: `Bearer ${token}` })
export const cookie = (sid: string): OutgoingHttpHeaders => ({ Cookie: `sid=${sid}` })

/** `sid` out of a reply's `Set-Cookie`. */
export const sidOf = (reply: Reply): string =>
  /^sid=([^;]+);/.exec(reply.headers['set-cookie']?.[0] ?? '')?.[1] ?? ''

/** The error body of rightech 4.5, byte for byte. */
export const errorText = (
  status: number,
  message: string,
  tags: readonly string[],
  fields?: { readonly [path: string]: readonly string[] },
): string =>
  JSON.stringify({
    success: false,
    name: 'RicError',
    code: String(status),
    message,
    tags,
    codes: tags,
    ...(fields === undefined ? {} : { fields }),
  })

export const UNAUTHORIZED = errorText(401, 'Unauthorized', ['error_unauthorized'])
export const FORBIDDEN = errorText(403, 'Forbidden', ['error_credentials', 'error_forbidden'])
export const NO_ROUTE = errorText(404, 'Not Found', ['error_not_found'])
export const BAD_REQUEST = errorText(400, 'Bad Request', ['error_bad_request'])
export const TOO_LARGE = errorText(413, 'Payload Too Large', ['error_payload_too_large'])
export const tagOf = (store: string): string => `error_${store.replace('/', '_')}`
export const notFound = (store: string): string =>
  errorText(404, 'Not Found', ['error_not_found', tagOf(store)])
export const invalid = (store: string, fields: { readonly [path: string]: readonly string[] }): string =>
  errorText(400, 'Bad Request', ['error_validation', tagOf(store)], fields)
export const conflict = (store: string, fields: { readonly [path: string]: readonly string[] }): string =>
  errorText(409, 'Conflict', ['error_conflict', tagOf(store)], fields)

const agent = new Agent({ keepAlive: true, maxSockets: 64 })

const exchange = (url: string, method: string, path: string, options: SendOptions): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url)
    const { body, headers = {} } = options
    const length =
      body === undefined || headers['Transfer-Encoding'] ? {} : { 'Content-Length': Buffer.byteLength(body) }
    const sending = request(
      { hostname, port, path, method, headers: { ...length, ...headers }, agent: options.agent ?? agent },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () =>
          resolve(replyOf(response.statusCode ?? 0, response.headers, chunks, `${method} ${path}`)),
        )
      },
    )
    sending.on('error', reject)
    sending.end(body)
  })

const replyOf = (
  status: number,
  headers: IncomingHttpHeaders,
  chunks: readonly Buffer[],
  asked: string,
): Reply => {
  const text = Buffer.concat(chunks).toString()
  const unexpected = (): Error => new Error(`${asked}: ${status} ${text.slice(0, 2_000)}`)
  const json = (): Json => JSON.parse(text) as Json
  const object = (): JsonObject => {
    const value = json()
    if (!isObject(value)) throw unexpected()
    return value
  }
  return {
    status,
    headers,
    text,
    chunks,
    json,
    object,
    entity: () => {
      const { success, ...entity } = object()
      if (status !== 200 || success !== true || !isEntity(entity)) throw unexpected()
      return entity
    },
    list: () => {
      const value = json()
      if (status !== 200 || !Array.isArray(value) || !value.every(isEntity)) throw unexpected()
      return value
    },
  }
}

/** A value as text, as it stands in a path or a query. */
export const asText = (value: Json | undefined): string =>
  typeof value === 'string' ? value : JSON.stringify(value)

const isEntity = (value: unknown): value is Entity => isObject(value) && typeof value['_id'] === 'string'
