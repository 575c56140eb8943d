import { createHash } from 'node:crypto'
import { mkdir, open, readFile, realpath, statfs, type FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { tryLock } from 'fs-native-extensions'
import { syncDirectory } from './sync-directory.ts'

/** A data directory that this process alone may write to. */
export type DataDirectory = {
  /** With every symbolic link resolved. */
  readonly path: string
  /** Gives the directory free; what is opened in it has to be closed before. */
  readonly close: () => Promise<void>
}

/** Another opener holds the directory. */
export class DirectoryInUse extends Error {
  override readonly name = 'DirectoryInUse'
  readonly path: string
  /** The holder's process id, if it could be read. */
  readonly pid: number | undefined
  constructor(path: string, pid: number | undefined) {
    super(`${path} is in use by ${pid === undefined ? 'another process' : `process ${pid}`}`)
    this.path = path
    this.pid = pid
  }
}

/**
 * Creates the directory if it is missing and locks it. The operating system holds the lock and drops it when the process
 * ends in whatever way; the file `lock` alone means nothing, so a copied directory opens at once. Throws `DirectoryInUse`.
 */
export const openDirectory = async (path: string): Promise<DataDirectory> => {
  const real = await makeDirectory(path)
  const file = await open(lockPath(real), 'a+', 0o600)
  try {
    if (!tryLock(file.fd)) throw new DirectoryInUse(real, await holder(real))
    await writePid(file)
  } catch (error) {
    await file.close()
    throw error
  }
  return { path: real, close: once(() => file.close()) }
}

/** Who has a directory; the number is the one in the file `lock`, which alone means nothing. */
export type DirectoryHolder = { readonly held: boolean; readonly pid: number | undefined }

/** Asks the operating system by taking the lock for a moment; makes nothing. */
export const directoryHolder = async (path: string): Promise<DirectoryHolder> => {
  const real = await realpath(path)
  const file = await open(lockPath(real), 'r+').catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return undefined
    throw error
  })
  if (file === undefined) return { held: false, pid: undefined }
  try {
    return { held: !tryLock(file.fd), pid: await holder(real) }
  } finally {
    await file.close()
  }
}

/** Creates it if it is missing, locks nothing; answers its path with every symbolic link resolved. */
export const makeDirectory = async (path: string): Promise<string> => {
  const first = await mkdir(path, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw isErrno(error, 'EEXIST') ? new Error(`${path} is not a directory`) : error
  })
  if (first !== undefined) await syncMade(resolve(first), resolve(path))
  return realpath(path)
}

/** What will be acknowledged in it is lost with its own entry, so that outlives a loss of power too. */
const syncMade = async (first: string, last: string): Promise<void> => {
  await syncDirectory(dirname(last))
  if (last !== first) await syncMade(first, dirname(last))
}

const lockPath = (directory: string): string => join(directory, 'lock')
export const historyPath = (directory: string): string => join(directory, 'history.mdb')
export const documentsPath = (directory: string): string => join(directory, 'documents.mdb')
export const vaultPath = (directory: string): string => join(directory, 'vault.mdb')
export const keyringPath = (directory: string): string => join(directory, 'keyring.mdb')
export const blobsPath = (directory: string): string => join(directory, 'blobs')

/**
 * Where the server listens for operators' scripts. The address of a Unix socket has room for about 100 bytes: a longer
 * path gives way to one below the system's temporary directory, the same for everybody who names the same directory.
 */
export const adminSocketPath = async (directory: string): Promise<string> => {
  const real = await realpath(directory)
  const inside = join(real, 'admin.sock')
  if (Buffer.byteLength(inside) <= SOCKET_PATH_BYTES_MAX) return inside
  const hash = createHash('sha256').update(real).digest('hex').slice(0, 32)
  return join(tmpdir(), `headwater-${hash}.sock`)
}

/** Bytes that this process may still write on the directory's disk. */
export const freeBytes = async (directory: string): Promise<number> => {
  const { bavail, bsize } = await statfs(directory)
  return bavail * bsize
}

const SOCKET_PATH_BYTES_MAX = 100

const isErrno = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code

const writePid = async (file: FileHandle): Promise<void> => {
  await file.truncate(0)
  await file.write(`${process.pid}\n`)
}

const holder = async (directory: string): Promise<number | undefined> => {
  const text = await readFile(lockPath(directory), 'utf8').catch(() => '')
  const pid = Number.parseInt(text, 10)
  return Number.isSafeInteger(pid) ? pid : undefined
}

const once = (close: () => Promise<void>): (() => Promise<void>) => {
  let closing: Promise<void> | undefined
  return () => (closing ??= close())
}
