import type { JsonObject } from '../../json.ts'
import { MailNotSent, type Mailer } from '../../mail/mailer.ts'
import type { MailRates } from '../../mail/rate.ts'
import { renderMail } from '../../mail/templates.ts'
import type { MailKind, MailParams } from '../../mail/texts.ts'

export type DeliveryParts = {
  readonly mailer: Pick<Mailer, 'send'>
  readonly rates: MailRates
  readonly imprint: string | undefined
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  /** A mail that could not be sent. */
  readonly onFailure: (error: MailNotSent) => void
}

/** Mails on their way out of this process, each tried again ever less often. */
export type Deliveries = {
  /** Sends it, if it may go now: `later`, it does not go yet. The result stands until `settled`, so what cannot be settled is not sent twice. */
  readonly deliver: (letter: Letter, isLast: boolean) => Promise<Result | 'later'>
  /** The outbox does not have it any more. */
  readonly settled: (id: string) => void
  /** Nobody takes mails at present: there is no use in looking for any. */
  readonly isResting: () => boolean
  /** How many wait for another try, at most. */
  readonly waiting: () => number
}

export type Result = 'sent' | 'dropped'

export type Letter = {
  readonly id: string
  readonly kind: MailKind
  readonly to: string
  readonly locale: string
  readonly params: JsonObject
}

export const createDeliveries = (parts: DeliveryParts): Deliveries => {
  const { rates, now, onFailure } = parts
  const results = new Map<string, Result>()
  const waits = new Map<string, Wait>()
  /** Failures since a server looked at a mail last. */
  let failures = 0
  let rest: Wait = { until: 0, ms: REST_MS }

  const failed = (failure: MailNotSent): void => {
    onFailure(failure)
    failures = isAboutTheMail(failure) ? 0 : failures + 1
    if (failures >= FAILURES_MAX) rest = later(rest.ms, now(), REST_MS_MAX)
  }
  const attempt = async (letter: Letter, wait: Wait | undefined, isLast: boolean) => {
    const failure = await send(parts, letter)
    if (failure === undefined) {
      failures = 0
      rest = { until: 0, ms: REST_MS }
      return 'sent'
    }
    failed(failure)
    if (failure.permanent || isLast) return 'dropped'
    waits.set(letter.id, later(wait?.ms ?? RETRY_MS, now(), RETRY_MS_MAX))
    return 'later'
  }
  return {
    deliver: async (letter, isLast) => {
      const { id, kind, to } = letter
      const known = results.get(id)
      if (known !== undefined) return known
      const wait = waits.get(id)
      if (wait !== undefined && wait.until > now()) return 'later'
      const isAdmitted = wait !== undefined || (await rates.admit(kind, to))
      const result = isAdmitted ? await attempt(letter, wait, isLast) : 'dropped'
      if (result !== 'later') results.set(id, result)
      return result
    },
    settled: (id) => {
      results.delete(id)
      waits.delete(id)
    },
    isResting: () => rest.until > now(),
    waiting: () => {
      // Those that went with their family are never settled.
      for (const [id, { until }] of waits) if (until + RETRY_MS_MAX < now()) waits.delete(id)
      return waits.size
    },
  }
}

/** Until when, and how long the next time: milliseconds. */
type Wait = { readonly until: number; readonly ms: number }

const RETRY_MS = 10_000
const RETRY_MS_MAX = 30 * 60_000
/** So many in a row are no fault of the mails, and after a rest one is enough. */
const FAILURES_MAX = 3
const REST_MS = 10_000
const REST_MS_MAX = 5 * 60_000

const later = (ms: number, now: number, msMax: number): Wait => ({
  until: now + ms,
  ms: Math.min(2 * ms, msMax),
})

/** A server does not want it, or not yet; others may go. */
const isAboutTheMail = ({ code, responseCode, permanent }: MailNotSent): boolean =>
  permanent || (responseCode !== undefined && (code === 'EENVELOPE' || code === 'EMESSAGE'))

/** `undefined`: a server has it. */
const send = async (
  { mailer, imprint }: DeliveryParts,
  { kind, to, locale, params }: Letter,
): Promise<MailNotSent | undefined> => {
  try {
    await mailer.send({ to, ...renderMail(kind, paramsOf(params), locale, imprint) })
    return undefined
  } catch (error) {
    // One that cannot be written will never be: it must not stand before the others for ever.
    return error instanceof MailNotSent ? error : new MailNotSent('EUNKNOWN', undefined, true)
  }
}

/** The event that queued the mail had the parameters of its kind. */
const paramsOf = (params: JsonObject): MailParams[MailKind] => params as MailParams[MailKind]
