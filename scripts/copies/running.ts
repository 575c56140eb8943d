import { CopyRefused } from '../../src/operating/copies/format.ts'
import type { Progress } from '../../src/operating/copies/make.ts'
import { EXIT, failWith, warn } from '../support.ts'

/** Runs it with a signal that aborts when an operator breaks it off; whoever is impatient breaks it off twice. Answers the exit code. */
export const running = async (run: (signal: AbortSignal) => Promise<number>): Promise<number> => {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      if (stop.signal.aborted) process.exit(failWith('Interrupted'))
      stop.abort()
    })
  // As the server does.
  process.umask(0o077)
  return run(stop.signal).catch(ended)
}

const ended = (error: unknown): number => {
  if (error instanceof CopyRefused) {
    failWith(error)
    return EXIT.holdsNot
  }
  return failWith(isFull(error) ? `${FULL} (${(error as Error).message})` : error)
}

const isFull = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(String(error.code))

const FULL = 'The disk is full: make room, and the same command goes on where it was'

/** An embedded store whose disk refused a write must not go on: what was flushed is there. */
export const leave = (error: Error): void => process.exit(failWith(`${FULL} (${error.message})`))

/** Who waits for long is told that it moves. */
export const telling = (): ((progress: Progress) => void) => {
  const begun = performance.now()
  let told = begun
  return (progress) => {
    const now = performance.now()
    if (now - told < PROGRESS_MS) return
    told = now
    warn(textOf(progress, (now - begun) / 1_000))
  }
}

const PROGRESS_MS = 2_000

const textOf = (progress: Progress, seconds: number): string => {
  if (progress.doing !== 'history') return `${progress.count} ${COUNTED[progress.doing]}`
  const { events, position, head } = progress
  const share = head === 0n ? 100 : Number((position * 100n) / head)
  return `${share} % of the history (position ${position} of ${head}), ${events} events, ${Math.round(events / seconds)} events/s`
}

const COUNTED = {
  keyring: 'keys copied',
  vault: 'entries of the vault copied',
  blobs: 'blobs copied',
  checking: 'events read back',
} as const
