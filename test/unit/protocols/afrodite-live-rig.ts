/** Afrodite's sockets on a real server, over an account and a session made of plain values, and a client made of bare frames. */
import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { hashOf } from '../../../src/commands/afrodite/tokens.ts'
import { evolveAccount, NO_ACCOUNT } from '../../../src/domain/afrodite/account-evolve.ts'
import type { AccountState } from '../../../src/domain/afrodite/account.ts'
import { accountStream, sessionStream } from '../../../src/domain/afrodite/names.ts'
import type { NewConnection } from '../../../src/domain/afrodite/session.ts'
import { rejection, type Rejection } from '../../../src/domain/rejection.ts'
import type { JsonObject } from '../../../src/json.ts'
import type { Feed, Listener } from '../../../src/live/feed.ts'
import { renderError } from '../../../src/protocols/afrodite/errors.ts'
import { afroditeLive, type AfroditeLiveParts } from '../../../src/protocols/afrodite/live.ts'
import { CONNECT_PATH } from '../../../src/protocols/afrodite/paths.ts'
import { echoProtocol, startHttp, type Started } from '../../support/http.ts'
import { turns } from '../../support/waiting.ts'

export const AID = '2b0ac3e0-9d4f-4b9a-8d5c-0c8a3b8f3c11'
export const ACCESS = Buffer.from(Array.from({ length: 32 }, (_, index) => index))
export const REFRESH = Buffer.from(Array.from({ length: 384 }, (_, index) => index % 256))
export const NEXT_ACCESS = Buffer.from(Array.from({ length: 32 }, (_, index) => 32 + index))
export const NEXT_REFRESH = Buffer.from(Array.from({ length: 384 }, (_, index) => 255 - (index % 256)))
export const TOKEN = ACCESS.toString('base64url')
/** Web client 1.2.3. */
export const CLIENT = Buffer.from('0002010002000300', 'hex')

export const UNAVAILABLE: Either<Rejection, never> = E.left(rejection('Unavailable', 'history'))

export type Sessions = AfroditeLiveParts['sessions']
export type World = Started & {
  /** What was asked of the session, in order. */
  readonly asked: readonly string[]
  readonly opened: readonly NewConnection[]
  readonly listeners: () => number
  readonly close: () => Promise<void>
  /** An event of the account's stream happens, and is told to sockets. */
  readonly happen: (type: string, data: JsonObject) => void
  /** The same without a word. */
  readonly fold: (type: string, data: JsonObject) => () => void
  readonly connectionCloses: (connectionId: string, cause: string) => void
  readonly account: () => AccountState
  readonly dial: (options?: Dialling) => Promise<Client>
  /** Steps 1 to 4. */
  readonly shake: (options?: Dialling) => Promise<Client>
  /** Steps 1 to 5. */
  readonly live: (list?: string) => Promise<Client>
}

export type WorldParts = {
  readonly sessions?: Partial<Sessions>
  readonly settings?: Partial<AfroditeLiveParts['settings']>
  readonly parts?: Partial<AfroditeLiveParts>
}

export const makeWorld = async (t: ExecutionContext, changes: WorldParts = {}): Promise<World> => {
  const asked: string[] = []
  const opened: NewConnection[] = []
  const hub = fakeHub()
  let ids = 0
  let position = 100n
  let account = evolveAccount(NO_ACCOUNT, { type: 'AccountRegistered', data: { aid: AID, origin: 'bot' } })
  const fold: World['fold'] = (type, data) => {
    const revision = BigInt(account.events)
    account = evolveAccount(account, { type, data })
    position += 1n
    const at = position
    return () => hub.publish({ type, data, stream: accountStream(AID), revision, position: at })
  }
  const sessions = fakeSessions({ asked, opened, next: () => (position += 1n) }, changes.sessions)
  const live = afroditeLive({
    hub,
    sessions,
    accounts: {
      load: () => Promise.resolve(account),
      run: () => {
        fold('SyncVersionReset', { type: 0 })
        return Promise.resolve(E.right({ state: account }))
      },
    },
    nodes: { node: 'node 1', ready: () => Promise.resolve() },
    findSession: (hash) => Promise.resolve(hash === hashOf(ACCESS) ? { aid: AID } : undefined),
    storeChanges: { open: () => ({ item: done, start: () => undefined, close: done }) },
    newId: () => `connection ${(ids += 1)}`,
    log: { debug: () => undefined, warn: () => undefined, error: () => undefined },
    retryMs: 10,
    ...changes.parts,
    settings: {
      keepaliveSeconds: 360,
      testSeconds: 0,
      handshakeSeconds: 10,
      minClients: [],
      ...changes.settings,
    },
  })
  const server = await startHttp(t, {
    protocols: [
      { ...echoProtocol('afrodite'), renderError, upgrade: live.upgrade, close: live.close },
      echoProtocol('connectycube'),
    ],
  })
  const shake: World['shake'] = async (options) => {
    const client = await dial(t, server.port, options)
    client.send(2, CLIENT)
    client.send(2, REFRESH)
    await client.until(2)
    return client
  }
  return {
    ...server,
    asked,
    opened,
    listeners: hub.listeners,
    close: live.close,
    fold,
    happen: (type, data) => fold(type, data)(),
    connectionCloses: (connectionId, cause) => {
      position += 1n
      hub.publish({
        ...{ type: 'ConnectionClosed', data: { connectionId, cause } },
        ...{ stream: sessionStream(AID), revision: position, position },
      })
    },
    account: () => account,
    dial: (options) => dial(t, server.port, options),
    shake,
    live: async (list = '') => {
      const client = await shake()
      client.send(2, Buffer.from(list, 'hex'))
      return client
    },
  }
}

const done = (): Promise<void> => Promise.resolve()

type Seen = { readonly asked: string[]; readonly opened: NewConnection[]; readonly next: () => bigint }

const fakeSessions = ({ asked, opened, next }: Seen, changes: Partial<Sessions> = {}): Sessions => ({
  exchange: (aid, presented, connection, isSupported) => {
    asked.push(`exchange ${aid} ${connection.id}`)
    opened.push(connection)
    if (changes.exchange !== undefined) return changes.exchange(aid, presented, connection, isSupported)
    if (!presented.equals(REFRESH)) return Promise.resolve(E.right({ _tag: 'Refused' }))
    if (!isSupported) return Promise.resolve(E.right({ _tag: 'Unsupported' }))
    const pair = { access: NEXT_ACCESS, refresh: NEXT_REFRESH }
    return Promise.resolve(E.right({ _tag: 'Exchanged', pair, loginId: 'login 1', position: next() }))
  },
  refuseMalformed: (aid, id, step) => {
    asked.push(`refuse ${id} ${step}`)
    return changes.refuseMalformed?.(aid, id, step) ?? Promise.resolve(E.right(undefined))
  },
  end: (aid, id, cause) => {
    asked.push(`end ${id} ${cause}`)
    return changes.end?.(aid, id, cause) ?? Promise.resolve(E.right(undefined))
  },
})

type Happened = Pick<
  Parameters<Feed<unknown>['topics']>[0],
  'type' | 'data' | 'stream' | 'revision' | 'position'
>

const fakeHub = () => {
  type Seat = { readonly feed: Feed<unknown>; readonly listener: Listener<unknown> }
  const seats = new Set<Seat>()
  const META = { at: 0, actor: 'test', commandId: '', correlationId: '', schema: 1 }
  return {
    listen: <Message>(feed: Feed<Message>, listener: Listener<Message>) => {
      const seat: Seat = {
        feed,
        listener: { ...listener, deliver: (one) => listener.deliver(one as Message) },
      }
      seats.add(seat)
      return { setTopics: () => undefined, stop: () => void seats.delete(seat) }
    },
    publish: (what: Happened): void => {
      const event = { ...what, id: '', meta: META }
      for (const { feed, listener } of seats) {
        if (!feed.prefixes.some((prefix) => event.stream.startsWith(prefix))) continue
        if (!feed.topics(event).some((topic) => listener.topics.includes(topic))) continue
        const messages = feed.render(event)
        if (!(messages instanceof Promise)) messages.forEach(listener.deliver)
      }
    },
    listeners: () => seats.size,
  }
}

export type Frame = { readonly opcode: number; readonly payload: Buffer; readonly bytes: Buffer }
export type Client = {
  readonly socket: Socket
  /** Of the answer to the upgrade, with its head. */
  readonly status: number
  readonly head: string
  /** What came over the socket, close frames too. */
  readonly frames: readonly Frame[]
  readonly send: (opcode: number, payload?: Buffer) => void
  readonly until: (count: number) => Promise<readonly Frame[]>
  readonly texts: () => readonly string[]
  /** Code and reason of the server's close frame once the connection has ended; `none` without a frame. */
  readonly closed: () => Promise<string>
}
export type Dialling = {
  readonly method?: string
  readonly path?: string
  readonly headers?: { readonly [name: string]: string | undefined }
  /** Sent in the same write as the upgrade. */
  readonly early?: readonly Buffer[]
  /** Does not answer close frames. */
  readonly isMute?: boolean
}

const KEY = Buffer.from('37fa213d', 'hex')

/** A client's frame, masked with the key of afrodite 8.1. */
export const frameOf = (opcode: number, payload: Buffer = Buffer.alloc(0)): Buffer => {
  const { length } = payload
  const short = Buffer.from([0x80 | opcode, 0x80 | Math.min(length, 126)])
  const size = Buffer.alloc(length < 126 ? 0 : 2)
  if (length >= 126) size.writeUInt16BE(length)
  return Buffer.concat([short, size, KEY, payload.map((byte, at) => byte ^ (KEY[at % 4] ?? 0))])
}

const dial = async (t: ExecutionContext, port: number, options: Dialling = {}): Promise<Client> => {
  const { method = 'GET', path = CONNECT_PATH, headers = {}, early = [], isMute = false } = options
  const socket = connect(port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  let received = Buffer.alloc(0)
  let head = ''
  let isClosed = false
  const frames: Frame[] = []
  socket.on('error', () => undefined)
  socket.on('close', () => (isClosed = true))
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    if (head === '') {
      const end = received.indexOf('\r\n\r\n')
      if (end === -1) return
      head = received.subarray(0, end).toString('latin1')
      received = received.subarray(end + 4)
    }
    for (let frame = frameAt(received); frame !== undefined; frame = frameAt(received)) {
      frames.push(frame)
      received = received.subarray(frame.bytes.length)
      if (frame.opcode === 8 && !isMute) socket.write(frameOf(8, frame.payload))
    }
  })
  const all: { readonly [name: string]: string | undefined } = {
    Host: 'localhost:3000',
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Protocol': `0, ${TOKEN}`,
    ...headers,
  }
  const lines = Object.entries(all).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}\r\n`],
  )
  const request = Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1')
  socket.write(Buffer.concat([request, ...early]))
  await eventually(() => head !== '' || isClosed)
  return {
    socket,
    head,
    status: Number(head.split(' ')[1]),
    frames,
    send: (opcode, payload) => void socket.write(frameOf(opcode, payload)),
    until: async (count) => {
      await eventually(() => frames.length >= count)
      return frames
    },
    texts: () => frames.filter(({ opcode }) => opcode === 1).map(({ payload }) => payload.toString()),
    closed: async () => {
      await eventually(() => isClosed)
      return goodbye(frames.find(({ opcode }) => opcode === 8))
    },
  }
}

const frameAt = (bytes: Buffer): Frame | undefined => {
  if (bytes.length < 2) return undefined
  const short = bytes.readUInt8(1)
  const start = short === 126 ? 4 : 2
  if (bytes.length < start) return undefined
  const length = short === 126 ? bytes.readUInt16BE(2) : short
  if (bytes.length < start + length) return undefined
  const whole = bytes.subarray(0, start + length)
  return { opcode: bytes.readUInt8(0) & 15, payload: whole.subarray(start), bytes: whole }
}

const goodbye = (frame: Frame | undefined): string => {
  if (frame === undefined) return 'none'
  if (frame.payload.length === 0) return 'empty'
  return `${frame.payload.readUInt16BE(0)} ${frame.payload.subarray(2).toString()}`.trim()
}

/** Waits until it holds; throws when it does not for too long. */
export const eventually = async (holds: () => boolean, msMax = 30_000): Promise<void> => {
  const until = performance.now() + msMax
  while (!holds()) {
    if (performance.now() > until) throw new Error('it did not happen')
    await pause(2)
  }
}

/** Long enough for anything that must not come. */
export const silence = (): Promise<void> => turns(40)

/** An account that has seen so many changes. */
export const change = (index: number): JsonObject => ({ visibility: index % 2 === 0 ? 'Public' : 'Private' })
