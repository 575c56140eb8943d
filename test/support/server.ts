/**
 * The real server as a process of its own, on a directory of its own: the bundle that `npm test` has just made. With `STORES=shared` in the
 * environment it is two, an api node and a projector, over shared stores: then every test of a server tests those.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endMongo } from './mongodb.ts'
import { failed, listening, ready, run, type Exit, type Running } from './processes.ts'
import { endSharedStores, sharedStores, type SharedStores } from './shared-stores.ts'

export const ADMIN = { login: 'chief@example.org', password: 'Secret123' } as const

export type RunningServer = {
  readonly url: string
  /** The listener that is the stores' alone. */
  readonly storesUrl: string
  /** Of a listener by its name; throws if there is none. */
  readonly urlOf: (listener: string) => string
  readonly dataDir: string
  readonly pid: number
  readonly output: () => string
  readonly exited: Promise<Exit>
  readonly stop: (signal: 'SIGTERM' | 'SIGINT') => Promise<Exit>
  readonly kill: () => Promise<Exit>
}

export type ServerOptions = {
  /** A directory that was used before; without one a fresh one is made. */
  readonly dataDir?: string
  readonly env?: { readonly [name: string]: string }
  /** Also a server that is not ready, as soon as it listens. */
  readonly unready?: true
  /** No file may become larger: the disk is full, as far as the process can tell. */
  readonly fileBytesMax?: number
  /** Below `dist`, another one than the real server's. */
  readonly bundle?: string
}

const isShared = process.env['STORES'] === 'shared'

/** Resolves when `/ready` is green (or, `unready`, when it listens); rejects with what the process said if it ends before. */
export const startServer = async (
  options: ServerOptions = {},
  onSpawn: (pid: number) => void = () => undefined,
): Promise<RunningServer> => {
  const dataDir = options.dataDir ?? (await freshDirectory())
  const { env, beside } = await nodesOf(dataDir, options.env)
  const running = run(options.bundle ?? 'main', [], env, options.fileBytesMax)
  onSpawn(running.pid)
  const listeners = LISTENERS.filter((name) => env[name] !== undefined).length
  const urls = (await listening(running, listeners)) ?? failed(await running.exited)
  const [url = '', storesUrl = ''] = [urls.get('shared'), urls.get('rightech')]
  const urlOf = (listener: string): string => {
    const found = urls.get(listener)
    if (found === undefined) throw new Error(`no listener ${listener}`)
    return found
  }
  if (options.unready === undefined && !(await ready(url, running))) failed(await running.exited)
  const { pid, output, exited } = running
  const end = async (signal: NodeJS.Signals): Promise<Exit> => {
    // What is under way waits for the projector; a kill takes both at once.
    const ending = running.end(signal)
    if (signal !== 'SIGKILL') await ending
    await beside?.end(signal)
    return ending
  }
  return { url, storesUrl, urlOf, dataDir, pid, output, exited, stop: end, kill: () => end('SIGKILL') }
}

const LISTENERS = [
  'PORT',
  'RIGHTECH_PORT',
  'TIMELIMIT_PORT',
  'AFRODITE_PORT',
  'AFRODITE_INTERNAL_PORT',
  'CONNECTYCUBE_PORT',
  'EVENTSTORE_LISTEN',
] as const

/** The environment of the one that answers, and with shared stores the projector that was started beside it. */
const nodesOf = async (
  dataDir: string,
  more: Env = {},
): Promise<{ readonly env: Env; readonly beside?: Running }> => {
  const env = { ...environment(dataDir), ...more }
  if (!isShared || env.EVENTSTORE_URL !== undefined) return { env }
  const shared = { ...env, ...(await nodesEnv(dataDir)) }
  const beside = run('main', [], { ...shared, ROLES: 'projector' })
  if ((await listening(beside, 1)) === undefined) failed(await beside.exited)
  return { env: { ...shared, ROLES: 'api' }, beside }
}

type Env = { readonly [name: string]: string }

/** A script of ours, run to its end: `rebuild`, `status`, … */
export const runScript = async (
  script: string,
  parameters: readonly string[],
  dataDir: string,
): Promise<Exit> =>
  run(script, parameters, { ...environment(dataDir), ...(isShared ? await nodesEnv(dataDir) : {}) }).exited

const storesOf = new Map<string, Promise<SharedStores>>()

/** The same directory, the same stores. */
const nodesEnv = async (dataDir: string): Promise<SharedStores['env']> => {
  const known = storesOf.get(dataDir) ?? sharedStores()
  storesOf.set(dataDir, known)
  return (await known).env
}

const directories: string[] = []

export const freshDirectory = async (): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), 'headwater-flow-'))
  directories.push(directory)
  return directory
}

/** For `test.after.always`: ends the servers and removes every directory of this file. */
export const cleanUp = async (...servers: readonly (RunningServer | undefined)[]): Promise<void> => {
  for (const server of servers) await server?.kill()
  if (isShared) await Promise.all([endSharedStores(), endMongo()])
  await Promise.all(directories.splice(0).map((path) => rm(path, { recursive: true, force: true })))
}

/** Nothing of the tester's own settings gets in. */
export const environment = (dataDir: string): { readonly [name: string]: string } => ({
  PATH: process.env['PATH'] ?? '',
  TMPDIR: tmpdir(),
  DATA_DIR: dataDir,
  PORT: '0',
  RIGHTECH_PORT: '0',
  ADMIN_LOGIN: ADMIN.login,
  ADMIN_PASSWORD: ADMIN.password,
})
