import { existsSync, renameSync, statSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { freeBytes } from '../../embedded/directory.ts'
import { syncLmdb } from '../../embedded/lmdb.ts'
import { syncDirectory } from '../../embedded/sync-directory.ts'
import { FREE_SPACE_BYTES_MIN } from '../../limits.ts'
import { DocumentsUnavailable } from '../port.ts'
import { fail, refuseStopped, type Engine } from './engine.ts'
import { purge } from './maintain.ts'
import { SLICE_MS } from './search.ts'
import { breathe, openStoreFile, type StoreFile, type TableName } from './store.ts'
import { removeStore } from './trust.ts'

/** Clears up behind a process that was killed over a rewrite: in the middle of the swap the old file has another name. */
export const afterRewrite = async (path: string): Promise<void> => {
  if (!existsSync(path) && existsSync(replacedPath(path))) await rename(replacedPath(path), path)
  await removeStore(replacedPath(path))
  await removeStore(asidePath(path))
}

/**
 * Copies what is live into a new file and puts it in the place of the old one: LMDB leaves the bytes of changed and deleted documents in
 * its pages (decisions 8). Others read and write meanwhile; who asks while a copy is made waits for the next one, because what was deleted
 * since may already be in the first.
 */
export const createRewriter = (
  engine: Engine,
  path: string,
  flush: () => Promise<void>,
): (() => Promise<void>) => {
  let next: Promise<void> | undefined
  const start = (): Promise<void> => {
    next = undefined
    const mine = rewrite(engine, path)
      .then(flush)
      .then(() => syncDirectory(dirname(path)))
    engine.rewriting = mine.catch(() => undefined)
    return mine
  }
  return () => (next ??= engine.rewriting.then(start))
}

const rewrite = async (engine: Engine, path: string): Promise<void> => {
  refuseStopped(engine)
  if (engine.readOnly) throw new DocumentsUnavailable('the documents are open for reading only')
  await purge(engine)
  await assertRoom(path)
  await removeStore(asidePath(path))
  // What the old file took is freed when the last who has it open closes it. That may take its time, and LMDB would close it in this thread.
  const old = await open(path, 'r')
  try {
    const { source } = await copied(engine, path)
    await engine.flushing
    await source.root.close()
    await removeStore(replacedPath(path))
  } finally {
    await old.close()
  }
}

/** Answers when the copy has taken the place of the file. */
const copied = async (engine: Engine, path: string): Promise<Copy> => {
  const { store } = engine
  const target = openStoreFile(asidePath(path), false)
  const copy: Copy = { engine, source: store.file(), target, ...nothingYet() }
  store.watchWrites((table, key) => {
    if (key <= copy.upTo[table]) copy.changed[table].add(key)
  })
  try {
    for (const table of TABLES) await copyTable(copy, table)
    // What is flushed here need not be when everybody works on the new file.
    await syncLmdb(target.root)
    await catchUp(copy)
    swap(copy, path)
    return copy
  } catch (error) {
    store.watchWrites(undefined)
    // After a refused commit nothing of LMDB is touched any more.
    if (!engine.ended) await target.root.close()
    await removeStore(asidePath(path))
    throw error
  }
}

const asidePath = (path: string): string => `${path}-aside`
const replacedPath = (path: string): string => `${path}-replaced`

type Copy = {
  readonly engine: Engine
  readonly source: StoreFile
  readonly target: StoreFile
  /** The last key that was copied. */
  readonly upTo: Record<TableName, string>
  /** Keys up to there that were written since. */
  readonly changed: Readonly<Record<TableName, Set<string>>>
}

const TABLES: readonly TableName[] = ['documents', 'tombstones', 'entries', 'meta']

const nothingYet = (): Pick<Copy, 'upTo' | 'changed'> => ({
  upTo: { documents: '', tombstones: '', entries: '', meta: '' },
  changed: { documents: new Set(), tombstones: new Set(), entries: new Set(), meta: new Set() },
})

/** Behind every key. */
const ALL = '\uffff'

/** Entry by entry, because LMDB's own copy takes whole overflow pages over; half of the time is left to others. */
const copyTable = async (copy: Copy, name: TableName): Promise<void> => {
  const source = copy.source.raw(name)
  const target = copy.target.raw(name)
  while (copy.upTo[name] !== ALL) {
    refuseStopped(copy.engine)
    const started = performance.now()
    write(copy, () => {
      for (const { key, value } of source.getRange({ start: `${copy.upTo[name]}\0` })) {
        // Appended, because nothing will come in between: that fills the pages.
        target.putSync(key, value, { append: true })
        copy.upTo[name] = key
        if (performance.now() - started > SLICE_MS) return
      }
      copy.upTo[name] = ALL
    })
    await pause(performance.now() - started)
  }
}

/** Until so little is left that it keeps nobody waiting; whoever writes faster than that is outrun by longer slices. */
const catchUp = async (copy: Copy): Promise<void> => {
  let sliceMs = SLICE_MS
  refuseStopped(copy.engine)
  for (let left = leftOf(copy); left > LEFT_FEW;) {
    takeOver(copy, performance.now() + sliceMs)
    await breathe()
    refuseStopped(copy.engine)
    const before = left
    left = leftOf(copy)
    if (left >= before) sliceMs *= 2
  }
}

const LEFT_FEW = 200

const leftOf = ({ changed }: Copy): number => TABLES.reduce((sum, name) => sum + changed[name].size, 0)

/** Copies what was written since, until the time is over. */
const takeOver = (copy: Copy, until: number): void =>
  write(copy, () => {
    for (const name of TABLES) {
      const source = copy.source.raw(name)
      const target = copy.target.raw(name)
      for (const key of copy.changed[name]) {
        if (performance.now() > until) return
        const value = source.get(key)
        if (value === undefined) void target.remove(key)
        else void target.put(key, value)
        copy.changed[name].delete(key)
      }
    }
  })

/**
 * Within one turn, so nobody in this process sees the files apart. The old lock file goes first: who opens the old file with the new lock reads what is never
 * written again; who opened the new file with the old lock would read what is being overwritten. To
 * rename over a file would make the system write the new one out first.
 */
const swap = (copy: Copy, path: string): void => {
  const { engine, target } = copy
  const aside = asidePath(path)
  takeOver(copy, Number.POSITIVE_INFINITY)
  engine.store.watchWrites(undefined)
  try {
    renameSync(`${aside}-lock`, `${path}-lock`)
    renameSync(path, replacedPath(path))
    renameSync(aside, path)
  } catch (error) {
    fail(engine, 'the rewritten file could not be put in its place', error)
  }
  engine.store.replaceFile(target)
}

/** A commit that the disk refuses is the end, also in the copy: LMDB is not to be trusted then. */
const write = ({ engine, target }: Copy, work: () => void): void => {
  try {
    target.root.transactionSync(work)
  } catch (error) {
    fail(engine, 'the file could not be rewritten', error)
  }
}

/** A full disk ends the process, so it is not tried. */
const assertRoom = async (path: string): Promise<void> => {
  if ((await freeBytes(dirname(path))) < statSync(path).size + FREE_SPACE_BYTES_MIN)
    throw new DocumentsUnavailable('no room for a rewritten file')
}
