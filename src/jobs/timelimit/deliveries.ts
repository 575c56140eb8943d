import type { JsonObject } from '../../json.ts'
import type { MailNotSent, Mailer } from '../../mail/mailer.ts'
import type { MailRates } from '../../mail/rate.ts'
import { renderMail } from '../../mail/templates.ts'
import type { MailKind, MailParams } from '../../mail/texts.ts'
import { createDeliveries as deliveriesOf, type Deliveries as DeliveriesOf } from '../deliveries.ts'

export type DeliveryParts = {
  readonly mailer: Pick<Mailer, 'send'>
  readonly rates: MailRates
  readonly imprint: string | undefined
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  /** A mail that could not be sent. */
  readonly onFailure: (error: MailNotSent) => void
}

export type { Result } from '../deliveries.ts'
export type Deliveries = DeliveriesOf<Letter>

export type Letter = {
  readonly id: string
  readonly kind: MailKind
  readonly to: string
  readonly locale: string
  readonly params: JsonObject
}

export const createDeliveries = ({ rates, imprint, ...parts }: DeliveryParts): Deliveries =>
  deliveriesOf({
    ...parts,
    admit: ({ kind, to }) => rates.admit(kind, to),
    render: ({ kind, to, locale, params }) => ({
      to,
      ...renderMail(kind, paramsOf(params), locale, imprint),
    }),
  })

/** The event that queued the mail had the parameters of its kind. */
const paramsOf = (params: JsonObject): MailParams[MailKind] => params as MailParams[MailKind]
