import { EventStoreDBClient, UnavailableError } from '@eventstore/db-client'
import streamsService from '@eventstore/db-client/generated/streams_grpc_pb.js'
import type { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb.js'
import type {
  BatchAppendReq,
  BatchAppendResp,
  ReadReq,
  ReadResp,
} from '@eventstore/db-client/generated/streams_pb.js'
import {
  connectivityState,
  type CallOptions,
  type ClientDuplexStream,
  type ClientReadableStream,
  type Metadata,
} from '@grpc/grpc-js'
import { EVENTSTORE_CONNECT_MS, EVENTSTORE_RETRY_MS, EVENTSTORE_RETRY_MS_MAX } from '../../limits.ts'
import { HistoryUnavailable } from '../port.ts'
import { within } from './waiting.ts'

export type ReadCall = ClientReadableStream<ReadResp>
export type BatchCall = ClientDuplexStream<BatchAppendReq, BatchAppendResp>

/** One connection to one node. A call ends with `error`; to open one throws `HistoryUnavailable` when the connection was given up. */
export type Link = {
  readonly read: (request: ReadReq) => ReadCall
  readonly batchAppend: () => BatchCall
  /** What ended a call: after some errors the next link goes to another node. */
  readonly failed: (error: Error) => void
  /** Nothing comes through it any more: the next link is a new connection. */
  readonly abandon: () => void
}

/**
 * Connection string, TLS, discovery of a cluster's nodes and changes of its leader are the client's; the calls are made on its
 * generated stubs, because its own ones have no deadline and let errors escape.
 */
export type Connection = {
  /**
   * Waits `EVENTSTORE_CONNECT_MS` at most, all callers together for one attempt; throws `HistoryUnavailable`, at once while an attempt
   * has failed a moment ago.
   */
  readonly link: () => Promise<Link>
  readonly close: () => void
}

/** Throws if the URL is malformed, without showing it; connects when it is first used. */
export const openConnection = (url: string): Connection => {
  const { bare, credentials, header } = partsOf(url)
  const inside = insideOf(clientOf(bare))
  const callArguments = (): CallArguments => {
    // A node that was the leader would go on answering with what it has, which may be old.
    const callArguments = inside.callArguments(
      { requiresLeader: true, ...credentials },
      { deadline: Infinity },
    )
    if (header !== undefined) callArguments[0].set('authorization', header)
    return callArguments
  }
  const calls = new Set<ReadCall | BatchCall>()
  let present: { readonly client: StreamsClient; readonly link: Link } | undefined
  let latest: StreamsClient | undefined
  let dropping = Promise.resolve()
  let closed = false

  const drop = (client: StreamsClient, error: Error): void => {
    if (present?.client === client) present = undefined
    // It has its own view of which errors end a channel, and stumbles over some.
    dropping = inside.handleError(client, error).catch(() => undefined)
  }
  const tracked = <Call extends ReadCall | BatchCall>(begin: () => Call): Call => {
    const call = opened(begin)
    const forget = (): void => {
      calls.delete(call)
    }
    calls.add(call)
    call.on('error', forget)
    call.on('status', forget)
    return call
  }
  const linkOf = (client: StreamsClient): Link => ({
    read: (request) => tracked(() => client.read(request, ...callArguments())),
    batchAppend: () => tracked(() => client.batchAppend(...callArguments())),
    failed: (error) => drop(client, error),
    abandon: () => drop(client, new UnavailableError()),
  })
  const connect = oneAtATime(async (): Promise<Link> => {
    // Until then the client would give away what it is dropping.
    await dropping
    const client = (latest = await inside.getGRPCClient(streamsService.StreamsClient, 'streams'))
    try {
      await channelReady(client)
    } catch (error) {
      drop(client, new UnavailableError())
      throw error
    }
    if (closed) {
      client.close()
      throw new HistoryUnavailable(CLOSED)
    }
    present = { client, link: linkOf(client) }
    return present.link
  })
  const ready = (): Link | undefined =>
    present?.client.getChannel().getConnectivityState(false) === connectivityState.READY
      ? present.link
      : undefined

  return {
    link: async () => {
      if (closed) throw new HistoryUnavailable(CLOSED)
      return ready() ?? connect()
    },
    close: () => {
      closed = true
      for (const call of calls) call.cancel()
      latest?.close()
      present = undefined
    },
  }
}

export const CLOSED = 'the history was closed'

/** gRPC throws at a channel that somebody else has closed since the link was taken. */
const opened = <Call>(begin: () => Call): Call => {
  try {
    return begin()
  } catch (error) {
    throw new HistoryUnavailable(AWAY, { cause: error })
  }
}

type Credentials = { readonly credentials?: { readonly username: string; readonly password: string } }

type Parts = {
  readonly bare: string
  readonly credentials: Credentials
  /** Credentials for a connection without TLS, through a tunnel or within a machine: the client leaves them out there. */
  readonly header?: string | undefined
}

/** The client writes a URL that it doubts to the console and into its errors: it is not given the password. */
const partsOf = (url: string): Parts => {
  const [, scheme, username, password, rest] =
    /^\s*(\w+(?:\+\w+)?:\/\/)([^:]+):([^@]+)@(.*)$/s.exec(url) ?? []
  if (scheme === undefined || username === undefined || password === undefined || rest === undefined)
    return { bare: url, credentials: {} }
  const credentials = { username: decodeURIComponent(username), password: decodeURIComponent(password) }
  const pair = Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')
  const isPlain = /[?&]tls=false(&|$)/i.test(rest)
  return {
    bare: scheme + rest,
    credentials: { credentials },
    header: isPlain ? `Basic ${pair}` : undefined,
  }
}

const clientOf = (url: string): EventStoreDBClient => {
  try {
    return EventStoreDBClient.connectionString(url)
  } catch (error) {
    if (!(error instanceof Error && 'connectionString' in error)) throw error
    const expected = 'expected' in error ? `: expected ${String(error.expected)}` : ''
    throw new Error(`the URL of the event store cannot be read${expected}`)
  }
}

/** Whoever asks while an attempt is under way waits for it, `EVENTSTORE_CONNECT_MS` from its beginning; a moment after it failed nobody waits. */
const oneAtATime = (connect: () => Promise<Link>): (() => Promise<Link>) => {
  let attempt: { readonly begun: number; readonly done: Promise<Link> } | undefined
  let pause = EVENTSTORE_RETRY_MS
  let notBefore = 0
  const attempted = async (): Promise<Link> => {
    try {
      const link = await connect()
      pause = EVENTSTORE_RETRY_MS
      return link
    } catch (error) {
      notBefore = performance.now() + pause
      pause = Math.min(pause * 2, EVENTSTORE_RETRY_MS_MAX)
      throw new HistoryUnavailable(AWAY, { cause: error })
    } finally {
      attempt = undefined
    }
  }
  return async () => {
    if (attempt === undefined) {
      if (performance.now() < notBefore) throw new HistoryUnavailable(AWAY)
      attempt = { begun: performance.now(), done: attempted() }
      attempt.done.catch(() => undefined)
    }
    return within(attempt.done, attempt.begun + EVENTSTORE_CONNECT_MS - performance.now())
  }
}

const AWAY = 'the event store cannot be reached'

/** Ready, or an error at once when the connection was refused. */
const channelReady = (client: StreamsClient): Promise<void> =>
  new Promise((resolve, reject) => {
    const channel = client.getChannel()
    const deadline = Date.now() + EVENTSTORE_CONNECT_MS
    const look = (late?: Error): void => {
      const state = channel.getConnectivityState(true)
      if (state === connectivityState.READY) resolve()
      else if (late !== undefined) reject(late)
      else if (state === connectivityState.TRANSIENT_FAILURE || state === connectivityState.SHUTDOWN)
        reject(new Error('the connection was refused'))
      else channel.watchConnectivityState(state, deadline, look)
    }
    look()
  })

type CallArguments = [Metadata, CallOptions]

/** What the client protects in TypeScript and nothing else offers: its channel, the arguments of a call, and its answer to errors. */
type Inside = {
  readonly getGRPCClient: (stubs: typeof StreamsClient, name: string) => Promise<StreamsClient>
  readonly callArguments: (
    options: Credentials & { readonly requiresLeader: boolean },
    call: CallOptions,
  ) => CallArguments
  readonly handleError: (client: StreamsClient, error: Error) => Promise<void>
}

const insideOf = (client: EventStoreDBClient): Inside => client as unknown as Inside
