import * as E from 'fp-ts/lib/Either.js'
import { sha256Hex } from '../../crypto/hashes.ts'
import { userActor, userStream } from '../../domain/cc/names.ts'
import { RULES } from '../../domain/cc/rules.ts'
import { readUserFields } from '../../domain/cc/user-fields.ts'
import type { UserCommand, Who } from '../../domain/cc/user.ts'
import { rejection } from '../../domain/rejection.ts'
import type { JsonObject } from '../../json.ts'
import { settingsOf } from '../../queries/cc/applications.ts'
import { findByEmail, type UserDocument } from '../../queries/cc/users.ts'
import { usingUp } from '../one-time.ts'
import { createMailTokens } from './mail-tokens.ts'
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
import { endUser } from './user-endings.ts'

/** What becomes of one who is there (connectycube 4.2, 12.5). */
export type Changing = {
  readonly update: (app: number, user: number, fields: JsonObject, how: How) => Answered<UserDocument>
  /** Ends his sessions, frees his names; he is erased behind the answer. */
  readonly delete: (app: number, user: number, actor?: string) => Answered<void>
  /** Sends the mail if the address is known. */
  readonly requestReset: (app: number, email: string, how: How) => Answered<void>
  /** `Gone`: the token is not good (any more). */
  readonly resetPassword: (token: string, password: string) => Answered<void>
  readonly confirmEmail: (token: string) => Answered<void>
}

export const changing = (parts: UserParts): Changing => {
  const { reader, sessions } = parts
  const tokens = createMailTokens(parts)
  return {
    update: async (app, user, fields, how) => {
      const changed = await update(parts, { app, user }, fields, how)
      if (E.isLeft(changed)) return changed
      if (changed.right.isPasswordNew) {
        const closed = await sessions.closeAllOf(app, user, how.tokenHash)
        if (E.isLeft(closed)) return closed
      }
      return shown(reader, app, user)
    },
    delete: (app, user, actor = userActor(app, user)) =>
      parts.ending(userStream(app, user), async () => {
        // The sessions first: a crash leaves less power (decisions 9).
        const closed = await sessions.closeAllOf(app, user)
        if (E.isLeft(closed)) return closed
        const ended = await endUser(parts, { app, user }, { actor })
        // Whoever signed in meanwhile.
        return E.isLeft(ended) ? ended : sessions.closeAllOf(app, user)
      }),
    requestReset: async (app, email, { baseUrl }) => {
      const user = Number((await findByEmail(reader, app, email))?.['id'] ?? 0)
      if (user === 0) return E.right(undefined)
      const at = parts.now()
      const order = orderFor(parts, baseUrl)
      await tokens.issue('password-reset', order.mail, { app, user, email })
      const command: UserCommand = { type: 'RequestReset', user: { app, user }, email, at, order }
      return E.map(nothing)(await run(parts, { app, user }, command))
    },
    resetPassword: (token, password) => resetPassword(parts, token, password),
    confirmEmail: async (token) => {
      const reserved = await tokens.reserve('confirmation', token, 'confirm')
      if (reserved === undefined) return E.left(GONE)
      const { use, about } = reserved
      const command: UserCommand = { type: 'ConfirmEmail', user: about, email: about.email }
      return usingUp([use], async () =>
        E.map(nothing)(await run(parts, about, command, { commandId: use.commandId, at: use.at })),
      )
    },
  }
}

const nothing = (): undefined => undefined

const GONE = rejection('Gone', 'mail_token')

const update = async (
  parts: UserParts,
  who: Who,
  fields: JsonObject,
  { baseUrl }: How,
): Answered<{ readonly isPasswordNew: boolean }> => {
  const given = readUserFields(fields)
  if (E.isLeft(given)) return invalid(given.left)
  const { changes, password, oldPassword } = given.right
  const settings = await settingsOf(parts.reader, who.app)
  const { confirm_mail: confirms, notify_contact_joined: announces } = settings
  const confirm = confirms ? await confirmation(parts, who, changes.email, baseUrl) : undefined
  const command: UserCommand = {
    ...{ type: 'Change', user: who, changes },
    ...(confirm === undefined ? {} : { confirm }),
    ...(announces ? { announces } : {}),
  }
  if (password === undefined) return E.map(() => ({ isPasswordNew: false }))(await run(parts, who, command))
  if (oldPassword === undefined) return invalid({ old_password: [RULES.blank] })
  return hashed(parts, async (hasher) => {
    const done = await run(parts, who, async ({ verifier }) => ({
      ...command,
      password: {
        isProven: await hasher.verify(verifier, oldPassword),
        verifier: await hasher.hash(password),
      },
    }))
    return E.map(() => ({ isPasswordNew: true }))(done)
  })
}

/** Whoever has the mail may set the password, once; everybody who was signed in is out. */
const resetPassword = async (parts: UserParts, token: string, password: string): Answered<void> => {
  const purpose = sha256Hex(`${token} ${password}`)
  const reserved = await createMailTokens(parts).reserve('password-reset', token, purpose)
  if (reserved === undefined) return E.left(GONE)
  const { use, about } = reserved
  return usingUp([use], () =>
    hashed(parts, async (hasher) => {
      const verifier = await hasher.hash(password)
      const command: UserCommand = { type: 'ResetPassword', user: about, email: about.email, verifier }
      const done = await run(parts, about, command, { commandId: use.commandId, at: use.at })
      return E.isLeft(done) ? done : parts.sessions.closeAllOf(about.app, about.user)
    }),
  )
}
