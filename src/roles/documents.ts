import { PROJECTIONS } from '../../projections/registry.ts'
import { createLease } from '../commands/lease.ts'
import type { Config } from '../config.ts'
import { adminSocketPath } from '../embedded/directory.ts'
import type { History, Page } from '../history/port.ts'
import type { Health } from '../http/health.ts'
import type { Log } from '../http/log.ts'
import { AHEAD_MS_MAX, PROJECTOR_LEASE_MS, REPLACED_KEEP_MS } from '../limits.ts'
import { startAdmin, type Jobs } from '../operating/admin.ts'
import { quarantineJob } from '../operating/quarantine.ts'
import { rebuildJob } from '../operating/rebuild.ts'
import { holdsJson } from '../projecting/holds.ts'
import { startProjector } from '../projecting/projector.ts'
import type { ReadModels } from '../projecting/read-models.ts'
import { startRunner, type Runner, type RunnerParts } from '../projecting/runner.ts'
import { startWatch, type Watch } from '../projecting/watch.ts'
import { startKeeper, type Keeper } from '../proofs/keeper.ts'
import type { Tracing } from '../observing/tracing.ts'
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
  /** Resolves when every stored event is known: nothing is projected before. */
  readonly known: Promise<void>
  readonly tracing: Tracing | undefined
  /** What operators may ask of this process, beside what is about the documents. */
  readonly jobs: Jobs
}

/** Embedded stores belong to this process alone: it keeps the documents itself and knows at first hand where they stand. */
export const startOwnDocuments = async (parts: DocumentsParts): Promise<NodeDocuments> => {
  const { health, onPage, onBroken } = parts
  const runner = await startFollowed(parts, { onApplied: onPage, onBroken })
  const admin = await startAdminFor(parts, runner)
  const keeper = startTreeKeeper(parts)
  health.add('tree', () => keeper.status().stopped)
  return {
    readModels: runner,
    isCurrent: () => true,
    close: async () => {
      await admin.close()
      await keeper.close()
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
  let keeper: Keeper | undefined
  const projector = startProjector({
    lease: createLease(stores.vault, 'projector', PROJECTOR_LEASE_MS),
    start: (onBroken) => startSharedRunner(parts, watch, onBroken),
    onStarted: async (runner) => {
      log.info('this process keeps the documents')
      const admin = await startAdminFor(parts, runner)
      const started = startTreeKeeper(parts)
      keeper = started
      return async () => {
        keeper = undefined
        await Promise.all([admin.close(), started.close()])
      }
    },
    onFailure: (error, message) => log.warn({ err: error }, message),
  })
  health.add('projector', projector.trouble)
  health.add('tree', () => keeper?.status().stopped)
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
  return startFollowed(parts, {
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

/** A runner whose pages show in the traces of their events. */
const startFollowed = async (
  parts: DocumentsParts,
  more: Pick<RunnerParts, 'onApplied' | 'onBroken'> & Partial<RunnerParts>,
): Promise<Runner> => {
  await parts.known
  const { history, tracing } = parts
  const current: { runner?: Runner } = {}
  const status = (): ReturnType<Runner['status']> => current.runner?.status() ?? []
  const followed = tracing?.following(history, { projections: PROJECTIONS, status }) ?? history
  current.runner = await startRunner({ ...runnerParts(parts), history: followed, ...more })
  return current.runner
}

const runnerParts = ({
  stores,
  log,
}: DocumentsParts): Omit<RunnerParts, 'history' | 'onApplied' | 'onBroken'> => ({
  documents: stores.documents,
  projections: PROJECTIONS,
  onStopped: (projection, { position, ...stopped }) =>
    log.error({ projection, position: String(position), ...stopped }, 'projection stopped'),
  onAhead: (projection) => log.warn({ projection }, AHEAD),
})

const AHEAD = 'the documents are ahead of the history and are made anew from it'

/** Beside the runner: a projection would see the events opened, and has no state. */
const startTreeKeeper = ({ stores, log }: DocumentsParts): Keeper =>
  startKeeper({
    history: stores.stored,
    documents: stores.documents,
    aheadMs: stores.isShared ? AHEAD_MS_MAX : 0,
    onAnew: async (reason) => {
      if (stores.isShared && !(await stores.isFounded()))
        throw new Error('the tree is not of this history, which nobody has begun')
      log.error({ reason }, 'the tree over the history begins anew from it')
    },
    onDiffers: (reason) =>
      log.error({ reason }, 'the history was changed: the tree over it stays as it was, and stops'),
    onFailure: (error) => log.warn({ err: error }, 'the tree over the history cannot go on and tries again'),
  })

const startAdminFor = async ({ stores, jobs, log }: DocumentsParts, runner: Runner) => {
  jobs['rebuild'] = rebuildJob(runner)
  jobs['quarantine'] = quarantineJob(runner, (result) =>
    log.warn(result, 'an operator changed the quarantine'),
  )
  for (const { name, holds } of runner.status())
    if (holds.size > 0) log.warn({ projection: name, holds: holdsJson(holds) }, 'streams are held back')
  return startAdmin(await adminSocketPath(stores.directory), jobs)
}
