import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { copyFile, constants, mkdir, open, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { tryLock } from 'fs-native-extensions'
import { CopyRefused, type Part } from './format.ts'

/** A file of a copy that is being written, aside. */
export type PartFile = {
  /** Of what is kept of it. */
  readonly path: string
  /** Buffered. Throws when the disk refuses. */
  readonly write: (text: string) => Promise<void>
  /** Forgets everything from this byte on. */
  readonly cut: (bytes: number) => Promise<void>
  /** Flushed to the disk, and closed. */
  readonly finish: () => Promise<Part>
  /** What was written stays, for the next time. */
  readonly close: () => Promise<void>
}

/**
 * The right to write in a directory: a locked file, which goes with it. The operating system drops the lock when the process ends in whatever
 * way, so the file alone means nothing. Throws `CopyRefused` if another process has it.
 */
export const lockCopy = async (directory: string): Promise<() => Promise<void>> => {
  const path = join(directory, LOCK)
  const file = await open(path, 'a', 0o600)
  const inPlace = async (): Promise<boolean> =>
    (await file.stat()).ino === (await stat(path).catch(() => undefined))?.ino
  // Whoever had it may have removed it just now.
  if (tryLock(file.fd) && (await inPlace()))
    return async () => {
      await remove(path)
      await file.close()
    }
  await file.close()
  throw new CopyRefused(`another process writes in ${directory}`)
}

export const LOCK = 'lock'

/**
 * Opens `<name>.part`, with what an interrupted copy left in it if `keeps`; if nothing is left, with what the complete copy has. Whoever opens
 * it has the lock.
 */
export const openPart = async (
  directory: string,
  name: string,
  { keeps }: { readonly keeps: boolean },
): Promise<PartFile> => {
  const path = partPath(directory, name)
  if (keeps && !(await exists(path)) && (await exists(join(directory, name))))
    await copyFile(join(directory, name), path, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
  const file = await open(path, 'a', 0o600)
  try {
    await file.chmod(0o600)
    if (!keeps) await file.truncate(0)
  } catch (error) {
    await file.close()
    throw error
  }
  return partFile(file, path, name)
}

const partFile = (file: FileHandle, path: string, name: string): PartFile => {
  let waiting: string[] = []
  let characters = 0
  let closed: Promise<void> | undefined
  const flush = async (): Promise<void> => {
    const text = waiting.join('')
    waiting = []
    characters = 0
    if (text !== '') await file.appendFile(text)
  }
  const close = (): Promise<void> => (closed ??= flush().finally(() => file.close()))
  return {
    path,
    write: async (text) => {
      waiting.push(text)
      characters += text.length
      if (characters >= WRITE_CHARACTERS) await flush()
    },
    cut: (bytes) => file.truncate(bytes),
    finish: async () => {
      await flush()
      await file.sync()
      const { size: bytes } = await file.stat()
      await close()
      return { name, bytes, sha256: await sha256Of(path) }
    },
    close,
  }
}

/** Of one write. */
const WRITE_CHARACTERS = 1024 * 1024

export const partPath = (directory: string, name: string): string => join(directory, `${name}.part`)

/** Gives a finished part its name. */
export const publish = (directory: string, name: string): Promise<void> =>
  rename(partPath(directory, name), join(directory, name))

export const makePrivate = async (path: string): Promise<void> => {
  await mkdir(path, { recursive: true, mode: 0o700 })
}

export const remove = (path: string): Promise<void> => rm(path, { recursive: true, force: true })

export const exists = async (path: string): Promise<boolean> => (await sizeOf(path)) !== undefined

/** In bytes; `undefined` if nothing is there. */
export const sizeOf = async (path: string): Promise<number | undefined> => {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** In hexadecimal. */
export const sha256Of = async (path: string): Promise<string> => {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES }))
    hash.update(chunk as Buffer)
  return hash.digest('hex')
}

export type FileLine = {
  /** From 1. */
  readonly number: number
  /** Where it begins, and where the next one does. */
  readonly start: number
  readonly end: number
  readonly text: string
}

/** Lines of a file in pages, without what stands behind the last end of a line. Throws `CopyRefused` for one that is no line of ours. */
export async function* linePages(path: string): AsyncGenerator<readonly FileLine[], void> {
  let rest: Buffer = Buffer.alloc(0)
  let start = 0
  let number = 0
  for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES })) {
    const bytes = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer])
    const page: FileLine[] = []
    let from = 0
    for (let to = bytes.indexOf(NEWLINE); to >= 0; to = bytes.indexOf(NEWLINE, from)) {
      number += 1
      const text = bytes.toString('utf8', from, to)
      page.push({ number, start: start + from, end: start + to + 1, text })
      from = to + 1
    }
    rest = bytes.subarray(from)
    start += from
    if (page.length > 0) yield page
    if (rest.length > LINE_BYTES_MAX) throw new CopyRefused(`line ${number + 1} of ${path} has no end`)
  }
}

const NEWLINE = 0x0a
const READ_BYTES = 256 * 1024
/** An event has a megabyte at most (decisions 16), and its JSON not many times that. */
const LINE_BYTES_MAX = 16 * 1024 * 1024
