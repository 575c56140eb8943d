import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { rejection } from '../../domain/rejection.ts'
import type { Rejection } from '../../domain/rejection.ts'
import { storesDecider } from '../../domain/stores/decide.ts'
import { entityStream, userSubject } from '../../domain/stores/names.ts'
import type { Context } from '../../http/protocol.ts'
import { STORES_COOKIE_MS } from '../../limits.ts'
import { SESSIONS } from '../../queries/stores-principals.ts'
import type { Principal, Session } from '../../queries/stores-principals.ts'
import { userByLogin } from '../../queries/stores.ts'
import type { Attempts } from './attempts.ts'
import { readBody } from './bodies.ts'
import { readSignIn } from './codecs.ts'
import type { SignInBody } from './codecs.ts'
import { hashOf, newSecret } from './credentials.ts'
import { rejected } from './errors.ts'
import { done, reply, replyJson } from './replies.ts'
import type { Services } from './services.ts'

type Method = Session['method']

/** `POST /auth` (a cookie) and `POST /auth/token` (a token): rightech 4.1, 4.2. */
export const signIn = async (
  services: Services,
  attempts: Attempts,
  ctx: Context,
  method: Method,
): Promise<void> => {
  const body = await readBody(ctx)
  if (body === undefined) return
  const read = readSignIn(body)
  if (E.isLeft(read)) {
    return reply(ctx, rejected(rejection('Invalid', 'sign_in', { fields: read.left, about: 'auth' })))
  }
  const { address, id } = ctx.state.request
  const opened = await attempts.guard(read.right.login, address, () =>
    openSession(services, read.right, method, id),
  )
  if (E.isLeft(opened)) return reply(ctx, rejected(opened.left))
  const { secret, issuedAt, expiresAt } = opened.right
  if (method === 'token') return replyJson(ctx, done({ type: 'access', token: secret, issuedAt, expiresAt }))
  replyJson(ctx, done(), { 'Set-Cookie': cookieText(secret, expiresAt, services.isSecure(ctx.req)) })
}

/** `DELETE /auth` ends a session: what it can do goes first, the record of it follows (decisions 9). */
export const endSession = async (
  services: Services,
  { hash, id, caller }: Principal,
  correlationId: string,
): Promise<Either<Rejection, unknown>> => {
  const at = services.now()
  await services.vault.delete(SESSIONS, hash)
  services.principals.forget(hash)
  return services.engine.execute({
    stream: entityStream('users', caller.user),
    decider: storesDecider('users'),
    command: { type: 'SignOut', user: caller.user, sessionId: id, at },
    commandId: randomUUID(),
    actor: `stores:user:${caller.user}`,
    at,
    correlationId,
    via: { protocol: 'rightech' },
  })()
}

/** Has the client drop its cookie. */
export const endedCookie = (message: IncomingMessage, services: Services): string =>
  cookieText('', 0, services.isSecure(message))

type Opened = { readonly secret: string; readonly issuedAt: number; readonly expiresAt: number }

/** A stream that nobody has: an unknown login goes the way of a wrong password, in the same time. */
const NOBODY = '000000000000000000000000'

const openSession = async (
  services: Services,
  { login, password }: SignInBody,
  method: Method,
  correlationId: string,
): Promise<Either<Rejection, Opened>> => {
  const { engine, passwords, reader, vault } = services
  const user = (await userByLogin(reader, login)) ?? NOBODY
  const issuedAt = services.now()
  const expiresAt = issuedAt + (method === 'cookie' ? STORES_COOKIE_MS : services.tokenSeconds * 1000)
  const secret = newSecret()
  const session: Session = { id: services.newId(issuedAt), user, method, expiresAt }
  const outcome = await passwords.run((hasher) =>
    engine.execute({
      stream: entityStream('users', user),
      decider: storesDecider('users'),
      command: async (state) => {
        const verified = await hasher.verify(state.passwordHash, password)
        const options = { ttlMs: expiresAt - issuedAt, subject: userSubject(user) }
        if (verified) await vault.put(SESSIONS, hashOf(secret), session, options)
        return {
          type: 'SignIn',
          user,
          at: issuedAt,
          method,
          sessionId: session.id,
          verified,
          expiresAt,
        } as const
      },
      commandId: randomUUID(),
      actor: `stores:user:${user}`,
      at: issuedAt,
      correlationId,
      via: { protocol: 'rightech', auth: method },
    })(),
  )
  const result = E.flatten(outcome)
  if (E.isRight(result)) return E.right({ secret, issuedAt, expiresAt })
  await vault.delete(SESSIONS, hashOf(secret))
  return result
}

/** The four attributes of rightech 4.1 come first and in its order. */
const cookieText = (value: string, expiresAt: number, secure: boolean): string =>
  `sid=${value}; Path=/; Expires=${new Date(expiresAt).toUTCString()}; HttpOnly${secure ? '; Secure' : ''}; SameSite=Lax`
