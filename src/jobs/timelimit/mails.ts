import * as E from 'fp-ts/lib/Either.js'
import type { Engine } from '../../commands/engine.ts'
import { isBeingErased } from '../../commands/erasure.ts'
import type { Document } from '../../documents/port.ts'
import type { Decider } from '../../domain/decider.ts'
import { familyDecider } from '../../domain/timelimit/decide.ts'
import { familyStream, mailsStream } from '../../domain/timelimit/names.ts'
import { isObject, type JsonObject } from '../../json.ts'
import type { Mailer } from '../../mail/mailer.ts'
import type { MailRates } from '../../mail/rate.ts'
import { isMailKind } from '../../mail/texts.ts'
import { textAt } from '../../queries/timelimit/documents.ts'
import type { Reader } from '../../queries/reader.ts'
import { uuidV5 } from '../../uuid.ts'
import type { KeyedEntry, Vault } from '../../vault/port.ts'
import { startJob, type Job } from '../job.ts'
import { createDeliveries, type Deliveries, type Letter, type Result } from './deliveries.ts'

export type MailJob = {
  readonly engine: Pick<Engine, 'execute' | 'load'>
  readonly reader: Pick<Reader, 'find'>
  readonly vault: Vault
  readonly mailer: Pick<Mailer, 'send'>
  readonly rates: MailRates
  readonly imprint: string | undefined
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  readonly onFailure: (error: unknown) => void
  readonly everyMs?: number
}

/** Goodbyes wait here, because a deleted family's documents are gone: `{ kind, to, locale, family }`, for a day (decisions 1). */
export const GOODBYES = 'timelimit.mails'

/**
 * Sends what the outbox has (decisions 19) and notes in the history what became of it; a crash between the two sends it
 * again. A mail that cannot be sent is tried again, ever less often, for a day; others do not wait for it.
 */
export const startSendingMails = (parts: MailJob): Job => {
  const deliveries = createDeliveries(parts)
  return startJob(
    { ...parts, name: 'timelimit-mails', everyMs: parts.everyMs ?? EVERY_MS, leaseMs: LEASE_MS },
    async (signal) => {
      const until = performance.now() + ROUND_MS
      const isOver = (): boolean => signal.aborted || deliveries.isResting() || performance.now() > until
      await sendQueued(parts, deliveries, isOver)
      await sendGoodbyes(parts, deliveries, isOver)
    },
  )
}

const EVERY_MS = 1_000
/** A round ends with the mail that it is at then, so that the lease is renewed in time. */
const ROUND_MS = 5_000
const LEASE_MS = 60_000
/** Beside those that wait for another try. */
const MAILS_A_ROUND = 50
const GIVE_UP_MS = 24 * 60 * 60_000

const sendQueued = async (parts: MailJob, deliveries: Deliveries, isOver: () => boolean): Promise<void> => {
  if (isOver()) return
  const { reader, now } = parts
  const limit = MAILS_A_ROUND + deliveries.waiting()
  for await (const page of reader.find('timelimit_mails', {}, { sort: [['at', 1]], limit })) {
    for (const document of page) {
      if (isOver()) return
      const letter = letterOf(document._id, document)
      const result =
        letter === undefined ? 'dropped' : await deliveries.deliver(letter, isTooOld(document, now()))
      if (result === 'later') continue
      await settle(parts, document, result)
      deliveries.settled(document._id)
    }
  }
}

const sendGoodbyes = async (parts: MailJob, deliveries: Deliveries, isOver: () => boolean): Promise<void> => {
  const { vault } = parts
  let isLeft = false
  for await (const page of vault.list(GOODBYES)) {
    for (const entry of page) {
      if (isOver()) break
      if (!(await isGone(parts, deliveries, entry))) continue
      await vault.delete(GOODBYES, entry.key)
      deliveries.settled(entry.key)
      isLeft ||= !(await isBeingErased(vault, streamOf(entry)))
    }
  }
  // Otherwise the family's erasure takes the address out of the files.
  if (isLeft) await vault.rewrite()
}

/** Whether it was sent, or never will be. */
const isGone = async (parts: MailJob, deliveries: Deliveries, entry: KeyedEntry): Promise<boolean> => {
  const letter = letterOf(entry.key, { ...entry.value, params: {} })
  if (letter === undefined) return true
  return (await isDeleted(parts, entry)) && (await deliveries.deliver(letter, false)) !== 'later'
}

const streamOf = ({ value }: KeyedEntry): string => familyStream(textAt(value, 'family') ?? '')

/** The entry was made before the family was deleted, and may have been made for a deletion that was refused. */
const isDeleted = async ({ engine }: MailJob, entry: KeyedEntry): Promise<boolean> =>
  (await engine.load(streamOf(entry), familyDecider)).state.status === 'deleted'

const letterOf = (id: string, { kind, to, locale, params }: JsonObject): Letter | undefined =>
  typeof kind === 'string' && isMailKind(kind) && typeof to === 'string' && isObject(params)
    ? { id, kind, to, locale: typeof locale === 'string' ? locale : '', params }
    : undefined

const isTooOld = ({ at }: Document, now: number): boolean => typeof at !== 'number' || at + GIVE_UP_MS < now

const settle = async ({ engine, now }: MailJob, document: Document, result: Result): Promise<void> => {
  const { _id } = document
  const done = await engine.execute({
    stream: mailsStream(textAt(document, 'family') ?? ''),
    decider: settling,
    command: { mail: _id, result },
    commandId: uuidV5(_id, NAMESPACE),
    actor: 'platform:job:timelimit-mails',
    at: now(),
    via: { protocol: 'timelimit' },
  })()
  if (E.isLeft(done)) throw new Error(`a mail could not be settled: ${done.left.reason}`)
}

type Settled = { readonly mail: string; readonly result: Result }

/** What became of mails is only noted: nothing is decided by it. */
const settling: Decider<null, Settled> = {
  initial: null,
  stateVersion: 1,
  evolve: (state) => state,
  decide: (data) => E.right([{ type: 'MailSettled', data }]),
}

const NAMESPACE = '3f1f2f52-4f7e-4d0b-9a87-0c8c3f1f6c10'
