import { createTransport } from 'nodemailer'
import { parseConnectionUrl } from 'nodemailer/lib/shared'
import type { Log } from '../http/log.ts'
import { isObject } from '../json.ts'
import type { JsonObject } from '../json.ts'
import { MAIL_IDLE_MS_MAX, MAIL_SEND_MS_MAX } from '../limits.ts'

export type Mailer = {
  /** Resolves when a server has taken the mail. Rejects with `MailNotSent`, in bounded time. */
  readonly send: (mail: Mail) => Promise<void>
  /** Lets what is being delivered end, in the same time; what waits for it fails. */
  readonly close: () => Promise<void>
}

export type Mail = {
  /** A bare address. */
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html: string
}

export type MailerSettings = {
  /** `smtp:` or `smtps:` with nodemailer's query parameters; `log:` writes mails to the log, `off:` refuses them (one-port 8). */
  readonly url: string
  /** An address, with or without a display name. */
  readonly sender: string
  readonly log: Pick<Log, 'info'>
  /** Milliseconds that a mail may take. */
  readonly timeoutMs?: number
}

/** Carries codes and no text: what a server answers may repeat an address or a password. */
export class MailNotSent extends Error {
  override readonly name = 'MailNotSent'
  /** The kind of failure, in nodemailer's words: `EAUTH`, `ETIMEDOUT`, … */
  readonly code: string
  /** SMTP's reply code, if the server refused. */
  readonly responseCode: number | undefined
  /** The server does not want this mail: it is of no use to try again. */
  readonly permanent: boolean

  constructor(code: string, responseCode?: number, permanent = false) {
    super(`the mail was not sent: ${code}${responseCode === undefined ? '' : ` ${responseCode}`}`)
    this.code = code
    this.responseCode = responseCode
    this.permanent = permanent
  }
}

/** Throws if the URL cannot be used. */
export const openMailer = (settings: MailerSettings): Mailer => {
  if (settings.url.startsWith('off:')) return REFUSING
  return settings.url.startsWith('log:') ? loggingMailer(settings.log) : smtpMailer(settings)
}

const REFUSING: Mailer = {
  send: () => Promise.reject(new MailNotSent('EOFF')),
  close: () => Promise.resolve(),
}

/** For development: the code of a login mail is read from the log. */
const loggingMailer = (log: Pick<Log, 'info'>): Mailer => ({
  send: ({ to, subject, text }) => {
    log.info({ mail: { to, subject, text } }, 'mail')
    return Promise.resolve()
  },
  close: () => Promise.resolve(),
})

const smtpMailer = ({ url, sender, timeoutMs = MAIL_SEND_MS_MAX }: MailerSettings): Mailer => {
  const transport = createTransport({
    ...connectionOf(url),
    pool: true,
    maxRequeues: 2,
    idleTimeout: MAIL_IDLE_MS_MAX,
    dnsTimeout: timeoutMs,
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
    // The library's own log has the whole conversation, codes and passwords too.
    logger: false,
    debug: false,
  })
  const pending = new Set<Promise<unknown>>()
  const deliver = async ({ to, subject, text, html }: Mail): Promise<void> => {
    try {
      await transport.sendMail({
        from: sender,
        to: { name: '', address: to },
        ...{ subject, text, html },
        // Otherwise the text may be sent as format=flowed, whose lines are not those of the text.
        encoding: 'quoted-printable',
        headers: { 'Auto-Submitted': 'auto-generated' },
        // Also for a server that answers a byte now and then.
        signal: AbortSignal.timeout(timeoutMs),
      })
    } catch (error) {
      throw notSent(error)
    }
  }
  return {
    send: async (mail) => {
      const delivery = deliver(mail)
      pending.add(delivery)
      try {
        await delivery
      } finally {
        pending.delete(delivery)
      }
    },
    close: async () => {
      transport.close()
      await Promise.allSettled(pending)
    },
  }
}

/** Parsers name what they could not read, which may be a password. */
const connectionOf = (url: string) => {
  try {
    return parseConnectionUrl(url)
  } catch {
    throw new Error('MAIL_URL cannot be read')
  }
}

const notSent = (error: unknown): MailNotSent => {
  const { code, responseCode, command }: JsonObject = isObject(error) ? error : {}
  const reply = typeof responseCode === 'number' ? responseCode : undefined
  // A refused sender is a fault of our settings, not of the mail.
  const refused = code === 'EMESSAGE' || (code === 'EENVELOPE' && command === 'RCPT TO')
  const permanent = refused && reply !== undefined && reply >= 500
  if (typeof code !== 'string') return new MailNotSent('EUNKNOWN', reply, permanent)
  return new MailNotSent(code === 'EABORT' ? 'ETIMEDOUT' : code, reply, permanent)
}
