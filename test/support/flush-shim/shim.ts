/** Compiles the shim that lets flushes of a server fail or take long, and says what it shall do and what it has seen. */
import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type Shim = {
  /** For the environment of a process. */
  readonly env: { readonly [name: string]: string }
  /** From now on; without a plan every flush goes its way. */
  readonly plan: (line?: string) => Promise<void>
  /** Flushes since it was last asked. */
  readonly seen: () => Promise<readonly Flush[]>
  readonly remove: () => Promise<void>
}

export type Flush = { readonly refused: boolean; readonly call: string; readonly path: string }

/** Or why there is none. */
export const compileShim = async (): Promise<Shim | string> => {
  if (process.platform !== 'linux') return 'libraries are preloaded on Linux'
  const directory = await mkdtemp(join(tmpdir(), 'headwater-shim-'))
  const remove = (): Promise<void> => rm(directory, { recursive: true, force: true })
  const library = join(directory, 'flush-shim.so')
  const failure = compile(library)
  const shim = shimIn(directory, library, remove)
  const reason = failure ?? ((await isLoaded(shim)) ? undefined : 'this Node does not load libraries')
  if (reason === undefined) return shim
  await remove()
  return reason
}

const SOURCE = 'test/support/flush-shim/flush-shim.c'

/** Why it did not work; `undefined` if it did. */
const compile = (library: string): string | undefined => {
  const { error, status, stderr } = spawnSync(
    'cc',
    ['-std=gnu11', '-Wall', '-Werror', '-O2', '-shared', '-fPIC', '-pthread', '-o', library, SOURCE],
    { encoding: 'utf8' },
  )
  if (error !== undefined) return 'there is no C compiler'
  // A shim that does not compile is a fault of ours, not of the machine.
  if (status !== 0) throw new Error(stderr)
  return undefined
}

const shimIn = (directory: string, library: string, remove: Shim['remove']): Shim => {
  const [plan, log] = [join(directory, 'plan'), join(directory, 'log')]
  let told = 0
  return {
    env: { LD_PRELOAD: library, FLUSH_PLAN: plan, FLUSH_LOG: log },
    plan: async (line) => {
      await writeFile(`${plan}.new`, line ?? '')
      await rename(`${plan}.new`, plan)
    },
    seen: async () => {
      const lines = (await readFile(log, 'utf8').catch(() => '')).split('\n').slice(0, -1)
      return lines.slice(told, (told = lines.length)).map((line) => {
        const [verdict, call = '', ...path] = line.split(' ')
        return { refused: verdict === 'refused', call, path: path.join(' ') }
      })
    },
    remove,
  }
}

/** A Node that is linked without the system's C library goes past it. */
const isLoaded = async ({ env, seen }: Shim): Promise<boolean> => {
  const script = `const fs = require('node:fs'); fs.fsyncSync(fs.openSync(process.execPath))`
  spawnSync(process.execPath, ['-e', script], { env: { ...process.env, ...env } })
  return (await seen()).some(({ call }) => call === 'fsync')
}
