import * as E from 'fp-ts/lib/Either.js'
import type { LiveSession, Opened, Opening } from '../../commands/cc/sessions.ts'
import { applicationDecider } from '../../domain/cc/application.ts'
import { applicationStream } from '../../domain/cc/names.ts'
import type { Rejection } from '../../domain/rejection.ts'
import type { Answer } from '../../http/protocol.ts'
import { isObject, plainText, type Json, type JsonObject } from '../../json.ts'
import { CONNECTYCUBE_TIMESTAMP_MS_MAX } from '../../limits.ts'
import { applicationsWithKey, settingsOf } from '../../queries/cc/applications.ts'
import { findUser, userViews, type UserDocument } from '../../queries/cc/users.ts'
import { baseError, empty, fieldErrors, json, RULES, sessionIsDead, unauthorized } from './answers.ts'
import type { Call, Endpoint } from './endpoint.ts'
import { render } from './errors.ts'
import { integer, isoSeconds, text, time } from './params.ts'
import type { Services } from './services.ts'
import { logIn, readClaimed, refused, signIn, type Claimed } from './sign-in.ts'
import { isSigned } from './signatures.ts'
import { utcText } from './times.ts'

/** Connectycube 3. */
export const SESSION_ENDPOINTS: readonly Endpoint[] = [
  { method: 'POST', path: '/session', level: 'none', serve: (services, call) => openSession(services, call) },
  {
    method: 'GET',
    path: '/session',
    level: 'app',
    serve: async (services, { caller: { app, session, token = '' } }) =>
      session === undefined
        ? unauthorized()
        : json(200, await view(services, app, { session, token }), expiry(session)),
  },
  {
    method: 'DELETE',
    path: '/session',
    level: 'app',
    serve: async ({ sessions }, { caller: { tokenHash = '' } }) => {
      const closed = await sessions.close(tokenHash)
      return E.isLeft(closed) ? render(closed.left) : empty()
    },
  },
  { method: 'POST', path: '/login', level: 'app', serve: (services, call) => serveLogin(services, call) },
  {
    method: 'DELETE',
    path: '/login',
    level: 'app',
    serve: async ({ sessions }, { caller: { tokenHash = '' } }) => {
      const left = await sessions.logout(tokenHash)
      return E.isLeft(left) ? render(left.left) : empty()
    },
  },
]

const openSession = async (services: Services, call: Call): Promise<Answer> => {
  const { body, baseUrl } = call
  const app = await applicationOf(services, call)
  if (E.isLeft(app)) return app.left
  const claimed = claimedIn(body)
  if (E.isLeft(claimed)) return render(claimed.left)
  const signedIn =
    claimed.right === undefined
      ? E.right(undefined)
      : await signIn(services, app.right, claimed.right, { baseUrl })
  if (E.isLeft(signedIn)) return render(signedIn.left)
  const opened = await services.sessions.open(app.right, {
    ...(signedIn.right === undefined ? {} : { user: signedIn.right.signingIn }),
    ...echoOf(body),
  })
  if (E.isLeft(opened)) return render(opened.left)
  const shown = await view(services, app.right, opened.right, signedIn.right?.user)
  return json(201, shown, expiry(opened.right.session))
}

/** A session of the application alone names nobody: a `user` that cannot be read is no such thing. */
const claimedIn = (body: JsonObject): E.Either<Rejection, Claimed | undefined> => {
  const { user, nonce } = body
  if ((text(nonce) ?? '').length > NONCE_CHARACTERS_MAX)
    return refused('nonce', RULES.tooLong(NONCE_CHARACTERS_MAX))
  if (user === undefined || user === null || user === '') return readClaimed(body, {})
  if (!isObject(user)) return refused('user', RULES.invalid)
  const claimed = readClaimed(body, user)
  return E.isRight(claimed) && claimed.right === undefined ? refused('login') : claimed
}

const NONCE_CHARACTERS_MAX = 255

/** Which application asks, if its key and what it signed are right. */
const applicationOf = async (services: Services, { body, now }: Call): Promise<E.Either<Answer, number>> => {
  const app = integer(body['application_id'])
  const key = text(body['auth_key'])
  const blank = ['application_id', 'auth_key'].filter((name) => (text(body[name]) ?? '') === '')
  if (blank.length > 0)
    return E.left(fieldErrors(Object.fromEntries(blank.map((name) => [name, [RULES.blank]]))))
  const known = await applicationsWithKey(services.reader, 'authKey', key ?? '')
  if (app === undefined || !known.includes(app)) return E.left(unauthorized())
  const fault = await checkSignature(services, app, body, now)
  return fault === undefined ? E.right(app) : E.left(fault)
}

const serveLogin = async (services: Services, { body, caller }: Call): Promise<Answer> => {
  const { app, tokenHash = '' } = caller
  const { user } = body
  const claimed = readClaimed(body, isObject(user) ? user : body)
  if (E.isLeft(claimed)) return render(claimed.left)
  if (claimed.right === undefined) return fieldErrors({ login: [RULES.blank] })
  const signedIn = await logIn(services, app, claimed.right)
  if (E.isLeft(signedIn)) return render(signedIn.left)
  const session = await services.sessions.login(tokenHash, signedIn.right.signingIn)
  if (E.isLeft(session)) return render(session.left)
  // It ended meanwhile.
  if (session.right === undefined) return sessionIsDead()
  const [shown = null] = await userViews(services.vault, [signedIn.right.user])
  return json(202, { user: shown }, expiry(session.right))
}

/** Why the signature is not accepted (3.2). */
const checkSignature = async (
  { reader, engine }: Services,
  app: number,
  body: JsonObject,
  now: number,
): Promise<Answer | undefined> => {
  const { signature } = body
  if (signature === undefined || signature === null)
    return (await settingsOf(reader, app)).require_signature ? UNSIGNED : undefined
  const { state } = await engine.load(applicationStream(app), applicationDecider)
  const secret = state.keys?.authSecret
  if (secret === undefined || !isSigned(body, plainText(signature), secret)) return UNSIGNED
  const at = time(body['timestamp'])
  const isFresh = typeof at === 'number' && Math.abs(now - at) <= CONNECTYCUBE_TIMESTAMP_MS_MAX
  return isFresh ? undefined : fieldErrors({ timestamp: [at === undefined ? RULES.blank : RULES.invalid] })
}

const UNSIGNED = baseError(422, 'Unexpected signature')

/** What comes back as it was sent. */
const echoOf = ({ timestamp, nonce }: JsonObject): Pick<Opening, 'ts' | 'nonce'> => {
  const ts = integer(timestamp)
  return {
    ...(ts === undefined ? {} : { ts }),
    ...(typeof nonce === 'number' || typeof nonce === 'string' ? { nonce } : {}),
  }
}

const expiry = ({ expiresAt }: LiveSession): Answer['headers'] => ({
  'CB-Token-ExpirationDate': utcText(expiresAt),
})

/** The object of connectycube 3. */
const view = async (
  { reader, vault }: Services,
  app: number,
  { session, token }: Opened,
  known?: UserDocument,
): Promise<Json> => {
  const { id, user, ts, createdAt, updatedAt, nonce } = session
  const found = known ?? (user === 0 ? undefined : await findUser(reader, app, user))
  const [shown = null] = found === undefined ? [] : await userViews(vault, [found])
  return {
    session: {
      ...{ id, user_id: user, application_id: app, token, ts },
      ...(nonce === undefined ? {} : { nonce }),
      created_at: isoSeconds(createdAt),
      updated_at: isoSeconds(updatedAt),
      user: shown,
    },
  }
}
