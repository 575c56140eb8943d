import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { syncDirectory } from '../../embedded/sync-directory.ts'
import type { History } from '../../history/port.ts'
import { makePrivate, exists, linePages, LOCK, lockCopy, openPart, publish, type PartFile } from './files.ts'
import { CopyRefused, FILES, manifestOf, readVaultLine, type Manifest, type Part } from './format.ts'
import { writeHistory, type HistoryPart, type HistoryPartOptions } from './history-part.ts'
import { removeOtherBlobs, writeKeys, writeVault, type VaultPart } from './secret-parts.ts'
import type { Sources } from './sources.ts'

/** What is done, for whoever waits. */
export type Progress =
  | { readonly doing: 'history'; readonly events: number; readonly position: bigint; readonly head: bigint }
  | { readonly doing: 'keyring' | 'vault' | 'blobs' | 'checking'; readonly count: number }

export type MakeOptions = {
  /** Of this program. */
  readonly version: string
  readonly now: () => number
  readonly signal: AbortSignal
  readonly onProgress: (progress: Progress) => void
  /** What the operator has to know; one line. */
  readonly onNotice: (text: string) => void
}

export type Made = {
  readonly manifest: Manifest
  /** Events that were in the copy before. */
  readonly kept: number
  readonly keys?: number
  readonly vault?: VaultPart
}

/**
 * Copies all that the sources have into a directory (made if it is missing): first the history up to its head of now, so that everything
 * acknowledged before is in, then the keyring, so that every copied event can be opened, then the vault and blobs. What an interrupted copy
 * left there is gone on with; a complete copy of the same history is brought up to date, and stays as it is until the end. Throws
 * `CopyRefused`, and `CopyInterrupted` when `signal` aborts.
 */
export const makeCopy = async (sources: Sources, directory: string, options: MakeOptions): Promise<Made> => {
  const names = [
    FILES.history,
    ...(sources.keyring ? [FILES.keyring] : []),
    ...(sources.vault ? [FILES.vault] : []),
  ]
  await makePrivate(directory)
  await assertOurs(directory, names)
  const unlock = await lockCopy(directory)
  const opened: PartFile[] = []
  const part = async (name: string, keeps = false): Promise<PartFile> => {
    const file = await openPart(directory, name, { keeps })
    opened.push(file)
    return file
  }
  try {
    const ofHistory = await part(FILES.history, true)
    const head = await sources.history.head()
    const checkpoints = await sources.checkpoints()
    const copied = await writeHistory(sources.history, ofHistory, historyOptions(sources, head, options))
    const parts = [await ofHistory.finish()]
    const keys = await keysInto(sources, part, parts, options)
    const vault = await vaultInto(sources, part, parts, { ...options, directory })
    const manifest: Manifest = {
      ...about(sources, copied, options),
      head: await signedHead(sources.history, copied.lastPosition),
      checkpoints,
      parts,
    }
    await complete(directory, manifest)
    return { manifest, kept: copied.kept, ...(keys !== undefined && { keys }), ...(vault && { vault }) }
  } finally {
    for (const file of opened) await file.close()
    await unlock()
  }
}

const historyOptions = (
  { kinds }: Sources,
  head: bigint,
  { signal, onProgress, onNotice }: MakeOptions,
): HistoryPartOptions => ({
  head,
  signal,
  isGapless: kinds.history === 'embedded',
  onProgress: (events: number, position: bigint) => onProgress({ doing: 'history', events, position, head }),
  onDamage: (line: number) =>
    onNotice(
      `line ${line} of the ${FILES.history} that was there is not whole, or not in its place: what is damaged is copied anew`,
    ),
})

type OpenPart = (name: string) => Promise<PartFile>

const keysInto = async (
  { keyring }: Sources,
  open: OpenPart,
  parts: Part[],
  { signal, onProgress }: MakeOptions,
): Promise<number | undefined> => {
  if (keyring === undefined) return undefined
  const file = await open(FILES.keyring)
  const keys = await writeKeys(keyring, file, signal)
  onProgress({ doing: 'keyring', count: keys })
  parts.push(await file.finish())
  return keys
}

const vaultInto = async (
  { vault }: Sources,
  open: OpenPart,
  parts: Part[],
  { directory, signal, onProgress }: MakeOptions & { readonly directory: string },
): Promise<VaultPart | undefined> => {
  if (vault === undefined) return undefined
  const file = await open(FILES.vault)
  const onBlob = (count: number): void => onProgress({ doing: 'blobs', count })
  const written = await writeVault(vault, file, { directory, signal, onProgress: onBlob })
  parts.push(await file.finish())
  return written
}

const about = (
  { kinds }: Sources,
  { events, firstPosition, lastPosition, root }: HistoryPart,
  { version, now }: MakeOptions,
): Omit<Manifest, 'head' | 'checkpoints' | 'parts'> => ({
  format: 1,
  version,
  made: new Date(now()).toISOString(),
  source: kinds,
  events,
  firstPosition: String(firstPosition),
  lastPosition: String(lastPosition),
  size: events,
  root,
  complete: true,
})

/** The note of the newest signed head among what was copied. */
const signedHead = async (history: Pick<History, 'read'>, upTo: bigint): Promise<string | null> => {
  for await (const page of history.read(HEADS_STREAM, { direction: 'backwards' })) {
    const found = page.find(({ type, position }) => type === 'HeadSigned' && position <= upTo)
    const note = found?.data['note']
    if (typeof note === 'string') return note
  }
  return null
}

const HEADS_STREAM = 'platform.job-heads'

/**
 * Only renames are left when the first part takes its place: in between, an older manifest does not fit. A newer keyring beside an older history
 * still opens every event of it; the other way round it would not.
 */
const complete = async (directory: string, manifest: Manifest): Promise<void> => {
  const aside = await openPart(directory, FILES.manifest, { keeps: false })
  await aside.write(`${JSON.stringify(manifest, undefined, 2)}\n`)
  await aside.finish()
  for (const { name } of [...manifest.parts].reverse()) await publish(directory, name)
  await syncDirectory(directory)
  await publish(directory, FILES.manifest)
  await syncDirectory(directory)
  if (manifest.parts.some(({ name }) => name === FILES.vault)) await forgetOtherBlobs(directory)
}

/** Of those that were deleted since the last time. */
const forgetOtherBlobs = async (directory: string): Promise<void> => {
  const named = new Set<string>()
  for await (const page of linePages(join(directory, FILES.vault)))
    for (const { text } of page) {
      const line = readVaultLine(text)
      if ('blob' in line) named.add(`${line.blob.subject}/${line.blob.sha256}`)
    }
  await removeOtherBlobs(directory, ({ subject, sha256 }) => named.has(`${subject}/${sha256}`))
}

/** Throws `CopyRefused` if something else than such a copy is in there. */
const assertOurs = async (directory: string, names: readonly string[]): Promise<void> => {
  const blobs = names.includes(FILES.vault) ? [FILES.blobs] : []
  const known = new Set([
    ...[...names, FILES.manifest].flatMap((name) => [name, `${name}.part`]),
    LOCK,
    ...blobs,
  ])
  const strange = (await readdir(directory)).find((name) => !known.has(name))
  if (strange !== undefined)
    throw new CopyRefused(
      `${directory} has ${strange} in it: it is not an empty directory, nor a copy with the same parts`,
    )
  const path = join(directory, FILES.manifest)
  if (!(await exists(path))) return
  const had = manifestOf(await readFile(path, 'utf8')).parts.map(({ name }) => name)
  if (had.length !== names.length || names.some((name) => !had.includes(name)))
    throw new CopyRefused(`${directory} is a copy with other parts: ${had.join(', ')}`)
}
