import { setTimeout as pause } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import { userStream } from '../../domain/cc/names.ts'
import { nameClaim, USER_EXISTS, userDecider } from '../../domain/cc/user-decide.ts'
import type { Profile } from '../../domain/cc/user-events.ts'
import { missingIn, readUserFields } from '../../domain/cc/user-fields.ts'
import { rejection } from '../../domain/rejection.ts'
import type { JsonObject } from '../../json.ts'
import { settingsOf } from '../../queries/cc/applications.ts'
import {
  findByEmail,
  findByIdentity,
  findByLogin,
  findUser,
  type IdentityField,
  type UserDocument,
} from '../../queries/cc/users.ts'
import type { Reader } from '../../queries/reader.ts'
import { numbersToTry } from './numbers.ts'
import {
  confirmation,
  hashed,
  invalid,
  orderFor,
  run,
  shown,
  type Answered,
  type How,
  type UserParts,
} from './user-commands.ts'

/** How one comes to be who he is (connectycube 3.1, 4.2). */
export type Joining = {
  readonly signUp: (app: number, fields: JsonObject, how: How) => Answered<UserDocument>
  /** A random login that no password fits. */
  readonly guest: (app: number, fullName: string | undefined, how: How) => Answered<UserDocument>
  /** `Unauthenticated`: nobody has that name, or another password; it takes as long either way. */
  readonly authenticate: (app: number, credentials: Credentials) => Answered<UserDocument>
  /** Who is unknown is created, unless the application's settings deny that. */
  readonly authenticateOrCreate: (app: number, credentials: Credentials, how: How) => Answered<UserDocument>
  /** Whom a provider vouches for, by the field that is his there; created the first time, with the other fields. */
  readonly identified: (app: number, identity: Identified, how: How) => Answered<UserDocument>
}

export type Credentials = { readonly login?: string; readonly email?: string; readonly password: string }
export type Identified = {
  readonly field: IdentityField
  readonly value: string
  readonly profile?: JsonObject
}

export const joining = (parts: UserParts): Joining => {
  const { reader } = parts
  const create = async (app: number, newcomer: Newcomer, how: How): Answered<UserDocument> => {
    const created = await signUpAs(parts, app, newcomer, how)
    return E.isLeft(created) ? created : shown(reader, app, created.right)
  }
  const signUp: Joining['signUp'] = async (app, fields, how) => {
    const given = readUserFields(fields)
    const broken = E.isLeft(given) ? given.left : missingIn(given.right)
    if (E.isLeft(given) || broken !== undefined) return invalid(broken ?? {})
    const { changes, password = '' } = given.right
    return hashed(parts, (hasher) =>
      hasher.hash(password).then((verifier) => create(app, { profile: changes, verifier }, how)),
    )
  }
  const authenticate: Joining['authenticate'] = async (app, credentials) =>
    verified(parts, app, await known(reader, app, credentials), credentials.password)
  return {
    signUp,
    authenticate,
    guest: async (app, fullName, how) => {
      const login = `guest_login_${Buffer.from(parts.random(18)).toString('hex').toUpperCase()}`
      const given = readUserFields({ login, ...(fullName === undefined ? {} : { full_name: fullName }) })
      if (E.isLeft(given)) return invalid(given.left)
      return create(app, { profile: given.right.changes, verifier: null, isGuest: true }, how)
    },
    authenticateOrCreate: async (app, credentials, how) => {
      const user = await known(reader, app, credentials)
      const { session_without_existing_user: mode } = await settingsOf(reader, app)
      if (user !== undefined || mode === 'deny') return verified(parts, app, user, credentials.password)
      const created = await signUp(app, { ...credentials }, how)
      if (E.isRight(created) || created.left.kind !== 'Conflict') return created
      // Somebody was faster: then his password counts.
      const { login, email = '', password } = credentials
      const first = await holding(parts, app, login === undefined ? 'email' : 'login', login ?? email)
      return first === undefined ? E.left(UNSETTLED) : verified(parts, app, first, password)
    },
    identified: async (app, { field, value, profile = {} }, how) => {
      const user = await findByIdentity(reader, app, field, value)
      if (user !== undefined) return E.right(user)
      const given = readUserFields({ ...profile, [field]: value })
      if (E.isLeft(given)) return invalid(given.left)
      const created = await create(app, { profile: given.right.changes, verifier: null }, how)
      if (E.isRight(created) || created.left.kind !== 'Conflict') return created
      // He came twice at once, or something else of his is somebody else's.
      const himself = field === 'phone' ? undefined : await holding(parts, app, field, value)
      return himself === undefined ? created : E.right(himself)
    },
  }
}

type Newcomer = {
  readonly profile: Partial<Profile>
  readonly verifier: string | null
  readonly isGuest?: true
}

/** Under the next number that nobody has (decisions 11). Answers that number. */
const signUpAs = async (
  parts: UserParts,
  app: number,
  newcomer: Newcomer,
  { baseUrl }: How,
): Answered<number> => {
  const settings = await settingsOf(parts.reader, app)
  const { welcome_mail: welcomes, confirm_mail: confirms, notify_contact_joined: announces } = settings
  const { email } = newcomer.profile
  const nextNumber = numbersToTry(parts.vault, `cc.user-${app}`)
  for (;;) {
    const user = await nextNumber()
    const confirm = confirms ? await confirmation(parts, { app, user }, email, baseUrl) : undefined
    const done = await run(
      parts,
      { app, user },
      {
        type: 'SignUp',
        user: { app, user },
        ...{ isGuest: newcomer.isGuest === true, profile: newcomer.profile, verifier: newcomer.verifier },
        ...(welcomes ? { welcome: orderFor(parts, baseUrl) } : {}),
        ...(confirm === undefined ? {} : { confirm }),
        ...(announces ? { announces } : {}),
      },
    )
    if (E.isRight(done)) return E.right(user)
    if (done.left !== USER_EXISTS) return done
  }
}

const known = async (
  reader: Reader,
  app: number,
  { login, email }: Credentials,
): Promise<UserDocument | undefined> => {
  if (login !== undefined) return findByLogin(reader, app, login.trim())
  return email === undefined ? undefined : findByEmail(reader, app, email.trim())
}

/** Who has the name, as soon as the documents show him: he may be signing up at this moment. */
const holding = async (
  parts: UserParts,
  app: number,
  field: Exclude<IdentityField, 'phone'>,
  value: string,
): Promise<UserDocument | undefined> => {
  const prefix = `cc.user-${app}-`
  for (let tries = 0; tries < HOLDER_TRIES_MAX; tries++) {
    const stream = await parts.holderOf(nameClaim(app, field, value.trim()))
    if (stream?.startsWith(prefix) !== true) return undefined
    const user = { app, user: Number(stream.slice(prefix.length)) }
    // Nothing changes, and that is answered once it is shown.
    if (E.isRight(await run(parts, user, { type: 'Change', user, changes: {} })))
      return findUser(parts.reader, app, user.user)
    await pause(HOLDER_PAUSE_MS)
  }
  return undefined
}

const HOLDER_TRIES_MAX = 20
const HOLDER_PAUSE_MS = 50
const UNSETTLED = rejection('Unavailable', 'name_not_settled', { retryAfterSeconds: 1 })

const WRONG = rejection('Unauthenticated', 'credentials')

/** The verifier is the decider's (decisions 2): a document never has it. */
const verified = (
  parts: UserParts,
  app: number,
  user: UserDocument | undefined,
  password: string,
): Answered<UserDocument> =>
  hashed(parts, async (hasher) => {
    const stream = userStream(app, Number(user?.['id'] ?? 0))
    const state = user === undefined ? undefined : (await parts.engine.load(stream, userDecider(app))).state
    const fits = await hasher.verify(state?.verifier, password)
    return fits && user !== undefined && state?.life === 'there' ? E.right(user) : E.left(WRONG)
  })
