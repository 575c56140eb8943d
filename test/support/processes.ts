/** One process of the server, or a script of ours: the bundle that `npm test` has just made. */
import { spawn } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'

/**
 * How long a process that is asked to end may take here. It is built to end within 5 s by the clock on the wall (`SHUTDOWN_MS_MAX`); what would
 * wait for a store, a client or a lease takes longer than this, and a machine that does ten other things does not.
 */
export const EXIT_MS_MAX = 15_000

export type Exit = {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** Since it was asked to stop, or since its start. */
  readonly ms: number
  /** All it wrote. */
  readonly output: string
}

export type Running = {
  readonly pid: number
  readonly output: () => string
  readonly alive: () => boolean
  readonly exited: Promise<Exit>
  readonly end: (signal: NodeJS.Signals) => Promise<Exit>
}

export const run = (
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

export const failed = ({ code, signal, output }: Exit): never => {
  throw new Error(`the server ended with ${code ?? signal ?? '?'}:\n${output}`)
}

/** URLs by the name of the listener, when so many are up, or were; `undefined` if the process ended before. */
export const listening = async (
  { output, alive, exited }: Running,
  listeners: number,
): Promise<ReadonlyMap<string, string> | undefined> => {
  while (alive()) {
    const urls = urlsIn(output())
    if (urls.size === listeners) return urls
    await pause(10)
  }
  // It may have listened and ended between two looks.
  const urls = urlsIn((await exited).output)
  return urls.size === listeners ? urls : undefined
}

const urlsIn = (output: string): ReadonlyMap<string, string> => {
  const urls = new Map<string, string>()
  for (const line of output.split('\n').slice(0, -1)) {
    if (!line.startsWith('{"level"')) continue
    const { msg, listener, url = '' } = JSON.parse(line) as { readonly [name: string]: string | undefined }
    if (msg === 'listening' && listener !== undefined) urls.set(listener, url)
  }
  return urls
}

const READY_MS_MAX = 90_000

/** False if the process ended before. */
export const ready = async (url: string, { alive }: Running): Promise<boolean> => {
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
