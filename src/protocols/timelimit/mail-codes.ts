import * as E from 'fp-ts/lib/Either.js'
import { ALPHANUMERIC, TOKEN_LENGTH } from '../../domain/timelimit/names.ts'
import { rejection } from '../../domain/rejection.ts'
import { randomText } from '../../commands/timelimit/random.ts'
import type { Answer } from '../../http/protocol.ts'
import { isList, isObject } from '../../json.ts'
import { TIMELIMIT_MAIL_RETRY_SECONDS } from '../../limits.ts'
import { isBlacklisted, isWhitelisted, readMailbox } from '../../mail/address.ts'
import { MailNotSent } from '../../mail/mailer.ts'
import { renderMail } from '../../mail/templates.ts'
import { randomWords } from '../../mail/words.ts'
import { textAt } from '../../queries/timelimit/documents.ts'
import { familyWithMail, whoHas, type Who } from './callers.ts'
import { MailToken, RedeemMailCode, SendMailCode } from './codecs.ts'
import { post, type Endpoint } from './endpoint.ts'
import { BAD_REQUEST, FAILED, rejected, UNAUTHORIZED } from './errors.ts'
import { json } from './replies.ts'
import type { Services } from './services.ts'

/** Mail auth tokens: who has one has shown that the address is his (timelimit 2.3). */
export const MAIL_AUTHS = 'timelimit.mail-auths'

export const newToken = (random: Services['random']): string => randomText(TOKEN_LENGTH, ALPHANUMERIC, random)

/** Addresses and codes (timelimit 2.2 to 2.4). */
export const MAIL_ENDPOINTS: readonly Endpoint[] = [
  post('/auth/send-mail-login-code-v2', SendMailCode, async (services, body) => {
    const { settings, rates, mailCodes, random } = services
    const { locale, deviceAuthToken } = body
    const mail = readMailbox(body.mail)
    if (mail === undefined) return BAD_REQUEST
    if (!isWhitelisted(mail, settings.mailWhitelist)) return json({ mailAddressNotWhitelisted: true })
    if (isBlacklisted(mail, settings.mailServerBlacklist)) return json({ mailServerBlacklisted: true })
    const who = deviceAuthToken === undefined ? undefined : await whoHas(services, deviceAuthToken)
    if (deviceAuthToken !== undefined && who === undefined) return UNAUTHORIZED
    const deviceName = await nameFor(services, who, mail)
    if (!(await rates.admit('login-code', mail))) return rejected(TOO_MANY)
    const code = randomWords(CODE_WORDS, random)
    const refused = await send(services, { mail, locale, code, deviceName })
    if (refused !== undefined) return refused
    const mailLoginToken = newToken(random)
    await mailCodes.store(mailLoginToken, code, { mail, locale })
    return json({ mailLoginToken })
  }),

  post('/auth/sign-in-by-mail-code', RedeemMailCode, async (services, { mailLoginToken, receivedCode }) => {
    const { mailCodes, tokens, random } = services
    const proof = await mailCodes.redeem(mailLoginToken, receivedCode)
    if (E.isLeft(proof)) return rejected(proof.left)
    const mailAuthToken = newToken(random)
    await tokens.issue(MAIL_AUTHS, mailAuthToken, proof.right)
    return json({ mailAuthToken })
  }),

  post('/parent/get-status-by-mail-address', MailToken, async (services, { mailAuthToken }) => {
    const { tokens, settings } = services
    const mail = textAt(await tokens.find(MAIL_AUTHS, mailAuthToken), 'mail')
    if (mail === undefined) return UNAUTHORIZED
    const family = await familyWithMail(services, mail)
    return json({
      status: family === undefined ? 'without family' : 'with family',
      mail,
      canCreateFamily: !settings.disableSignup,
      alwaysPro: settings.alwaysPro,
    })
  }),
]

const CODE_WORDS = 3
const TOO_MANY = rejection('TooMany', 'mails', { retryAfterSeconds: TIMELIMIT_MAIL_RETRY_SECONDS })

/** Of the asking device, if its family has a user with the address: strangers learn no names. */
const nameFor = async (
  { reader }: Services,
  who: Who | undefined,
  mail: string,
): Promise<string | undefined> => {
  if (who === undefined) return undefined
  const users = await reader.get('timelimit_user_lists', who.family)
  const mails = users?.value['mails']
  if (!isList(mails) || !mails.some((one) => textAt(one, 'mail') === mail)) return undefined
  const list = await reader.get('timelimit_device_lists', who.family)
  const devices = list?.value['devices']
  return isObject(devices) ? textAt(devices[who.device], 'name') : undefined
}

type Letter = {
  readonly mail: string
  readonly locale: string
  readonly code: string
  readonly deviceName: string | undefined
}

/** The client is told when it fails (decisions 19); the log learns no address. */
const send = async (
  { mailer, imprint, log }: Services,
  { mail, locale, code, deviceName }: Letter,
): Promise<Answer | undefined> => {
  try {
    await mailer.send({ to: mail, ...renderMail('login-code', { code, deviceName }, locale, imprint) })
    return undefined
  } catch (error) {
    if (!(error instanceof MailNotSent)) throw error
    log.warn({ err: error }, 'a mail with a code could not be sent')
    return FAILED
  }
}
