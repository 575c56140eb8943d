import * as t from 'io-ts'
import type { Fact } from '../decider.ts'
import { eventsOf, JsonValue, sealed } from './codec.ts'
import { userStream } from './names.ts'

/** Connectycube 12.5: what a mail is about. */
export const MAIL_KINDS = {
  welcome: null,
  'password-reset': null,
  confirmation: null,
  'recording-done': null,
  'meeting-notification': null,
} as const
export type CcMailKind = keyof typeof MAIL_KINDS

/**
 * A mail is asked for in the stream of what it is about, together with the fact that causes it; what became of it is in the stream of its own.
 * `user`: on whose behalf it is sent, and whose erasure takes it away. No token is in it: whoever sends it derives that from the mail's id.
 */
export const MAIL_EVENTS = {
  MailRequested: t.intersection([
    t.type({ app: t.number, mail: t.string, user: t.number, kind: t.keyof(MAIL_KINDS) }),
    t.partial({ sealed: sealed(t.type({ to: t.string, params: t.record(t.string, JsonValue) })) }),
  ]),
  MailSent: t.type({ app: t.number, mail: t.string }),
  /** `refused`: the server does not want it; `late`: nobody took it within a day. */
  MailGivenUp: t.type({
    app: t.number,
    mail: t.string,
    reason: t.keyof({ refused: null, late: null }),
  }),
} as const

export const mailEvents = eventsOf(MAIL_EVENTS)

/** With the key of the user on whose behalf it is, in whatever stream it stands. */
export const MAIL_SEALED = {
  MailRequested: {
    fields: ['sealed'],
    subject: ({ data: { app, user } }: Pick<Fact, 'data'>) =>
      typeof app === 'number' && typeof user === 'number' ? userStream(app, user) : undefined,
  },
} as const
