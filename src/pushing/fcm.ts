import { importPKCS8, SignJWT } from 'jose'
import { createGuarded, type Guarded, type GuardedAnswer } from '../http/guarded.ts'
import { isList, isObject, type Json } from '../json.ts'
import { PUSH_ANSWER_BYTES_MAX, PUSH_SEND_MS_MAX } from '../limits.ts'
import { parse } from './content.ts'
import { fcmRequest } from './fcm-payload.ts'
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

/** Of a service account's file, as Google gives it. */
export type FcmAccount = {
  readonly projectId: string
  readonly clientEmail: string
  /** PKCS #8 as PEM. */
  readonly privateKey: string
  readonly keyId: string | undefined
  /** Where a signed claim is exchanged for a token. */
  readonly tokenUri: string
}

export type FcmGatewayParts = {
  readonly account: FcmAccount
  /** Instead of Google's. */
  readonly url: string | undefined
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
}

/** Firebase Cloud Messaging, HTTP v1. */
export const createFcmGateway = ({ account, url = GOOGLE, now }: FcmGatewayParts): Gateway => {
  const http = createGuarded('anywhere')
  const tokens = createTokens(account, http, now)
  const target = `${url.replace(/\/+$/, '')}/v1/projects/${encodeURIComponent(account.projectId)}/messages:send`
  const post = async (body: Buffer): Promise<GuardedAnswer> => {
    const token = await tokens.get()
    const answer = await http.request(target, {
      ...LIMITS,
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
      body,
    })
    if (answer.status === 401) tokens.forget(token)
    return answer
  }
  return {
    send: async (notice) => {
      const request = fcmRequest(notice, now())
      if ('refused' in request) return request
      try {
        const answer = await post(request)
        // A token may end before its time: the next one is not the same.
        return outcomeOf(answer.status === 401 ? await post(request) : answer, now())
      } catch (error) {
        return again(codeOf(error))
      }
    },
    placeOf: () => ONE_PLACE,
    close: http.close,
  }
}

const GOOGLE = 'https://fcm.googleapis.com'
const SCOPE = 'https://www.googleapis.com/auth/firebase.messaging'
const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const LIMITS = { timeoutMs: PUSH_SEND_MS_MAX, bytesMax: PUSH_ANSWER_BYTES_MAX }
/** A token is not used in the last minute of its life. */
const TOKEN_MARGIN_MS = 60_000

type Token = { readonly token: string; readonly until: number }
type Tokens = {
  /** Whoever comes while one is fetched waits for the same. Throws if there is none to be had. */
  readonly get: () => Promise<string>
  /** That one is not taken any more. */
  readonly forget: (token: string) => void
}

/** Google's access tokens for a service account (RFC 7523). */
const createTokens = (account: FcmAccount, http: Guarded, now: () => number): Tokens => {
  let kept: Token | undefined
  let fetching: Promise<Token> | undefined
  return {
    get: async () => {
      if (kept !== undefined && now() < kept.until) return kept.token
      fetching ??= fetchToken(account, http, now()).finally(() => {
        fetching = undefined
      })
      kept = await fetching
      return kept.token
    },
    forget: (token) => {
      if (kept?.token === token) kept = undefined
    },
  }
}

class NoToken extends Error {
  readonly code: string
  constructor(status: number) {
    super('no access token')
    this.code = `token_${status}`
  }
}

const fetchToken = async (account: FcmAccount, http: Guarded, now: number): Promise<Token> => {
  const { clientEmail, keyId, tokenUri } = account
  const assertion = await new SignJWT({ scope: SCOPE })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', ...(keyId === undefined ? {} : { kid: keyId }) })
    .setIssuer(clientEmail)
    .setAudience(tokenUri)
    .setIssuedAt(Math.floor(now / 1_000))
    .setExpirationTime(Math.floor(now / 1_000) + 3_600)
    .sign(await importPKCS8(account.privateKey, 'RS256'))
  const { status, body } = await http.request(tokenUri, {
    ...LIMITS,
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: Buffer.from(new URLSearchParams({ grant_type: GRANT, assertion }).toString()),
  })
  const { access_token: token, expires_in: seconds } = parse(body.toString()) ?? {}
  if (status !== 200 || typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) throw new NoToken(status)
  const life = typeof seconds === 'number' ? seconds * 1_000 : 0
  return { token, until: now + Math.max(life - TOKEN_MARGIN_MS, 0) }
}

/** A token that never was one is told by the field that is wrong; a 404 alone says only that something is not there. */
const outcomeOf = ({ status, headers, body }: GuardedAnswer, now: number): Outcome => {
  if (status === 200) return 'sent'
  const { code, isToken } = faultIn(body)
  if (code === 'UNREGISTERED' || (status === 400 && isToken)) return 'gone'
  if (status === 429 || status >= 500)
    return againAfter(status, String(status), retryAfter(headers['retry-after'], now))
  if (status === 401 && code !== 'THIRD_PARTY_AUTH_ERROR') return again(String(status))
  return refused(code ?? String(status))
}

type Fault = { readonly code: string | undefined; readonly isToken: boolean }

const faultIn = (body: Buffer): Fault => {
  const { error } = parse(body.toString()) ?? {}
  const { details, status } = isObject(error) ? error : {}
  const all = isList(details) ? details.filter(isObject) : []
  const codes = [...all.map(({ errorCode }) => errorCode), status]
  return { code: codes.find((one) => typeof one === 'string'), isToken: all.some(blamesToken) }
}

const blamesToken = ({ fieldViolations: violations }: { readonly [key: string]: Json }): boolean =>
  isList(violations) && violations.some((one) => isObject(one) && one['field'] === 'message.token')
