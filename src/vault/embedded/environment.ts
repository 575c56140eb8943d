import { renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { freeBytes } from '../../embedded/directory.ts'
import { syncDirectory } from '../../embedded/sync-directory.ts'
import { REWRITE_POLL_MS } from '../../limits.ts'
import { VaultUnavailable } from '../port.ts'
import {
  asidePath,
  generationPath,
  lastGeneration,
  openLastGeneration,
  openTableFile,
  removeAllBut,
  type Table,
  type TableFile,
} from './files.ts'
import { openGroups, type Change, type Groups } from './groups.ts'

/** An LMDB environment, in a directory of its own, whose deleted bytes can be made to vanish. */
export type Environment<Name extends string> = {
  /** What is flushed. Never kept over an `await`: a rewrite puts other tables in their place. */
  readonly tables: () => Readonly<Record<Name, Table>>
  readonly write: Groups<Name>['write']
  /**
   * Copies what is live into a new file, flushed, and puts it in the place of the old one, which is removed: LMDB leaves the bytes of
   * changed and deleted entries in its pages (decisions 8). Reads go on meanwhile, writes wait; callers at the same time
   * share one.
   */
  readonly rewrite: () => Promise<void>
  /** Beside another process: reads from now on what is flushed now, and tells whether that stands in a newer file. */
  readonly follow: () => boolean
  readonly close: () => Promise<void>
}

export type EnvironmentOptions<Name extends string> = {
  readonly directory: string
  readonly names: readonly Name[]
  /** Told once when the disk has refused a write: the process has to end (code 75). */
  readonly onFatal?: ((error: Error) => void) | undefined
}

export const openEnvironment = async <Name extends string>(
  options: EnvironmentOptions<Name>,
): Promise<Environment<Name>> => {
  const { directory, names } = options
  const onFatal = options.onFatal ?? (() => undefined)
  let file = openLastGeneration(directory, names, 'durable')
  removeAllBut(directory, file.generation)
  await syncDirectory(directory)
  await syncDirectory(dirname(directory))
  let closed: Promise<void> | undefined
  let rewriting: Promise<void> | undefined

  const tables = (): TableFile<Name>['tables'] => {
    if (closed !== undefined) throw closedError()
    file.gate.pass()
    return file.tables
  }
  const groups = openGroups<Name>({
    get: (table, key) => file.tables[table].get(key),
    commit: (changes) => commit(file, changes),
    onFatal,
  })
  const rewrite = async (): Promise<void> => {
    const resume = await groups.pause()
    try {
      if (closed !== undefined) throw closedError()
      await assertRoom(file)
      const old = file
      file = await copied(old, options).catch((error: unknown) => {
        const refused = new VaultUnavailable('the file could not be rewritten', { cause: error })
        groups.fail(refused)
        onFatal(refused)
        throw refused
      })
      await old.root.close()
      removeAllBut(directory, file.generation)
      await syncDirectory(directory)
    } finally {
      resume()
    }
  }
  const close = async (): Promise<void> => {
    await rewriting?.catch(() => undefined)
    await groups.pause()
    groups.fail(closedError())
    await file.root.close()
  }
  return {
    tables,
    write: (step) => (closed === undefined ? groups.write(step) : Promise.reject(closedError())),
    rewrite: () => (rewriting ??= rewrite().finally(() => (rewriting = undefined))),
    follow: () => false,
    close: () => (closed ??= close()),
  }
}

/**
 * Reads beside the process that writes, and follows its rewrites: within `REWRITE_POLL_MS`, or when asked to look. Throws
 * `VaultUnavailable` if there is nothing, and when it is asked to write.
 */
export const openEnvironmentBeside = <Name extends string>(
  directory: string,
  names: readonly Name[],
): Environment<Name> => {
  let file = openBeside(directory, names)
  let looked = performance.now()
  let closed: Promise<void> | undefined
  const follow = (): boolean => {
    looked = performance.now()
    if (closed !== undefined) return false
    ;(file.root as unknown as { resetReadTxn: () => void }).resetReadTxn()
    if (lastGeneration(directory) === file.generation) return false
    const old = file
    file = openBeside(directory, names)
    void old.root.close()
    return true
  }
  return {
    follow,
    write: refuseWriting,
    rewrite: refuseWriting,
    tables: () => {
      if (closed !== undefined) throw closedError()
      if (performance.now() - looked > REWRITE_POLL_MS) follow()
      return file.tables
    },
    close: () => (closed ??= file.root.close()),
  }
}

/** Entries of a table in order of the key, in pages that are read when they are asked for. */
export async function* tablePages<Name extends string>(
  environment: Environment<Name>,
  table: Name,
  range: { readonly start?: Buffer; readonly end?: Buffer; readonly page: number },
): AsyncGenerator<readonly { readonly key: Buffer; readonly value: Buffer }[], void> {
  const { page: limit, ...bounds } = range
  let after: Buffer | undefined
  for (;;) {
    const from = after === undefined ? {} : { start: after, exclusiveStart: true }
    const found = [...environment.tables()[table].getRange({ ...bounds, ...from, limit })]
    after = found.at(-1)?.key
    if (after === undefined) return
    yield found
    await nextTurn()
  }
}

const refuseWriting = (): Promise<never> =>
  Promise.reject(new VaultUnavailable('it is open for reading only'))

const closedError = (): VaultUnavailable => new VaultUnavailable('closed')

/** Entries of one transaction of a copy. */
const COPY_ENTRIES = 2_000
/** A rewrite removes the file that it looked for just now. */
const OPEN_TRIES = 5

const openBeside = <Name extends string>(
  directory: string,
  names: readonly Name[],
  tried = 1,
): TableFile<Name> => {
  try {
    return openLastGeneration(directory, names, 'readOnly')
  } catch (error) {
    if (tried < OPEN_TRIES) return openBeside(directory, names, tried + 1)
    throw error instanceof VaultUnavailable ? error : new VaultUnavailable('not to be read', { cause: error })
  }
}

/** All changes issued in one turn are one transaction. */
const commit = <Name extends string>(
  { tables, gate }: TableFile<Name>,
  changes: readonly Change<Name>[],
): PromiseLike<unknown> => {
  const flushes = changes.map(({ table, key, value }) =>
    value === undefined ? tables[table].remove(key) : tables[table].put(key, value),
  )
  return Promise.all(flushes).catch((error: unknown) => {
    silence(error)
    gate.shut(error)
    throw error
  })
}

/** LMDB tells the reason of a refused commit by rejecting a promise that nobody may be waiting for. */
const silence = (error: unknown): void => {
  const { commitError } = error as { readonly commitError?: Promise<unknown> }
  commitError?.then(undefined, () => undefined)
}

/** A commit that a full disk refuses is the end of the process, so it is not tried. */
const assertRoom = async ({ path }: { readonly path: string }): Promise<void> => {
  if ((await freeBytes(path)) < statSync(path).size)
    throw new VaultUnavailable('no room for a rewritten file')
}

/**
 * Entry by entry, not page by page: LMDB's own compacting copy takes over whole overflow pages, with whatever stood behind a value's
 * end.
 */
const copied = async <Name extends string>(
  old: TableFile<Name>,
  { directory, names }: EnvironmentOptions<Name>,
): Promise<TableFile<Name>> => {
  const aside = asidePath(directory)
  removeAllBut(directory, old.generation)
  const target = openTableFile(aside, names, 'durable')
  for (const name of names) await copyTable(old.tables[name], target.tables[name])
  await target.root.close()
  rmSync(`${aside}-lock`, { force: true })
  const generation = old.generation + 1
  const path = generationPath(directory, generation)
  renameSync(aside, path)
  await syncDirectory(directory)
  return { ...openTableFile(path, names, 'durable'), generation }
}

const copyTable = async (from: Table, to: Table): Promise<void> => {
  let after: Buffer | undefined
  for (;;) {
    const range = after === undefined ? {} : { start: after, exclusiveStart: true }
    const entries = [...from.getRange({ ...range, limit: COPY_ENTRIES })]
    await Promise.all(entries.map(({ key, value }) => to.put(key, value)))
    after = entries.at(-1)?.key
    if (after === undefined) return
  }
}
