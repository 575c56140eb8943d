import * as E from 'fp-ts/lib/Either.js'
import type { Decider } from '../decider.ts'
import { mailEvents } from './mail-events.ts'

/** `open`: as far as this stream knows, nothing has become of the mail yet. */
export type MailState = 'open' | 'over'
export type MailCommand = {
  readonly app: number
  readonly mail: string
  readonly result: 'sent' | 'refused' | 'late'
}

/** What became of a mail is noted once. */
export const mailDecider: Decider<MailState, MailCommand> = {
  initial: 'open',
  stateVersion: 1,
  evolve: (state, { type }) => (type === 'MailSent' || type === 'MailGivenUp' ? 'over' : state),
  decide: ({ app, mail, result }, state) => {
    if (state === 'over') return E.right([])
    return E.right([
      result === 'sent'
        ? mailEvents.fact('MailSent', { app, mail })
        : mailEvents.fact('MailGivenUp', { app, mail, reason: result }),
    ])
  },
}
