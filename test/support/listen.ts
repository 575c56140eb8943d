/** What tests of a server that EventStoreDB clients may talk to share. */
import { EventStoreDBClient, FORWARDS, START } from '@eventstore/db-client'
import shared from '@eventstore/db-client/generated/shared_pb.js'
import streamsService from '@eventstore/db-client/generated/streams_grpc_pb.js'
import streams from '@eventstore/db-client/generated/streams_pb.js'
import type { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js'
import { credentials, type ClientReadableStream } from '@grpc/grpc-js'
import { historyPath } from '../../src/embedded/directory.ts'
import { openEmbeddedHistory } from '../../src/history/embedded/history.ts'
import type { StoredEvent } from '../../src/history/port.ts'
import { collect } from './history.ts'
import { startServer, type RunningServer } from './server.ts'

/** A server with embedded stores, whatever the tests of servers run on. */
export const startListening = (
  env: { readonly [name: string]: string } = {},
  dataDir?: string,
): Promise<RunningServer> =>
  startServer({
    ...(dataDir === undefined ? {} : { dataDir }),
    env: { EVENTSTORE_URL: '', MONGODB_URL: '', EVENTSTORE_LISTEN: '127.0.0.1:0', ...env },
  })

export const clientOf = (server: RunningServer): EventStoreDBClient =>
  EventStoreDBClient.connectionString(server.urlOf('eventstore'))

/** With the credentials that our adapter sends. */
export const urlWith = (server: RunningServer, token: string): string =>
  server.urlOf('eventstore').replace('esdb://', `esdb://anybody:${encodeURIComponent(token)}@`)

/** What lies in the directory, beside the server. */
export const storedIn = async (dataDir: string): Promise<readonly StoredEvent[]> => {
  const history = openEmbeddedHistory({ path: historyPath(dataDir), readOnly: true })
  try {
    return await collect(history.readAll({ after: 0n }))
  } finally {
    await history.close()
  }
}

export const readEverything = async (client: EventStoreDBClient) => {
  const found = []
  for await (const { event } of client.readAll({ direction: FORWARDS, fromPosition: START }))
    if (event !== undefined) found.push(event)
  return found
}

/** A read of everything with a filter, which the official client for Node does not offer. */
export type Filtered = {
  readonly on: 'stream' | 'type'
  readonly regex?: string
  readonly prefixes?: readonly string[]
  readonly count?: number
  readonly backwards?: true
}

export const filteredIds = async (server: RunningServer, filtered: Filtered): Promise<readonly string[]> => {
  const { read, close } = openReads(server)
  const ids: string[] = []
  try {
    for await (const answer of read(filtered) as AsyncIterable<ReadResp>)
      ids.push(answer.getEvent()?.getEvent()?.getId()?.getString() ?? '')
    return ids
  } finally {
    close()
  }
}

/** Calls of which a test decides itself how it takes what they bring. */
export const openReads = (
  server: RunningServer,
): {
  readonly read: (filtered?: Filtered) => ClientReadableStream<ReadResp>
  readonly subscribe: () => ClientReadableStream<ReadResp>
  readonly close: () => void
} => {
  const { host } = new URL(server.urlOf('eventstore').replace('esdb:', 'http:'))
  const client = new streamsService.StreamsClient(host, credentials.createInsecure())
  return {
    read: (filtered) => client.read(requestOf(filtered)),
    subscribe: () => {
      const request = requestOf(undefined)
      request.getOptions()?.setSubscription(new streams.ReadReq.Options.SubscriptionOptions())
      return client.read(request)
    },
    close: () => client.close(),
  }
}

const requestOf = (filtered: Filtered | undefined): ReadReq => {
  const { backwards, count = 1_000_000 } = filtered ?? {}
  const { FORWARDS: up, BACKWARDS: down } = streams.ReadReq.Options.ReadDirection
  const options = new streams.ReadReq.Options()
  const all = new streams.ReadReq.Options.AllOptions()
  if (backwards === true) all.setEnd(new shared.Empty())
  else all.setStart(new shared.Empty())
  options.setAll(all)
  options.setReadDirection(backwards === true ? down : up)
  options.setCount(String(count))
  const ids = new streams.ReadReq.Options.UUIDOption()
  ids.setString(new shared.Empty())
  options.setUuidOption(ids)
  if (filtered === undefined) options.setNoFilter(new shared.Empty())
  else options.setFilter(filterOf(filtered))
  const request = new streams.ReadReq()
  request.setOptions(options)
  return request
}

const filterOf = ({ on, regex, prefixes = [] }: Filtered): ReadReq.Options.FilterOptions => {
  const expression = new streams.ReadReq.Options.FilterOptions.Expression()
  if (regex === undefined) expression.setPrefixList([...prefixes])
  else expression.setRegex(regex)
  const filter = new streams.ReadReq.Options.FilterOptions()
  if (on === 'stream') filter.setStreamIdentifier(expression)
  else filter.setEventType(expression)
  filter.setMax(100)
  filter.setCheckpointintervalmultiplier(1)
  return filter
}
