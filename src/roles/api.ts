import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { holderOf } from '../commands/claims.ts'
import { createEngine, type Engine } from '../commands/engine.ts'
import { createEndings } from '../commands/endings.ts'
import { createErasure, type ErasureRequest } from '../commands/erasure.ts'
import { createPasswords } from '../commands/passwords.ts'
import { createSnapshots } from '../commands/snapshots.ts'
import { endSubject } from '../commands/subjects.ts'
import type { Config } from '../config.ts'
import { accountStream } from '../domain/afrodite/names.ts'
import { UPCASTERS_COUNT } from '../domain/event-types.ts'
import type { Claim } from '../domain/decider.ts'
import { familyStream } from '../domain/timelimit/names.ts'
import type { History } from '../history/port.ts'
import type { Health } from '../http/health.ts'
import type { Log } from '../http/log.ts'
import type { Protocol, ProtocolName } from '../http/protocol.ts'
import { requestOrigins, type ServerParts } from '../http/server.ts'
import { startErasingEnded } from '../jobs/erase-ended.ts'
import { startErasing } from '../jobs/erase.ts'
import { startExpiringPackets } from '../jobs/expire-packets.ts'
import { startExpiringTasks } from '../jobs/expire-tasks.ts'
import { startBuildingReports } from '../jobs/report-builds.ts'
import type { Job } from '../jobs/job.ts'
import { startSigningHeads, type SignHeads } from '../jobs/sign-heads.ts'
import { startSweeping } from '../jobs/sweep-vault.ts'
import { startFamilyJobs } from '../jobs/timelimit/families.ts'
import { startSendingMails } from '../jobs/timelimit/mails.ts'
import { KEYRING_CHECK_MS } from '../limits.ts'
import type { HubParts } from '../live/feed.ts'
import { startHub, type Hub } from '../live/hub.ts'
import { openMailer } from '../mail/mailer.ts'
import { openMailRates } from '../mail/rate.ts'
import { objectIds } from '../object-id.ts'
import type { Jobs } from '../operating/admin.ts'
import { eraseJob } from '../operating/erase.ts'
import type { ReadModels } from '../projecting/read-models.ts'
import { createTree } from '../proofs/reading.ts'
import { afroditeProtocol } from '../protocols/afrodite/protocol.ts'
import { connectycubeProtocol } from '../protocols/connectycube/protocol.ts'
import { historyRoutes } from '../protocols/rightech/history/routes.ts'
import { storesProtocol } from '../protocols/rightech/protocol.ts'
import type { Services as StoresServices } from '../protocols/rightech/services.ts'
import { timelimitProtocol } from '../protocols/timelimit/protocol.ts'
import type { TimelimitParts } from '../protocols/timelimit/services.ts'
import type { Reader } from '../queries/reader.ts'
import type { Principals } from '../queries/stores-principals.ts'
import type { Stores } from '../stores.ts'
import { uuidV5 } from '../uuid.ts'
import { startAfrodite, type Afrodite } from './afrodite.ts'
import {
  provideApplication,
  startConnectycube,
  type AnnounceKeys,
  type Connectycube,
} from './connectycube.ts'
import { startFounding } from './founding.ts'

/** Answers clients: commands, queries and live delivery, and the jobs that append. */
export type Api = {
  readonly protocols: readonly Protocol[]
  /** The auditors' reading, by users of the stores: only with these. */
  readonly history: ServerParts['history'] | undefined
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
  /** The engine as metrics and traces see it. */
  readonly observed: (engine: Engine) => Engine
  /** Told of each event that was handed to live clients. */
  readonly delivered: HubParts['delivered']
  /** What operators may ask of this process. */
  readonly jobs: Jobs
  /** Tells the operator the password that the first start made. */
  readonly announce: (login: string, password: string) => void
  /** Tells him the keys that it made for the ConnectyCube application. */
  readonly announceKeys: AnnounceKeys
}

export const startApi = (parts: ApiParts): Api => {
  const { config, stores, history, readModels, reader, principals, log, health } = parts
  const { documents, keyring, vault } = stores
  const origins = requestOrigins(config.http)
  const hub = hubOf(parts)
  const services = {
    ...{ reader, principals, vault, keyring },
    engine: engineOf(parts),
    passwords: createPasswords(),
    now: Date.now,
    random: randomBytes,
    newId: objectIds(randomBytes(5)),
    log,
  }
  const founding = startFounding(parts, services, [
    ...(config.protocols.has('connectycube') ? [provideApplication(parts, services)] : []),
  ])
  health.add('first start', founding.missing)
  const onFailure = (error: unknown): void => log.warn({ err: error }, 'a job failed and is tried again')
  const erasure = createErasure({
    ...{ ...services, history, documents, readModels, onFailure, end: endSubject(services) },
    keysLingerMs: stores.isShared ? KEYRING_CHECK_MS : 0,
  })
  const endings = createEndings({ ...services, erasure, history, onFailure })
  parts.jobs['erase'] = eraseJob({ ...services, erasure, history, documents, readModels })
  const mailer = openMailer({ ...config.mail, log })
  const rates = openMailRates(vault, Date.now, () => keyring.installation(MAIL_RATES_KEY))
  const families = {
    ...{ mailer, rates, imprint: config.mail.imprint },
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
  const connectycube = config.protocols.has('connectycube')
    ? startConnectycube({
        ...{ ...services, ...families, history, ending: endings.ending, onFailure },
        ...{ settings: config.connectycube, baseUrl: origins.baseUrl, applied: readModels.applied },
        erase: (subject) => erasure.request(subject, userErasure(subject)),
      })
    : undefined
  const builder = startBuildingReports({ ...services, onFailure })
  const jobs = [
    builder,
    startHeads(parts, { ...services, onFailure }),
    startErasing({ erasure, onFailure }),
    startErasingEnded({ ...services, endings, onFailure }),
    ...startStoresJobs(config, { ...services, onFailure }),
    ...(config.protocols.has('timelimit') ? startTimelimitJobs({ ...services, ...families, onFailure }) : []),
  ]
  return {
    protocols: protocolsOf(parts, {
      ...{ ...services, ...families, hub, origins, afrodite, connectycube },
      ending: endings.ending,
      wakeBuilder: builder.wake,
    }),
    history: config.protocols.has('rightech') ? historyRoutes({ ...services, ...stores }) : undefined,
    close: async () => {
      await Promise.all([...jobs.map(({ stop }) => stop()), afrodite?.close(), connectycube?.close()])
      await mailer.close()
      await founding.stop()
      await hub.close()
    },
  }
}

const hubOf = ({
  history,
  readModels: { applied, reached, isHeld },
  delivered,
  log,
}: ApiParts): ReturnType<typeof startHub> => startHub({ history, applied, reached, isHeld, delivered, log })

const engineOf = ({ stores, history, readModels, refusal, observed }: ApiParts): Engine =>
  observed(
    createEngine({
      ...{ history, keyring: stores.keyring },
      snapshots: createSnapshots(stores.documents, stores.keyring, UPCASTERS_COUNT),
      refusal: (stream) => refusal() ?? readModels.refusal(stream),
      shown: readModels.shown,
    }),
  )

const startStoresJobs = (
  { rightech: { packetDays } }: Config,
  parts: Parameters<typeof startExpiringTasks>[0] &
    Parameters<typeof startSweeping>[0] &
    Omit<Parameters<typeof startExpiringPackets>[0], 'days'>,
): readonly Job[] => [
  startExpiringTasks(parts),
  ...(packetDays > 0 ? [startExpiringPackets({ ...parts, days: packetDays })] : []),
  startSweeping(parts),
]

const startTimelimitJobs = (
  parts: Parameters<typeof startFamilyJobs>[0] & Parameters<typeof startSendingMails>[0],
): readonly Job[] => [startFamilyJobs(parts), startSendingMails(parts)]

const startHeads = (
  { stores, health }: ApiParts,
  services: Omit<SignHeads, 'tree' | 'stored' | 'isFounded'>,
): Job => {
  const tree = createTree(stores.documents)
  const heads = startSigningHeads({ ...stores, ...services, tree })
  health.add('heads', heads.refusal)
  return heads
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
const userErasure = erasureOf('the user was deleted', '6d5c64d7-0a5f-4c2e-9d0b-4b6c1f0e8a19')
const accountErasure = erasureOf('the account was deleted', '2f0c3f0e-6c1d-4d0b-9a53-0d1d7c0c7a41')

/** Not the claims' own: it names nothing but counters. */
const MAIL_RATES_KEY = 'mail-rates'

type ForProtocols = Omit<StoresServices, 'tokenSeconds' | 'offlineCommands' | 'isSecure'> &
  Omit<TimelimitParts, 'settings'> &
  Pick<Stores, 'keyring'> & {
    readonly hub: Hub
    readonly origins: ReturnType<typeof requestOrigins>
    readonly afrodite: Afrodite | undefined
    readonly connectycube: Connectycube | undefined
  }

const protocolsOf = (
  { config, stores }: ApiParts,
  { afrodite, connectycube, origins, ...services }: ForProtocols,
): readonly Protocol[] => {
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
              connectycubeSession: connectycube?.services.sessions.find,
              settings: { ...config.afrodite, internalRoutes: config.http.internalRoutes },
            }),
        }),
    ...(connectycube === undefined
      ? {}
      : { connectycube: () => connectycubeProtocol(connectycube.services) }),
  }
  return [...config.protocols].flatMap((name) => builders[name]?.() ?? [])
}
