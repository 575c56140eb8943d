import { mailEvents } from '../../src/domain/cc/mail-events.ts'
import { userStream } from '../../src/domain/cc/names.ts'
import type { StoredEvent } from '../../src/history/port.ts'
import type { ProjectedWrite, Projection } from '../../src/projecting/projection.ts'

const OUTBOX = 'cc_mail_outbox'

const settled =
  (type: 'MailSent' | 'MailGivenUp', state: string) =>
  (event: StoredEvent): readonly ProjectedWrite[] => [
    { collection: OUTBOX, id: mailEvents.dataOf(type, event).mail, update: { $set: { state } } },
  ]

/** Mails that are to be sent and those that were (connectycube 12.4, 12.5). `at` in milliseconds since the Unix epoch. */
export const ccMails: Projection = {
  name: 'cc-mails',
  version: 1,
  // Whatever a mail may be about, and what became of it.
  prefixes: ['cc.user-', 'cc.meeting-', 'cc.mail-'],
  collections: {
    [OUTBOX]: { indexes: [{ keys: ['_s'] }, { keys: ['app', 'at'] }, { keys: ['state', 'at'] }] },
  },
  on: {
    MailRequested: (event) => {
      const { app, mail, user, kind, sealed } = mailEvents.dataOf('MailRequested', event)
      if (sealed === null || sealed === undefined) return []
      const put = {
        ...{ app, user, kind, to: sealed.to, params: sealed.params },
        ...{ at: event.meta.at, state: 'queued', _s: [userStream(app, user)] },
      }
      return [{ collection: OUTBOX, id: mail, put }]
    },
    MailSent: settled('MailSent', 'sent'),
    MailGivenUp: settled('MailGivenUp', 'given-up'),
  },
}
