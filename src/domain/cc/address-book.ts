import * as E from 'fp-ts/lib/Either.js'
import { CC_CONTACTS_AN_APPEND, CC_CONTACTS_BYTES_AN_APPEND, CC_CONTACTS_MAX } from '../../limits.ts'
import type { Decider, Fact } from '../decider.ts'
import { rejection } from '../rejection.ts'
import { addressBookEvents } from './address-book-events.ts'
import { userStream } from './names.ts'

/** Names by device (`''`: none) and phone. */
export type AddressBook = { readonly [udid: string]: { readonly [phone: string]: string } }

/** An entry of an upload that is in order; without a name it is to be deleted. */
export type Contact = { readonly phone: string; readonly name?: string }

export type Import = {
  readonly contacts: readonly Contact[]
  /** Without it the whole book is meant. */
  readonly udid?: string
  /** What is not in the upload goes. */
  readonly force: boolean
  /** Phones that an earlier part of the same upload has dealt with. */
  readonly done?: ReadonlySet<string>
}

/** What an upload comes to, or the first part of it if one append cannot hold all (decisions 16). */
export type Imported = {
  /** Phones that were created, updated (also if equal) and deleted. */
  readonly created: number
  readonly updated: number
  readonly deleted: number
  /** What really changes. */
  readonly set: readonly NamedEntry[]
  readonly removed: readonly Entry[]
  /** Phones that this part deals with. */
  readonly phones: readonly string[]
  readonly isAll: boolean
  /** By how many entries the book grows when all is done. */
  readonly growth: number
}

type Entry = { readonly udid: string; readonly phone: string }
type NamedEntry = Entry & { readonly name: string }

/** Rules of connectycube 5.1. The last of the same phone wins. */
export const planImport = (book: AddressBook, upload: Import): Imported => {
  const part: Change[] = []
  let [entries, bytes, growth, isAll] = [0, 0, 0, true]
  for (const entry of askedIn(book, upload)) {
    growth += entry.name === undefined ? -entry.devices.length : entry.devices.length === 0 ? 1 : 0
    if (!isAll) continue
    const change = changeOf(book, upload, entry)
    entries += change.set.length + change.removed.length
    bytes += Buffer.byteLength(JSON.stringify([change.set, change.removed]))
    isAll = part.length === 0 || (entries <= CC_CONTACTS_AN_APPEND && bytes <= CC_CONTACTS_BYTES_AN_APPEND)
    if (isAll) part.push(change)
  }
  const counted = (kind: Change['kind']): number => part.filter((change) => change.kind === kind).length
  return {
    ...{ created: counted('created'), updated: counted('updated'), deleted: counted('deleted') },
    set: part.flatMap(({ set }) => set),
    removed: part.flatMap(({ removed }) => removed),
    phones: part.map(({ phone }) => phone),
    ...{ isAll, growth },
  }
}

export type ImportCommand = { readonly app: number; readonly user: number; readonly import: Import }

/** Whom somebody knows (connectycube 5). */
export const addressBookDecider = (app: number, user: number): Decider<AddressBook, ImportCommand> => ({
  initial: {},
  stateVersion: 1,
  evolve,
  decide: (command, book) => {
    const { set, removed, growth } = planImport(book, command.import)
    if (set.length + removed.length === 0) return E.right([])
    if (growth > 0 && sizeOf(book) + growth > CC_CONTACTS_MAX)
      return E.left(rejection('TooLarge', 'contacts_max'))
    return E.right([addressBookEvents.fact('ContactsImported', { app, user, sealed: { set, removed } })])
  },
  subject: () => userStream(app, user),
})

/** What becomes of one phone. */
type Change = {
  readonly phone: string
  readonly kind: 'created' | 'updated' | 'deleted' | 'unknown'
  readonly set: readonly NamedEntry[]
  readonly removed: readonly Entry[]
}

/** What an upload wants of one phone, without a name that it goes, and which devices have it. */
type Asked = {
  readonly phone: string
  readonly name: string | undefined
  readonly devices: readonly string[]
}

/** One by one, because each part of a large upload goes through all that is left. */
function* askedIn(book: AddressBook, { contacts, udid, force, done }: Import): Generator<Asked> {
  const wanted = new Map(contacts.map(({ phone, name }) => [phone, name]))
  const { devicesOf, phones } = placesIn(book, udid)
  for (const [phone, name] of wanted)
    if (done?.has(phone) !== true) yield { phone, name, devices: devicesOf(phone) }
  if (!force) return
  for (const phone of phones())
    if (!wanted.has(phone)) yield { phone, name: undefined, devices: devicesOf(phone) }
}

const changeOf = (book: AddressBook, { udid = '' }: Import, { phone, name, devices }: Asked): Change => {
  if (name === undefined) {
    const removed = devices.map((device) => ({ udid: device, phone }))
    return { phone, kind: removed.length > 0 ? 'deleted' : 'unknown', set: [], removed }
  }
  const set = (devices.length > 0 ? devices : [udid])
    .filter((device) => nameIn(book, device, phone) !== name)
    .map((device) => ({ udid: device, phone, name }))
  return { phone, kind: devices.length > 0 ? 'updated' : 'created', set, removed: [] }
}

type Places = {
  readonly devicesOf: (phone: string) => readonly string[]
  readonly phones: () => Iterable<string>
}

/** Of one device, or of all: there may be as many as entries, so a phone is not looked for in each. */
const placesIn = (book: AddressBook, udid: string | undefined): Places => {
  const devices = udid === undefined ? Object.keys(book) : [udid]
  const [only] = devices
  if (only !== undefined && devices.length === 1)
    return {
      devicesOf: (phone) => (nameIn(book, only, phone) === undefined ? [] : devices),
      phones: () => Object.keys(entriesOf(book, only)),
    }
  const places = new Map<string, string[]>()
  for (const device of devices)
    for (const phone of Object.keys(entriesOf(book, device))) {
      const having = places.get(phone)
      if (having === undefined) places.set(phone, [device])
      else having.push(device)
    }
  return { devicesOf: (phone) => places.get(phone) ?? [], phones: () => places.keys() }
}

const entriesOf = (book: AddressBook, udid: string): AddressBook[string] =>
  (Object.hasOwn(book, udid) ? book[udid] : undefined) ?? {}

const nameIn = (book: AddressBook, udid: string, phone: string): string | undefined =>
  entriesOf(book, udid)[phone]

const sizeOf = (book: AddressBook): number =>
  Object.values(book).reduce((sum, entries) => sum + Object.keys(entries).length, 0)

const evolve = (book: AddressBook, event: Fact): AddressBook => {
  if (event.type !== 'ContactsImported') return book
  const { sealed } = addressBookEvents.dataOf('ContactsImported', event)
  const devices = new Map(
    Object.entries(book).map(([udid, entries]) => [udid, new Map(Object.entries(entries))]),
  )
  for (const { udid, phone } of sealed?.removed ?? []) devices.get(udid)?.delete(phone)
  for (const { udid, phone, name } of sealed?.set ?? []) {
    const entries = devices.get(udid) ?? new Map<string, string>()
    devices.set(udid, entries.set(phone, name))
  }
  return Object.fromEntries(
    [...devices]
      .filter(([, entries]) => entries.size > 0)
      .map(([udid, entries]) => [udid, Object.fromEntries(entries)]),
  )
}
