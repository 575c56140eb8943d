import { existsSync, statSync } from 'node:fs'
import { syncLmdb } from '../../embedded/lmdb.ts'
import { REWRITE_POLL_MS } from '../../limits.ts'
import { DocumentsUnavailable, type Documents, type Versioned } from '../port.ts'
import { applyWrites } from './apply.ts'
import { forgetCheckpoint, readCheckpoint, readCheckpoints } from './checkpoints.ts'
import { count } from './count.ts'
import { collectionNow, engineOn, fail, refuseEnded, type Engine } from './engine.ts'
import { find } from './find.ts'
import { encodeIfPossible } from './keys.ts'
import { drop, ensureIndexes, purge, scan } from './maintain.ts'
import { afterRewrite, createRewriter } from './rewrite.ts'
import { openStoreFile, parseDocument, storeOn } from './store.ts'
import { putMark, reasonForDistrust, removeStore } from './trust.ts'

export type EmbeddedDocumentsOptions = {
  /** The store's file; others are beside it, with its name and an ending. */
  readonly path: string
  /** Beside a process that writes, or on a copy: nothing is changed or repaired. */
  readonly readOnly?: boolean
  /** The store could not be believed and begins anew; whoever fills it finds no checkpoint. */
  readonly onRepair?: (reason: string) => void
  /** A commit or flush failed: nothing more is written, and the process should end. */
  readonly onFatal?: (error: Error) => void
}

/**
 * The documents in an LMDB file. A death of the process loses nothing that `apply` answered; after a loss of power the store is
 * emptied and has to be filled anew. One process writes, others may read. Throws `DocumentsUnavailable` if it is to be
 * read and is not there.
 */
export const openEmbeddedDocuments = async (options: EmbeddedDocumentsOptions): Promise<Documents> => {
  const { path, readOnly = false } = options
  if (readOnly && !existsSync(path)) throw new DocumentsUnavailable(`${path} is not there`)
  const engine = readOnly ? openBeside(path) : await openToWrite(options)
  if (engine.catalogue.dropped.length > 0 && !readOnly) purge(engine).catch(() => undefined)
  return documentsOn(engine, path)
}

const documentsOn = (engine: Engine, path: string): Documents => ({
  apply: async (writes, checkpoints) => applyWrites(engine, writes, checkpoints),
  get: (collection, id) => answer(() => get(engine, collection, id)),
  find: (collection, filter, options) => find(engine, collection, filter, options),
  count: (collection, filter) => count(engine, collection, filter),
  scan: (collection, after) => scan(engine, collection, after),
  ensureIndexes: (collection, indexes) => ensureIndexes(engine, collection, indexes),
  drop: (collection) => drop(engine, collection),
  collections: () => answer(() => names(engine)),
  checkpoint: (name) => answer(() => readCheckpoint(engine, name)),
  checkpoints: () => answer(() => readCheckpoints(engine)),
  forgetCheckpoint: (name) => answer(() => forgetCheckpoint(engine, name)),
  flush: () => flush(engine, path),
  rewrite: createRewriter(engine, path, () => flush(engine, path)),
  close: () => close(engine, path),
})

/** What throws becomes a rejection. */
const answer = <T>(work: () => T): Promise<T> => new Promise((resolve) => resolve(work()))

const get = (engine: Engine, name: string, id: string): Versioned | undefined => {
  const collection = collectionNow(engine, name)
  const bytes = encodeIfPossible(id)
  if (collection === undefined || bytes === undefined) return undefined
  const key = collection.prefix + bytes
  const hot = engine.hot.get(key)
  if (hot !== undefined) return hot
  const record = engine.store.documents.get(key)
  return record ? { at: record.at, value: parseDocument(record.text) } : undefined
}

const names = (engine: Engine): readonly string[] => {
  collectionNow(engine, '')
  return [...engine.catalogue.collections.keys()]
}

const flush = async (engine: Engine, path: string): Promise<void> => {
  refuseEnded(engine)
  if (engine.readOnly) return
  const syncing = syncLmdb(engine.store.root)
  engine.flushing = Promise.allSettled([engine.flushing, syncing])
  try {
    await syncing
  } catch (error) {
    // What the system gave up is gone from its memory too, so the file may be torn.
    await putMark(path, 'failed').catch(() => undefined)
    fail(engine, 'a flush failed', error)
  }
}

const close = async (engine: Engine, path: string): Promise<void> => {
  if (engine.isClosed) return
  engine.isClosed = true
  await engine.rewriting
  const isWhole = !engine.ended && !engine.readOnly
  try {
    if (isWhole) await flush(engine, path)
  } finally {
    engine.ended ??= new Error('the documents are closed')
    await engine.purging
    await engine.store.root.close()
  }
  if (isWhole) await putMark(path, 'clean')
}

/** Looks now and then whether its file was replaced; a copy's never is. */
const openBeside = (path: string): Engine => {
  const store = storeOn(openStoreFile(path, true))
  let { ino } = statSync(path)
  let looked = performance.now()
  const follow = (): void => {
    if (performance.now() - looked < REWRITE_POLL_MS) return
    looked = performance.now()
    const found = statSync(path, { throwIfNoEntry: false })
    if (found === undefined || found.ino === ino) return
    const old = store.file()
    store.replaceFile(openStoreFile(path, true))
    ino = found.ino
    void old.root.close()
  }
  return engineOn(store, { readOnly: true, onFatal: undefined, follow })
}

const openToWrite = async (options: EmbeddedDocumentsOptions): Promise<Engine> => {
  const { path, onRepair } = options
  await afterRewrite(path)
  const reason = await reasonForDistrust(path)
  await putMark(path, 'opening')
  if (reason) {
    await removeStore(path)
    onRepair?.(reason)
  }
  try {
    return await openOrAnew(options)
  } finally {
    // Also when it could not be opened: then it is as it was.
    await putMark(path, 'open')
  }
}

/** What LMDB refuses as damaged is removed; any other fault, like a missing right, is not the file's. */
const openOrAnew = async ({ path, onRepair, onFatal }: EmbeddedDocumentsOptions): Promise<Engine> => {
  const open = (): Engine =>
    engineOn(storeOn(openStoreFile(path, false)), { readOnly: false, onFatal, follow: undefined })
  try {
    return open()
  } catch (error) {
    if (!(error instanceof Error) || !DAMAGE.test(error.message)) throw error
    await removeStore(path)
    onRepair?.(error.message)
    return open()
  }
}

const DAMAGE = /MDB_(INVALID|CORRUPTED|PAGE_NOTFOUND|VERSION_MISMATCH|PANIC|INCOMPATIBLE)|JSON/
