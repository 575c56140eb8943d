import type { Config } from '../config.ts'
import type { Health } from '../http/health.ts'
import type { Log } from '../http/log.ts'
import type { Stores } from '../stores.ts'

/** Serves the embedded history to clients of EventStoreDB. */
export type EventStoreListener = {
  /** Answers what is under way, at most for so long. */
  readonly close: (graceMs: number) => Promise<void>
}

export type EventStoreListenerParts = {
  readonly config: Pick<Config, 'storage'>
  readonly stores: Pick<Stores, 'stored'>
  /** Why nothing can be written at present. */
  readonly refusal: () => string | undefined
  readonly log: Log
  readonly health: Health
}

/** Does nothing where `EVENTSTORE_LISTEN` is unset; gRPC is not even loaded then. Rejects if the address cannot be listened on. */
export const startEventStoreListener = async ({
  config: { storage },
  stores,
  refusal,
  log,
  health,
}: EventStoreListenerParts): Promise<EventStoreListener> => {
  const { listen, listenToken: token } = storage
  if (listen === undefined) return { close: () => Promise.resolve() }
  let isUp = false
  health.add('eventstore', () => (isUp ? undefined : 'EVENTSTORE_LISTEN is not up'))
  const { serveEventStore } = await import('../serving/eventstoredb/serve.ts')
  const served = await serveEventStore({ ...listen, history: stores.stored, token, refusal })
  isUp = true
  log.info({ listener: 'eventstore', url: served.url }, 'listening')
  return {
    close: (graceMs) => {
      isUp = false
      return served.close(graceMs)
    },
  }
}
