import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { syncDirectory } from '../../embedded/sync-directory.ts'
import type { HeldBlob, Keyring, Vault } from '../../vault/port.ts'
import { exists, makePrivate, remove, type PartFile } from './files.ts'
import { CopyInterrupted, FILES, keyLine, vaultLine, type VaultLine } from './format.ts'

/** Answers how many keys there are, with the marks of destroyed ones. */
export const writeKeys = async (keyring: Keyring, part: PartFile, signal: AbortSignal): Promise<number> => {
  let keys = 0
  for await (const page of keyring.held()) {
    for (const key of page) await part.write(keyLine(key))
    keys += page.length
    if (signal.aborted) throw new CopyInterrupted()
  }
  await part.write(`${JSON.stringify({ end: { keys } })}\n`)
  return keys
}

export type VaultPart = {
  readonly entries: number
  readonly counters: number
  readonly blobs: number
  /** `<digest of the subject>/<sha256>` of blobs whose bytes are not what their name says: they are left out. */
  readonly damaged: readonly string[]
}

export type VaultPartOptions = {
  readonly directory: string
  readonly signal: AbortSignal
  readonly onProgress: (blobs: number) => void
}

/** Entries, counters, blobs: in this order, and the contents of blobs as files of their own, before the line that names them. */
export const writeVault = async (
  { holding }: Vault,
  part: PartFile,
  options: VaultPartOptions,
): Promise<VaultPart> => {
  const counts = { entries: 0, counters: 0, blobs: 0 }
  const damaged: string[] = []
  const writeLines = async (lines: readonly VaultLine[]): Promise<number> => {
    for (const line of lines) await part.write(vaultLine(line))
    if (options.signal.aborted) throw new CopyInterrupted()
    return lines.length
  }
  for await (const page of holding.entries())
    counts.entries += await writeLines(page.map((entry) => ({ entry })))
  for await (const page of holding.counters())
    counts.counters += await writeLines(page.map((counter) => ({ counter })))
  const root = join(options.directory, FILES.blobs)
  await makePrivate(root)
  for await (const page of holding.blobs()) {
    for (const blob of page) {
      const bytes = await copyBlob(holding, blob, root)
      if (bytes === 'damaged') damaged.push(nameOf(blob))
      // Deleted in between: the event that says so is behind the copied ones.
      if (typeof bytes !== 'number') continue
      counts.blobs += await writeLines([{ blob: { ...blob, bytes } }])
      options.onProgress(counts.blobs)
    }
  }
  await syncDirectory(root)
  await part.write(vaultLine({ end: counts }))
  return { ...counts, damaged }
}

/** Removes what an older state of the same copy had, and `keeps` does not tell of. */
export const removeOtherBlobs = async (
  directory: string,
  keeps: (blob: HeldBlob) => boolean,
): Promise<void> => {
  const root = join(directory, FILES.blobs)
  for (const subject of await readdir(root)) {
    const names = await readdir(join(root, subject))
    const gone = names.filter((sha256) => !keeps({ subject, sha256 }))
    for (const name of gone) await remove(join(root, subject, name))
    if (gone.length === names.length) await remove(join(root, subject))
  }
}

/** Its bytes. One that is there already is read instead of copied. */
const copyBlob = async (
  holding: Vault['holding'],
  blob: HeldBlob,
  root: string,
): Promise<number | 'damaged' | undefined> => {
  const directory = join(root, blob.subject)
  const path = join(directory, blob.sha256)
  if (await exists(path)) {
    const there = await digested(createReadStream(path))
    if (there.sha256 === blob.sha256) return there.bytes
  }
  const content = await holding.readBlob(blob.subject, blob.sha256)
  if (content === undefined) return undefined
  await makePrivate(directory)
  const file = await open(`${path}.part`, 'w', 0o600)
  try {
    const copied = await digested(content, (chunk) => file.appendFile(chunk))
    if (copied.sha256 !== blob.sha256) return 'damaged'
    await file.sync()
    await rename(`${path}.part`, path)
    await syncDirectory(directory)
    return copied.bytes
  } finally {
    await file.close()
  }
}

export const digested = async (
  content: Readable,
  take: (chunk: Buffer) => Promise<void> = () => Promise.resolve(),
): Promise<{ readonly sha256: string; readonly bytes: number }> => {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of content as AsyncIterable<Buffer>) {
    hash.update(chunk)
    bytes += chunk.length
    await take(chunk)
  }
  return { sha256: hash.digest('hex'), bytes }
}

const nameOf = ({ subject, sha256 }: HeldBlob): string => `${subject}/${sha256}`
