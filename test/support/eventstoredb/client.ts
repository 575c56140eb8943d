/** What tests of the stand-in, and of what talks to it, do with the official client. */
import {
  EventStoreDBClient,
  eventTypeFilter,
  jsonEvent,
  type AllStreamSubscription,
  type JSONEventType,
  type Position,
} from '@eventstore/db-client'
import type { ExecutionContext } from 'ava'
import { randomUUID } from 'node:crypto'
import { startEventStore, type EventStore, type EventStoreOptions } from '../eventstore.ts'

export type Added = JSONEventType<'added', { readonly n: number }, { readonly at: number }>

export const added = (n: number, id: string = randomUUID()) =>
  jsonEvent<Added>({ id, type: 'added', data: { n }, metadata: { at: n } })

/** With credentials the client uses one unary call an append. */
export const PATHS = { batch: {}, unary: { credentials: { username: 'a', password: 'b' } } }
export const USERS = eventTypeFilter({ regex: '^[^$]' })

/** A store that the test may end, with a client of its own. */
export const ownStore = async (
  t: ExecutionContext,
  options: EventStoreOptions = {},
): Promise<{ readonly own: EventStore; readonly connected: EventStoreDBClient }> => {
  const own = await startEventStore(options)
  const connected = EventStoreDBClient.connectionString(own.url)
  t.teardown(async () => {
    await connected.dispose()
    await own.cleanUp()
  })
  return { own, connected }
}

export const streamEvents = async (from: EventStoreDBClient, stream: string) => {
  const found = []
  for await (const { event } of from.readStream<Added>(stream)) if (event !== undefined) found.push(event)
  return found
}

export const allEvents = async (
  from: EventStoreDBClient,
  options: Parameters<EventStoreDBClient['readAll']>[0] = {},
) => {
  const found = []
  for await (const { event } of from.readAll(options)) if (event !== undefined) found.push(event)
  return found
}

export const placeOf = (event: { readonly position: Position } | undefined): Position =>
  event?.position ?? { commit: 0n, prepare: 0n }

export const collect = (subscription: AllStreamSubscription) => {
  const seen: { readonly id: string }[] = []
  subscription.on('data', ({ event }) => {
    if (event !== undefined) seen.push(event)
  })
  return seen
}
