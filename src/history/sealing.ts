import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { isObject, type Json, type JsonObject } from '../json.ts'
import type { Keyring } from '../vault/port.ts'
import { isSealed, open, seal, SEALED_FOR_NOBODY } from './cipher.ts'
import {
  HistoryUnavailable,
  type AppendFailure,
  type Appended,
  type Delivery,
  type Expected,
  type History,
  type NewEvent,
  type Page,
  type StoredEvent,
} from './port.ts'

/**
 * Which fields of an event's data are sealed, as dotted paths, and whose key seals them. `subject` may be `undefined` only for an
 * event in which all of these fields are absent or null.
 */
export type SealTable = {
  readonly [eventType: string]: {
    readonly fields: readonly string[]
    readonly subject: (event: NewEvent, stream: string) => string | undefined
  }
}

/** A sealed value that was changed, moved, or sealed with another key. Nothing behind it may be believed. */
export class SealBroken extends Error {
  override readonly name = 'SealBroken'
  readonly position: bigint
  constructor({ position, stream, revision }: StoredEvent, field: string, cause: unknown) {
    super(`the seal of ${field} is broken at position ${position} (${stream}, revision ${revision})`, {
      cause,
    })
    this.position = position
  }
}

/**
 * A history that seals personal data on append and opens it on read (decisions 5, 7). The key is flushed before the append. A
 * value whose key is destroyed reads as null, and so does what is appended for an erased subject afterwards: the fact is kept,
 * the value is not. Reading throws `SealBroken` at a value that is not what was sealed there.
 *
 * Events without sealed fields, and keys in memory, cost no turn of the event loop. The keyring is left open by `close`.
 */
export const sealedHistory = (history: History, keyring: Keyring, table: SealTable): History => {
  const rules = rulesOf(table)
  const opening = openerOf(keyring, rules)
  return {
    append: appenderOf(history, keyring, rules),
    read: (stream, options) => openPages(history.read(stream, options), opening),
    readAll: (options) => openPages(history.readAll(options), opening),
    subscribe: (options) => openDeliveries(history.subscribe(options), opening),
    head: () => history.head(),
    close: () => history.close(),
  }
}

type Rule = { readonly fields: readonly Field[]; readonly subject: SealTable[string]['subject'] }
type Field = { readonly name: string; readonly path: readonly string[] }
type Rules = ReadonlyMap<string, Rule>

const rulesOf = (table: SealTable): Rules =>
  new Map(
    Object.entries(table).map(([type, { fields, subject }]) => [
      type,
      { fields: fields.map((name) => ({ name, path: name.split('.') })), subject },
    ]),
  )

/** An event to append, and whom its sealed fields speak of: `undefined` if nothing is to be sealed. */
type Draft = { readonly event: NewEvent; readonly subject: string | undefined }
type Keys = ReadonlyMap<string, Uint8Array | 'destroyed'>

const appenderOf = (history: History, keyring: Keyring, rules: Rules): History['append'] => {
  // The last append of a stream that still waits for its key: those behind it must not overtake it.
  const waiting = new Map<string, Promise<void>>()

  const inTurn = (
    stream: string,
    keys: Promise<Keys>,
    write: (keys: Keys) => Promise<Answer>,
  ): Promise<Answer> => {
    const started = Promise.all([settled(keys), waiting.get(stream)]).then(([found]) => ({
      // In an object: the turn is over when the append was begun, not when it is answered.
      answer: E.isLeft(found) ? Promise.resolve(found) : write(found.right),
    }))
    const turn = started.then(nothing, nothing)
    waiting.set(stream, turn)
    void turn.then(() => waiting.get(stream) === turn && waiting.delete(stream))
    return started.then(({ answer }) => answer)
  }
  const append = (stream: string, expected: Expected, events: readonly NewEvent[]): Promise<Answer> => {
    const drafts = events.some(({ type }) => rules.has(type)) ? draftsOf(events, stream, rules) : undefined
    const write = (keys: Keys): Promise<Answer> =>
      history.append(stream, expected, drafts?.map((draft) => sealEvent(draft, keys, rules)) ?? events)()
    const keys = drafts === undefined ? NO_KEYS : keysInMemory(drafts, keyring)
    if (keys !== undefined && !waiting.has(stream)) return write(keys)
    return inTurn(
      stream,
      keys === undefined ? obtainKeys(drafts ?? [], keyring) : Promise.resolve(keys),
      write,
    )
  }
  return (stream, expected, events) => () => {
    try {
      return append(stream, expected, events)
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)))
    }
  }
}

type Answer = Either<AppendFailure, Appended>
const NO_KEYS: Keys = new Map()
const nothing = (): void => undefined

const settled = (keys: Promise<Keys>): Promise<Either<AppendFailure, Keys>> =>
  keys.then(
    (found) => E.right(found),
    (error: unknown) => E.left({ _tag: 'Unavailable', reason: `no key to seal with: ${String(error)}` }),
  )

const draftsOf = (events: readonly NewEvent[], stream: string, rules: Rules): readonly Draft[] =>
  events.map((event) => {
    const rule = rules.get(event.type)
    if (rule === undefined) return { event, subject: undefined }
    const values = rule.fields
      .map(({ path }) => valueAt(event.data, path))
      .filter((value) => value !== undefined)
    const subject = rule.subject(event, stream)
    if (subject === undefined && values.some((value) => value !== null)) {
      throw new TypeError(`${event.type} has something to seal and no subject`)
    }
    return { event, subject: values.length === 0 ? undefined : subject }
  })

/** `undefined` if one has to be made or fetched. */
const keysInMemory = (drafts: readonly Draft[], keyring: Keyring): Keys | undefined => {
  const keys = new Map<string, Uint8Array>()
  for (const { subject } of drafts) {
    if (subject === undefined || keys.has(subject)) continue
    const key = keyring.find(subject)
    if (!(key instanceof Uint8Array)) {
      // Asked for again by `obtain`, which also tells why there is none.
      if (key !== undefined) key.catch(nothing)
      return undefined
    }
    keys.set(subject, key)
  }
  return keys
}

const obtainKeys = async (drafts: readonly Draft[], keyring: Keyring): Promise<Keys> => {
  const subjects = new Set(drafts.flatMap(({ subject }) => subject ?? []))
  return new Map(
    await Promise.all(
      [...subjects].map(async (subject) => [subject, await keyring.obtain(subject)] as const),
    ),
  )
}

const sealEvent = ({ event, subject }: Draft, keys: Keys, rules: Rules): NewEvent => {
  if (subject === undefined) return event
  const key = keys.get(subject) ?? 'destroyed'
  const data = changed(event.data, rules.get(event.type), (value, field) =>
    key === 'destroyed' ? SEALED_FOR_NOBODY : seal(value, key, placeOf(event, field)),
  )
  return { ...event, data, meta: { ...event.meta, subject } }
}

type Opener = (page: Page) => Page | Promise<Page>
type FoundKeys = ReadonlyMap<string, Uint8Array | undefined>

const openerOf =
  (keyring: Keyring, rules: Rules): Opener =>
  (page) => {
    const sealed = page.filter(({ type, meta }) => meta.subject !== undefined && rules.has(type))
    if (sealed.length === 0) return page
    const keys = findKeys(new Set(sealed.flatMap(({ meta }) => meta.subject ?? [])), keyring)
    const opened = (found: FoundKeys): Page => page.map((event) => openEvent(event, found, rules))
    return keys instanceof Promise ? keys.then(opened) : opened(keys)
  }

/** Not a promise if no key has to be waited for. */
const findKeys = (subjects: ReadonlySet<string>, keyring: Keyring): FoundKeys | Promise<FoundKeys> => {
  try {
    const found = [...subjects].map((subject) => [subject, keyring.find(subject)] as const)
    const now = found.flatMap(([subject, key]) => (key instanceof Promise ? [] : [[subject, key] as const]))
    if (now.length === found.length) return new Map(now)
    return Promise.all(found.map(async ([subject, key]) => [subject, await key] as const)).then(
      (all) => new Map(all),
      unavailable,
    )
  } catch (error) {
    return unavailable(error)
  }
}

const unavailable = (cause: unknown): never => {
  throw new HistoryUnavailable('the keyring cannot be read', { cause })
}

const openEvent = (event: StoredEvent, keys: FoundKeys, rules: Rules): StoredEvent => {
  const { subject } = event.meta
  if (subject === undefined) return event
  const key = keys.get(subject)
  const data = changed(event.data, rules.get(event.type), (value, field) => {
    if (!isSealed(value)) return value
    if (key === undefined) return null
    try {
      return open(value, key, placeOf(event, field))
    } catch (error) {
      throw new SealBroken(event, field, error)
    }
  })
  return data === event.data ? event : { ...event, data }
}

/** What a sealed value is tied to: it opens in no other event and under no other field. */
const placeOf = ({ id }: NewEvent, field: string): string => `${id}\0${field}`

async function* openPages(source: AsyncIterable<Page>, opening: Opener): AsyncIterable<Page> {
  for await (const page of source) yield opening(page)
}

async function* openDeliveries(source: AsyncIterable<Delivery>, opening: Opener): AsyncIterable<Delivery> {
  for await (const delivery of source) {
    const opened = opening(delivery.events)
    const events = opened instanceof Promise ? await opened : opened
    yield events === delivery.events ? delivery : { ...delivery, events }
  }
}

type Change = (value: Json, field: string) => Json

const changed = (data: JsonObject, rule: Rule | undefined, change: Change): JsonObject =>
  rule?.fields.reduce((all, { name, path }) => changedAt(all, path, (value) => change(value, name)), data) ??
  data

/** The same object if there is nothing at the path, or if it stays. */
const changedAt = (data: JsonObject, path: readonly string[], change: (value: Json) => Json): JsonObject => {
  const [key = '', ...rest] = path
  const value = ownValue(data, key)
  if (value === undefined) return data
  const next = rest.length === 0 ? change(value) : isObject(value) ? changedAt(value, rest, change) : value
  return next === value ? data : { ...data, [key]: next }
}

const valueAt = (data: JsonObject, path: readonly string[]): Json | undefined =>
  path.reduce<Json | undefined>((value, key) => (isObject(value) ? ownValue(value, key) : undefined), data)

const ownValue = (data: JsonObject, key: string): Json | undefined =>
  Object.hasOwn(data, key) ? data[key] : undefined
