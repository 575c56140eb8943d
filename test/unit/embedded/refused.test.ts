/**
 * Proves that whoever asks an embedded store after the disk has refused one of its writes is told that it is unavailable: never something else,
 * nor that nothing is there, also before the process itself was told. A process of its own asks, under the shim that refuses the write.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { compileShim, type Shim } from '../../support/flush-shim/shim.ts'

const found = await compileShim()
const title = (is: string): string => (typeof found === 'string' ? `SKIPPED (${found}): ${is}` : is)
const shimTest = typeof found === 'string' ? test.serial.skip : test.serial
test.after.always(async () => {
  if (typeof found !== 'string') await found.remove()
})

const run = promisify(execFile)
const ASKING = 'dist/tests/support/flush-shim/asking.js'

const UNAVAILABLE = /"answer":"(History|Vault)?Unavailable"/
/** What is asked before the process is told may be answered from what was flushed before; an append's outcome is unknown. */
const TRUE_BEFORE: ReadonlySet<string> = new Set(
  Object.entries({
    read: 'answered 1',
    'read backwards': 'answered 1',
    'read all': 'answered 2',
    subscribe: 'answered 2',
    append: 'Unknown',
    'append elsewhere': 'Unknown',
    find: 'answered undefined',
    'find of the installation': 'answered undefined',
    held: 'answered 1',
  }).map(([what, answer]) => JSON.stringify({ when: 'before', what, answer })),
)

/** LMDB's root is what it writes with `write`. */
for (const part of ['history', 'keyring'])
  for (const call of ['write', 'fdatasync'])
    shimTest(title(`${part}: asked while and after a ${call} is refused`), async (t) => {
      const shim = found as Shim
      const directory = await mkdtemp(join(tmpdir(), 'headwater-refused-'))
      t.teardown(() => rm(directory, { recursive: true, force: true }))
      await shim.plan()
      const plan = `refuse ${call} ${part}.mdb 1 1 lost`
      const node = [ASKING, part, directory, plan]
      const { stdout } = await run(process.execPath, node, {
        env: { ...process.env, ...shim.env },
        timeout: 60_000,
      })
      const lines = stdout.trim().split('\n')
      const wrong = lines.filter((line) => !UNAVAILABLE.test(line) && !TRUE_BEFORE.has(line))
      t.deepEqual(wrong, [])
      t.true(lines.length > 80)
    })
