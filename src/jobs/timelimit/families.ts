import * as E from 'fp-ts/lib/Either.js'
import type { Engine } from '../../commands/engine.ts'
import { CONNECTIVITY } from '../../commands/timelimit/effects.ts'
import type { Document, Filter } from '../../documents/port.ts'
import type { FamilyCommand } from '../../domain/timelimit/commands.ts'
import { familyDecider } from '../../domain/timelimit/decide.ts'
import { familyStream } from '../../domain/timelimit/names.ts'
import { textAt } from '../../queries/timelimit/documents.ts'
import type { Reader } from '../../queries/reader.ts'
import { uuidV5 } from '../../uuid.ts'
import type { Vault } from '../../vault/port.ts'
import { startJob, type Job } from '../job.ts'

export type FamilyJobs = {
  readonly engine: Engine
  readonly reader: Pick<Reader, 'find'>
  readonly vault: Vault
  /** Destroys what can be read of a deleted family. */
  readonly erase: (familyId: string) => Promise<void>
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  readonly onFailure: (error: unknown) => void
}

/** What time does to families (timelimit 8.4, 9.7): each job appends what it decides, so a replay needs no clock. */
export const startFamilyJobs = (parts: FamilyJobs): Job => {
  const jobs = [
    startJob({ ...parts, ...PREMIUM }, (signal) => expirePremium(parts, signal)),
    startJob({ ...parts, ...USED_TIMES }, (signal) => pruneUsedTimes(parts, signal)),
    startJob({ ...parts, ...OLD_FAMILIES }, (signal) => deleteUnused(parts, signal)),
    startJob({ ...parts, ...ENDED_FAMILIES }, (signal) => eraseEnded(parts, signal)),
  ]
  return {
    stop: async () => {
      await Promise.all(jobs.map(({ stop }) => stop()))
    },
  }
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const PREMIUM = { name: 'timelimit-premium', firstMs: 5 * MINUTE, everyMs: HOUR } as const
const USED_TIMES = { name: 'timelimit-used-times', firstMs: 13 * MINUTE, everyMs: 30 * MINUTE } as const
const OLD_FAMILIES = { name: 'timelimit-old-families', firstMs: 23 * MINUTE, everyMs: HOUR } as const
const ENDED_FAMILIES = { name: 'timelimit-ended-families', everyMs: MINUTE } as const

/** Families a round. */
const EXPIRED_MAX = 100
const UNUSED_MAX = 256
const PRUNED_MAX = 1_000

const COUNTERS_LIVE_MS = 10 * DAY
const SESSIONS_LIVE_MS = 3 * DAY
const UNUSED_AFTER_MS = 90 * DAY

export const expirePremium = async (parts: FamilyJobs, signal: AbortSignal): Promise<void> => {
  const now = parts.now()
  const due = await idsOf(parts, 'timelimit_families', { 'premium.due': { $lt: now } }, EXPIRED_MAX)
  for (const { id, document } of due) {
    if (signal.aborted) return
    const { premium } = document
    await command(parts, id, { type: 'ExpirePremium', now }, ['expire-premium', id, JSON.stringify(premium)])
  }
}

export const pruneUsedTimes = async (parts: FamilyJobs, signal: AbortSignal): Promise<void> => {
  const now = parts.now()
  const [countersBefore, sessionsBefore] = [now - COUNTERS_LIVE_MS, now - SESSIONS_LIVE_MS]
  const found = [
    ...(await idsOf(
      parts,
      'timelimit_used_times',
      { 'touched.counters': { $lt: countersBefore } },
      PRUNED_MAX,
    )),
    ...(await idsOf(
      parts,
      'timelimit_used_times',
      { 'touched.sessions': { $lt: sessionsBefore } },
      PRUNED_MAX,
    )),
  ]
  const families = new Set(found.flatMap(({ document }) => textAt(document, 'family') ?? []))
  for (const id of families) {
    for (let part = 0, goesOn = true; goesOn && !signal.aborted; part++) {
      const name = ['prune-used-times', id, String(now), String(part)]
      goesOn = await command(parts, id, { type: 'PruneUsedTimes', countersBefore, sessionsBefore }, name)
    }
  }
}

export const deleteUnused = async (parts: FamilyJobs, signal: AbortSignal): Promise<void> => {
  const before = parts.now() - UNUSED_AFTER_MS
  const old = { 'premium.until': { $lt: before } }
  let left = UNUSED_MAX
  // All of them: most are in use without premium, and those must not stand before the others.
  for await (const page of parts.reader.find('timelimit_families', old, { fields: ['premium'] })) {
    for (const { _id: id } of page) {
      if (signal.aborted || left === 0) return
      if (await wasSeenSince(parts.vault, id, before)) continue
      if (!(await command(parts, id, { type: 'DeleteUnused', before }, ['delete-unused', id]))) continue
      left -= 1
      await parts.erase(id).catch(parts.onFailure)
    }
  }
}

/** Families that were deleted by somebody who died before he could have them erased. */
export const eraseEnded = async (parts: FamilyJobs, signal: AbortSignal): Promise<void> => {
  for (const { id } of await idsOf(parts, 'timelimit_families', { ended: true }, UNUSED_MAX)) {
    if (signal.aborted) return
    await parts.erase(id).catch(parts.onFailure)
  }
}

/** Whether a device of the family has pulled since. */
const wasSeenSince = async (vault: Vault, familyId: string, since: number): Promise<boolean> => {
  for await (const page of vault.list(CONNECTIVITY, `${familyId}/`))
    if (page.some(({ value }) => Number(value['at']) >= since)) return true
  return false
}

type Found = { readonly id: string; readonly document: Document }

const idsOf = async (
  { reader }: FamilyJobs,
  collection: string,
  filter: Filter,
  limit: number,
): Promise<readonly Found[]> => {
  const found: Found[] = []
  for await (const page of reader.find(collection, filter, { limit, fields: ['family', 'premium'] }))
    for (const document of page) found.push({ id: document._id, document })
  return found
}

/** Namespace of the command ids: the same work on the same family is the same command (decisions 19). */
const NAMESPACE = 'b7b3b7c0-0d4e-4a57-8a0e-6a3c2d7f1e90'

/** Whether the family had anything to do. A refusal is reported: others have their turn. */
const command = async (
  { engine, now, onFailure }: FamilyJobs,
  familyId: string,
  what: FamilyCommand,
  name: readonly string[],
): Promise<boolean> => {
  const done = await engine.execute({
    stream: familyStream(familyId),
    decider: familyDecider,
    command: what,
    commandId: uuidV5(JSON.stringify(name), NAMESPACE),
    actor: `platform:job:${name[0] ?? ''}`,
    at: now(),
    via: { protocol: 'timelimit' },
  })()
  if (E.isRight(done)) return done.right.facts.length > 0
  onFailure(new Error(`${name.join(' ')}: ${done.left.kind} ${done.left.reason}`))
  return false
}
