import { connect, constants, type ClientHttp2Session } from 'node:http2'
import { importPKCS8, SignJWT } from 'jose'
import type { Environment } from '../domain/cc/push-events.ts'
import { PUSH_ANSWER_BYTES_MAX, PUSH_SEND_MS_MAX } from '../limits.ts'
import { apnsRequest, type ApnsRequest } from './apns-payload.ts'
import { parse } from './content.ts'
import {
  again,
  againAfter,
  codeOf,
  ONE_PLACE,
  refused,
  retryAfter,
  type Gateway,
  type Outcome,
} from './gateway.ts'

export type ApnsKey = {
  /** PKCS #8 as PEM. */
  readonly key: string
  readonly keyId: string
  readonly teamId: string
}

export type ApnsGatewayParts = {
  readonly key: ApnsKey
  /** Instead of Apple's, for both environments. */
  readonly url: string | undefined
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
}

/** Apple's push service: one connection to each of its hosts, kept as long as it lives. */
export const createApnsGateway = ({ key, url, now }: ApnsGatewayParts): Gateway => {
  const tokens = createTokens(key, now)
  const connections = createConnections()
  return {
    send: async (notice) => {
      const request = apnsRequest(notice, now())
      if ('refused' in request) return request
      try {
        const token = await tokens.get()
        const origin = url ?? HOSTS[notice.environment]
        const path = `/3/device/${encodeURIComponent(notice.device.token)}`
        const answer = await connections.request(origin, path, {
          ...request,
          headers: { ...request.headers, authorization: `bearer ${token}` },
        })
        if (answer.reason === 'ExpiredProviderToken') tokens.forget(token)
        return outcomeOf(answer, now())
      } catch (error) {
        return again(codeOf(error))
      }
    },
    placeOf: () => ONE_PLACE,
    close: connections.close,
  }
}

const HOSTS: { readonly [environment in Environment]: string } = {
  development: 'https://api.sandbox.push.apple.com',
  production: 'https://api.push.apple.com',
}
/** It is good for an hour, and another one within 20 minutes is refused. */
const TOKEN_MS = 50 * 60_000
const REASONS_OF_TOKEN: readonly string[] = [
  'ExpiredProviderToken',
  'InvalidProviderToken',
  'MissingProviderToken',
]

type Tokens = { readonly get: () => Promise<string>; readonly forget: (token: string) => void }

const createTokens = ({ key, keyId, teamId }: ApnsKey, now: () => number): Tokens => {
  let made: { readonly token: Promise<string>; readonly until: number } | undefined
  let last: string | undefined
  const make = async (): Promise<string> => {
    last = await new SignJWT()
      .setProtectedHeader({ alg: 'ES256', kid: keyId })
      .setIssuer(teamId)
      .setIssuedAt(Math.floor(now() / 1_000))
      .sign(await importPKCS8(key, 'ES256'))
    return last
  }
  return {
    get: () => {
      if (made === undefined || now() >= made.until) made = { token: make(), until: now() + TOKEN_MS }
      return made.token
    },
    forget: (token) => {
      if (token === last) made = undefined
    },
  }
}

type Answer = { readonly status: number; readonly reason: string; readonly retryAfter: string | undefined }
type Connections = {
  readonly request: (origin: string, path: string, request: ApnsRequest) => Promise<Answer>
  readonly close: () => void
}

const createConnections = (): Connections => {
  const sessions = new Map<string, ClientHttp2Session>()
  /** What is under way on it may end; what comes gets another one. */
  const leave = (origin: string, session: ClientHttp2Session): void => {
    if (sessions.get(origin) === session) sessions.delete(origin)
    session.close()
  }
  const open = (origin: string): ClientHttp2Session => {
    const known = sessions.get(origin)
    if (known !== undefined && !known.closed && !known.destroyed) return known
    const session = connect(origin)
    sessions.set(origin, session)
    const drop = (): void => leave(origin, session)
    // Its requests fail by themselves.
    session.on('error', drop).on('goaway', drop).on('close', drop)
    session.setTimeout(IDLE_MS, drop)
    session.unref()
    return session
  }
  return {
    request: async (origin, path, request) => {
      const session = open(origin)
      try {
        return await answerTo(session, path, request)
      } catch (error) {
        // One that does not answer in time may be dead without our knowing.
        leave(origin, session)
        throw error
      }
    },
    close: () => {
      for (const session of sessions.values()) session.destroy()
      sessions.clear()
    },
  }
}

const IDLE_MS = 15 * 60_000

const answerTo = async (
  session: ClientHttp2Session,
  path: string,
  { headers, body }: ApnsRequest,
): Promise<Answer> => {
  const signal = AbortSignal.timeout(PUSH_SEND_MS_MAX)
  const stream = session.request(
    { [constants.HTTP2_HEADER_METHOD]: 'POST', [constants.HTTP2_HEADER_PATH]: path, ...headers },
    { signal },
  )
  let status = 0
  let wait: string | undefined
  stream.on('response', (answered) => {
    status = Number(answered[constants.HTTP2_HEADER_STATUS])
    const value = answered['retry-after']
    wait = typeof value === 'string' ? value : undefined
  })
  stream.end(body)
  const chunks: Buffer[] = []
  let bytes = 0
  const parts: AsyncIterable<Buffer> = stream
  for await (const chunk of parts) {
    bytes += chunk.length
    if (bytes > PUSH_ANSWER_BYTES_MAX) break
    chunks.push(chunk)
  }
  if (status === 0) throw new Error('no answer')
  const { reason } = parse(Buffer.concat(chunks).toString()) ?? {}
  return { status, reason: typeof reason === 'string' ? reason : '', retryAfter: wait }
}

const outcomeOf = ({ status, reason, retryAfter: wait }: Answer, now: number): Outcome => {
  if (status === 200) return 'sent'
  if (status === 410 || (status === 400 && reason === 'BadDeviceToken')) return 'gone'
  if (status === 413) return { refused: 'too-large' }
  const cause = reason === '' ? String(status) : reason
  return isForLater(status, reason) ? againAfter(status, cause, retryAfter(wait, now)) : refused(cause)
}

/** A provider's token that is refused is no fault of the notification. */
const isForLater = (status: number, reason: string): boolean =>
  status === 429 || status >= 500 || (status === 403 && REASONS_OF_TOKEN.includes(reason))
