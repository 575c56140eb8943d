import { isObject, type Json, type JsonObject } from '../../json.ts'
import type { Contact } from './address-book.ts'
import { isWhole } from './user-fields.ts'

/** An upload's entries (connectycube 5.1): those in order, and what is wrong with the others, by their index. */
export type ReadContacts = {
  readonly contacts: readonly Contact[]
  readonly rejected: { readonly [index: string]: readonly string[] }
}

export const readContacts = (entries: readonly Json[]): ReadContacts => {
  const contacts: Contact[] = []
  const rejected: { [index: string]: readonly string[] } = {}
  for (const [index, entry] of entries.entries()) {
    const read = isObject(entry) ? readContact(entry) : [FIELDS]
    if ('phone' in read) contacts.push(read)
    else rejected[String(index)] = read
  }
  return { contacts, rejected }
}

/** Its digits may stand in an address book. */
export const isContactPhone = (digits: string): boolean => isWithin(digits.length, 10, 15)

const FIELDS = 'Invalid fields set'
const PHONE = "Length of 'phone' field should be min: 10 and max: 15."
const NAME = "Length of 'name' field should be min: 1 and max: 255."
const KNOWN: ReadonlySet<string> = new Set(['name', 'phone', 'destroy'])

const textOf = (value: Json | undefined): string | undefined =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined

const wholeOf = (text: string | undefined): string | undefined =>
  text === undefined || isWhole(text) ? text : undefined

const isTrue = (value: Json | undefined): boolean =>
  value === true || value === 1 || value === '1' || value === 'true'

const isWithin = (length: number, min: number, max: number): boolean => length >= min && length <= max

const hasFields = (entry: JsonObject, isNamed: boolean): boolean =>
  isNamed && Object.keys(entry).every((key) => KNOWN.has(key))

const readContact = (entry: JsonObject): Contact | readonly string[] => {
  const phone = textOf(entry['phone'])
  const name = isTrue(entry['destroy']) ? null : wholeOf(textOf(entry['name']))
  if (phone === undefined || !hasFields(entry, name !== undefined)) return [FIELDS]
  const digits = phone.replace(/\D/g, '')
  const faults = isContactPhone(digits) ? [] : [PHONE]
  if (typeof name === 'string' && !isWithin(Array.from(name).length, 1, 255)) faults.push(NAME)
  if (faults.length > 0) return faults
  return typeof name === 'string' ? { phone: digits, name } : { phone: digits }
}
