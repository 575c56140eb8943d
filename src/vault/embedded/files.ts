import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Database, RootDatabase } from 'lmdb'
import { makeGate, type Gate } from '../../embedded/lmdb-gate.ts'
import { openLmdb } from '../../embedded/lmdb.ts'
import { VaultUnavailable } from '../port.ts'

export type Table = Database<Buffer, Buffer>

/** One LMDB file with its tables. */
export type TableFile<Name extends string> = {
  readonly path: string
  readonly generation: number
  readonly root: RootDatabase<Buffer, Buffer>
  readonly gate: Gate
  readonly tables: Readonly<Record<Name, Table>>
}

/**
 * A rewritten environment gets a new name, `<generation>.mdb`, because LMDB keeps numbers of the data file in the reader table
 * beside it: a new file under the old name would be opened with the numbers of the old one, if another process still reads
 * that. The greatest generation is the one that counts; it is given its name when it is complete and flushed.
 */
export const generationPath = (directory: string, generation: number): string =>
  join(directory, `${generation}.mdb`)
export const asidePath = (directory: string): string => join(directory, 'aside.mdb')

/** 0 if there is none. */
export const lastGeneration = (directory: string): number => Math.max(0, ...generations(directory))

/** Removes what a crash in the middle of a rewrite left, and what a reader made beside an older generation. */
export const removeAllBut = (directory: string, generation: number): void => {
  for (const name of readdirSync(directory)) {
    if (FILE.test(name) && !name.startsWith(`${generation}.`)) rmSync(join(directory, name), { force: true })
  }
}

export const openTableFile = <Name extends string>(
  path: string,
  names: readonly Name[],
  mode: 'durable' | 'readOnly',
): Omit<TableFile<Name>, 'generation'> => {
  const root = openLmdb(path, mode)
  const tables = names.map((name) => {
    const table = root.openDB<Buffer, Buffer>(name, { encoding: 'binary', keyEncoding: 'binary' }) as
      Table | undefined
    if (table === undefined) throw new VaultUnavailable(`no ${name} in ${path}`)
    return [name, table]
  })
  const gate = makeGate(root, (cause) => new VaultUnavailable('the file cannot be read', { cause }))
  return { path, root, gate, tables: Object.fromEntries(tables) as Readonly<Record<Name, Table>> }
}

/** Opens the greatest generation, and begins with the first. Readers begin nothing. */
export const openLastGeneration = <Name extends string>(
  directory: string,
  names: readonly Name[],
  mode: 'durable' | 'readOnly',
): TableFile<Name> => {
  if (mode === 'durable') mkdirSync(directory, { recursive: true, mode: 0o700 })
  const last = lastGeneration(directory)
  if (last === 0 && mode === 'readOnly') throw new VaultUnavailable(`nothing in ${directory}`)
  const generation = Math.max(1, last)
  return { ...openTableFile(generationPath(directory, generation), names, mode), generation }
}

const FILE = /^(\d+|aside)\.mdb(-lock)?$/

const generations = (directory: string): readonly number[] =>
  filesOf(directory)
    .filter((name) => /^\d+\.mdb$/.test(name))
    .map((name) => Number.parseInt(name, 10))

const filesOf = (directory: string): readonly string[] => {
  try {
    return readdirSync(directory)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
