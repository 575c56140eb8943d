import * as E from 'fp-ts/lib/Either.js'
import { uuidV5 } from '../uuid.ts'
import type { Engine } from '../commands/engine.ts'
import type { Document } from '../documents/port.ts'
import { storesDecider } from '../domain/stores/decide.ts'
import { entityStream } from '../domain/stores/names.ts'
import type { Reader } from '../queries/reader.ts'
import type { Vault } from '../vault/port.ts'
import { startJob, type Job } from './job.ts'

export type ExpireTasks = {
  readonly engine: Engine
  readonly reader: Pick<Reader, 'find'>
  readonly vault: Vault
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  /** A round that failed; the next one tries again. */
  readonly onFailure: (error: unknown) => void
  readonly everyMs?: number
}

/** Notices tasks whose deadline has passed (rightech 1.6), on one node at a time and at most `everyMs` after it could be noticed. */
export const startExpiringTasks = (parts: ExpireTasks): Job =>
  startJob({ ...parts, name: JOB, everyMs: parts.everyMs ?? EVERY_MS }, (signal) => expireDue(parts, signal))

/** One round: every task that is due by now. */
const expireDue = async (parts: ExpireTasks, signal: AbortSignal): Promise<void> => {
  const { engine, reader, now } = parts
  const at = now()
  const due = reader.find(
    'stores_tasks',
    { _due: { $lt: at } },
    { sort: [['_due', 1]], fields: ['_due', '_at'] },
  )
  for await (const page of due) {
    for (const task of page) {
      if (signal.aborted) return
      const expired = await engine.execute({
        stream: entityStream('tasks', task._id),
        decider: storesDecider('tasks'),
        command: { type: 'ExpireTask', id: task._id, at },
        commandId: commandIdOf(task),
        actor: `platform:job:${JOB}`,
        at,
      })()
      if (E.isLeft(expired))
        parts.onFailure(new Error(`task ${task._id}: ${expired.left.kind} ${expired.left.reason}`))
    }
  }
}

const JOB = 'expire-tasks'
const EVERY_MS = 15_000
/** Namespace of the command ids. */
const NAMESPACE = '6f1c8f2e-0b0a-4d3e-8a53-7f4f5d0c3b21'

/**
 * Out of job, task and planned time: noticed twice, it is recorded once (decisions 19). The last change tells it from an earlier
 * time that it had the same deadline.
 */
const commandIdOf = (task: Document): string =>
  uuidV5(JSON.stringify([task._id, task['_due'], task['_at']]), NAMESPACE)
