import { createHmac } from 'node:crypto'
import type { CcMailKind } from '../../domain/cc/mail-events.ts'
import { userStream } from '../../domain/cc/names.ts'
import { plainText } from '../../json.ts'
import { CC_MAIL_TOKEN_MS } from '../../limits.ts'
import type { Keyring, Vault } from '../../vault/port.ts'
import { createOneTimeTokens, type OneTimeUse } from '../one-time.ts'

/** Mails that carry a token, which is good for a day and once (connectycube 12.5). */
export type TokenKind = Extract<CcMailKind, 'password-reset' | 'confirmation'>

export type MailTokens = {
  /** Before the mail is asked for: a token that no mail carries dies by itself. */
  readonly issue: (kind: TokenKind, mail: string, about: MailSubject) => Promise<void>
  /** Whether it can still be used for anything. */
  readonly isGood: (kind: TokenKind, token: string) => Promise<boolean>
  readonly reserve: (
    kind: TokenKind,
    token: string,
    purpose: string,
  ) => Promise<{ readonly use: OneTimeUse; readonly about: MailSubject } | undefined>
}

export type MailSubject = { readonly app: number; readonly user: number; readonly email: string }

export type MailTokenParts = {
  readonly vault: Vault
  readonly keyring: Pick<Keyring, 'installation'>
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  readonly random: (bytes: number) => Uint8Array
}

/**
 * The token of a mail: 32 bytes that only who has the keyring can tell. It is made again whenever the mail is sent or shown, and kept by
 * nobody; what is kept of it is the SHA-256, in the vault (decisions 1).
 */
export const mailToken = async (
  keyring: Pick<Keyring, 'installation'>,
  kind: TokenKind,
  mail: string,
): Promise<string> =>
  createHmac('sha256', await keyring.installation(KEY))
    .update(`${kind} ${mail}`)
    .digest('base64url')

export const createMailTokens = (parts: MailTokenParts): MailTokens => {
  const tokens = createOneTimeTokens({ ...parts, ttlMs: CC_MAIL_TOKEN_MS })
  return {
    issue: async (kind, mail, about) => {
      const token = await mailToken(parts.keyring, kind, mail)
      await tokens.issue(SPACES[kind], token, { ...about }, userStream(about.app, about.user))
    },
    isGood: async (kind, token) => (await tokens.find(SPACES[kind], token)) !== undefined,
    reserve: async (kind, token, purpose) => {
      const use = await tokens.reserve(SPACES[kind], token, purpose)
      if (use === undefined) return undefined
      const { app, user, email } = use.content
      return { use, about: { app: Number(app), user: Number(user), email: plainText(email) } }
    },
  }
}

const KEY = 'cc-mail-tokens'
const SPACES: { readonly [kind in TokenKind]: string } = {
  'password-reset': 'cc.password-resets',
  confirmation: 'cc.confirmations',
}
