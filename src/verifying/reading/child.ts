import { fork, type ChildProcess } from 'node:child_process'
import type { Config } from '../../config.ts'
import { LmdbDamaged } from '../../embedded/lmdb-file.ts'
import type { Answers, Job, Reads, Source } from './jobs.ts'
import type { openReader } from './reader.ts'

/**
 * Damage in an LMDB file can end the process that reads it, or keep it for ever. So reading is done in a child, and this is what becomes of
 * a job there that did not end well.
 */
export class ReadFailed extends Error {
  override readonly name = 'ReadFailed'
  /** What is read is damaged; otherwise it could not be reached or asked for. */
  readonly isDamage: boolean
  /** The reader did not outlive it. */
  readonly isFatal: boolean
  constructor(
    message: string,
    { isDamage, isFatal = false }: { readonly isDamage: boolean; readonly isFatal?: boolean },
  ) {
    super(message)
    this.isDamage = isDamage
    this.isFatal = isFatal
  }
}

/** The argument with which the script that starts readers becomes one. */
export const READER_ARGUMENT = '--reader'

/** Rejections are `ReadFailed`. A reader that has died is started anew by the next job. */
export const startReader = (
  source: Source,
  { script, silenceMs }: { readonly script: string; readonly silenceMs: number },
): Reads => {
  let child: Child | undefined
  return {
    run: async (job) => {
      child = child?.isAlive() === true ? child : startChild(script, source)
      return child.ask(job, silenceMs)
    },
    close: async () => {
      await child?.end()
    },
  }
}

/** In the child: reads what its parent asks for until it is ended. */
export const serveReader = (config: () => Config): void => {
  const tell = (message: FromChild): void => void process.send?.(message)
  const progress = (): void => tell({ is: 'progress' })
  let reader: Promise<Reads> | undefined
  process.on('message', ({ source, job }: ToChild) => {
    reader ??= openHere(source, config, progress)
    reader
      .then((reads) => reads.run(job))
      .then((answer) => tell({ is: 'answer', answer }))
      .catch((error: unknown) => tell({ is: 'failed', message: textOf(error), isDamage: isDamage(error) }))
  })
  process.once('disconnect', () => process.exit(0))
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined)
}

/** Who only asks loads no stores. */
const openHere = async (...opened: Parameters<typeof openReader>): Promise<Reads> =>
  (await import('./reader.ts')).openReader(...opened)

type ToChild = { readonly source: Source; readonly job: Job }
type FromChild =
  | { readonly is: 'progress' }
  | { readonly is: 'answer'; readonly answer: Answers[Job['kind']] }
  | { readonly is: 'failed'; readonly message: string; readonly isDamage: boolean }

type Child = {
  readonly isAlive: () => boolean
  readonly ask: <J extends Job>(job: J, silenceMs: number) => Promise<Answers[J['kind']]>
  readonly end: () => Promise<void>
}

const startChild = (script: string, source: Source): Child => {
  const child = fork(script, [READER_ARGUMENT], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const exited = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? `code ${code ?? '?'}`))
    child.once('error', (error) => resolve(error.message))
  })
  let alive = true
  // One that hangs would not notice that its parent is gone.
  const kill = (): void => void child.kill('SIGKILL')
  process.once('exit', kill)
  void exited.then(() => {
    alive = false
    process.off('exit', kill)
  })
  return {
    isAlive: () => alive,
    ask: async <J extends Job>(job: J, silenceMs: number) => {
      const answered = await Promise.race([
        answerOf(child, { source, job }, silenceMs),
        exited.then((how) => new ReadFailed(`the reading process ended with ${how}`, FATAL)),
      ])
      if (!(answered instanceof ReadFailed)) return answered.answer as Answers[J['kind']]
      // One that hung is not to be asked again, although its end may not be known yet.
      alive &&= !answered.isFatal
      throw answered
    },
    end: async () => {
      kill()
      await exited
    },
  }
}

/** A child that is silent for so long hangs, and is ended. */
const answerOf = (
  child: ChildProcess,
  message: ToChild,
  silenceMs: number,
): Promise<{ readonly answer: Answers[Job['kind']] } | ReadFailed> =>
  new Promise((resolve) => {
    const settle = (result: { readonly answer: Answers[Job['kind']] } | ReadFailed): void => {
      onExit()
      child.off('message', onMessage).off('exit', onExit)
      resolve(result)
    }
    const onSilence = (): void => {
      child.kill('SIGKILL')
      settle(new ReadFailed(`the reading process hung for ${silenceMs / 1_000} s and was ended`, FATAL))
    }
    let timer = setTimeout(onSilence, silenceMs)
    const onExit = (): void => clearTimeout(timer)
    const onMessage = (told: unknown): void => {
      const from = told as FromChild
      if (from.is === 'answer') settle(from)
      else if (from.is === 'failed') settle(new ReadFailed(from.message, from))
      else {
        clearTimeout(timer)
        timer = setTimeout(onSilence, silenceMs)
      }
    }
    child.on('message', onMessage)
    child.once('exit', onExit)
    child.send(message, (error) => {
      if (error !== null) settle(new ReadFailed(`the reading process is gone: ${error.message}`, FATAL))
    })
  })

const FATAL = { isDamage: true, isFatal: true }

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** LMDB's errors carry a number. */
const isDamage = (error: unknown): boolean =>
  error instanceof LmdbDamaged ||
  error instanceof RangeError ||
  (error instanceof Error && 'code' in error && typeof error.code === 'number')
