import { MAIL_KINDS, type CcMailKind } from '../../domain/cc/mail-events.ts'
import { isObject, type JsonObject } from '../../json.ts'
import { renderCcMail } from '../../mail/connectycube-texts.ts'
import type { Mail } from '../../mail/mailer.ts'
import type { Keyring } from '../../vault/port.ts'
import { mailToken } from './mail-tokens.ts'

/** The mail that an entry of the outbox is, with its token; `undefined` if it is of no kind that is known. */
export const letterOf = async (
  keyring: Pick<Keyring, 'installation'>,
  entry: JsonObject,
  imprint?: string,
): Promise<Mail | undefined> => {
  const { _id: mail, app, kind, to, params } = entry
  if (typeof mail !== 'string' || typeof kind !== 'string' || typeof to !== 'string' || !isKind(kind))
    return undefined
  const token =
    kind === 'password-reset' || kind === 'confirmation' ? await mailToken(keyring, kind, mail) : undefined
  const letter = {
    ...{ kind, app: Number(app), params: isObject(params) ? params : {} },
    ...(token === undefined ? {} : { token }),
  }
  return { to, ...renderCcMail(letter, imprint) }
}

const isKind = (kind: string): kind is CcMailKind => Object.hasOwn(MAIL_KINDS, kind)
