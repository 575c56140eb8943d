import { createHash, randomUUID } from 'node:crypto'
import { mkdir, open, readdir, rename, rm, unlink, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { syncDirectory } from '../../embedded/sync-directory.ts'
import { isSha256, subjectDigest } from '../names.ts'
import {
  BlobTooLarge,
  VaultUnavailable,
  type Blob,
  type HeldBlob,
  type Vault,
  type VaultHolding,
} from '../port.ts'

export type Blobs = Pick<Vault, 'putBlob' | 'readBlob' | 'deleteBlob'> & {
  readonly deleteBlobs: (subject: string) => Promise<void>
  readonly holding: Pick<VaultHolding, 'blobs' | 'readBlob' | 'putBlob'>
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
  const directoryOf = (digest: string): string => join(directory, digest)
  const put = async (digest: string, content: Readable, bytesMax: number): Promise<Blob> => {
    const temporary = join(aside, randomUUID())
    try {
      const blob = await writeAside(temporary, content, bytesMax)
      await moveInto(directory, directoryOf(digest), temporary, blob.sha256).catch(unavailable)
      return blob
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined)
      throw error
    }
  }

  return {
    putBlob: (subject, content, bytesMax) => put(digestOf(subject), content, bytesMax),
    readBlob: (subject, sha256, range) => readBlob(directory, digestOf(subject), sha256, range),
    holding: {
      blobs: () => allBlobs(directory),
      readBlob: (digest, sha256) => readBlob(directory, digest, sha256),
      putBlob: (digest, content) => put(digest, content, Infinity),
    },
    deleteBlob: async (subject, sha256) => {
      if (!isSha256(sha256)) return false
      const own = directoryOf(digestOf(subject))
      const gone = await ifThere(unlink(join(own, sha256)).then(() => true))
      if (gone === true) await syncDirectory(own).catch(unlessGone)
      return gone ?? false
    },
    deleteBlobs: async (subject) => {
      await rm(directoryOf(digestOf(subject)), { recursive: true, force: true }).catch(unavailable)
      await syncDirectory(directory).catch(unavailable)
    },
  }
}

/** For reading beside a server: nothing is made, cleared away or written. */
export const blobsBeside = (directory: string): Blobs => {
  const refused = (): Promise<never> =>
    Promise.reject(new VaultUnavailable('the blobs are open for reading only'))
  return {
    readBlob: (subject, sha256, range) => readBlob(directory, digestOf(subject), sha256, range),
    putBlob: refused,
    deleteBlob: refused,
    deleteBlobs: refused,
    holding: {
      blobs: () => allBlobs(directory),
      readBlob: (digest, sha256) => readBlob(directory, digest, sha256),
      putBlob: refused,
    },
  }
}

const digestOf = (subject: string): string => subjectDigest(subject).toString('hex')

const readBlob = async (
  directory: string,
  digest: string,
  sha256: string,
  range?: { readonly from: number; readonly to: number },
): Promise<Readable | undefined> => {
  const known = isSha256(digest) && isSha256(sha256)
  const handle = known ? await ifThere(open(join(directory, digest, sha256), 'r')) : undefined
  if (handle === undefined) return undefined
  if (range === undefined) return handle.createReadStream()
  if (range.from <= range.to) return handle.createReadStream({ start: range.from, end: range.to })
  await handle.close()
  return Readable.from([])
}

/** A page for each subject. */
async function* allBlobs(directory: string): AsyncGenerator<readonly HeldBlob[], void> {
  for (const subject of (await namesIn(directory)).filter(isSha256)) {
    const found = (await namesIn(join(directory, subject))).filter(isSha256)
    if (found.length > 0) yield found.map((sha256) => ({ subject, sha256 }))
  }
}

const namesIn = async (directory: string): Promise<readonly string[]> =>
  [...((await ifThere(readdir(directory))) ?? [])].sort()

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
