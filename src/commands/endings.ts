import { randomUUID } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import type { Rejection } from '../domain/rejection.ts'
import type { History } from '../history/port.ts'
import { uuidV5 } from '../uuid.ts'
import type { Vault } from '../vault/port.ts'
import type { Erasure } from './erasure.ts'
import { subjectKind } from './subjects.ts'

/**
 * Has those erased whom a protocol deletes and nothing else remembers. A note in the vault stands before the deletion is tried and until the
 * erasure has a note of its own, so a crash in between is gone on from (decisions 9).
 */
export type Endings = {
  /** Runs what deletes the subject's entity. If it did, the subject is erased behind the answer. */
  readonly ending: <A>(
    subject: string,
    remove: () => Promise<Either<Rejection, A>>,
  ) => Promise<Either<Rejection, A>>
  /** Looks at what was left of deletions that are over, whatever became of them. */
  readonly finish: (signal: AbortSignal) => Promise<void>
  /** Waits for erasures that were begun here; closing the erasure breaks them off. */
  readonly close: () => Promise<void>
}

export type EndingParts = {
  readonly erasure: Pick<Erasure, 'request'>
  readonly history: Pick<History, 'read'>
  readonly vault: Vault
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  readonly onFailure: (error: unknown) => void
}

export const createEndings = (parts: EndingParts): Endings => {
  const { vault, now, onFailure } = parts
  const running = new Set<Promise<void>>()
  const eraseBehind = (note: string, subject: string): void => {
    const run = eraseEnded(parts, note, subject)
      .catch(onFailure)
      .finally(() => running.delete(run))
    running.add(run)
  }
  return {
    ending: async (subject, remove) => {
      // One note for each try: who is refused takes back his own.
      const note = `${subject}/${randomUUID()}`
      await vault.put(SPACE, note, { at: now() })
      const removed = await remove()
      if (E.isRight(removed)) eraseBehind(note, subject)
      else if (removed.left.kind !== 'Unavailable') await vault.delete(SPACE, note)
      return removed
    },
    finish: async (signal) => {
      for await (const page of vault.list(SPACE)) {
        for (const { key, value } of page) {
          if (signal.aborted) return
          // A younger one's deletion may be under way.
          if (now() - Number(value['at']) < UNDER_WAY_MS) continue
          await eraseEnded(parts, key, key.slice(0, key.lastIndexOf('/'))).catch(onFailure)
        }
      }
    },
    close: async () => {
      await Promise.all(running)
    },
  }
}

/** The last word on an entity. */
const DELETIONS: ReadonlySet<string> = new Set(['EntityDeleted', 'UserDeleted'])

const SPACE = 'platform.endings'
/** Much longer than a command takes. */
const UNDER_WAY_MS = 60_000
const ACTOR = 'platform:job:erasure'
/** Of the command ids: the same subject is erased under the same id, however often it is asked for. */
const NAMESPACE = '7d2a4b5e-5f35-4d0b-8f0a-0c7f3f6b1e52'

const eraseEnded = async (
  { erasure, history, vault, now }: EndingParts,
  note: string,
  subject: string,
): Promise<void> => {
  if (await isOver(history, subject)) {
    await erasure.request(subject, {
      reason: 'it was deleted',
      actor: ACTOR,
      at: now(),
      commandId: uuidV5(subject, NAMESPACE),
    })
  }
  await vault.delete(SPACE, note)
}

/** Deleted, and something of it is sealed: of most objects nothing is. */
const isOver = async (history: Pick<History, 'read'>, subject: string): Promise<boolean> => {
  const found = subjectKind(subject)
  if (found === undefined) return false
  let [isSealed, isDeleted] = [false, false]
  for (const stream of found.kind.streams(found.id)) {
    for await (const page of history.read(stream)) {
      for (const { type, meta } of page) {
        isSealed ||= meta.subject === subject
        isDeleted ||= DELETIONS.has(type)
      }
    }
  }
  return isSealed && isDeleted
}
