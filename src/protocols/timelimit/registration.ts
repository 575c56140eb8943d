import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { sha256Hex } from '../../crypto/hashes.ts'
import { commandFamily, type FamilyRequest } from '../../commands/timelimit/family-commands.ts'
import { textIn, usingUp, type OneTimeUse } from '../../commands/one-time.ts'
import { randomText } from '../../commands/timelimit/random.ts'
import type { NewDevice } from '../../domain/timelimit/commands.ts'
import { ALPHANUMERIC, FAMILY_ID_LENGTH, ID_LENGTH } from '../../domain/timelimit/names.ts'
import { rejection, type Rejection } from '../../domain/rejection.ts'
import type { Answer } from '../../http/protocol.ts'
import type { Json } from '../../json.ts'
import { nothingKnown } from '../../queries/timelimit/status.ts'
import { familyWithMail } from './callers.ts'
import { AddDevice, areLabels, CreateFamily, isPassword, RecoverPassword, SignIn } from './codecs.ts'
import { post, type Endpoint } from './endpoint.ts'
import { errorPage, FAILED, rejected, UNAUTHORIZED } from './errors.ts'
import { MAIL_AUTHS, newToken } from './mail-codes.ts'
import { DONE, json } from './replies.ts'
import type { Services } from './services.ts'

/** How devices come into families (timelimit 2.5, 2.6, 2.10), and a parent back into hers (2.7). */
export const REGISTRATION_ENDPOINTS: readonly Endpoint[] = [
  post(
    '/parent/create-family',
    CreateFamily,
    async (services, body) => {
      const { mailAuthToken, parentPassword: password, parentDevice, deviceName, timeZone, parentName } = body
      if (!isPassword(password) || !areLabels(parentDevice.model, deviceName, timeZone, parentName))
        return FAILED
      const use = await reserveMail(services, mailAuthToken, ['create-family', body])
      if (use === undefined) return UNAUTHORIZED
      const familyId = randomText(FAMILY_ID_LENGTH, ALPHANUMERIC, use.random)
      const userId = newId(use.random)
      const added = newDevice(newId(use.random), deviceName, parentDevice.model, use.random)
      const { mail, locale } = mailOf(use)
      const about = { familyId, userId, name: parentName, timeZone, mail, locale, password }
      const done = await perform(services, use, {
        family: familyId,
        command: { type: 'CreateFamily', ...about, device: added.device, now: use.at },
        actor: `device:${added.device.deviceId}`,
        via: { auth: 'mail' },
      })
      return E.isLeft(done) ? rejected(done.left) : registered(services, familyId, added, body)
    },
    { always: ({ settings }) => (settings.disableSignup ? FORBIDDEN : undefined) },
  ),

  post('/parent/sign-in-into-family', SignIn, async (services, body) => {
    const { mailAuthToken, parentDevice, deviceName } = body
    if (!areLabels(parentDevice.model, deviceName)) return FAILED
    const use = await reserveMail(services, mailAuthToken, ['sign-in', body])
    if (use === undefined) return UNAUTHORIZED
    const added = newDevice(newId(use.random), deviceName, parentDevice.model, use.random)
    const about = { ...mailOf(use), device: added.device, now: use.at }
    const family = await familyWithMail(services, about.mail)
    const done = await performWithMail(services, use, {
      family,
      command: { type: 'SignIn', ...about },
      actor: `device:${added.device.deviceId}`,
      via: { auth: 'mail' },
    })
    return E.isLeft(done) || family === undefined
      ? rejected(E.isLeft(done) ? done.left : NO_SUCH_MAIL)
      : registered(services, family, added, body)
  }),

  post('/parent/recover-parent-password', RecoverPassword, async (services, body) => {
    const { mailAuthToken, password } = body
    if (!isPassword(password)) return FAILED
    const use = await reserveMail(services, mailAuthToken, ['recover', body])
    if (use === undefined) return UNAUTHORIZED
    const about = { ...mailOf(use), password, now: use.at }
    const family = await familyWithMail(services, about.mail)
    const done = await performWithMail(services, use, {
      family,
      command: { type: 'RecoverPassword', ...about },
      actor: `family:${family ?? ''}`,
      via: { auth: 'mail' },
    })
    return E.isLeft(done) ? rejected(done.left) : DONE
  }),

  post('/child/add-device', AddDevice, async (services, body) => {
    const { registerToken, childDevice, deviceName } = body
    if (!areLabels(childDevice.model, deviceName)) return FAILED
    const use = await services.addDeviceCodes.reserve(registerToken, purposeOf(['add-device', body]))
    if (use === undefined) return UNAUTHORIZED
    const family = textIn(use.content, 'family')
    const deviceId = textIn(use.content, 'deviceId')
    const added = newDevice(deviceId, deviceName, childDevice.model, use.random)
    const done = await perform(services, use, {
      family,
      command: { type: 'AddDevice', device: added.device, now: use.at },
      actor: `device:${deviceId}`,
      via: { auth: 'code' },
    })
    return E.isLeft(done) ? rejected(done.left) : registered(services, family, added, body)
  }),
]

/** `undefined`: nobody has proven an address with it, or it is used up, or in use for another request. */
export const reserveMail = (
  { tokens }: Services,
  mailAuthToken: string,
  request: Json,
): Promise<OneTimeUse | undefined> => tokens.reserve(MAIL_AUTHS, mailAuthToken, purposeOf(request))

export const mailOf = ({ content }: OneTimeUse): { readonly mail: string; readonly locale: string } => ({
  mail: textIn(content, 'mail'),
  locale: textIn(content, 'locale'),
})

export const newId = (random: Services['random']): string => randomText(ID_LENGTH, ALPHANUMERIC, random)

const FORBIDDEN = errorPage(403)
const NO_SUCH_MAIL = rejection('Conflict', 'no_user_with_this_mail')

/** Names a request, so that the same one is known again. */
const purposeOf = (request: Json): string => sha256Hex(JSON.stringify(request))

type Registered = { readonly device: NewDevice; readonly token: string }

const newDevice = (deviceId: string, name: string, model: string, random: Services['random']): Registered => {
  const token = newToken(random)
  return { device: { deviceId, tokenHash: sha256Hex(token), name, model }, token }
}

type Performed = Omit<FamilyRequest, 'at' | 'commandId'>

const perform = ({ engine }: Services, use: OneTimeUse, request: Performed) =>
  usingUp([use], () => commandFamily(engine, { ...request, at: use.at, commandId: use.commandId }))

/** A family that was deleted meanwhile has no user with that address either. */
const performWithMail = async (
  services: Services,
  use: OneTimeUse,
  request: Omit<Performed, 'family'> & { readonly family: string | undefined },
): Promise<Either<Rejection, unknown>> => {
  const { family } = request
  if (family === undefined) {
    await use.release()
    return E.left(NO_SUCH_MAIL)
  }
  const done = await perform(services, use, { ...request, family })
  return E.isLeft(done) && done.left.kind === 'Unauthenticated' ? E.left(NO_SUCH_MAIL) : done
}

/** What the new device begins with (timelimit 2.5): its token, and a pull of everything. */
const registered = async (
  { pull, now }: Services,
  family: string,
  { device: { deviceId }, token: deviceAuthToken }: Registered,
  { clientLevel = 0 }: { readonly clientLevel?: number },
): Promise<Answer> => {
  const data = await pull({ family, device: deviceId }, nothingKnown(clientLevel), now())
  return data === undefined ? UNAUTHORIZED : json({ deviceAuthToken, ownDeviceId: deviceId, data })
}
