/** Devices that listen (timelimit 7): the published `socket.io-client` 4, logged in with a device's token. */
import { setTimeout as pause } from 'node:timers/promises'
import { io } from 'socket.io-client-4'
import { within } from './sockets.ts'

export type Heard = readonly [name: string, ...rest: readonly unknown[]]

export type Listener = {
  /** Everything that came so far, in order. */
  readonly heard: readonly Heard[]
  /** `isImportant` of each `should sync`. */
  readonly syncs: () => readonly boolean[]
  /** Waits until something came that passes. */
  readonly until: (passes: () => boolean, what: string) => Promise<void>
  readonly login: (...args: readonly unknown[]) => Promise<readonly unknown[]>
  readonly emit: (name: string, ...args: readonly unknown[]) => void
  readonly closed: Promise<string>
  readonly close: () => void
}

export const listen = async (
  url: string,
  token: string,
  transport: 'websocket' | 'polling' = 'websocket',
): Promise<Listener> => {
  const socket = io(url, { forceNew: true, reconnection: false, transports: [transport] })
  const heard: Heard[] = []
  socket.onAny((name: string, ...rest: readonly unknown[]) => heard.push([name, ...rest]))
  const closed = new Promise<string>((resolve) => socket.once('disconnect', resolve))
  const connected = new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('connect_error', reject)
  })
  await within(connected, 'a connection')
  const login: Listener['login'] = (...args) =>
    within(
      new Promise((resolve) => {
        socket.emit('devicelogin', ...args, (...acknowledged: readonly unknown[]) => resolve(acknowledged))
      }),
      'the acknowledgement of devicelogin',
    )
  await login(token)
  return {
    heard,
    syncs: () => heard.filter(isSync).map(([, payload]) => payload.isImportant),
    until: async (passes, what) => {
      const deadline = performance.now() + WAIT_MS_MAX
      while (!passes()) {
        if (performance.now() > deadline) throw new Error(`${what} did not come: ${JSON.stringify(heard)}`)
        await pause(2)
      }
    },
    login,
    emit: (name, ...args) => void socket.emit(name, ...args),
    closed,
    close: () => void socket.close(),
  }
}

const WAIT_MS_MAX = 30_000

const isSync = (heard: Heard): heard is readonly ['should sync', { readonly isImportant: boolean }] =>
  heard[0] === 'should sync'
