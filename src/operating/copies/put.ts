import { freeBytes } from '../../embedded/directory.ts'
import { FREE_SPACE_BYTES_MIN } from '../../limits.ts'
import type { HeldBlob, HeldKey } from '../../vault/port.ts'
import { CopyInterrupted, CopyRefused, FILES } from './format.ts'
import { putEvents, readBack, type PutHistory, type Watch } from './put-history.ts'
import type { Copy } from './reading.ts'
import { digested } from './secret-parts.ts'
import type { Targets } from './targets.ts'

export type PutOptions = Watch & {
  /** A restore: vault and blobs too. */
  readonly withVault: boolean
  /** Blobs that cannot be read, or whose bytes are not what their name says, are left out and do not end it. */
  readonly withoutDamaged?: boolean
}

export type Put = PutHistory & {
  /** Of the events, those that an interrupted import had left. */
  readonly there: number
  readonly keys: number
  /** Events and keys had all been put there before. */
  readonly isRepeated: boolean
  /** `blobs/<digest of the subject>/<sha256>` of what was left out. */
  readonly damaged: readonly string[]
}

/**
 * Puts a copy into stores that are empty, or where an interrupted import of the same copy left off; throws `CopyRefused` for others. First
 * the history, which is read back and compared, then vault and blobs, then the keys of subjects, and the installation's own keys last: no
 * server starts on a history without the key that it was begun with (decisions 27), so none starts on half an import.
 */
export const putCopy = async (copy: Copy, targets: Targets, options: PutOptions): Promise<Put> => {
  const installation = await installationKeys(copy)
  const isComplete = await holdsAll(targets, installation)
  const there = await targets.history.head()
  await assertFresh(targets, { isFresh: there === 0n, isComplete })
  if (there === 0n) await assertRoom(copy, targets)
  const before = await putEvents(copy, targets, { ...options, there, mayWrite: !isComplete })
  const back = await readBack(copy, targets.history, options)
  // No server has used the stores yet, so to put it there again changes nothing.
  const damaged = options.withVault ? await putVault(copy, targets, options) : []
  if (!isComplete) {
    for await (const page of subjectKeys(copy)) {
      await targets.keyring.putBack(page)
      if (options.signal.aborted) throw new CopyInterrupted()
    }
    await targets.keyring.putBack(installation)
  }
  return { ...back, there: before, keys: await countKeys(copy), isRepeated: isComplete, damaged }
}

const putVault = async (
  copy: Copy,
  { vault }: Targets,
  { signal, onProgress, withoutDamaged }: PutOptions,
): Promise<readonly string[]> => {
  const damaged: string[] = []
  let blobs = 0
  for await (const page of copy.vault()) {
    const entries = page.flatMap((line) => ('entry' in line ? [line.entry] : []))
    for (let from = 0; from < entries.length; from += ENTRIES_AT_ONCE)
      await vault.holding.putEntries(entries.slice(from, from + ENTRIES_AT_ONCE))
    for (const line of page) {
      if ('counter' in line) await vault.raise(line.counter.name, line.counter.last)
      if (!('blob' in line)) continue
      const fault = await faultOf(copy, line.blob)
      if (fault === undefined) await vault.holding.putBlob(line.blob.subject, copy.blob(line.blob))
      else if (withoutDamaged === true) damaged.push(nameOf(line.blob))
      else throw new CopyRefused(`${nameOf(line.blob)} ${fault}. ${LEAVE_OUT}`)
      blobs += 1
      onProgress({ doing: 'blobs', count: blobs })
      if (signal.aborted) throw new CopyInterrupted()
    }
  }
  return damaged
}

const ENTRIES_AT_ONCE = 100

/** Asked before it is put, because a vault keeps what it is given under the digest of what came. */
const faultOf = async (copy: Copy, blob: HeldBlob): Promise<string | undefined> => {
  try {
    const { sha256 } = await digested(copy.blob(blob))
    return sha256 === blob.sha256 ? undefined : `is damaged: its SHA-256 is ${sha256}`
  } catch (error) {
    return `cannot be read: ${error instanceof Error ? error.message : String(error)}`
  }
}

const nameOf = ({ subject, sha256 }: HeldBlob): string => `${FILES.blobs}/${subject}/${sha256}`
const LEAVE_OUT = 'If there is no better copy, restore --without-damaged leaves it out'

type InstallationKey = Extract<HeldKey, { readonly of: 'installation' }>

/** A handful. */
const installationKeys = async (copy: Copy): Promise<readonly InstallationKey[]> => {
  const found: InstallationKey[] = []
  if (!copy.has(FILES.keyring)) return found
  for await (const page of copy.keys()) for (const key of page) if (key.of === 'installation') found.push(key)
  return found
}

async function* subjectKeys(copy: Copy): AsyncGenerator<readonly HeldKey[], void> {
  if (!copy.has(FILES.keyring)) return
  for await (const page of copy.keys()) {
    const keys = page.filter(({ of }) => of === 'subject')
    for (let from = 0; from < keys.length; from += ENTRIES_AT_ONCE)
      yield keys.slice(from, from + ENTRIES_AT_ONCE)
  }
}

const countKeys = async (copy: Copy): Promise<number> => {
  let keys = 0
  if (copy.has(FILES.keyring)) for await (const page of copy.keys()) keys += page.length
  return keys
}

/** The installation's keys are put last: with them, everything is there. */
const holdsAll = async ({ keyring }: Targets, installation: readonly InstallationKey[]): Promise<boolean> => {
  for (const { name, key } of installation) {
    const found = await keyring.findInstallation(name)
    if (found === undefined) return false
    if (Buffer.compare(found, key) !== 0)
      throw new CopyRefused('The stores are not empty: their keyring is that of another installation')
  }
  return installation.length > 0
}

/** Keys and entries beside an empty history belong to something else. */
const assertFresh = async (
  { keyring, vault }: Targets,
  { isFresh, isComplete }: { readonly isFresh: boolean; readonly isComplete: boolean },
): Promise<void> => {
  if (!isFresh || isComplete) return
  if (await hasAny(keyring.held()))
    throw new CopyRefused('The stores are not empty: there are keys in the keyring')
  const { entries, counters, blobs } = vault.holding
  if ((await hasAny(entries())) || (await hasAny(counters())) || (await hasAny(blobs())))
    throw new CopyRefused('The stores are not empty: there is something in the vault')
}

const hasAny = async (pages: AsyncIterable<readonly unknown[]>): Promise<boolean> => {
  for await (const page of pages) if (page.length > 0) return true
  return false
}

/** A full disk would end it in the middle. */
const assertRoom = async ({ manifest }: Copy, { directory, kind }: Targets): Promise<void> => {
  if (directory === undefined || kind !== 'embedded') return
  const free = await freeBytes(directory)
  const history = manifest.parts.find(({ name }) => name === FILES.history)?.bytes ?? 0
  if (free < history * STORED_SHARE + FREE_SPACE_BYTES_MIN)
    throw new Error(
      `The disk of ${directory} is full: ${free} bytes are free, and the history alone has ${history}`,
    )
}

/** An embedded history needs about as much as its lines, and some for the index of its streams. */
const STORED_SHARE = 1.25
