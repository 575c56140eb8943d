/** Runs a worker in a process of its own, until it is killed without warning or until it ends because its disk is full. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const WORKER = 'dist/tests/support/vault-worker.js'

/** Every line that it said before it was killed, after this many or soon after. Throws if it ends by itself. */
export const runUntilKilled = (args: readonly string[], lines: number): Promise<readonly string[]> =>
  saying(async (fd, said) => {
    const child = spawn(process.execPath, [WORKER, ...args], { stdio: ['ignore', fd, 'inherit'] })
    const ended = once(child, 'close')
    while (child.exitCode === null && (await said()).length < lines) await sleep(5)
    child.kill('SIGKILL')
    const [, signal] = (await ended) as readonly unknown[]
    if (signal !== 'SIGKILL') throw new Error('the worker ended by itself')
    return said()
  })

/** Every line that it said until a file became larger than this, and how it ended. */
export const runUntilFull = (
  args: readonly string[],
  fileBytesMax: number,
): Promise<{ readonly said: readonly string[]; readonly code: unknown }> =>
  saying(async (fd, said) => {
    const limited = `ulimit -f ${fileBytesMax / 512}; exec "$0" "$@"`
    const child = spawn('/bin/sh', ['-c', limited, process.execPath, WORKER, ...args], {
      stdio: ['ignore', fd, 'ignore'],
    })
    const [code] = (await once(child, 'close')) as readonly unknown[]
    return { said: await said(), code }
  })

/** What the worker says goes to a file, so that nothing of it is lost with the process. */
const saying = async <A>(
  run: (fd: number, said: () => Promise<readonly string[]>) => Promise<A>,
): Promise<A> => {
  const directory = await mkdtemp(join(tmpdir(), 'headwater-said-'))
  const path = join(directory, 'said')
  const file = await open(path, 'a')
  try {
    return await run(file.fd, () => linesOf(path))
  } finally {
    await file.close()
    await rm(directory, { recursive: true })
  }
}

const linesOf = async (path: string): Promise<readonly string[]> =>
  (await readFile(path, 'utf8')).split('\n').slice(0, -1)
