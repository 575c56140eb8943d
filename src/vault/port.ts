import type { Readable } from 'node:stream'
import type { JsonObject } from '../json.ts'

/**
 * The port of what must not be history: short-lived secrets, counters, leases, file contents. Every write is flushed to disk
 * before it answers. An entry lives in a *space* (`stores.sessions`) under a *key*; an expired one is absent at once
 * (decisions 20), a sweeper deletes it later.
 */
export type Vault = {
  /** Creates or replaces. */
  readonly put: (space: string, key: string, value: JsonObject, options?: PutOptions) => Promise<void>
  readonly get: (space: string, key: string) => Promise<Entry | undefined>
  /** Reads and deletes at once: of many takers exactly one gets it. */
  readonly take: (space: string, key: string) => Promise<Entry | undefined>
  readonly delete: (space: string, key: string) => Promise<boolean>
  /** Replaces (or with `undefined` deletes) if the entry still has that version; `absent`: if there is none. Tells whether it did. */
  readonly compareAndSet: (
    space: string,
    key: string,
    expected: string,
    next: { readonly value: JsonObject; readonly options?: PutOptions } | undefined,
  ) => Promise<boolean>
  /** Live entries of a space whose key begins with `prefix`, in order of the key. */
  readonly list: (space: string, prefix?: string) => AsyncIterable<readonly KeyedEntry[]>
  /** The counter's next number, 1n first. Never the same twice, also after a crash. */
  readonly next: (counter: string) => Promise<bigint>
  /** Makes the counter's last number at least `atLeast` (decisions 11). */
  readonly raise: (counter: string, atLeast: bigint) => Promise<void>
  /** Stores bytes under their subject and SHA-256 (decisions 17). `BlobTooLarge` past `bytesMax`; nothing stays of a broken one. */
  readonly putBlob: (subject: string, content: Readable, bytesMax: number) => Promise<Blob>
  /** `undefined` if it is not there. `from` and `to` are byte offsets, both included. */
  readonly readBlob: (
    subject: string,
    sha256: string,
    range?: { readonly from: number; readonly to: number },
  ) => Promise<Readable | undefined>
  readonly deleteBlob: (subject: string, sha256: string) => Promise<boolean>
  /** Every entry put with that subject, and every blob of it. */
  readonly deleteSubject: (subject: string) => Promise<void>
  /** Deletes what has expired; the count tells how many. */
  readonly sweep: () => Promise<number>
  /** Afterwards nothing that was deleted or replaced before stands in the files any more (decisions 8). Blobs are files of their own. */
  readonly rewrite: () => Promise<void>
  /** For those who copy everything, and put it back elsewhere. */
  readonly holding: VaultHolding
  readonly close: () => Promise<void>
}

/**
 * All that a vault holds, as it holds it. Of a subject there is only the SHA-256 of its name, in hexadecimal: no adapter needs more. What
 * is there when an iteration begins and stays is given; pages are read when they are asked for.
 */
export type VaultHolding = {
  /** Live ones, space by space, in order of the key. */
  readonly entries: () => AsyncIterable<readonly HeldEntry[]>
  readonly counters: () => AsyncIterable<readonly HeldCounter[]>
  readonly blobs: () => AsyncIterable<readonly HeldBlob[]>
  readonly readBlob: (subject: string, sha256: string) => Promise<Readable | undefined>
  /** Creates or replaces; what has expired meanwhile is left out. Counters are put back with `raise`. */
  readonly putEntries: (entries: readonly HeldEntry[]) => Promise<void>
  readonly putBlob: (subject: string, content: Readable) => Promise<Blob>
}

export type HeldEntry = {
  readonly space: string
  readonly key: string
  readonly value: JsonObject
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt?: number
  readonly subject?: string
}
export type HeldCounter = { readonly name: string; readonly last: bigint }
export type HeldBlob = { readonly subject: string; readonly sha256: string }

export type PutOptions = {
  /** Milliseconds from now; without it the entry stays until it is deleted. */
  readonly ttlMs?: number
  /** Whom it speaks of: `deleteSubject` finds it. */
  readonly subject?: string
}
export type Entry = {
  readonly value: JsonObject
  /** Changes with every write; for `compareAndSet`. */
  readonly version: string
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt?: number
}
export type KeyedEntry = Entry & { readonly key: string }
export type Blob = { readonly sha256: string; readonly bytes: number }

export class BlobTooLarge extends Error {
  override readonly name = 'BlobTooLarge'
}
/** Thrown when the store cannot be reached or refused to flush. */
export class VaultUnavailable extends Error {
  override readonly name: string = 'VaultUnavailable'
}

/**
 * The keys that seal personal data (decisions 1, 4, 8), in a store of their own so that a destroyed key can be made
 * unreadable on disk too. 32 random bytes each.
 */
export type Keyring = {
  /** The subject's key, made and flushed if there was none. `destroyed` once it was destroyed: it is never made again. */
  readonly obtain: (subject: string) => Promise<Uint8Array | 'destroyed'>
  /** `undefined`: never made, or destroyed. Answers at once (not a promise) when the key is in memory. */
  readonly find: (subject: string) => Uint8Array | undefined | Promise<Uint8Array | undefined>
  /** Leaves a mark without the key. Idempotent. */
  readonly destroy: (subject: string) => Promise<void>
  /** A key of the installation itself (the claim key), made at first use. */
  readonly installation: (name: string) => Promise<Uint8Array>
  /** `undefined` if it was not made yet. */
  readonly findInstallation: (name: string) => Promise<Uint8Array | undefined>
  /** Afterwards no key that was destroyed before stands in the files any more (decisions 8). */
  readonly rewrite: () => Promise<void>
  /** Every key and every mark of a destroyed one, for those who copy them. What is there when it begins is given. */
  readonly held: () => AsyncIterable<readonly HeldKey[]>
  /**
   * Puts keys and marks where there are none. All or nothing on the embedded keyring; throws `KeyConflict` where something else stands under
   * a name, and never replaces it.
   */
  readonly putBack: (keys: readonly HeldKey[]) => Promise<void>
  readonly close: () => Promise<void>
}

export type HeldKey =
  | { readonly of: 'subject'; readonly name: string; readonly key: Uint8Array | 'destroyed' }
  | { readonly of: 'installation'; readonly name: string; readonly key: Uint8Array }

/** Another key stands there, or the mark of a destroyed one. */
export class KeyConflict extends Error {
  override readonly name = 'KeyConflict'
}
