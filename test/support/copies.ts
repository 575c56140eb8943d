/** What tests of copies share: stores with something of everything in them, made without a server, and copies of them made in this process. */
import { randomBytes } from 'node:crypto'
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import * as E from 'fp-ts/lib/Either.js'
import { readConfig, type Config } from '../../src/config.ts'
import type { History, NewEvent, StoredEvent } from '../../src/history/port.ts'
import { makeCopy, type Made, type MakeOptions } from '../../src/operating/copies/make.ts'
import { putCopy, type Put, type PutOptions } from '../../src/operating/copies/put.ts'
import { openCopy } from '../../src/operating/copies/reading.ts'
import { openSources, type Wanted } from '../../src/operating/copies/sources.ts'
import { openTargets, type Targets } from '../../src/operating/copies/targets.ts'
import type { HeldKey } from '../../src/vault/port.ts'
import { newEvent } from './events.ts'
import { collect } from './history.ts'
import { environment } from './server.ts'

const directories: string[] = []

export const freshPlace = async (): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), 'headwater-copies-'))
  directories.push(directory)
  return directory
}
/** For `test.after.always`. */
export const removePlaces = async (): Promise<void> => {
  await Promise.all(directories.splice(0).map((path) => rm(path, { recursive: true, force: true })))
}

export type Env = { readonly [name: string]: string }

export const configOf = (dataDir: string, env: Env = {}): Config => {
  const config = readConfig({ ...environment(dataDir), ...env })
  if (E.isLeft(config)) throw new Error(config.left.join('\n'))
  return config.right
}

const fail = (error: Error): never => {
  throw error
}

/** Opens the stores as they are, and closes them again. */
export const inStores = async <A>(
  dataDir: string,
  work: (stores: Targets) => Promise<A>,
  { env, firstPosition = 1n }: { readonly env?: Env; readonly firstPosition?: bigint } = {},
): Promise<A> => {
  const stores = await openTargets(configOf(dataDir, env), { firstPosition, onFatal: fail })
  return work(stores).finally(stores.close)
}

/** Some hundred streams, a few events in each; the data have everything that JSON has. */
export const someEvents = function* (count: number): Generator<readonly [stream: string, event: NewEvent]> {
  for (let n = 0; n < count; n += 1) {
    const data = {
      n,
      text: 'ü€😀"\\\n\u0001',
      deep: { b: [1.5, -0.25, 1e21, null, true], a: {} },
      10: 'ten',
      9: '',
    }
    yield [`stores.things-${(n * 7) % 311}`, newEvent('Tested', data, { subject: 'stores.user-1' })]
  }
}

export const fill = async (history: History, count: number): Promise<void> => {
  let onTheirWay: ReturnType<ReturnType<History['append']>>[] = []
  const arrived = async (): Promise<void> => {
    for (const outcome of await Promise.all(onTheirWay))
      if (E.isLeft(outcome)) throw new Error(outcome.left._tag)
    onTheirWay = []
  }
  for (const [stream, event] of someEvents(count)) {
    onTheirWay.push(history.append(stream, 'any', [event])())
    if (onTheirWay.length === AT_ONCE) await arrived()
  }
  await arrived()
}
const AT_ONCE = 20_000

export const SECRET = 'a secret of the vault'
export const ERASED = 'stores.user-erased'

/** A place with events, keys, an erased subject, entries, counters and blobs. */
export const someStores = async (
  count: number,
  options: { readonly env?: Env; readonly firstPosition?: bigint } = {},
): Promise<string> => {
  const dataDir = await freshPlace()
  await inStores(
    dataDir,
    async ({ history, keyring, vault }) => {
      await keyring.installation('claim')
      await keyring.installation('heads')
      for (let n = 0; n < 1_100; n += 1)
        await keyring.putBack([{ of: 'subject', name: `s-${n}`, key: randomBytes(32) }])
      await keyring.obtain('stores.user-1')
      await keyring.obtain(ERASED)
      await fill(history, count)
      await vault.put('stores.sessions', 'k1', { text: SECRET }, { subject: 'stores.user-1' })
      await vault.put('stores.sessions', 'k2', { text: SECRET }, { ttlMs: 3_600_000 })
      await vault.put('stores.sessions', 'erased', { text: ERASED_TEXT }, { subject: ERASED })
      await vault.raise('cc.users-1', 41n)
      await vault.putBlob('stores.user-1', Readable.from([BLOB]), BLOB.length)
      await vault.putBlob(ERASED, Readable.from([ERASED_TEXT]), 1_000)
      await keyring.destroy(ERASED)
      await vault.deleteSubject(ERASED)
    },
    options,
  )
  return dataDir
}

export const ERASED_TEXT = 'of somebody who is erased'
export const BLOB = randomBytes(300_000)

export const ALL: Wanted = { keys: true, vault: true }
export const EXPORT: Wanted = { keys: true, vault: false }

export const copied = async (
  dataDir: string,
  to: string,
  {
    wanted = ALL,
    env,
    ...more
  }: Partial<MakeOptions> & { readonly wanted?: Wanted; readonly env?: Env } = {},
): Promise<Made> => {
  const sources = await openSources(configOf(dataDir, env), wanted)
  const ignore = (): void => undefined
  const signal = new AbortController().signal
  const options = { version: '0', now: Date.now, signal, onProgress: ignore, onNotice: ignore, ...more }
  return makeCopy(sources, to, options).finally(sources.close)
}

export const put = async (
  from: string,
  dataDir: string,
  {
    env,
    signal = new AbortController().signal,
    withVault = true,
    withoutDamaged = false,
  }: Partial<Pick<PutOptions, 'signal' | 'withVault' | 'withoutDamaged'>> & { readonly env?: Env } = {},
): Promise<Put> => {
  const copy = await openCopy(from)
  const { source, firstPosition: first, lastPosition: last } = copy.manifest
  const firstPosition = source.history === 'embedded' ? BigInt(first) : BigInt(last) + 1n
  const targets = await openTargets(configOf(dataDir, env), { firstPosition, onFatal: fail })
  const options = { withVault, withoutDamaged, signal, onProgress: () => undefined }
  return putCopy(copy, targets, options).finally(targets.close)
}

export type Contents = {
  readonly events: readonly StoredEvent[]
  readonly keys: ReadonlyMap<string, string>
  readonly entries: readonly unknown[]
  readonly counters: readonly unknown[]
  readonly blobs: readonly unknown[]
}

/** All that stores hold, to be compared. */
export const contentsOf = (dataDir: string, env?: Env): Promise<Contents> =>
  inStores(
    dataDir,
    async ({ history, keyring, vault: { holding } }) => ({
      events: await collect(history.readAll({ after: 0n })),
      keys: new Map((await flat(keyring.held())).map(keyText)),
      entries: await flat(holding.entries()),
      counters: await flat(holding.counters()),
      blobs: await flat(holding.blobs()),
    }),
    { ...(env && { env }) },
  )

const keyText = ({ of, name, key }: HeldKey): readonly [string, string] => [
  `${of} ${name}`,
  key === 'destroyed' ? key : Buffer.from(key).toString('hex'),
]

const flat = async <A>(pages: AsyncIterable<readonly A[]>): Promise<readonly A[]> => {
  const all: A[] = []
  for await (const page of pages) all.push(...page)
  return all
}

/** A copy of a copy, to be damaged. */
export const twin = async (directory: string): Promise<string> => {
  const other = await freshPlace()
  await cp(directory, other, { recursive: true })
  return other
}

export const filesIn = async (directory: string): Promise<readonly string[]> =>
  (await readdir(directory, { recursive: true, withFileTypes: true }))
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name))
