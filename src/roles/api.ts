import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { holderOf } from '../commands/claims.ts'
import { createEngine } from '../commands/engine.ts'
import { createErasure, type ErasureRequest } from '../commands/erasure.ts'
import { foundStores, type Founding } from '../commands/found-stores.ts'
import { createPasswords } from '../commands/passwords.ts'
import { createSnapshots } from '../commands/snapshots.ts'
import type { Config } from '../config.ts'
import { accountStream } from '../domain/afrodite/names.ts'
import type { Claim } from '../domain/decider.ts'
import { familyStream } from '../domain/timelimit/names.ts'
import type { History } from '../history/port.ts'
import type { Health } from '../http/health.ts'
import type { Log } from '../http/log.ts'
import type { Protocol, ProtocolName } from '../http/protocol.ts'
import { requestOrigins } from '../http/server.ts'
import { startErasing } from '../jobs/erase.ts'
import { startExpiringPackets } from '../jobs/expire-packets.ts'
import { startExpiringTasks } from '../jobs/expire-tasks.ts'
import { startBuildingReports } from '../jobs/report-builds.ts'
import { startSweeping } from '../jobs/sweep-vault.ts'
import { startFamilyJobs } from '../jobs/timelimit/families.ts'
import { startSendingMails } from '../jobs/timelimit/mails.ts'
import { KEYRING_CHECK_MS } from '../limits.ts'
import { startHub, type Hub } from '../live/hub.ts'
import { openMailer } from '../mail/mailer.ts'
import { openMailRates } from '../mail/rate.ts'
import { objectIds } from '../object-id.ts'
import type { ProjectionStatus, ReadModels } from '../projecting/read-models.ts'
import { afroditeProtocol } from '../protocols/afrodite/protocol.ts'
import { storesProtocol } from '../protocols/rightech/protocol.ts'
import type { Services as StoresServices } from '../protocols/rightech/services.ts'
import { timelimitProtocol } from '../protocols/timelimit/protocol.ts'
import type { TimelimitParts } from '../protocols/timelimit/services.ts'
import type { Reader } from '../queries/reader.ts'
import type { Principals } from '../queries/stores-principals.ts'
import type { Stores } from '../stores.ts'
import { uuidV5 } from '../uuid.ts'
import { startAfrodite, type Afrodite } from './afrodite.ts'

/** Answers clients: commands, queries and live delivery, and the jobs that append. */
export type Api = {
  readonly protocols: readonly Protocol[]
  readonly close: () => Promise<void>
}

export type ApiParts = {
  readonly config: Config
  readonly stores: Stores
  readonly history: History
  readonly readModels: ReadModels
  readonly reader: Reader
  readonly principals: Principals
  /** Why nothing can be written at present. */
  readonly refusal: () => string | undefined
  readonly log: Log
  readonly health: Health
  /** Tells the operator the password that the first start made. */
  readonly announce: (login: string, password: string) => void
}

export const startApi = (parts: ApiParts): Api => {
  const { config, stores, history, readModels, reader, principals, log, health } = parts
  const { documents, keyring, vault } = stores
  const engine = createEngine({
    history,
    keyring,
    snapshots: createSnapshots(documents, keyring),
    refusal: (stream) => parts.refusal() ?? readModels.refusal(stream),
    shown: readModels.shown,
  })
  const hub = startHub({ history, applied: readModels.applied, reached: readModels.reached, log })
  const services = {
    engine,
    reader,
    principals,
    vault,
    keyring,
    passwords: createPasswords(),
    now: Date.now,
    random: randomBytes,
    newId: objectIds(randomBytes(5)),
    log,
  }
  const founding = startFounding(parts, services)
  health.add('first start', founding.missing)
  const onFailure = (error: unknown): void => log.warn({ err: error }, 'a job failed and is tried again')
  const erasure = createErasure({
    ...{ ...services, history, documents, readModels, onFailure },
    keysLingerMs: stores.isShared ? KEYRING_CHECK_MS : 0,
  })
  const { mail } = config
  const { packetDays } = config.rightech
  const mailer = openMailer({ ...mail, log })
  const rates = openMailRates(vault, Date.now, () => keyring.installation(MAIL_RATES_KEY))
  const families = {
    ...{ mailer, rates, imprint: mail.imprint },
    erase: (family: string) => erasure.request(familyStream(family), familyErasure(family)),
    holderOf: (claim: Pick<Claim, 'kind' | 'value'>) => holderOf(history, keyring, claim),
  }
  const { isShared } = stores
  const afrodite = config.protocols.has('afrodite')
    ? startAfrodite({
        ...{ ...services, isShared, settings: config.afrodite, onFailure },
        erase: (aid) => erasure.request(accountStream(aid), accountErasure(aid)),
      })
    : undefined
  const builder = startBuildingReports({ ...services, onFailure })
  const jobs = [
    builder,
    startExpiringTasks({ ...services, onFailure }),
    ...(packetDays > 0 ? [startExpiringPackets({ ...services, days: packetDays, onFailure })] : []),
    startSweeping({ ...services, onFailure }),
    startErasing({ erasure, onFailure }),
    ...(config.protocols.has('timelimit')
      ? [
          startFamilyJobs({ ...services, ...families, onFailure }),
          startSendingMails({ ...services, ...families, onFailure }),
        ]
      : []),
  ]
  return {
    protocols: protocolsOf(parts, { ...services, ...families, hub, afrodite, wakeBuilder: builder.wake }),
    close: async () => {
      await Promise.all([...jobs.map(({ stop }) => stop()), afrodite?.close()])
      await mailer.close()
      await founding.stop()
      await hub.close()
    },
  }
}

/** The same subject is erased under the same id, however often it is asked for. */
const erasureOf =
  (reason: string, namespace: string) =>
  (id: string): ErasureRequest => ({
    reason,
    actor: 'platform:job:erasure',
    at: Date.now(),
    commandId: uuidV5(id, namespace),
  })

const familyErasure = erasureOf('the family was deleted', '4f0b8f43-5a4c-4c9f-8c56-9b1b0b6d2a77')
const accountErasure = erasureOf('the account was deleted', '2f0c3f0e-6c1d-4d0b-9a53-0d1d7c0c7a41')

/** Not the claims' own: it names nothing but counters. */
const MAIL_RATES_KEY = 'mail-rates'

type ForProtocols = Omit<StoresServices, 'tokenSeconds' | 'offlineCommands' | 'isSecure'> &
  Omit<TimelimitParts, 'settings'> &
  Pick<Stores, 'keyring'> & { readonly hub: Hub; readonly afrodite: Afrodite | undefined }

/** A protocol that is asked for and not in this build is said so in the log, and has no rows in the owner table. */
const protocolsOf = (
  { config, stores, log }: ApiParts,
  { afrodite, ...services }: ForProtocols,
): readonly Protocol[] => {
  const origins = requestOrigins(config.http)
  const { tokenSeconds, offlineCommands } = config.rightech
  const isSecure = (message: IncomingMessage): boolean => origins.baseUrl(message).startsWith('https:')
  const builders: { readonly [name in ProtocolName]?: () => Protocol } = {
    rightech: () =>
      storesProtocol(
        { ...services, tokenSeconds, offlineCommands, isSecure },
        { ...services, history: stores.history, origins },
      ),
    timelimit: () =>
      timelimitProtocol({ ...services, settings: config.timelimit, isShared: stores.isShared }),
    ...(afrodite === undefined
      ? {}
      : {
          afrodite: () =>
            afroditeProtocol({
              ...services,
              ...afrodite,
              settings: { ...config.afrodite, internalRoutes: config.http.internalRoutes },
            }),
        }),
  }
  return [...config.protocols].flatMap((name) => {
    const build = builders[name]
    if (build === undefined) log.info({ protocol: name }, 'this version does not speak that protocol yet')
    return build === undefined ? [] : [build()]
  })
}

/**
 * The first start waits for documents that catch up, so it is tried until it is through. Nothing is begun before: documents that are ahead of
 * an empty history are those of another one.
 */
const startFounding = (
  { config, announce, log, readModels }: ApiParts,
  services: Omit<Founding, 'login' | 'announce'>,
): { readonly missing: () => string | undefined; readonly stop: () => Promise<void> } => {
  const { login, password } = config.admin
  const stopping = new AbortController()
  const { signal } = stopping
  let missing: string | undefined = 'not through yet'
  const run = async (): Promise<void> => {
    while (!signal.aborted && missing !== undefined) {
      try {
        if (readModels.status().some(isBehind)) throw new Error('the documents have not caught up yet')
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
        await pause(FOUNDING_PAUSE_MS, undefined, { signal }).catch(() => undefined)
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

const isBehind = ({ caughtUp, stopped }: ProjectionStatus): boolean => !caughtUp && stopped === undefined

const FOUNDING_PAUSE_MS = 200
