import { PROJECTIONS } from '../../projections/registry.ts'
import { createLease } from '../commands/lease.ts'
import type { Config } from '../config.ts'
import { adminSocketPath } from '../embedded/directory.ts'
import type { History, Page } from '../history/port.ts'
import type { Health } from '../http/health.ts'
import type { Log } from '../http/log.ts'
import { PROJECTOR_LEASE_MS, REPLACED_KEEP_MS } from '../limits.ts'
import { startAdmin } from '../operating/admin.ts'
import { rebuildJob } from '../operating/rebuild.ts'
import { startProjector } from '../projecting/projector.ts'
import type { ReadModels } from '../projecting/read-models.ts'
import { startRunner, type Runner, type RunnerParts } from '../projecting/runner.ts'
import { startWatch, type Watch } from '../projecting/watch.ts'
import type { Stores } from '../stores.ts'

/** The read models as this node sees them, kept by itself or by another one. */
export type NodeDocuments = {
  readonly readModels: ReadModels
  /** Whether what an event may end can be remembered at present (decisions 10). */
  readonly isCurrent: () => boolean
  readonly close: () => Promise<void>
}

export type DocumentsParts = {
  readonly config: Pick<Config, 'roles'>
  readonly stores: Stores
  readonly history: History
  readonly log: Log
  readonly health: Health
  /** Events that the documents begin to show, and on a node of several also when they arrive. */
  readonly onPage: (page: Page) => void
  /** Events may have been missed. */
  readonly onGap: () => void
  readonly onBroken: (error: unknown) => void
}

/** Embedded stores belong to this process alone: it keeps the documents itself and knows at first hand where they stand. */
export const startOwnDocuments = async (parts: DocumentsParts): Promise<NodeDocuments> => {
  const { onPage, onBroken } = parts
  const runner = await startRunner({ ...runnerParts(parts), onApplied: onPage, onBroken })
  const admin = await startAdminFor(parts, runner)
  return {
    readModels: runner,
    isCurrent: () => true,
    close: async () => {
      await admin.close()
      await runner.close()
    },
  }
}

/** Shared stores: the documents are watched, and kept by one of the projectors. */
export const startSharedDocuments = (parts: DocumentsParts): NodeDocuments => {
  const { stores, history, config, log, health } = parts
  const watch = startWatch({ ...parts, history, documents: stores.documents, projections: PROJECTIONS })
  health.add('documents', watch.trouble)
  if (!config.roles.has('projector'))
    return { readModels: watch, isCurrent: watch.isCurrent, close: watch.close }
  const projector = startProjector({
    lease: createLease(stores.vault, 'projector', PROJECTOR_LEASE_MS),
    start: (onBroken) => startSharedRunner(parts, watch, onBroken),
    onStarted: async (runner) => {
      log.info('this process keeps the documents')
      return (await startAdminFor(parts, runner)).close
    },
    onFailure: (error, message) => log.warn({ err: error }, message),
  })
  health.add('projector', projector.trouble)
  return {
    readModels: watch,
    isCurrent: watch.isCurrent,
    close: async () => {
      await projector.close()
      await watch.close()
    },
  }
}

const startSharedRunner = async (
  parts: DocumentsParts,
  watch: Watch,
  onBroken: (error: unknown) => void,
): Promise<Runner> => {
  // Before a strange history can change documents that are not its own.
  await parts.stores.isFounded()
  return startRunner({
    ...runnerParts(parts),
    onApplied: watch.look,
    onBroken,
    onAhead: async (projection) => {
      if (!(await parts.stores.isFounded()))
        throw new Error('the documents are not of this history, which nobody has begun')
      parts.log.warn({ projection }, AHEAD)
    },
    keepReplacedMs: REPLACED_KEEP_MS,
  })
}

const runnerParts = ({
  stores,
  history,
  log,
}: DocumentsParts): Omit<RunnerParts, 'onApplied' | 'onBroken'> => ({
  history,
  documents: stores.documents,
  projections: PROJECTIONS,
  onStopped: (projection, { position, ...stopped }) =>
    log.error({ projection, position: String(position), ...stopped }, 'projection stopped'),
  onAhead: (projection) => log.warn({ projection }, AHEAD),
})

const AHEAD = 'the documents are ahead of the history and are made anew from it'

const startAdminFor = async ({ stores }: DocumentsParts, runner: Runner) =>
  startAdmin(await adminSocketPath(stores.directory), { rebuild: rebuildJob(runner) })
