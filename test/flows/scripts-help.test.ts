/**
 * Proves that every script tells its use and ends with code 0 when it is asked, and with code 2 at a wrong word; and what becomes of what they print:
 * JSON in any case for who asked for it, a failure where it cannot be written. Asked as the bundles that operators run, in an environment without any
 * stores.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { run } from '../support/processes.ts'
import { environment } from '../support/server.ts'

const NAMES = readdirSync('scripts')
  .filter((name) => name.endsWith('.ts') && name !== 'support.ts' && name !== 'bench.ts')
  .map((name) => name.slice(0, -'.ts'.length))

for (const name of NAMES)
  test.serial(`${name} tells its use`, async (t) => {
    const env = environment(join('no', 'such', 'place'))
    const help = await run(name, ['--help'], env).exited
    t.is(help.code, 0, help.output)
    t.regex(help.output, new RegExp(`^Usage: ${name} `))
    const wrong = await run(name, ['--no-such-option'], env).exited
    t.is(wrong.code, 2, wrong.output)
    t.regex(wrong.output, /^error: /m)
  })

const ASKED: readonly (readonly [name: string, ...parameters: string[]])[] = [
  ['status'],
  ['verify'],
  ['history'],
  ['unlock', '--sign-in', 'somebody'],
  ['backup', '--to', join('no', 'such', 'copy')],
  ['restore', '--from', join('no', 'such', 'copy')],
]
for (const [name, ...parameters] of ASKED)
  test.serial(`${name} says in JSON that it failed, and nothing else on standard output`, (t) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join('dist', `${name}.js`), ...parameters, '--json'],
      { env: environment(join('no', 'such', 'place')), encoding: 'utf8' },
    )
    t.is(status, name === 'restore' ? 1 : 2, stderr)
    t.deepEqual(JSON.parse(stdout), { error: stderr.trim() })
  })

test.serial('a reader who has seen enough changes no verdict, and a full disk is a failure', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'headwater-damaged-'))
  t.teardown(() => rm(directory, { recursive: true }))
  const damaged = join(directory, 'history.ndjson')
  await writeFile(damaged, 'no event\n')
  const printing = (command: string) =>
    spawnSync('bash', ['--norc', '-c', `set -o pipefail; "$0" dist/${command}`, process.execPath, damaged], {
      env: environment(join('no', 'such', 'place')),
      encoding: 'utf8',
    })
  t.is(printing('verify.js "$1"').status, 1)
  t.is(printing('verify.js "$1" | true').status, 1)
  t.is(printing('events.js | head -1').status, 0)
  if (!existsSync('/dev/full')) return
  const full = printing('events.js > /dev/full')
  t.is(full.status, 2)
  t.regex(full.stderr, /^Standard output takes no more: ENOSPC/)
})
