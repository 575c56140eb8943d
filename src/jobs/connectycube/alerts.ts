import * as E from 'fp-ts/lib/Either.js'
import { queueAlert } from '../../commands/cc/push.ts'
import type { Engine } from '../../commands/engine.ts'
import { dialogEvents, type DialogType } from '../../domain/cc/dialog-events.ts'
import type { History, Page, StoredEvent } from '../../history/port.ts'
import { CC_ALERT_MS_MAX } from '../../limits.ts'
import { alertAudience, settingsWithDevices } from '../../queries/cc/alert-audience.ts'
import type { Reader } from '../../queries/reader.ts'
import type { Vault } from '../../vault/port.ts'
import { atOnce } from '../at-once.ts'
import { startJob, type Job } from '../job.ts'

export type AlertJob = {
  readonly engine: Pick<Engine, 'execute'>
  readonly reader: Reader
  readonly vault: Vault
  readonly history: Pick<History, 'readAll' | 'head'>
  /** Position up to which the documents show the streams of these prefixes. */
  readonly applied: (prefixes: readonly string[]) => bigint
  /** Who has an available connection, and needs no push. */
  readonly online: (app: number) => Promise<readonly number[]>
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  readonly onFailure: (error: unknown) => void
  readonly everyMs?: number
}

/**
 * Tells of messages those who are not there to get them (connectycube 9): each message once, however often the job is cut short, because what
 * was queued for it is in a stream named after it. Where the job stands is in the vault.
 */
export const startAlerting = (parts: AlertJob): Job => {
  let mark: Mark | undefined
  return startJob(
    { ...parts, name: NAME, everyMs: parts.everyMs ?? EVERY_MS, leaseMs: LEASE_MS },
    async (signal) => {
      if (mark !== undefined && parts.applied(SHOWN) <= mark.after) return
      mark = await loadMark(parts, mark)
      return round(parts, mark, signal)
    },
  )
}

const NAME = 'connectycube-alerts'
const ACTOR = `platform:job:${NAME}`
const EVERY_MS = 500
const LEASE_MS = 60_000
/** After that long the round ends, so that the lease is renewed. */
const ROUND_MS = 5_000
const DIALOGS_AT_ONCE = 8
/** What decides whether a message is told of. */
const SHOWN = ['cc.dialog-', 'cc.view-', 'cc.push-', 'cc.application-']
const SENT_IN = ['cc.dialog-']

const SPACE = 'cc.jobs'
const KEY = 'alerts'
/** Where nobody was told, the mark is written no more often. */
const NOTE_MS = 10_000

/** Everything up to `after` is done; the vault knows it of `noted`. */
type Mark = { after: bigint; noted: bigint; version: string | undefined; notedAt: number }

/** Another node may have gone on meanwhile. A mark that is ahead of the history is another history's; messages of long ago are passed over. */
const loadMark = async ({ vault, history }: AlertJob, known: Mark | undefined): Promise<Mark> => {
  const entry = await vault.get(SPACE, KEY)
  if (known !== undefined && entry?.version === known.version) return known
  const text = entry?.value['after']
  const after = typeof text === 'string' && /^\d{1,20}$/.test(text) ? BigInt(text) : 0n
  const from = after > (await history.head()) ? 0n : after
  return { after: from, noted: from, version: entry?.version, notedAt: performance.now() }
}

const note = async ({ vault }: AlertJob, mark: Mark): Promise<void> => {
  await vault.put(SPACE, KEY, { after: String(mark.after) })
  mark.version = (await vault.get(SPACE, KEY))?.version
  mark.noted = mark.after
  mark.notedAt = performance.now()
}

const round = async (parts: AlertJob, mark: Mark, signal: AbortSignal): Promise<'more' | undefined> => {
  const upTo = parts.applied(SHOWN)
  const isThrough = upTo <= mark.after || (await tellUpTo(parts, mark, upTo, signal))
  if (isThrough && upTo > mark.after) mark.after = upTo
  if (mark.after > mark.noted && performance.now() > mark.notedAt + NOTE_MS) await note(parts, mark)
  return isThrough || signal.aborted ? undefined : 'more'
}

/** Whether there was time for all of it. */
const tellUpTo = async (parts: AlertJob, mark: Mark, upTo: bigint, signal: AbortSignal): Promise<boolean> => {
  const until = performance.now() + ROUND_MS
  for await (const page of parts.history.readAll({ after: mark.after, prefixes: SENT_IN })) {
    const shown = page.filter(({ position }) => position <= upTo)
    const told = await tell(parts, shown)
    mark.after = shown.at(-1)?.position ?? mark.after
    if (told) await note(parts, mark)
    if (shown.length < page.length) return true
    if (signal.aborted || performance.now() > until) return false
  }
  return true
}

type Sent = {
  readonly app: number
  readonly dialog: string
  readonly type: DialogType
  readonly messages: readonly { readonly id: string; readonly sender: number }[]
}

/** Whether anybody was told of anything. Throws what kept the first one from being told, when all others are. */
const tell = async (parts: AlertJob, page: Page): Promise<boolean> => {
  const failures: unknown[] = []
  let told = false
  const online = new Map<number, ReadonlySet<number>>()
  const settings = settingsWithDevices(parts.reader)
  const one = async (sent: Sent): Promise<void> => {
    const { app } = sent
    if (!(await settings(app)).alerts) return
    if (!online.has(app)) online.set(app, new Set(await parts.online(app)))
    if (await tellOf(parts, sent, online.get(app) ?? NOBODY)) told = true
  }
  await atOnce(
    sentIn(page, parts.now()),
    async (sent) => {
      await one(sent).catch((error: unknown) => failures.push(error))
    },
    { atMost: DIALOGS_AT_ONCE, goesOn: () => failures.length === 0 },
  )
  if (failures.length > 0) throw failures[0]
  return told
}

const NOBODY: ReadonlySet<number> = new Set()

/** Messages to be told of, by dialog: whoever is in one is looked up once for all of them. */
const sentIn = (page: Page, now: number): readonly Sent[] => {
  const byDialog = new Map<string, Sent & { readonly messages: Sent['messages'][number][] }>()
  for (const event of page) {
    if (event.type !== 'MessageSent' || event.meta.at + CC_ALERT_MS_MAX < now) continue
    const { app, dialog, dialogType: type, message: id, sender, silent } = dataOf(event)
    if (silent || !hasContent(event)) continue
    const known = byDialog.get(dialog)
    if (known === undefined) byDialog.set(dialog, { app, dialog, type, messages: [{ id, sender }] })
    else known.messages.push({ id, sender })
  }
  return [...byDialog.values()]
}

const dataOf = (event: StoredEvent) => dialogEvents.dataOf('MessageSent', event)

const hasContent = (event: StoredEvent): boolean => {
  const { text = '', attachments = [] } = dataOf(event).sealed ?? {}
  return text !== '' || attachments.length > 0
}

const tellOf = async (parts: AlertJob, sent: Sent, online: ReadonlySet<number>): Promise<boolean> => {
  const { app, dialog, messages } = sent
  let told = false
  for await (const notifications of alertAudience(parts.reader, sent, online)) {
    for (const { id, sender } of messages) {
      const others = notifications.filter(({ user }) => user !== sender)
      if (others.length === 0) continue
      const me = { app, user: sender }
      const queued = await queueAlert({ ...parts, actor: ACTOR }, me, { dialog, message: id }, others)
      if (E.isLeft(queued)) throw new Error(`a message could not be told of: ${queued.left.reason}`)
      told = true
    }
  }
  return told
}
