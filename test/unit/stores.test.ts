/** Proves that a setting or a path that cannot be what was meant is refused with a clear message, and that nothing is made for it. */
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import { readConfig, type Config } from '../../src/config.ts'
import { openReadOnly, openReadOnlyUnsealed } from '../../src/operating/read-only.ts'
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

test('to scripts that read EVENTSTORE_LISTEN does not matter, and nothing is made', async (t) => {
  const dataDir = join(base, 'listening')
  const config = configOf({ DATA_DIR: dataDir, EVENTSTORE_LISTEN: '127.0.0.1:2113' })
  await t.throwsAsync(openReadOnly(config), { message: `There is no data directory at ${dataDir}` })
  t.false(existsSync(dataDir))
})

const SERVERS = {
  EVENTSTORE_URL: 'esdb://user:topsecret@127.0.0.1:9?tls=false',
  MONGODB_URL: 'mongodb://user:topsecret@127.0.0.1:9/x',
} as const

test('stores in servers open without them: each use says within seconds that they are away', async (t) => {
  const dataDir = join(base, 'shared')
  const started = performance.now()
  for (const openOne of [openReadOnly, openReadOnlyUnsealed]) {
    const stores = await openOne(configOf({ DATA_DIR: dataDir, ...SERVERS }))
    t.deepEqual(stores.places, { history: 'eventstoredb', documents: 'mongodb' })
    const failures = await Promise.all([
      t.throwsAsync(stores.history.head(), { name: 'HistoryUnavailable' }),
      t.throwsAsync(stores.documents.checkpoints(), { name: 'DocumentsUnavailable' }),
    ])
    for (const failure of failures) t.notRegex(String(failure), /topsecret/)
    await stores.close()
  }
  t.true(performance.now() - started < 60_000)
  t.false(existsSync(dataDir), 'nothing is made where nothing is embedded')
})

test('what is embedded beside a server has to be there', async (t) => {
  const dataDir = join(base, 'mixed')
  const { EVENTSTORE_URL, MONGODB_URL } = SERVERS
  for (const server of [{ EVENTSTORE_URL }, { MONGODB_URL }]) {
    await t.throwsAsync(openReadOnly(configOf({ DATA_DIR: dataDir, ...server })), {
      message: `There is no data directory at ${dataDir}`,
    })
  }
  t.false(existsSync(dataDir))
})

test('a URL that the client cannot read is not shown', async (t) => {
  for (const [name, value] of [
    ['EVENTSTORE_URL', 'esdb://user:top/secret@127.0.0.1:port?tls=perhaps'],
    ['MONGODB_URL', 'mongodb://user:top/secret@127.0.0.1/x?nothing=1'],
  ] as const) {
    const error = await t.throwsAsync(openReadOnly(configOf({ ...SERVERS, [name]: value })))
    t.is(error.message, `${name}: this is no URL that the client can read`)
  }
})

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
