import * as E from 'fp-ts/lib/Either.js'
import { commandFamily } from '../../commands/timelimit/family-commands.ts'
import { usingUp, type OneTimeUse } from '../../commands/one-time.ts'
import type { FamilyCommand } from '../../domain/timelimit/commands.ts'
import { familyDecider } from '../../domain/timelimit/decide.ts'
import { GOODBYES } from '../../jobs/timelimit/mails.ts'
import { uuidV5 } from '../../uuid.ts'
import { callerOf, whoHas } from './callers.ts'
import { DeleteAccount } from './codecs.ts'
import { post, type Endpoint } from './endpoint.ts'
import { rejected, UNAUTHORIZED } from './errors.ts'
import { mailOf, reserveMail } from './registration.ts'
import { OK_TEXT } from './replies.ts'
import type { Services } from './services.ts'

/** The end of a family (timelimit 2.16): every parent's address has to be proven. */
export const deleteAccount: Endpoint = post(
  '/parent/delete-account',
  DeleteAccount,
  async (services, body) => {
    const { engine, now } = services
    const who = await whoHas(services, body.deviceAuthToken)
    if (who === undefined) return UNAUTHORIZED
    const uses = await reserveAll(services, [...new Set(body.mailAuthTokens)].sort())
    if (uses === undefined) return UNAUTHORIZED
    const mails = uses.map(mailOf)
    const command: FamilyCommand = {
      type: 'DeleteFamily',
      from: callerOf(who),
      mails: mails.map(({ mail }) => mail),
    }
    const commandId = uuidV5(`${who.family} ${uses.map((use) => use.commandId).join(' ')}`, NAMESPACE)
    const done = await usingUp(uses, () =>
      commandFamily(engine, {
        family: who.family,
        command: async (state) => {
          if (E.isRight(familyDecider.decide(command, state))) await sayGoodbye(services, who.family, mails)
          return command
        },
        actor: `device:${who.device}`,
        at: now(),
        via: { auth: 'mail' },
        commandId,
      }),
    )
    if (E.isLeft(done)) return rejected(done.left)
    // The family is deleted; what could not be erased now is erased by the job that looks after it.
    await services.erase(who.family).catch((error: unknown) => {
      services.log.warn({ err: error, family: who.family }, 'the erasure of a deleted family is tried again')
    })
    return OK_TEXT
  },
)

/** All or none. */
const reserveAll = async (
  services: Services,
  tokens: readonly string[],
): Promise<readonly OneTimeUse[] | undefined> => {
  const uses: OneTimeUse[] = []
  for (const token of tokens) {
    const use = await reserveMail(services, token, ['delete-account', tokens])
    if (use === undefined) {
      for (const reserved of uses) await reserved.release()
      return undefined
    }
    uses.push(use)
  }
  return uses
}

type Address = { readonly mail: string; readonly locale: string }

/** Mails that are sent once the family is deleted: they cannot be in its history, which nobody can open then. */
const sayGoodbye = async ({ vault }: Services, family: string, mails: readonly Address[]): Promise<void> => {
  for (const { mail: to, locale } of mails) {
    const value = { kind: 'account-deleted', to, locale, family }
    await vault.put(GOODBYES, uuidV5(`${family} ${to}`, NAMESPACE), value, { ttlMs: DAY_MS })
  }
}

const DAY_MS = 24 * 60 * 60_000
/** Of the command ids, and of the mails: the same ones if the request is repeated. */
const NAMESPACE = '9bb4fd58-2d64-4a0e-9f9d-2a8f4fcb0a52'
