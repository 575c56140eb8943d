import { createHash, randomUUID } from 'node:crypto'
import { mkdir, open, rename, rm, unlink, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { isSha256, subjectDigest } from '../names.ts'
import { BlobTooLarge, VaultUnavailable, type Blob, type Vault } from '../port.ts'
import { syncDirectory } from './files.ts'

export type Blobs = Pick<Vault, 'putBlob' | 'readBlob' | 'deleteBlob'> & {
  readonly deleteBlobs: (subject: string) => Promise<void>
}

/**
 * Blobs as files `<digest of the subject>/<sha256>` (decisions 17), written aside first. Removes at once what a crash left
 * aside. The reader of a blob has to take its stream to the end, or destroy it.
 */
export const openBlobs = async (directory: string): Promise<Blobs> => {
  const aside = join(directory, 'aside')
  await rm(aside, { recursive: true, force: true })
  await mkdir(aside, { recursive: true, mode: 0o700 })
  await syncDirectory(directory)
  await syncDirectory(dirname(directory))
  const directoryOf = (subject: string): string => join(directory, subjectDigest(subject).toString('hex'))
  const pathOf = (subject: string, sha256: string): string | undefined =>
    isSha256(sha256) ? join(directoryOf(subject), sha256) : undefined

  return {
    putBlob: async (subject, content, bytesMax) => {
      const temporary = join(aside, randomUUID())
      try {
        const blob = await writeAside(temporary, content, bytesMax)
        await moveInto(directory, directoryOf(subject), temporary, blob.sha256).catch(unavailable)
        return blob
      } catch (error) {
        await rm(temporary, { force: true }).catch(() => undefined)
        throw error
      }
    },
    readBlob: async (subject, sha256, range) => {
      const path = pathOf(subject, sha256)
      const handle = path === undefined ? undefined : await ifThere(open(path, 'r'))
      if (handle === undefined) return undefined
      if (range === undefined) return handle.createReadStream()
      if (range.from <= range.to) return handle.createReadStream({ start: range.from, end: range.to })
      await handle.close()
      return Readable.from([])
    },
    deleteBlob: async (subject, sha256) => {
      const path = pathOf(subject, sha256)
      if (path === undefined) return false
      const gone = await ifThere(unlink(path).then(() => true))
      if (gone === true) await syncDirectory(directoryOf(subject)).catch(unlessGone)
      return gone ?? false
    },
    deleteBlobs: async (subject) => {
      await rm(directoryOf(subject), { recursive: true, force: true }).catch(unavailable)
      await syncDirectory(directory).catch(unavailable)
    },
  }
}

const writeAside = async (path: string, content: Readable, bytesMax: number): Promise<Blob> => {
  const file = await open(path, 'wx', 0o600).catch((error: unknown) => {
    content.destroy()
    return unavailable(error)
  })
  try {
    const hash = createHash('sha256')
    let bytes = 0
    for await (const chunk of content as AsyncIterable<Uint8Array | string>) {
      const part = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
      bytes += part.length
      if (bytes > bytesMax) throw new BlobTooLarge(`more than ${bytesMax} bytes`)
      hash.update(part)
      await writeAll(file, part).catch(unavailable)
    }
    await file.sync().catch(unavailable)
    return { sha256: hash.digest('hex'), bytes }
  } finally {
    await file.close()
  }
}

const writeAll = async (file: FileHandle, part: Uint8Array): Promise<void> => {
  for (let from = 0; from < part.length;) {
    const { bytesWritten } = await file.write(part, from)
    from += bytesWritten
  }
}

/** A deletion of the subject may remove the directory in between. */
const moveInto = async (root: string, directory: string, from: string, name: string): Promise<void> => {
  for (let tries = 1; ; tries += 1) {
    try {
      if ((await mkdir(directory, { recursive: true, mode: 0o700 })) !== undefined) await syncDirectory(root)
      await rename(from, join(directory, name))
      return await syncDirectory(directory)
    } catch (error) {
      if (!isMissing(error) || tries >= MOVE_TRIES_MAX) throw error
    }
  }
}

const MOVE_TRIES_MAX = 10

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT'

const ifThere = async <A>(found: Promise<A>): Promise<A | undefined> => {
  try {
    return await found
  } catch (error) {
    return unlessGone(error)
  }
}

const unlessGone = (error: unknown): undefined => {
  if (!isMissing(error)) unavailable(error)
}

const unavailable = (error: unknown): never => {
  throw new VaultUnavailable('the disk refused', { cause: error })
}
