import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import {
  isProvider,
  PROVIDERS,
  type Identity,
  type ProviderName,
} from '../../commands/cc/identity-providers.ts'
import type { SigningIn } from '../../commands/cc/sessions.ts'
import type { Credentials, How } from '../../commands/cc/users.ts'
import type { SignInMethod } from '../../domain/cc/session-events.ts'
import { rejection, type Rejection } from '../../domain/rejection.ts'
import { isObject, type Json, type JsonObject } from '../../json.ts'
import { settingsOf } from '../../queries/cc/applications.ts'
import { findByIdentity, findByLogin, type IdentityField, type UserDocument } from '../../queries/cc/users.ts'
import { RULES } from './answers.ts'
import { text, truthy } from './params.ts'
import type { Services } from './services.ts'

/** Who signed in. */
export type SignedIn = { readonly user: UserDocument; readonly signingIn: SigningIn }

/** How a request says who it is (connectycube 3.1). */
export type Claimed =
  | { readonly _tag: 'Password'; readonly credentials: Credentials }
  | { readonly _tag: 'Guest'; readonly fullName: string | undefined }
  | { readonly _tag: 'Provider'; readonly name: ProviderName; readonly credentials: JsonObject }

/** Nothing if it names nobody. The user's fields stand under `user`, or flat (3.3). */
export const readClaimed = (body: JsonObject, fields: JsonObject): Either<Rejection, Claimed | undefined> => {
  const named = [body, fields].find(({ provider }) => provider !== undefined && provider !== null)
  if (named !== undefined) return readProvider(named, text(named['provider']) ?? '')
  if (truthy(fields['guest'])) return E.right({ _tag: 'Guest', fullName: text(fields['full_name']) })
  const password = text(fields['password'])
  const [login, email] = [fields['login'], fields['email']].map(nameIn)
  if (login === undefined && email === undefined) return E.right(undefined)
  if (password === undefined || password === '') return refused('password')
  return E.right({
    _tag: 'Password',
    credentials: { ...(login === undefined ? { email: email ?? '' } : { login }), password },
  })
}

/** For a new session: who is unknown is created where the rules of 3.1 say so. */
export const signIn = async (
  services: Services,
  app: number,
  claimed: Claimed,
  how: How,
): Promise<Either<Rejection, SignedIn>> => {
  const { users } = services
  if (claimed._tag === 'Guest') return signed('guest')(await users.guest(app, claimed.fullName, how))
  const elsewhere = await identify(services, app, claimed)
  if (elsewhere !== undefined) {
    if (E.isLeft(elsewhere)) return elsewhere
    const { method, field, identity } = elsewhere.right
    const { id: value, profile } = identity
    return signed(method)(await users.identified(app, { field, value, profile }, how))
  }
  return claimed._tag === 'Password'
    ? signed('password')(await users.authenticateOrCreate(app, claimed.credentials, how))
    : E.left(UNKNOWN)
}

/** For a token that is there: nobody is ever created (3.3). */
export const logIn = async (
  services: Services,
  app: number,
  claimed: Claimed,
): Promise<Either<Rejection, SignedIn>> => {
  const { users, reader } = services
  if (claimed._tag === 'Guest') return refused('login')
  const elsewhere = await identify(services, app, claimed)
  if (elsewhere !== undefined) {
    if (E.isLeft(elsewhere)) return elsewhere
    const { method, field, identity } = elsewhere.right
    const user = await findByIdentity(reader, app, field, identity.id)
    return signed(method)(user === undefined ? E.left(UNKNOWN) : E.right(user))
  }
  return claimed._tag === 'Password'
    ? signed('password')(await users.authenticate(app, claimed.credentials))
    : E.left(UNKNOWN)
}

/** An empty one, which a form has of what nobody filled in, is none. */
const nameIn = (value: Json | undefined): string | undefined => {
  const name = text(value)
  return name?.trim() === '' ? undefined : name
}

const UNKNOWN = rejection('Unauthenticated', 'unknown_user')

export const refused = (field: string, rule: string = RULES.blank): Either<Rejection, never> =>
  E.left(rejection('Unprocessable', 'missing_credentials', { fields: { [field]: [rule] } }))

/** Its credentials stand under `keys`, or under its own name. */
const readProvider = (body: JsonObject, name: string): Either<Rejection, Claimed> => {
  if (!isProvider(name))
    return E.left(rejection('Unprocessable', 'provider', { fields: { provider: [RULES.invalid] } }))
  const credentials = body[name] ?? body['keys']
  return isObject(credentials) ? E.right({ _tag: 'Provider', name, credentials }) : refused('keys')
}

type Elsewhere = {
  readonly method: SignInMethod
  readonly field: IdentityField
  readonly identity: Identity
}

/** Somebody whom others vouch for; nothing if it is for us to compare a password. */
const identify = async (
  { identityProviders, reader }: Services,
  app: number,
  claimed: Exclude<Claimed, { readonly _tag: 'Guest' }>,
): Promise<Either<Rejection, Elsewhere> | undefined> => {
  if (claimed._tag === 'Provider') {
    const { name, credentials } = claimed
    const identity = await identityProviders.verify(name, credentials)
    return E.map((found: Identity) => ({ method: name, field: PROVIDERS[name], identity: found }))(identity)
  }
  const { login, password } = claimed.credentials
  const { cidp } = await settingsOf(reader, app)
  // A name that we know is a user's own; any other may be a token of theirs.
  if (cidp === null || login === undefined || (await findByLogin(reader, app, login)) !== undefined)
    return undefined
  return E.map(ofOwnProvider)(await identityProviders.ask(cidp, { login, password }))
}

const ofOwnProvider = ({ id, profile: { login, ...profile } }: Identity): Elsewhere => ({
  method: 'cidp',
  field: 'login',
  identity: { id: text(login) ?? `custom_${id}`, profile },
})

const signed =
  (method: SignInMethod) =>
  (found: Either<Rejection, UserDocument>): Either<Rejection, SignedIn> =>
    E.map((user: UserDocument) => ({
      user,
      signingIn: { id: Number(user['id']), method, isGuest: user['isGuest'] === true },
    }))(found)
