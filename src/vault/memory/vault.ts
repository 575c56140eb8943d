import { createHash, randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { VAULT_PAGE_ENTRIES } from '../../limits.ts'
import type { JsonObject } from '../../json.ts'
import {
  counterName,
  expiryOf,
  keyAt,
  partsOf,
  placeOf,
  placePrefix,
  placeToWrite,
  subjectDigest,
} from '../names.ts'
import {
  BlobTooLarge,
  type Blob,
  type Entry,
  type KeyedEntry,
  type PutOptions,
  type Vault,
  type VaultHolding,
} from '../port.ts'
import { promised } from '../promised.ts'

/** A vault for tests: it ends with the process. `now` in milliseconds since the Unix epoch. */
export const memoryVault = ({ now }: { readonly now: () => number }): Vault => {
  const entries = new Map<string, Held>()
  const { held, ...counting } = countersIn(new Map())
  const { holding, ...blobs } = blobsIn(entries)
  return {
    ...entriesIn(entries, now),
    ...counting,
    ...blobs,
    holding: { ...holdingIn(entries, now), counters: held, ...holding },
    sweep: () => Promise.resolve(removeWhere(entries, (held) => live(held, now()) === undefined)),
    rewrite: () => Promise.resolve(),
    close: () => Promise.resolve(),
  }
}

/** JSON text, so that nobody's object is shared; the subject as its digest. */
type Held = Omit<Entry, 'value'> & { readonly text: string; readonly subject: string | undefined }

/** By place: one character a byte, so that places sort like bytes. */
type Entries = Map<string, Held>

const entriesIn = (
  entries: Entries,
  now: () => number,
): Pick<Vault, 'put' | 'get' | 'take' | 'delete' | 'compareAndSet' | 'list'> => {
  const get = (id: string | undefined): Entry | undefined =>
    live(id === undefined ? undefined : entries.get(id), now())
  const take = (space: string, key: string): Entry | undefined => {
    const id = idOf(placeOf(space, key))
    const found = get(id)
    if (id !== undefined) entries.delete(id)
    return found
  }
  return {
    put: (space, key, value, options) =>
      promised(() => void entries.set(idOf(placeToWrite(space, key)), held(value, options, now()))),
    get: (space, key) => promised(() => get(idOf(placeOf(space, key)))),
    take: (space, key) => promised(() => take(space, key)),
    delete: (space, key) => promised(() => take(space, key) !== undefined),
    compareAndSet: (space, key, expected, next) =>
      promised(() => {
        const id = idOf(placeToWrite(space, key))
        if ((get(id)?.version ?? 'absent') !== expected) return false
        if (next === undefined) entries.delete(id)
        else entries.set(id, held(next.value, next.options, now()))
        return true
      }),
    list: (space, prefix = '') => list(entries, now, space, prefix),
  }
}

const countersIn = (
  counters: Map<string, bigint>,
): Pick<Vault, 'next' | 'raise'> & { readonly held: VaultHolding['counters'] } => ({
  held: () =>
    inPages([...counters].map(([id, last]) => ({ name: Buffer.from(id, 'latin1').toString(), last }))),
  next: (counter) =>
    promised(() => {
      const name = idOf(counterName(counter))
      const number = (counters.get(name) ?? 0n) + 1n
      counters.set(name, number)
      return number
    }),
  raise: (counter, atLeast) =>
    promised(() => {
      const name = idOf(counterName(counter))
      if ((counters.get(name) ?? 0n) < atLeast) counters.set(name, atLeast)
    }),
})

const blobsIn = (
  entries: Entries,
): Pick<Vault, 'putBlob' | 'readBlob' | 'deleteBlob' | 'deleteSubject'> & {
  readonly holding: Pick<VaultHolding, 'blobs' | 'readBlob' | 'putBlob'>
} => {
  const blobs = new Map<string, Map<string, Buffer>>()
  const put = async (digest: string, content: Readable, bytesMax: number): Promise<Blob> => {
    const bytes = await collect(content, bytesMax)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    blobs.set(digest, (blobs.get(digest) ?? new Map<string, Buffer>()).set(sha256, bytes))
    return { sha256, bytes: bytes.length }
  }
  const read = (digest: string, sha256: string, range?: { readonly from: number; readonly to: number }) =>
    promised(() => {
      const bytes = blobs.get(digest)?.get(sha256)
      const part = range === undefined ? bytes : bytes?.subarray(range.from, range.to + 1)
      return part === undefined ? undefined : Readable.from(part.length === 0 ? [] : [Buffer.from(part)])
    })
  return {
    putBlob: (subject, content, bytesMax) => put(digestOf(subject), content, bytesMax),
    readBlob: (subject, sha256, range) => read(digestOf(subject), sha256, range),
    deleteBlob: (subject, sha256) => promised(() => blobs.get(digestOf(subject))?.delete(sha256) ?? false),
    deleteSubject: (subject) =>
      promised(() => {
        removeWhere(entries, (held) => held.subject === digestOf(subject))
        blobs.delete(digestOf(subject))
      }),
    holding: {
      blobs: () =>
        inPages(
          [...blobs].flatMap(([subject, all]) => [...all.keys()].map((sha256) => ({ subject, sha256 }))),
        ),
      readBlob: read,
      putBlob: (digest, content) => put(digest, content, Infinity),
    },
  }
}

const holdingIn = (entries: Entries, now: () => number): Pick<VaultHolding, 'entries' | 'putEntries'> => ({
  entries: () =>
    inPages(
      [...entries.keys()].sort().flatMap((id) => {
        const held = entries.get(id)
        const entry = live(held, now())
        if (entry === undefined) return []
        const { version: _version, ...rest } = entry
        const subject = held?.subject === undefined ? {} : { subject: held.subject }
        return [{ ...partsOf(Buffer.from(id, 'latin1')), ...rest, ...subject }]
      }),
    ),
  putEntries: (held) =>
    promised(() => {
      for (const { space, key, value, expiresAt, subject } of held) {
        const id = idOf(placeToWrite(space, key))
        if (expiresAt !== undefined && expiresAt <= now()) continue
        const common = { text: JSON.stringify(value), version: randomUUID(), subject }
        entries.set(id, expiresAt === undefined ? common : { ...common, expiresAt })
      }
    }),
})

async function* inPages<A>(all: readonly A[]): AsyncGenerator<readonly A[], void> {
  for (let from = 0; from < all.length; from += VAULT_PAGE_ENTRIES) {
    yield all.slice(from, from + VAULT_PAGE_ENTRIES)
    await nextTurn()
  }
}

const digestOf = (subject: string): string => subjectDigest(subject).toString('hex')

const held = (value: JsonObject, options: PutOptions | undefined, now: number): Held => {
  const expiresAt = expiryOf(now, options?.ttlMs)
  const subject = options?.subject === undefined ? undefined : digestOf(options.subject)
  const common = { text: JSON.stringify(value), version: randomUUID(), subject }
  return expiresAt === undefined ? common : { ...common, expiresAt }
}

const live = (held: Held | undefined, now: number): Entry | undefined => {
  if (held === undefined || (held.expiresAt !== undefined && held.expiresAt <= now)) return undefined
  const { text, version, expiresAt } = held
  const value = JSON.parse(text) as JsonObject
  return expiresAt === undefined ? { value, version } : { value, version, expiresAt }
}

const removeWhere = (entries: Entries, gone: (held: Held) => boolean): number => {
  let count = 0
  for (const [id, held] of entries) if (gone(held) && entries.delete(id)) count += 1
  return count
}

async function* list(
  entries: Entries,
  now: () => number,
  space: string,
  prefix: string,
): AsyncIterable<readonly KeyedEntry[]> {
  if (placeOf(space, prefix) === undefined) return
  const first = idOf(placePrefix(space, prefix))
  const ids = [...entries.keys()].filter((id) => id.startsWith(first)).sort()
  for (let from = 0; from < ids.length; from += VAULT_PAGE_ENTRIES) {
    const page = ids.slice(from, from + VAULT_PAGE_ENTRIES).flatMap((id) => {
      const entry = live(entries.get(id), now())
      return entry === undefined ? [] : [{ key: keyAt(Buffer.from(id, 'latin1')), ...entry }]
    })
    if (page.length > 0) yield page
    await nextTurn()
  }
}

const collect = async (content: Readable, bytesMax: number): Promise<Buffer> => {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const chunk of content as AsyncIterable<Uint8Array | string>) {
    parts.push(Buffer.from(chunk as Uint8Array))
    bytes += parts.at(-1)?.length ?? 0
    if (bytes > bytesMax) throw new BlobTooLarge(`more than ${bytesMax} bytes`)
  }
  return Buffer.concat(parts)
}

function idOf(place: Buffer): string
function idOf(place: Buffer | undefined): string | undefined
function idOf(place: Buffer | undefined): string | undefined {
  return place?.toString('latin1')
}
