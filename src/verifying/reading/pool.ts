import { availableParallelism } from 'node:os'
import type { Answers, Job, Reads, Source } from './jobs.ts'
import { startReader } from './child.ts'

/** Some readers of one source: each job goes to one that is free. */
export type Pool = Reads & { readonly size: number }

/** A reader for each core, but not more than help. `script` becomes one with `READER_ARGUMENT`. */
export const startPool = (source: Source, script: string): Pool =>
  poolOf(
    Array.from({ length: Math.min(READERS_MAX, availableParallelism()) }, () =>
      startReader(source, { script, silenceMs: READER_SILENCE_MS_MAX }),
    ),
  )

export const poolOf = (readers: readonly Reads[]): Pool => {
  const free = [...readers]
  const waiting: ((reader: Reads) => void)[] = []
  const take = (): Promise<Reads> => {
    const reader = free.pop()
    return reader === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(reader)
  }
  const giveBack = (reader: Reads): void => {
    const next = waiting.shift()
    if (next === undefined) free.push(reader)
    else next(reader)
  }
  return {
    size: readers.length,
    run: async <J extends Job>(job: J): Promise<Answers[J['kind']]> => {
      const reader = await take()
      return reader.run(job).finally(() => giveBack(reader))
    },
    close: async () => {
      await Promise.all(readers.map((reader) => reader.close()))
    },
  }
}

const READERS_MAX = 8
/** A reader that says nothing for so long hangs: a part takes it milliseconds, on a slow disk seconds. */
const READER_SILENCE_MS_MAX = 30_000
