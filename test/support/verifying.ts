/** Histories with their tree and signed heads, ways to tamper with them, and the verifier beside the test. */
import { randomUUID } from 'node:crypto'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import { readConfig } from '../../src/config.ts'
import { openEmbeddedDocuments } from '../../src/documents/embedded/documents.ts'
import { documentsPath, historyPath } from '../../src/embedded/directory.ts'
import { openDatabases, type Databases } from '../../src/history/embedded/databases.ts'
import { openEmbeddedHistory } from '../../src/history/embedded/history.ts'
import type { History, NewEvent } from '../../src/history/port.ts'
import { createFrontier } from '../../src/proofs/incremental.ts'
import { startKeeper } from '../../src/proofs/keeper.ts'
import { leafHash } from '../../src/proofs/leaf.ts'
import { createSigner } from '../../src/proofs/note.ts'
import { openReader } from '../../src/verifying/reading/reader.ts'
import { poolOf } from '../../src/verifying/reading/pool.ts'
import { verifyTarget, type StartPool, type Target } from '../../src/verifying/targets.ts'
import type { Verdict, VerifyOptions } from '../../src/verifying/verify.ts'
import { append, newEvent } from './events.ts'
import { environment } from './server.ts'

const directories: string[] = []
export const temporary = async (): Promise<string> => {
  const path = await mkdtemp(join(tmpdir(), 'headwater-verify-'))
  directories.push(path)
  return path
}
export const removeTemporary = async (): Promise<void> => {
  await Promise.all(directories.splice(0).map((path) => rm(path, { recursive: true, force: true })))
}
/** Copies are large when there are many events. */
export const remove = (directory: string): Promise<void> => rm(directory, { recursive: true, force: true })
export const copyOf = async (directory: string): Promise<string> => {
  const copy = await temporary()
  await cp(directory, copy, { recursive: true })
  return copy
}

/** About 500 bytes, like those of the stores. */
export const realistic = (n: number): NewEvent => {
  const commandId = randomUUID()
  const fields = { name: `label ${n} – ü`, padding: 'x'.repeat(80), n, ratio: n / 7, active: n % 2 === 0 }
  return newEvent(
    'EntityCreated',
    { store: 'labels', id: String(n).padStart(24, '0'), fields, group: null, tags: ['a', `b\n${n}`] },
    { at: 1_800_000_000_000 + n, actor: 'rightech:user:1', commandId, via: { protocol: 'rightech' } },
  )
}

export const SIGNER = createSigner(Buffer.alloc(32, 7))

/** Appends `count` events in streams of ten; with `heads`, a signed head behind each so many of them. */
export const fill = async (
  history: History,
  count: number,
  heads = Infinity,
  signer = SIGNER,
): Promise<void> => {
  const frontier = createFrontier()
  for await (const page of history.readAll({ after: 0n }))
    for (const event of page) frontier.add(leafHash(event))
  for (let made = 0; made < count;) {
    const batch = Math.min(10, count - made)
    await append(
      history,
      `rightech.label-${randomUUID()}`,
      ...Array.from({ length: batch }, (_, n) => realistic(made + n)),
    )
    made += batch
    if (made % heads !== 0) continue
    for await (const page of history.readAll({ after: BigInt(frontier.size()) }))
      for (const event of page) frontier.add(leafHash(event))
    const head = signer.sign({ size: frontier.size(), root: frontier.root() })
    await append(
      history,
      'platform.job-heads',
      newEvent('HeadSigned', { ...head }, { actor: 'platform:job:heads' }),
    )
  }
}

/** The stores of a stopped server: history and the tree of all of it. */
export const embeddedStore = async (count: number, heads?: number): Promise<string> => {
  const directory = await temporary()
  await grow(directory, (history) => fill(history, count, heads))
  return directory
}

/** Opens the history, and afterwards lets the tree catch up. */
export const grow = async (directory: string, change: (history: History) => Promise<void>): Promise<void> => {
  const history = openEmbeddedHistory({ path: historyPath(directory) })
  await change(history)
  const documents = await openEmbeddedDocuments({ path: documentsPath(directory) })
  const problems: string[] = []
  const keeper = startKeeper({
    history,
    documents,
    onAnew: (reason) => void problems.push(reason),
    onDiffers: (reason) => void problems.push(reason),
    onFailure: (error) => void problems.push(String(error)),
    gatherMs: 0,
  })
  const head = await history.head()
  while (keeper.status().position < head && problems.length === 0) await pause(5)
  await keeper.close()
  await documents.close()
  await history.close()
  if (problems.length > 0) throw new Error(problems.join())
}

/** Readers in this process. */
export const startHere =
  (directory: string): StartPool =>
  (source) => {
    const config = readConfig(environment(directory))
    if (E.isLeft(config)) throw new Error(config.left.join())
    const reader = openReader(
      source,
      () => config.right,
      () => undefined,
    )
    return poolOf([
      { run: async (job) => (await reader).run(job), close: async () => (await reader).close() },
    ])
  }

/** What `verify` says, without processes of its own. */
export const verifyHere = (target: Target, directory = '', options: VerifyOptions = {}): Promise<Verdict> =>
  verifyTarget(target, startHere(directory), options)

/** What does what who can write the file may do. */
export const tamper = async (directory: string, change: (databases: Databases) => void): Promise<void> => {
  const databases = openDatabases(historyPath(directory), false)
  change(databases)
  await databases.events.flushed
  await databases.close()
}

export const recordAt = ({ events }: Databases, position: number): Buffer => {
  const record = events.get(position)
  if (record === undefined) throw new Error(`nothing at ${position}`)
  return Buffer.from(Uint8Array.prototype.slice.call(record, 0, record.length))
}

/** Puts a record in a place, and leads the index there. */
export const putRecord = ({ events, streams }: Databases, position: number, record: Buffer): void => {
  void events.put(position, record)
  void streams.put(record, position)
}
