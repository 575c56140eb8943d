/** The real server as a process of its own, on a directory of its own: the bundle that `npm test` has just made. */
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

export const ADMIN = { login: 'chief@example.org', password: 'Secret123' } as const

export type Exit = {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** Since it was asked to stop, or since its start. */
  readonly ms: number
  /** All it wrote. */
  readonly output: string
}

export type RunningServer = {
  readonly url: string
  /** The listener that is the stores' alone. */
  readonly storesUrl: string
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
}

/** Resolves when `/ready` is green (or, `unready`, when it listens); rejects with what the process said if it ends before. */
export const startServer = async (
  options: ServerOptions = {},
  onSpawn: (pid: number) => void = () => undefined,
): Promise<RunningServer> => {
  const dataDir = options.dataDir ?? (await freshDirectory())
  const running = run('main', [], { ...environment(dataDir), ...options.env }, options.fileBytesMax)
  onSpawn(running.pid)
  const urls = (await listening(running)) ?? failed(await running.exited)
  const [url = '', storesUrl = ''] = [urls.get('shared'), urls.get('rightech')]
  if (options.unready === undefined && !(await ready(url, running))) failed(await running.exited)
  const { pid, output, exited, end } = running
  return { url, storesUrl, dataDir, pid, output, exited, stop: end, kill: () => end('SIGKILL') }
}

/** A script of ours, run to its end: `rebuild`, `status`, … */
export const runScript = (script: string, parameters: readonly string[], dataDir: string): Promise<Exit> =>
  run(script, parameters, environment(dataDir)).exited

const directories: string[] = []

export const freshDirectory = async (): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), 'headwater-flow-'))
  directories.push(directory)
  return directory
}

/** For `test.after.always`: ends the servers and removes every directory of this file. */
export const cleanUp = async (...servers: readonly (RunningServer | undefined)[]): Promise<void> => {
  for (const server of servers) await server?.kill()
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

type Running = {
  readonly pid: number
  readonly output: () => string
  readonly alive: () => boolean
  readonly exited: Promise<Exit>
  readonly end: (signal: NodeJS.Signals) => Promise<Exit>
}

const run = (
  bundle: string,
  parameters: readonly string[],
  env: { readonly [name: string]: string },
  fileBytesMax?: number,
): Running => {
  const command = [process.execPath, `dist/${bundle}.js`, ...parameters]
  const limited = `trap '' XFSZ; ulimit -f ${(fileBytesMax ?? 0) / 1024}; exec "$0" "$@"`
  const [program = '', ...rest] = fileBytesMax === undefined ? command : ['bash', '-c', limited, ...command]
  const child = spawn(program, rest, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const chunks: string[] = []
  const output = (): string => chunks.join('')
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => chunks.push(text))
  }
  let asked = performance.now()
  const exited = new Promise<Exit>((resolve) => {
    child.once('close', (code, signal) =>
      resolve({ code, signal, ms: performance.now() - asked, output: output() }),
    )
  })
  return {
    pid: child.pid ?? 0,
    output,
    alive: () => child.exitCode === null && child.signalCode === null,
    exited,
    end: (signal) => {
      asked = performance.now()
      child.kill(signal)
      return exited
    },
  }
}

const failed = ({ code, signal, output }: Exit): never => {
  throw new Error(`the server ended with ${code ?? signal ?? '?'}:\n${output}`)
}

/** URLs by the name of the listener, when both are up; `undefined` if the process ended before. */
const listening = async ({ output, alive }: Running): Promise<ReadonlyMap<string, string> | undefined> => {
  while (alive()) {
    const urls = new Map<string, string>()
    for (const line of output().split('\n').slice(0, -1)) {
      if (!line.startsWith('{')) continue
      const { msg, listener, url = '' } = JSON.parse(line) as { readonly [name: string]: string | undefined }
      if (msg === 'listening' && listener !== undefined) urls.set(listener, url)
    }
    if (urls.size === 2) return urls
    await pause(10)
  }
  return undefined
}

const READY_MS_MAX = 30_000

/** False if the process ended before. */
const ready = async (url: string, { alive }: Running): Promise<boolean> => {
  const deadline = performance.now() + READY_MS_MAX
  let last = ''
  while (alive()) {
    const response = await fetch(`${url}/ready`).catch(() => undefined)
    last = (await response?.text().catch(() => undefined)) ?? last
    if (response?.status === 200) return true
    if (performance.now() > deadline) throw new Error(`not ready after ${READY_MS_MAX} ms: ${last}`)
    await pause(20)
  }
  return false
}
