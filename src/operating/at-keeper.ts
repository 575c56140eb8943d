import { createLease } from '../commands/lease.ts'
import type { Config } from '../config.ts'
import { adminSocketPath } from '../embedded/directory.ts'
import type { Json, JsonObject } from '../json.ts'
import { PROJECTOR_LEASE_MS, REPLACED_KEEP_MS } from '../limits.ts'
import { keepLease } from '../projecting/projector.ts'
import type { Projection } from '../projecting/projection.ts'
import { startRunner, type Runner } from '../projecting/runner.ts'
import type { StoreEvents, Stores } from '../stores.ts'
import { askServer, type Job } from './admin.ts'
import { atStores } from './at-stores.ts'
import { refuseUnknownKinds } from './stored-kinds.ts'

export type AtKeeper = StoreEvents & {
  /** Its name at the admin socket of the process that keeps the documents. */
  readonly job: string
  readonly input: JsonObject
  /** The same in this process, which keeps them while nobody else does. */
  readonly here: (runner: Runner) => Job
  readonly projections: readonly Projection[]
  readonly onLine: (line: JsonObject) => void
  readonly warn: (line: string) => void
  /** Called before it begins in this process: from then on the operator may break it off by the signal. */
  readonly interruptible: () => AbortSignal
}

/**
 * Runs a job where the documents are kept: in the running server, and in this process if there is none. Rejects when another process keeps
 * shared documents that cannot be asked here, or takes them over on the way.
 */
export const atKeeper = async (config: Config, asked: AtKeeper): Promise<Json> => {
  const { eventStoreUrl, mongoUrl } = config.storage
  if (eventStoreUrl !== undefined && mongoUrl !== undefined) {
    const answer = await askHere(config, asked)
    if (answer !== undefined) return answer
  }
  return atStores(config, {
    ...asked,
    here: (stores) => {
      const stop = asked.interruptible()
      return stores.isShared ? withLease(stores, asked, stop) : keeping(stores, asked, { stop })
    },
    // Asked for when it begins.
    signal: new AbortController().signal,
  })
}

type Ending = {
  /** An operator breaks it off. */
  readonly stop: AbortSignal
  /** Somebody else keeps the documents now. */
  readonly lost?: AbortSignal
}

const keeping = async (
  stores: Stores,
  { here, input, projections, onLine, warn, onFatal }: AtKeeper,
  { stop, lost }: Ending,
): Promise<JsonObject> => {
  // Shared documents that are ahead of a strange or empty history are not its own, and would begin anew.
  if (stores.isShared && !(await stores.isFounded())) throw new Error('Nobody has begun this history')
  await refuseUnknownKinds(stores)
  const runner = await startRunner({
    ...stores,
    projections,
    onApplied: () => undefined,
    onStopped: (name, { position, error }) => warn(`${name} stops at ${position}: ${error}`),
    onBroken: (error) => onFatal(error instanceof Error ? error : new Error(String(error))),
    ...(stores.isShared ? { keepReplacedMs: REPLACED_KEEP_MS } : {}),
  })
  lost?.addEventListener('abort', () => void runner.close())
  if (lost?.aborted === true) await runner.close()
  try {
    return await here(runner)(input, {
      tell: onLine,
      signal: AbortSignal.any([stop, ...(lost === undefined ? [] : [lost])]),
    })
  } finally {
    await runner.close()
  }
}

/** Of all who share the documents one keeps them: as long as this works on them, it does. */
const withLease = async (stores: Stores, asked: AtKeeper, stop: AbortSignal): Promise<JsonObject> => {
  const lease = createLease(stores.vault, 'projector', PROJECTOR_LEASE_MS)
  if (!(await lease.hold())) throw new Error(KEPT_ELSEWHERE)
  const lost = new AbortController()
  const done = new AbortController()
  const keepingIt = keepLease(lease, done.signal).then(() => {
    if (!done.signal.aborted) lost.abort()
  })
  try {
    return await keeping(stores, asked, { stop, lost: lost.signal })
  } catch (error) {
    throw lost.signal.aborted ? new Error(LEASE_LOST) : error
  } finally {
    done.abort()
    await keepingIt
    await lease.release().catch(() => undefined)
  }
}

const KEPT_ELSEWHERE =
  'A projector elsewhere keeps the documents: run this there, with the same DATA_DIR, or stop it (if it was killed, wait some seconds)'
const LEASE_LOST =
  'The right to keep the documents was lost, to another process or because the server was away; what was begun goes on when it is asked for again'

/** `undefined`: no process with this DATA_DIR keeps the documents. */
const askHere = async ({ storage }: Config, { job, input, onLine }: AtKeeper): Promise<Json | undefined> => {
  try {
    return await askServer(await adminSocketPath(storage.dataDir), job, input, onLine)
  } catch (error) {
    if (isNobody(error) || (error instanceof Error && isNobody(error.cause))) return undefined
    throw error
  }
}

/** No socket there, or one that a dead process left. */
const isNobody = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ECONNREFUSED')
