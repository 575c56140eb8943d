import { setTimeout as pause } from 'node:timers/promises'
import { PROJECTIONS } from '../../projections/registry.ts'
import { createEngine } from '../commands/engine.ts'
import { createErasure } from '../commands/erasure.ts'
import { createLease } from '../commands/lease.ts'
import { createSnapshots } from '../commands/snapshots.ts'
import { endSubject } from '../commands/subjects.ts'
import { UPCASTERS_COUNT } from '../domain/event-types.ts'
import type { JsonObject } from '../json.ts'
import { KEYRING_CHECK_MS, PROJECTOR_LEASE_MS, REPLACED_KEEP_MS } from '../limits.ts'
import { startProjector } from '../projecting/projector.ts'
import type { ReadModels } from '../projecting/read-models.ts'
import { startRunner, type Runner } from '../projecting/runner.ts'
import { startWatch } from '../projecting/watch.ts'
import { createReader } from '../queries/reader.ts'
import type { Stores } from '../stores.ts'
import type { Job } from './admin.ts'
import { eraseJob } from './erase.ts'
import { refuseUnknownKinds } from './stored-kinds.ts'

/** `eraseJob` in this process: over a stopped server's stores, or over shared ones beside the nodes. */
export const eraseHere = async (
  stores: Stores,
  warn: (line: string) => void,
  ...[input, context]: Parameters<Job>
): Promise<JsonObject> => {
  const { history, documents, keyring, vault, isShared } = stores
  // Shared documents that are ahead of a strange or empty history are not its own, and would begin anew.
  if (!(await stores.isFounded())) throw new Error('Nobody has begun this history')
  await refuseUnknownKinds(stores)
  const onFailure = (error: unknown): void => warn(error instanceof Error ? error.message : String(error))
  const kept = await (isShared ? beside(stores, onFailure) : alone(stores, onFailure))
  const { readModels } = kept
  const engine = createEngine({
    ...{ history, keyring },
    snapshots: createSnapshots(documents, keyring, UPCASTERS_COUNT),
    refusal: readModels.refusal,
    shown: readModels.shown,
  })
  const reader = createReader(documents, readModels.serving)
  const parts = { engine, reader, history, documents, keyring, vault, readModels, now: Date.now }
  const erasure = createErasure({
    ...{ ...parts, onFailure, end: endSubject(parts) },
    keysLingerMs: isShared ? KEYRING_CHECK_MS : 0,
  })
  try {
    await untilCaughtUp(stores, readModels, context)
    if (context.signal.aborted) throw new Error('Interrupted: nobody is erased')
    return await eraseJob({ ...parts, erasure })(input, context)
  } finally {
    await erasure.close()
    await kept.close()
  }
}

type Kept = { readonly readModels: ReadModels; readonly close: () => Promise<void> }

const alone = async (stores: Stores, onFailure: (error: unknown) => void): Promise<Kept> => {
  const runner = await run(stores, onFailure)
  return { readModels: runner, close: runner.close }
}

/** Another process keeps the documents, or this one does while nobody else is there for it. */
const beside = (stores: Stores, onFailure: (error: unknown) => void): Promise<Kept> => {
  const watch = startWatch({
    ...stores,
    projections: PROJECTIONS,
    onPage: () => undefined,
    onGap: () => undefined,
  })
  const projector = startProjector({
    lease: createLease(stores.vault, 'projector', PROJECTOR_LEASE_MS),
    start: (onBroken) => run(stores, onBroken, watch.look),
    onStarted: () => Promise.resolve(() => Promise.resolve()),
    onFailure,
  })
  return Promise.resolve({
    readModels: watch,
    close: async () => {
      await projector.close()
      await watch.close()
    },
  })
}

const run = (
  stores: Stores,
  onBroken: (error: unknown) => void,
  onApplied: () => void = () => undefined,
): Promise<Runner> =>
  startRunner({
    ...stores,
    projections: PROJECTIONS,
    onApplied,
    // The erasure says itself whose documents it waits for.
    onStopped: () => undefined,
    onBroken,
    ...(stores.isShared ? { keepReplacedMs: REPLACED_KEEP_MS } : {}),
  })

/** Commands wait for the documents for some seconds only, and these may have a long way to go. */
const untilCaughtUp = async (
  { history }: Stores,
  readModels: ReadModels,
  { tell, signal }: Parameters<Job>[1],
): Promise<void> => {
  const head = await history.head()
  for (let tries = 0; !signal.aborted; tries++) {
    const late = readModels
      .status()
      .filter(({ position, stopped }) => stopped === undefined && position < head)
    if (late.length === 0) return
    if (tries % TELL_EVERY === TELL_EVERY - 1)
      tell({ progress: { step: `waiting for the documents of ${late.map(({ name }) => name).join(', ')}` } })
    await pause(POLL_MS, undefined, { signal }).catch(() => undefined)
  }
}

const POLL_MS = 50
const TELL_EVERY = 40
