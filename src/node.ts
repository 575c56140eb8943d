import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { PROJECTIONS } from '../projections/registry.ts'
import { createEngine } from './commands/engine.ts'
import { foundStores, type Founding } from './commands/found-stores.ts'
import { createPasswords } from './commands/passwords.ts'
import { createSnapshots } from './commands/snapshots.ts'
import type { Config } from './config.ts'
import { adminSocketPath } from './embedded/directory.ts'
import { measured } from './history/measured.ts'
import type { StoredEvent } from './history/port.ts'
import { createHealth } from './http/health.ts'
import type { Address } from './http/listeners.ts'
import type { Log } from './http/log.ts'
import { createMetrics } from './http/metrics.ts'
import type { Protocol, ProtocolName } from './http/protocol.ts'
import { createServer, requestOrigins, type HttpSettings } from './http/server.ts'
import { startExpiringTasks } from './jobs/expire-tasks.ts'
import { startSweeping } from './jobs/sweep-vault.ts'
import { startHub, type Hub } from './live/hub.ts'
import { objectIds } from './object-id.ts'
import { startAdmin } from './operating/admin.ts'
import { appendMetrics } from './operating/append-metrics.ts'
import { watchFreeSpace } from './operating/free-space.ts'
import { watchProjections } from './operating/projection-health.ts'
import { rebuildJob } from './operating/rebuild.ts'
import { startRunner } from './projecting/runner.ts'
import { storesProtocol } from './protocols/rightech/protocol.ts'
import type { Services as StoresServices } from './protocols/rightech/services.ts'
import { createReader } from './queries/reader.ts'
import { createPrincipals } from './queries/stores-principals.ts'
import type { Stores } from './stores.ts'

/** One running process: its roles over opened stores. */
export type Node = {
  readonly addresses: readonly Address[]
  /** Ends what is under way, at most for so long, then stops every part in reverse. The stores stay open. */
  readonly close: (graceMs: number) => Promise<void>
}

export type NodeParts = {
  readonly config: Config
  readonly stores: Stores
  readonly log: Log
  /** Tells the operator the password that the first start made. */
  readonly announce: (login: string, password: string) => void
  /** A part cannot go on; the process has to end. */
  readonly onBroken: (error: unknown) => void
}

/** Listens at once; `/ready` turns green when the documents have caught up and the first start is through. */
export const startNode = async (parts: NodeParts): Promise<Node> => {
  const { stores, log } = parts
  const { documents, keyring } = stores
  const health = createHealth()
  const metrics = createMetrics()
  const history = measured(stores.history, appendMetrics(metrics))
  const closing: (() => unknown)[] = []

  // The line moves before those who cache what it shows are made; nothing is cached until then.
  const caches: ((event: StoredEvent) => void)[] = []

  const space = await watchFreeSpace(stores.directory)
  const runner = await startRunner({
    history,
    documents,
    projections: PROJECTIONS,
    onApplied: (page) => caches.forEach((invalidate) => page.forEach(invalidate)),
    onStopped: (projection, { position, ...stopped }) =>
      log.error({ projection, position: String(position), ...stopped }, 'projection stopped'),
    onBroken: parts.onBroken,
    onAhead: (projection) =>
      log.warn({ projection }, 'the documents were ahead of the history and are made anew from it'),
  })
  const reader = createReader(documents, runner.serving)
  const principals = createPrincipals({ reader, vault: stores.vault, now: Date.now })
  caches.push(principals.invalidate)
  const engine = createEngine({
    history,
    keyring,
    snapshots: createSnapshots(documents, keyring),
    refusal: (stream) => space.refusal() ?? runner.refusal(stream),
    shown: runner.shown,
  })
  const hub = startHub({ history, applied: runner.applied, reached: runner.reached, log })
  closing.push(space.close, runner.close, hub.close)
  health.add('disk', () => (space.refusal() === undefined ? undefined : 'no free space'))
  watchProjections(runner, history, { health, metrics })

  const services = {
    engine,
    reader,
    principals,
    vault: stores.vault,
    passwords: createPasswords(),
    now: Date.now,
    random: randomBytes,
    newId: objectIds(randomBytes(5)),
    log,
  }
  const founding = startFounding(parts, services)
  health.add('first start', founding.missing)
  const protocols = protocolsOf(parts, { ...services, hub })
  const settings = settingsOf(parts.config, protocols)
  const server = createServer({ settings, protocols, log, health, metrics })
  const addresses = await server.listen()
  const admin = await startAdmin(await adminSocketPath(stores.directory), { rebuild: rebuildJob(runner) })
  const onFailure = (error: unknown): void => log.warn({ err: error }, 'a job failed and is tried again')
  const jobs = [startExpiringTasks({ ...services, onFailure }), startSweeping({ ...services, onFailure })]
  closing.push(admin.close, founding.stop, ...jobs.map(({ stop }) => stop))

  return {
    addresses,
    close: async (graceMs) => {
      await server.close(graceMs)
      for (const close of closing.reverse()) await close()
    },
  }
}

type ForProtocols = Omit<StoresServices, 'tokenSeconds' | 'isSecure'> & {
  readonly hub: Hub
  readonly log: Log
}

/** A protocol that is asked for and not in this build is said so in the log, and has no rows in the owner table. */
const protocolsOf = ({ config, stores, log }: NodeParts, services: ForProtocols): readonly Protocol[] => {
  const origins = requestOrigins(config.http)
  const { tokenSeconds } = config.rightech
  const isSecure = (message: IncomingMessage): boolean => origins.baseUrl(message).startsWith('https:')
  const builders: { readonly [name in ProtocolName]?: () => Protocol } = {
    rightech: () =>
      storesProtocol(
        { ...services, tokenSeconds, isSecure },
        { ...services, history: stores.history, origins },
      ),
  }
  return [...config.protocols].flatMap((name) => {
    const build = builders[name]
    if (build === undefined) log.info({ protocol: name }, 'this version does not speak that protocol yet')
    return build === undefined ? [] : [build()]
  })
}

const settingsOf = ({ http }: Config, protocols: readonly Protocol[]): HttpSettings => {
  const on = new Set<string>(['shared', ...protocols.map(({ name }) => name)])
  return { ...http, listeners: http.listeners.filter(({ name }) => on.has(name)) }
}

/** The first start waits for documents that catch up, so it is tried until it is through. */
const startFounding = (
  { config, announce, log }: NodeParts,
  services: Omit<Founding, 'login' | 'announce'>,
): { readonly missing: () => string | undefined; readonly stop: () => Promise<void> } => {
  const { login, password } = config.admin
  const stopping = new AbortController()
  let missing: string | undefined = 'not through yet'
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted && missing !== undefined) {
      try {
        const { signal } = stopping
        await foundStores({
          ...services,
          login,
          announce,
          signal,
          ...(password === undefined ? {} : { password }),
        })
        missing = undefined
      } catch (error) {
        missing = error instanceof Error ? error.message : String(error)
        log.debug({ err: error }, 'the first start is tried again')
        await pause(FOUNDING_PAUSE_MS, undefined, { signal: stopping.signal }).catch(() => undefined)
      }
    }
  }
  const running = run()
  return {
    missing: () => missing,
    stop: () => {
      stopping.abort()
      return running
    },
  }
}

const FOUNDING_PAUSE_MS = 200
