import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { dropOldLists } from '../../commands/timelimit/app-lists.ts'
import { carryOut, forgetDevice } from '../../commands/timelimit/effects.ts'
import { commandFamily, loadFamily } from '../../commands/timelimit/family-commands.ts'
import { usingUp } from '../../commands/one-time.ts'
import { familyDecider } from '../../domain/timelimit/decide.ts'
import type { Effect } from '../../domain/timelimit/actions/action.ts'
import type { FamilyCommand } from '../../domain/timelimit/commands.ts'
import { actingParent } from '../../domain/timelimit/direct-proof.ts'
import { at, type FamilyState, type UserState } from '../../domain/timelimit/state.ts'
import type { Rejection } from '../../domain/rejection.ts'
import { randomWords } from '../../mail/words.ts'
import { authOf, callerOf, proofOf, whoHas, type Who } from './callers.ts'
import { CreateAddDeviceToken, CreateIdentityToken, LinkMail, RemoveDevice } from './codecs.ts'
import { post, type Endpoint } from './endpoint.ts'
import { errorPage, rejected, UNAUTHORIZED } from './errors.ts'
import { identityToken } from './identity.ts'
import { mailOf, newId, reserveMail } from './registration.ts'
import { DONE, json } from './replies.ts'
import type { Services } from './services.ts'

/** What a parent does at a device of the family (timelimit 2.8, 2.9, 2.13 to 2.15). */
export const PARENT_ENDPOINTS: readonly Endpoint[] = [
  post('/parent/create-add-device-token', CreateAddDeviceToken, async (services, body) => {
    const { deviceAuthToken, parentId, parentPasswordSecondHash } = body
    const who = await whoHas(services, deviceAuthToken)
    if (who === undefined) return UNAUTHORIZED
    const proven = await prove(services, who, parentId, parentPasswordSecondHash)
    if (E.isLeft(proven)) return rejected(proven.left)
    const words = randomWords(CODE_WORDS, services.random)
    const deviceId = newId(services.random)
    await services.addDeviceCodes.issue(words, who.family, deviceId)
    return json({ token: words, deviceId })
  }),

  post('/parent/link-mail-address', LinkMail, async (services, body) => {
    const { engine, now } = services
    const who = await whoHas(services, body.deviceAuthToken)
    if (who === undefined) return UNAUTHORIZED
    const use = await reserveMail(services, body.mailAuthToken, ['link', body])
    if (use === undefined) return UNAUTHORIZED
    const { parentUserId: userId, parentPasswordSecondHash: secondHash } = body
    const done = await usingUp([use], () =>
      commandFamily(engine, {
        family: who.family,
        command: { type: 'LinkMail', from: callerOf(who), userId, secondHash, ...mailOf(use) },
        actor: `device:${who.device}`,
        at: now(),
        via: { auth: 'mail' },
        commandId: use.commandId,
      }),
    )
    return E.isLeft(done) ? rejected(done.left) : DONE
  }),

  post('/parent/remove-device', RemoveDevice, async (services, body) => {
    const { engine, now, vault } = services
    const { deviceId, parentPasswordSecondHash: secondHash } = body
    const who = await whoHas(services, body.deviceAuthToken)
    if (who === undefined) return UNAUTHORIZED
    const proof = await proofOf(services, who, body.parentUserId, secondHash)
    const command: FamilyCommand = { type: 'RemoveDevice', from: callerOf(who), proof, deviceId }
    let before: FamilyState | undefined
    const done = await commandFamily(engine, {
      family: who.family,
      command: async (state) => {
        before = state
        const parent = actingParent(state, callerOf(who), proof)
        if (E.isRight(parent) && E.isRight(familyDecider.decide(command, state)))
          await carryOut(services, who, parent.right.effects, now())
        return command
      },
      actor: `device:${who.device}`,
      at: now(),
      via: { auth: authOf(secondHash) },
    })
    if (E.isLeft(done)) return rejected(done.left)
    const removed = { family: who.family, device: deviceId }
    await forgetDevice(vault, removed)
    if (before !== undefined) {
      await carryOut(services, who, repliesThatGo(before, done.right.state), now())
      await dropOldLists(vault, removed, before, done.right.state)
    }
    return DONE
  }),

  post('/parent/create-identity-token', CreateIdentityToken, async (services, body) => {
    const who = await whoHas(services, body.deviceAuthToken)
    if (who === undefined) return UNAUTHORIZED
    const proven = await prove(services, who, body.parentUserId, body.parentPasswordSecondHash)
    if (E.isLeft(proven)) return rejected(proven.left)
    const { signSecret } = services.settings
    if (signSecret === undefined) return NO_SECRET
    const { userId, user } = proven.right
    const about = { familyId: who.family, userId, mail: user.mail }
    return json({ token: await identityToken(signSecret, about, services.now()) })
  }),
]

const CODE_WORDS = 5
const NO_SECRET = errorPage(404)

/** Answers to requests that are no more. */
const repliesThatGo = (before: FamilyState, after: FamilyState): readonly Effect[] =>
  Object.entries(before.requests).flatMap(([seq, { sender }]): readonly Effect[] =>
    at(after.requests, seq) === undefined
      ? [{ type: 'drop-replies', to: sender, serverSeqs: [Number(seq)] }]
      : [],
  )

/** The parent who acts, where nothing is appended. */
const prove = async (
  services: Services,
  who: Who,
  parentId: string,
  secondHash: string,
): Promise<Either<Rejection, { readonly userId: string; readonly user: UserState }>> => {
  const proof = await proofOf(services, who, parentId, secondHash)
  const state = await loadFamily(services.engine, who.family)
  const parent = actingParent(state, callerOf(who), proof)
  if (E.isRight(parent)) await carryOut(services, who, parent.right.effects, services.now())
  return parent
}
