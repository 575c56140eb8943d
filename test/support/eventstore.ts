/** EventStoreDB for tests: a stand-in as a process of its own, or the server that the environment names. */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundledMain } from './eventstoredb/bundle.ts'
import type { Fault } from './eventstoredb/faults.ts'
import type { FromParent, MainOptions, ToParent } from './eventstoredb/main.ts'
import { lastingPort } from './ports.ts'

export type EventStoreOptions = {
  /** Any free one if it is left out. */
  readonly port?: number
  /** A new one under the system's temporary directory if it is left out. */
  readonly directory?: string
  /** How long subscriptions hang after SIGTERM until they end with code 13; 200 if it is left out. */
  readonly hangMs?: number
  /** Events that wait for a slow subscriber before it is dropped; 32 as on the server if it is left out. */
  readonly liveBuffer?: number
}

export type EventStore = {
  readonly url: string
  readonly port: number
  readonly directory: string
  readonly stop: () => Promise<void>
  readonly kill: () => Promise<void>
  readonly freeze: () => void
  readonly thaw: () => void
  /** On the same port with the same directory; ends what runs without warning. */
  readonly restart: () => Promise<void>
  readonly faults: EventStoreFaults
  /** Ends it and removes the directory. */
  readonly cleanUp: () => Promise<void>
}

/** Each answers when the stand-in acts so. */
export type EventStoreFaults = {
  /** The next appends are written, and their calls end with UNAVAILABLE instead of the answer. */
  readonly dropNextAnswers: (count: number) => Promise<void>
  /** From now on; 0 ends it. */
  readonly delayAnswers: (ms: number) => Promise<void>
  /** The next appends are refused before they are written. */
  readonly refuseNext: (count: number, reason: 'unavailable' | 'timeout') => Promise<void>
  /** All subscriptions end with "Consumer too slow". */
  readonly dropSubscriptions: () => Promise<void>
  /** All batch calls end with an error, also for appends that are written. */
  readonly failBatch: () => Promise<void>
}

/** The server that the tests were given, if any. */
export const eventStoreUrl = (): string | undefined => process.env['EVENTSTORE_URL']

export const startEventStore = async (options: EventStoreOptions = {}): Promise<EventStore> => {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'headwater-eventstore-')))
  const main = { hangMs: 200, ...options, directory }
  let running = await start({ port: await lastingPort(), ...main })
  const { port } = running
  const end = (signal: NodeJS.Signals) => endProcess(running.child, signal)
  const fault = (wanted: Fault): Promise<void> => running.apply(wanted)
  return {
    url: `esdb://127.0.0.1:${port}?tls=false`,
    port,
    directory,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    freeze: () => void running.child.kill('SIGSTOP'),
    thaw: () => void running.child.kill('SIGCONT'),
    restart: async () => {
      await end('SIGKILL')
      running = await start({ ...main, port })
    },
    faults: {
      dropNextAnswers: (count) => fault({ fault: 'dropNextAnswers', count }),
      delayAnswers: (ms) => fault({ fault: 'delayAnswers', ms }),
      refuseNext: (count, reason) => fault({ fault: 'refuseNext', count, reason }),
      dropSubscriptions: () => fault({ fault: 'dropSubscriptions' }),
      failBatch: () => fault({ fault: 'failBatch' }),
    },
    cleanUp: async () => {
      await end('SIGKILL')
      await rm(directory, { recursive: true, force: true })
    },
  }
}

type Running = {
  readonly child: ChildProcess
  readonly port: number
  readonly apply: (fault: Fault) => Promise<void>
}

const start = async (options: MainOptions): Promise<Running> => {
  const main = join(options.directory, 'stand-in.mjs')
  await writeFile(main, await bundledMain())
  const child = fork(main, [JSON.stringify(options)], { execArgv: [] })
  const waiting = new Map<number, () => void>()
  let faults = 0
  const port = await new Promise<number>((resolve, reject) => {
    child.on('message', (message: ToParent) => {
      if ('listening' in message) resolve(message.listening)
      else waiting.get(message.done)?.()
    })
    child.once('exit', (code, signal) => reject(new Error(`the stand-in ended: ${code ?? signal ?? ''}`)))
  })
  return {
    child,
    port,
    apply: (fault) =>
      new Promise((resolve, reject) => {
        faults += 1
        const ended = (): void => reject(new Error('the stand-in ended'))
        child.once('exit', ended)
        waiting.set(faults, () => {
          child.off('exit', ended)
          resolve()
        })
        const message: FromParent = { number: faults, fault }
        child.send(message)
      }),
  }
}

const endProcess = async (child: ChildProcess, signal: NodeJS.Signals): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill(signal)
  await ended
}
