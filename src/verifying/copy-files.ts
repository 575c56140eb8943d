import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { isObject, type Json, type JsonObject } from '../json.ts'
import type { FaultGroup } from './faults.ts'

/** What stands beside the history in a copy. */
export type CopyFiles = { readonly faults: readonly FaultGroup[]; readonly notes: readonly string[] }

/**
 * Holds the other files of a copy against what tells of them: parts (keyring, vault) against the length and SHA-256 in the manifest, blobs against
 * the lines of the vault. Nothing signs these, so this finds damage, and nobody who changed both.
 */
export const checkCopyFiles = async (directory: string, manifest: JsonObject): Promise<CopyFiles> => {
  const parts = partsOf(manifest)
  const faults = (await Promise.all(parts.map((part) => partFault(directory, part)))).filter(
    (fault) => fault !== undefined,
  )
  const isVaultWhole = parts.some(({ name }) => name === VAULT) && !faults.some(({ file }) => file === VAULT)
  const { blobs, damaged } = isVaultWhole ? await checkBlobs(directory) : { blobs: 0, damaged: undefined }
  const all = [...faults.map(({ fault }) => fault), ...(damaged === undefined ? [] : [damaged])]
  return { faults: all, notes: all.length > 0 ? [] : [noteOf(parts, blobs)] }
}

const HISTORY = 'history.ndjson'
const VAULT = 'vault.ndjson'
const BLOBS = 'blobs'

type Part = { readonly name: string; readonly bytes: Json; readonly sha256: Json }

/** The history has its own leaves, root and heads. */
const partsOf = ({ parts = null }: JsonObject): readonly Part[] =>
  (Array.isArray(parts) ? parts : []).flatMap((part: Json) =>
    isObject(part) && typeof part.name === 'string' && part.name !== HISTORY
      ? [{ name: part.name, bytes: part.bytes ?? null, sha256: part.sha256 ?? null }]
      : [],
  )

const partFault = async (
  directory: string,
  { name, bytes, sha256 }: Part,
): Promise<{ readonly file: string; readonly fault: FaultGroup } | undefined> => {
  const found = await digestOf(join(directory, name))
  if (!('why' in found) && found.bytes === bytes && found.sha256 === sha256) return undefined
  const how =
    'why' in found
      ? `cannot be read: ${found.why}`
      : found.bytes === bytes
        ? 'is not the one that the manifest names: its SHA-256 is another'
        : `has ${found.bytes} bytes, and the manifest says ${JSON.stringify(bytes)}`
  return { file: name, fault: { kind: 'part', detail: `${name} ${how}`, count: 1 } }
}

type Blobs = { readonly blobs: number; readonly damaged: FaultGroup | undefined }

const checkBlobs = async (directory: string): Promise<Blobs> => {
  let blobs = 0
  let damaged: FaultGroup | undefined
  for await (const line of createInterface({ input: createReadStream(join(directory, VAULT)) })) {
    const blob = blobIn(line)
    if (blob === undefined) continue
    blobs += 1
    const detail = await blobFault(directory, blob)
    if (detail === undefined) continue
    damaged =
      damaged === undefined ? { kind: 'part', detail, count: 1 } : { ...damaged, count: damaged.count + 1 }
  }
  return { blobs, damaged }
}

type Blob = { readonly subject: string; readonly sha256: string }

const blobIn = (line: string): Blob | undefined => {
  const value: unknown = JSON.parse(line)
  const blob = isObject(value) ? value.blob : undefined
  if (!isObject(blob)) return undefined
  const { subject, sha256 } = blob
  return typeof subject === 'string' && typeof sha256 === 'string' ? { subject, sha256 } : undefined
}

const blobFault = async (directory: string, { subject, sha256 }: Blob): Promise<string | undefined> => {
  const name = `${BLOBS}/${subject}/${sha256}`
  const found = await digestOf(join(directory, BLOBS, subject, sha256))
  if ('why' in found) return `${name} cannot be read: ${found.why}`
  return found.sha256 === sha256 ? undefined : `${name} is damaged: its SHA-256 is ${found.sha256}`
}

type Digest = { readonly bytes: number; readonly sha256: string } | { readonly why: string }

const digestOf = async (path: string): Promise<Digest> => {
  const hash = createHash('sha256')
  let bytes = 0
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES })) {
      hash.update(chunk as Buffer)
      bytes += (chunk as Buffer).length
    }
  } catch (error) {
    return { why: error instanceof Error ? error.message : String(error) }
  }
  return { bytes, sha256: hash.digest('hex') }
}

const READ_BYTES = 256 * 1024

const noteOf = (parts: readonly Part[], blobs: number): string => {
  const names = parts.map(({ name }) => name)
  const files = names.includes(VAULT) ? [...names, `${blobs} blobs`] : names
  return files.length === 0
    ? 'Beside the history it has nothing: no keyring and no vault.'
    : `Beside the history, as written but signed by nobody: ${files.join(', ')}.`
}
