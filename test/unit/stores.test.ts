/** Proves that a setting or a path that cannot be what was meant is refused with a clear message, and that nothing is made for it. */
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import { readConfig, type Config } from '../../src/config.ts'
import { openReadOnly } from '../../src/operating/read-only.ts'
import { openStores } from '../../src/stores.ts'

let base = ''
test.before(async () => {
  base = await mkdtemp(join(tmpdir(), 'headwater-stores-'))
})
test.after.always(() => rm(base, { recursive: true, force: true }))

const configOf = (env: Readonly<Record<string, string>>): Config => {
  const config = readConfig(env)
  if (E.isLeft(config)) throw new Error(config.left.join('\n'))
  return config.right
}
const open = (config: Config) => openStores(config, { onFatal: () => undefined, onRepair: () => undefined })

for (const [name, value] of [
  ['EVENTSTORE_URL', 'esdb://localhost:2113'],
  ['MONGODB_URL', 'mongodb://localhost'],
  ['EVENTSTORE_LISTEN', '127.0.0.1:2113'],
] as const) {
  test(`${name} is refused and nothing is opened instead`, async (t) => {
    const dataDir = join(base, name)
    const config = configOf({ DATA_DIR: dataDir, [name]: value })
    const message = `${name}: this version has embedded stores only`
    await t.throwsAsync(open(config), { message })
    await t.throwsAsync(openReadOnly(config), { message })
    t.false(existsSync(dataDir))
  })
}

test('a directory that is a file is said to be none', async (t) => {
  const dataDir = join(base, 'file')
  await writeFile(dataDir, '')
  await t.throwsAsync(open(configOf({ DATA_DIR: dataDir })), { message: `${dataDir} is not a directory` })
})

test('scripts say that there is no directory, or no history in it, and make neither', async (t) => {
  const absent = join(base, 'absent')
  await t.throwsAsync(openReadOnly(configOf({ DATA_DIR: absent })), {
    message: `There is no data directory at ${absent}`,
  })
  await t.throwsAsync(openReadOnly(configOf({ DATA_DIR: base })), {
    message: /There is no history to read in/,
  })
  t.false(existsSync(absent))
  t.false(existsSync(join(base, 'history.mdb')))
})
