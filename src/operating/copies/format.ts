import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { eventJson, eventOfJson } from '../../history/event-json.ts'
import type { StoredEvent } from '../../history/port.ts'
import { isObject, type Json, type JsonObject } from '../../json.ts'
import { leafHash } from '../../proofs/leaf.ts'
import type { HeldBlob, HeldCounter, HeldEntry, HeldKey } from '../../vault/port.ts'

/** The files of a copy. One that is being written has `.part` behind its name. */
export const FILES = {
  manifest: 'manifest.json',
  history: 'history.ndjson',
  keyring: 'keyring.ndjson',
  vault: 'vault.ndjson',
  blobs: 'blobs',
} as const

/** What holds not: a damaged copy, another history, a place with something else in it. Exit code 1. */
export class CopyRefused extends Error {
  override readonly name = 'CopyRefused'
}

/** An operator broke it off, and the same command goes on. */
export class CopyInterrupted extends Error {
  override readonly name = 'CopyInterrupted'
  constructor() {
    super('Interrupted; the same command goes on where it was')
  }
}

const Part = t.type({ name: t.string, bytes: t.number, sha256: t.string })
export type Part = Readonly<t.TypeOf<typeof Part>>

/** Written last: where it stands, the copy is complete. Positions are text. */
export type Manifest = Readonly<t.TypeOf<typeof Manifest>>
export const Manifest = t.type({
  format: t.literal(1),
  version: t.string,
  made: t.string,
  source: t.type({
    history: t.union([t.literal('embedded'), t.literal('eventstoredb')]),
    vault: t.union([t.literal('embedded'), t.literal('mongodb')]),
  }),
  events: t.number,
  firstPosition: t.string,
  lastPosition: t.string,
  size: t.number,
  root: t.string,
  /** The newest signed head among the events. */
  head: t.union([t.string, t.null]),
  /** Where the documents stood when the copy was begun; they are not in it. */
  checkpoints: t.record(t.string, t.string),
  parts: t.array(Part),
  complete: t.literal(true),
})

/** Throws what `JSON.parse` throws, and `CopyRefused`. */
export const manifestOf = (text: string): Manifest => {
  const manifest = Manifest.decode(JSON.parse(text))
  if (E.isRight(manifest)) return manifest.right
  throw new CopyRefused('it is not the manifest of a complete copy that this version can read')
}

/** What ends a `history.ndjson`. */
export type HistoryEnd = { readonly events: number; readonly lastPosition: string; readonly root: string }

export const eventLine = (event: StoredEvent, leaf: Buffer): string =>
  `${JSON.stringify({ ...eventJson(event), leaf: leaf.toString('base64') })}\n`

export type EventLine = { readonly event: StoredEvent; readonly leaf: Buffer }

/** Throws a `CopyRefused` that names no place yet; an event's leaf has been computed anew and compared. */
export const readEventLine = (text: string): EventLine | { readonly end: HistoryEnd } => {
  const json = parsed(text)
  if ('end' in json) return { end: endOf(json.end) }
  const event = eventOfJson(json)
  if (event === undefined) throw new CopyRefused('it is not an event')
  const leaf = leafHash(event)
  if (json.leaf !== leaf.toString('base64')) throw new CopyRefused('the event does not fit its leaf')
  return { event, leaf }
}

const endOf = (json: Json | undefined): HistoryEnd => {
  const end = isObject(json) ? json : {}
  const { events, lastPosition, root } = end
  if (typeof events === 'number' && typeof lastPosition === 'string' && typeof root === 'string')
    return { events, lastPosition, root }
  throw new CopyRefused('it is not the end of a history')
}

export const keyLine = ({ of, name, key }: HeldKey): string =>
  `${JSON.stringify({
    [of]: name,
    ...(key === 'destroyed' ? { destroyed: true } : { key: Buffer.from(key).toString('base64') }),
  })}\n`

/** Throws a `CopyRefused` that names no place yet. */
export const readKeyLine = (text: string): HeldKey | { readonly end: JsonObject } => {
  const json = parsed(text)
  const { subject, installation, destroyed, key } = json
  if (isObject(json.end)) return { end: json.end }
  const bytes = typeof key === 'string' ? Buffer.from(key, 'base64') : undefined
  if (typeof subject === 'string' && destroyed === true)
    return { of: 'subject', name: subject, key: 'destroyed' }
  if (bytes?.length !== KEY_BYTES) throw new CopyRefused('it is not a key')
  if (typeof subject === 'string') return { of: 'subject', name: subject, key: bytes }
  if (typeof installation === 'string') return { of: 'installation', name: installation, key: bytes }
  throw new CopyRefused('it is not a key')
}

const KEY_BYTES = 32

/** A line of `vault.ndjson`: the content of a blob is a file of its own. */
export type VaultLine =
  | { readonly entry: HeldEntry }
  | { readonly counter: HeldCounter }
  | { readonly blob: HeldBlob & { readonly bytes: number } }
  | { readonly end: JsonObject }

export const vaultLine = (line: VaultLine): string =>
  `${JSON.stringify('counter' in line ? { counter: { ...line.counter, last: String(line.counter.last) } } : line)}\n`

/** Throws a `CopyRefused` that names no place yet. */
export const readVaultLine = (text: string): VaultLine => {
  const json = parsed(text)
  if (VaultJson.is(json)) return 'counter' in json ? { counter: counterOf(json.counter) } : json
  throw new CopyRefused('it is no part of a vault')
}

const counterOf = ({ name, last }: t.TypeOf<typeof CounterJson>): HeldCounter => {
  if (!/^\d+$/.test(last)) throw new CopyRefused('it is not the last number of a counter')
  return { name, last: BigInt(last) }
}

const CounterJson = t.type({ name: t.string, last: t.string })
const JsonValue = new t.Type<JsonObject>(
  'object',
  isObjectOf,
  (u, c) => (isObjectOf(u) ? t.success(u) : t.failure(u, c)),
  t.identity,
)
const VaultJson = t.union([
  t.type({
    entry: t.intersection([
      t.type({ space: t.string, key: t.string, value: JsonValue }),
      t.partial({ expiresAt: t.number, subject: t.string }),
    ]),
  }),
  t.type({ counter: CounterJson }),
  t.type({ blob: t.type({ subject: t.string, sha256: t.string, bytes: t.number }) }),
  t.type({ end: JsonValue }),
])

function isObjectOf(value: unknown): value is JsonObject {
  return isObject(value)
}

const parsed = (text: string): JsonObject => {
  try {
    const json: unknown = JSON.parse(text)
    if (isObject(json)) return json
  } catch {
    // As below: the parser's own message would show what stands there.
  }
  throw new CopyRefused('it is not a JSON object')
}
