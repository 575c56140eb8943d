import * as E from 'fp-ts/lib/Either.js'
import { letterOf } from '../../commands/cc/mail-letters.ts'
import type { Engine } from '../../commands/engine.ts'
import type { Document } from '../../documents/port.ts'
import { mailDecider, type MailCommand } from '../../domain/cc/mail.ts'
import { mailStream } from '../../domain/cc/names.ts'
import type { Mail, Mailer } from '../../mail/mailer.ts'
import type { Reader } from '../../queries/reader.ts'
import { uuidV5 } from '../../uuid.ts'
import type { Keyring, Vault } from '../../vault/port.ts'
import { createDeliveries } from '../deliveries.ts'
import { startJob, type Job } from '../job.ts'

export type CcMailJob = {
  readonly engine: Pick<Engine, 'execute'>
  readonly reader: Pick<Reader, 'find'>
  readonly vault: Vault
  readonly keyring: Pick<Keyring, 'installation'>
  readonly mailer: Pick<Mailer, 'send'>
  readonly imprint: string | undefined
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  readonly onFailure: (error: unknown) => void
  readonly everyMs?: number
}

/**
 * Sends what the outbox has (decisions 19, connectycube 12.5) and notes what became of it; a crash between the two sends it again. A mail that
 * cannot be sent is tried again, ever less often, for a day; others do not wait for it.
 */
export const startSendingCcMails = (parts: CcMailJob): Job => {
  const deliveries = createDeliveries<Letter>({
    ...parts,
    admit: () => Promise.resolve(true),
    render: ({ mail }) => mail,
  })
  return startJob(
    { ...parts, name: 'connectycube-mails', everyMs: parts.everyMs ?? EVERY_MS, leaseMs: LEASE_MS },
    async (signal) => {
      const until = performance.now() + ROUND_MS
      const isOver = (): boolean => signal.aborted || deliveries.isResting() || performance.now() > until
      if (isOver()) return
      const options = { sort: [['at', 1]], limit: MAILS_A_ROUND + deliveries.waiting() } as const
      for await (const page of parts.reader.find('cc_mail_outbox', { state: 'queued' }, options)) {
        for (const entry of page) {
          if (isOver()) return
          const mail = await letterOf(parts.keyring, entry, parts.imprint)
          const isLate = isTooOld(entry, parts.now())
          const result =
            mail === undefined ? 'dropped' : await deliveries.deliver({ id: entry._id, mail }, isLate)
          if (result === 'later') continue
          await settle(parts, entry, result === 'sent' ? 'sent' : isLate ? 'late' : 'refused')
          deliveries.settled(entry._id)
        }
      }
    },
  )
}

type Letter = { readonly id: string; readonly mail: Mail }

const EVERY_MS = 1_000
/** A round ends with the mail that it is at then, so that the lease is renewed in time. */
const ROUND_MS = 5_000
const LEASE_MS = 60_000
/** Beside those that wait for another try. */
const MAILS_A_ROUND = 50
const GIVE_UP_MS = 24 * 60 * 60_000

const isTooOld = ({ at }: Document, now: number): boolean => typeof at !== 'number' || at + GIVE_UP_MS < now

const settle = async (
  { engine, now }: CcMailJob,
  { _id: mail, app }: Document,
  result: MailCommand['result'],
): Promise<void> => {
  const done = await engine.execute({
    stream: mailStream(Number(app), mail),
    decider: mailDecider,
    command: { app: Number(app), mail, result },
    commandId: uuidV5(mail, NAMESPACE),
    actor: 'platform:job:connectycube-mails',
    at: now(),
    via: { protocol: 'connectycube' },
  })()
  if (E.isLeft(done)) throw new Error(`a mail could not be settled: ${done.left.reason}`)
}

const NAMESPACE = '0d7a9b9e-3f55-4f7a-9f3c-6c0a1b1f5d21'
