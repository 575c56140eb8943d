import { MailNotSent, type Mail, type Mailer } from '../mail/mailer.ts'
import { createRetries } from './retries.ts'

export type DeliveryParts<L> = {
  readonly mailer: Pick<Mailer, 'send'>
  /** Whether it may be sent at all; asked once of each, as long as this process remembers it. */
  readonly admit: (letter: L) => Promise<boolean>
  readonly render: (letter: L) => Promise<Mail> | Mail
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  /** A mail that could not be sent. */
  readonly onFailure: (error: MailNotSent) => void
}

/** Mails on their way out of this process, each tried again ever less often. */
export type Deliveries<L> = {
  /** Sends it, if it may go now: `later`, it does not go yet. The result stands until `settled`, so what cannot be settled is not sent twice. */
  readonly deliver: (letter: L, isLast: boolean) => Promise<Result | 'later'>
  /** The outbox does not have it any more. */
  readonly settled: (id: string) => void
  /** Nobody takes mails at present: there is no use in looking for any. */
  readonly isResting: () => boolean
  /** How many wait for another try, at most. */
  readonly waiting: () => number
}

export type Result = 'sent' | 'dropped'

export const createDeliveries = <L extends { readonly id: string }>(
  parts: DeliveryParts<L>,
): Deliveries<L> => {
  const { admit, now, onFailure } = parts
  const results = new Map<string, Result>()
  const retries = createRetries(now)
  /** Failures since a server looked at a mail last. */
  let failures = 0
  let rest = NO_REST

  const failed = (failure: MailNotSent): void => {
    onFailure(failure)
    failures = isAboutTheMail(failure) ? 0 : failures + 1
    if (failures >= FAILURES_MAX) rest = { until: now() + rest.ms, ms: Math.min(2 * rest.ms, REST_MS_MAX) }
  }
  const attempt = async (letter: L, isLast: boolean) => {
    const failure = await send(parts, letter)
    if (failure === undefined) {
      failures = 0
      rest = NO_REST
      return 'sent'
    }
    failed(failure)
    if (failure.permanent || isLast) return 'dropped'
    retries.later(letter.id)
    return 'later'
  }
  return {
    deliver: async (letter, isLast) => {
      const { id } = letter
      const known = results.get(id)
      if (known !== undefined) return known
      if (retries.isWaiting(id)) return 'later'
      const isAdmitted = retries.isKnown(id) || (await admit(letter))
      const result = isAdmitted ? await attempt(letter, isLast) : 'dropped'
      if (result !== 'later') results.set(id, result)
      return result
    },
    settled: (id) => {
      results.delete(id)
      retries.forget(id)
    },
    isResting: () => rest.until > now(),
    waiting: retries.waiting,
  }
}

/** So many in a row are no fault of the mails, and after a rest one is enough. */
const FAILURES_MAX = 3
const REST_MS = 10_000
const REST_MS_MAX = 5 * 60_000
/** Until when, and how long the next time: milliseconds. */
const NO_REST = { until: 0, ms: REST_MS }

/** A server does not want it, or not yet; others may go. */
const isAboutTheMail = ({ code, responseCode, permanent }: MailNotSent): boolean =>
  permanent || (responseCode !== undefined && (code === 'EENVELOPE' || code === 'EMESSAGE'))

/** `undefined`: a server has it. */
const send = async <L>({ mailer, render }: DeliveryParts<L>, letter: L): Promise<MailNotSent | undefined> => {
  try {
    await mailer.send(await render(letter))
    return undefined
  } catch (error) {
    // One that cannot be written will never be: it must not stand before the others for ever.
    return error instanceof MailNotSent ? error : new MailNotSent('EUNKNOWN', undefined, true)
  }
}
