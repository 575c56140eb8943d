/** TimeLimit's sockets on real servers: nodes over one history, documents in a map that can go away, one vault, and the published clients. */
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import ioOld from 'socket.io-client'
import { io as ioNew } from 'socket.io-client-4'
import { WebSocket } from 'ws'
import { sha256Hex } from '../../../src/crypto/hashes.ts'
import { DocumentsUnavailable } from '../../../src/documents/port.ts'
import type { Document } from '../../../src/documents/port.ts'
import type { Signal } from '../../../src/domain/timelimit/signals.ts'
import { memoryHistory } from '../../../src/history/memory/memory.ts'
import type { StoredEvent } from '../../../src/history/port.ts'
import { isObject, type JsonObject } from '../../../src/json.ts'
import { startHub } from '../../../src/live/hub.ts'
import {
  timelimitLive,
  type TimelimitLive,
  type TimelimitLiveParts,
} from '../../../src/protocols/timelimit/live.ts'
import { memoryVault } from '../../../src/vault/memory/vault.ts'
import type { Vault } from '../../../src/vault/port.ts'
import { echoProtocol, startHttp, type Started } from '../../support/http.ts'
import { loopClock, turns } from '../../support/waiting.ts'

export type World = {
  readonly vault: Vault
  readonly documents: Map<string, Document>
  /** Puts a device into its family's list, with a token. */
  readonly addDevice: (family: string, device: string, isShown?: boolean) => void
  readonly removeDevice: (family: string, device: string) => void
  /** Appends an event of the family, as of one request. */
  readonly happen: (family: string, signal: Signal | undefined, more?: Happening) => Promise<void>
  readonly goDown: (isDown: boolean) => void
  readonly reads: () => number
  readonly start: (changes?: Partial<TimelimitLiveParts>) => Promise<Node>
}
export type Happening = { readonly request?: string; readonly type?: string; readonly data?: JsonObject }
export type Node = Started & {
  readonly live: TimelimitLive
  readonly warnings: readonly string[]
  /** How often a document was asked for. */
  readonly asked: ReadonlyMap<string, number>
}

export const tokenOf = (family: string, device: string): string => `token of ${family} ${device}`

export const makeWorld = (t: ExecutionContext): World => {
  const history = memoryHistory()
  const documents = new Map<string, Document>()
  const vault = memoryVault({ now: loopClock() })
  let position = 0n
  let isDown = false
  let reads = 0
  const list = (family: string): { readonly [id: string]: JsonObject } => {
    const devices = documents.get(`timelimit_device_lists ${family}`)?.devices
    return isObject(devices) ? (devices as { readonly [id: string]: JsonObject }) : {}
  }
  const setList = (family: string, devices: JsonObject): void =>
    void documents.set(`timelimit_device_lists ${family}`, { _id: family, version: '0001', devices })
  return {
    vault,
    documents,
    addDevice: (family, device, isShown = false) => {
      setList(family, { ...list(family), [device]: { deviceId: device, showDeviceConnected: isShown } })
      const _id = sha256Hex(tokenOf(family, device))
      documents.set(`timelimit_devices_by_token ${_id}`, { _id, family, device })
    },
    removeDevice: (family, device) => {
      const { [device]: _gone, ...rest } = list(family)
      setList(family, rest)
      documents.delete(`timelimit_devices_by_token ${sha256Hex(tokenOf(family, device))}`)
    },
    happen: async (family, signal, { request = randomUUID(), type = 'Happened', data = {} } = {}) => {
      const meta = { at: 0, actor: 'test', commandId: request, correlationId: request, schema: 1 }
      const told = { ...data, ...(signal === undefined ? {} : { signal: { ...signal } as JsonObject }) }
      const event = { id: randomUUID(), type, data: told, meta }
      const appended = await history.append(`timelimit.family-${family}`, 'any', [event])()
      if (E.isLeft(appended)) throw new Error(appended.left._tag)
      position = appended.right.position
    },
    goDown: (down) => {
      isDown = down
    },
    reads: () => reads,
    start: async (changes = {}) => {
      const warnings: string[] = []
      const asked = new Map<string, number>()
      const log = { warn: (_details: object, message: string) => void warnings.push(message) }
      const hub = startHub({ history, applied: () => position, reached: () => Promise.resolve(true), log })
      const live = timelimitLive({
        hub,
        vault,
        isShared: false,
        log,
        reader: {
          get: (collection, id) => {
            reads++
            if (isDown) return Promise.reject(new DocumentsUnavailable('down'))
            const key = `${collection} ${id}`
            asked.set(key, (asked.get(key) ?? 0) + 1)
            const value = documents.get(key)
            return Promise.resolve(value === undefined ? undefined : { at: position, value })
          },
        },
        signalOf: ({ data }: StoredEvent) =>
          isObject(data.signal) ? (data.signal as unknown as Signal) : undefined,
        pingIntervalMs: 25_000,
        times: { pollMs: 20, renewMs: 40, leaseMs: 400, retryMs: 20 },
        ...changes,
      })
      const started = await startHttp(t, { protocols: [echoProtocol('timelimit', live)] })
      t.teardown(async () => {
        await live.close()
        await hub.close()
      })
      return { ...started, live, warnings, asked }
    },
  }
}

export type Heard = readonly [name: string, ...values: unknown[]]
export type Client = {
  readonly heard: Heard[]
  /** Resolves with the arguments of the acknowledgement. */
  readonly login: (token: unknown) => Promise<unknown[]>
  readonly emit: (...values: unknown[]) => void
  readonly transport: () => string
  readonly disconnected: Promise<string>
  readonly close: () => void
}
export const KINDS = [
  ['4', ['websocket']],
  ['4', ['polling']],
  ['4', ['polling', 'websocket']],
  ['2', ['websocket']],
  ['2', ['polling']],
] as const
export type Kind = (typeof KINDS)[number]

/** Resolves when connected. */
export const connect = async (
  t: ExecutionContext,
  port: number,
  [version, transports]: Kind = KINDS[0],
): Promise<Client> => {
  const heard: Heard[] = []
  const options = { transports: [...transports], forceNew: true, reconnection: false }
  const url = `http://127.0.0.1:${port}`
  const socket = version === '4' ? ioNew(url, options) : ioOld(url, options)
  t.teardown(() => void socket.close())
  for (const name of ['should sync', 'connected devices', 'sign out']) {
    socket.on(name, (...values: unknown[]) => void heard.push([name, ...values]))
  }
  const disconnected = new Promise<string>((resolve) => {
    socket.on('disconnect', (reason: unknown) => resolve(String(reason)))
  })
  await new Promise<void>((resolve, reject) => {
    socket.on('connect', () => resolve())
    socket.on('connect_error', reject)
  })
  const engine = (socket.io as unknown as { engine: { transport: { name: string } } }).engine
  return {
    heard,
    disconnected,
    emit: (name, ...values) => void socket.emit(String(name), ...values),
    login: (token) =>
      new Promise((resolve) => socket.emit('devicelogin', token, (...values: unknown[]) => resolve(values))),
    transport: () => engine.transport.name,
    close: () => void socket.close(),
  }
}

/** Connects and waits until the log-in has been looked up. */
export const member = async (
  t: ExecutionContext,
  node: Node,
  ...[family, device, kind = KINDS[0]]: readonly [family: string, device: string, kind?: Kind]
): Promise<Client> => {
  const client = await connect(t, node.port, kind)
  const token = `timelimit_devices_by_token ${sha256Hex(tokenOf(family, device))}`
  const before = node.asked.get(token) ?? 0
  await client.login(tokenOf(family, device))
  await until(() => (node.asked.get(token) ?? 0) === before + 2, 'the log-in')
  await turns(15)
  return client
}

export const until = async (condition: () => boolean, what = ''): Promise<void> => {
  const end = performance.now() + 30_000
  while (!condition()) {
    if (performance.now() > end) throw new Error(`did not happen: ${what}`)
    await pause(2)
  }
}
/** Longer than what is merged and sent takes. */
export const calm = (): Promise<void> => turns(120)

export const sync = (isImportant: boolean): Heard => ['should sync', { isImportant }]
export const connected = (...devices: string[]): Heard => ['connected devices', devices]

/** Bare frames. */
export const frames = async (t: ExecutionContext, port: number, query: string) => {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?${query}`)
  t.teardown(() => socket.terminate())
  const got: string[] = []
  socket.on('message', (data: Buffer) => void got.push(data.toString()))
  const closed = new Promise<number>((resolve) => socket.once('close', resolve))
  await new Promise((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  return { socket, got, closed, send: (text: string) => socket.send(text) }
}
