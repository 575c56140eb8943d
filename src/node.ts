import { setTimeout as pause } from 'node:timers/promises'
import { createPrincipals } from './queries/stores-principals.ts'
import { measuredEngine } from './commands/measured.ts'
import { StrangeKeyring } from './commands/own-keyring.ts'
import type { Config } from './config.ts'
import { PARTS_END_MS_MAX } from './limits.ts'
import { measuredDocuments } from './documents/measured.ts'
import { measured } from './history/measured.ts'
import type { History, Page } from './history/port.ts'
import { createHealth, type Health } from './http/health.ts'
import type { Address } from './http/listeners.ts'
import type { Log } from './http/log.ts'
import { createMetrics, type Metrics } from './http/metrics.ts'
import { openApiRoute } from './http/openapi.ts'
import type { Protocol } from './http/protocol.ts'
import { createServer, type HttpSettings } from './http/server.ts'
import type { Jobs } from './operating/admin.ts'
import { createTracing, type Tracing } from './observing/tracing.ts'
import { appendMetrics } from './operating/append-metrics.ts'
import { commandMetrics } from './operating/command-metrics.ts'
import { watchFreeSpace, type FreeSpace } from './operating/free-space.ts'
import { watchProjections } from './operating/projection-health.ts'
import { watchReachable } from './operating/reachable.ts'
import { documentsMetrics, watchErasures, watchTree } from './operating/store-metrics.ts'
import { startKindsCheck, UnknownKinds, type KindsCheck } from './operating/stored-kinds.ts'
import { unlockJob } from './operating/unlock.ts'
import { createTree } from './proofs/reading.ts'
import { createReader } from './queries/reader.ts'
import { startApi, type Api } from './roles/api.ts'
import type { AnnounceKeys } from './roles/connectycube.ts'
import { startOwnDocuments, startSharedDocuments } from './roles/documents.ts'
import { startEventStoreListener } from './roles/event-store.ts'
import type { Stores } from './stores.ts'

/** One running process: its roles over opened stores. */
export type Node = {
  readonly addresses: readonly Address[]
  /**
   * Ends what is under way, at most for so long, then stops every part in reverse. The stores stay open. False if a part still waits for a
   * server that does not answer, for what was left of that time and `PARTS_END_MS_MAX`: it ends with the process, and embedded stores must
   * not be closed under it.
   */
  readonly close: (graceMs: number) => Promise<boolean>
}

export type NodeParts = {
  readonly config: Config
  readonly stores: Stores
  readonly log: Log
  /** Tells the operator the password that the first start made. */
  readonly announce: (login: string, password: string) => void
  /** Tells him the keys that it made for the ConnectyCube application. */
  readonly announceKeys: AnnounceKeys
  /** A part cannot go on; the process has to end. */
  readonly onBroken: (error: unknown) => void
}

/** Listens at once; `/ready` turns green when the documents have caught up and the first start is through. */
export const startNode = async (parts: NodeParts): Promise<Node> => {
  const { config, log } = parts
  const health = createHealth()
  const metrics = createMetrics()
  const tracing = createTracing()
  const { stores, history } = observedStores(parts, metrics, tracing)
  const closing: (() => unknown)[] = []
  const jobs: Jobs = { unlock: unlockJob(stores.vault) }

  // The documents move before the cache of what they show is made; until then nothing is cached.
  const cache: { forget: (page: Page) => void; clear: () => void } = {
    forget: () => undefined,
    clear: () => undefined,
  }
  const space = await watchSpace(stores, health)
  const kinds = await lookThrough(parts, health)
  const refusal = (): string | undefined => space.refusal() ?? kinds.missing()
  const start = stores.isShared ? startSharedDocuments : startOwnDocuments
  const documents = await start({
    ...parts,
    stores,
    history,
    tracing,
    known: kinds.through,
    health,
    onPage: (page) => cache.forget(page),
    onGap: () => cache.clear(),
    jobs,
  })
  const { readModels, isCurrent } = documents
  closing.push(space.close, documents.close, kinds.close)
  if (stores.isShared) closing.push(watchReachable(health, probesOf(parts, history)).close)
  closing.push(watchProjections(readModels, history, { health, metrics }).close)

  let api: Api | undefined
  if (config.roles.has('api')) {
    const reader = createReader(stores.documents, readModels.serving)
    const principals = createPrincipals({ reader, vault: stores.vault, now: Date.now, mayCache: isCurrent })
    cache.forget = (page) => page.forEach(principals.invalidate)
    cache.clear = principals.clear
    api = startApi({
      ...parts,
      stores,
      history,
      readModels,
      reader,
      principals,
      refusal,
      observed: (engine) => measuredEngine(tracing?.engine(engine) ?? engine, commandMetrics(metrics)),
      delivered: tracing?.delivered,
      health,
      jobs,
    })
    closing.push(api.close)
  }
  const protocols = api?.protocols ?? []
  const reading = api?.history
  const server = createServer({
    ...{ settings: settingsOf(config, protocols), protocols, log, health, metrics },
    around: tracing?.around,
    openapi: openApiRoute(config.http.publicUrl, [...protocols, reading]),
    ...(reading === undefined ? {} : { history: reading }),
  })
  const eventStore = await startEventStoreListener({ ...parts, refusal: space.refusal, health })
  const addresses = await server.listen()
  return {
    addresses,
    close: closeOf([server, eventStore], closing, stores.isShared),
  }
}

/** By the end of its time, what waits for a server that may not answer is not waited for any more; tells whether all have ended. */
const closeOf =
  (
    serving: readonly { readonly close: (graceMs: number) => Promise<unknown> }[],
    closing: readonly (() => unknown)[],
    isShared: boolean,
  ): Node['close'] =>
  async (graceMs) => {
    const deadline = performance.now() + graceMs + PARTS_END_MS_MAX
    await Promise.all(serving.map((one) => one.close(graceMs)))
    const ending = (async () => {
      for (const close of closing.toReversed()) await close()
      return true
    })()
    if (!isShared) return ending
    ending.catch(() => undefined)
    return Promise.race([ending, pause(deadline - performance.now(), false)])
  }

/** The stores as metrics and traces see what is done to them. */
const observedStores = (
  { stores }: NodeParts,
  metrics: Metrics,
  tracing: Tracing | undefined,
): { readonly stores: Stores; readonly history: History } => {
  watchErasures(metrics, stores.vault)
  watchTree(metrics, stores.stored, createTree(stores.documents).state)
  const history = measured(stores.history, appendMetrics(metrics))
  return {
    stores: { ...stores, documents: measuredDocuments(stores.documents, documentsMetrics(metrics)) },
    history: tracing?.history(history) ?? history,
  }
}

/** Embedded stores are not used before every event is known; shared ones may be away, and a node starts without them. */
const lookThrough = async ({ stores, onBroken }: NodeParts, health: Health): Promise<KindsCheck> => {
  const kinds = startKindsCheck(stores)
  health.add('events', kinds.missing)
  if (!stores.isShared) await kinds.through
  kinds.through.catch((error: unknown) => {
    if (error instanceof UnknownKinds) onBroken(error)
  })
  return kinds
}

/** Stores of other processes watch over their own disks. */
const watchSpace = async ({ isLocal, directory }: Stores, health: Health): Promise<FreeSpace> => {
  if (!isLocal) return { refusal: () => undefined, close: () => undefined }
  const space = await watchFreeSpace(directory)
  health.add('disk', () => (space.refusal() === undefined ? undefined : 'no free space'))
  return space
}

const probesOf = (
  { stores: { vault, isFounded }, onBroken }: NodeParts,
  history: History,
): { readonly [store: string]: () => Promise<unknown> } => ({
  history: history.head,
  vault: () => vault.get('platform.leases', 'projector'),
  keyring: () =>
    isFounded().catch((error: unknown) => {
      if (error instanceof StrangeKeyring) onBroken(error)
      throw error
    }),
})

const settingsOf = ({ http }: Config, protocols: readonly Protocol[]): HttpSettings => {
  const on = new Set<string>(['shared', ...protocols.map(({ name }) => name)])
  if (on.has('afrodite')) on.add('internal')
  return { ...http, listeners: http.listeners.filter(({ name }) => on.has(name)) }
}
