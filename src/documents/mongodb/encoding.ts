import { isList, type Json, type JsonObject } from '../../json.ts'
import { setOwn } from '../paths.ts'

/**
 * What BSON cannot hold, or servers refuse or misread, written so that they can: both ways exact, and texts keep their order by code
 * point, so that servers compare and sort what is written as they would what was meant. Almost everything is written as it is.
 *
 * **Texts**: half a surrogate pair, which UTF-8 has no bytes for, becomes U+E000 and a character that counts from U+0001; U+E000
 * itself becomes U+E000 U+0900. **Names of fields**: `%` and two hexadecimal digits stand for `%`, `.`, NUL, a `$` in front, and the first
 * letter of a name that the driver takes for its own; `%` alone for no name at all. **For a FerretDB 1**, which refuses lists within
 * lists and puts every `_id` first: such a list is an object with the one field `%A`, an `_id` that is not the first field `%5Fid`.
 */
export const encodeText = (text: string): string =>
  ODD_TEXT.test(text)
    ? text.replace(ODD_UNITS, (unit) => MARK + String.fromCharCode(offsetOf(unit.charCodeAt(0))))
    : text

export const decodeText = (text: string): string =>
  text.includes(MARK) ? text.replace(MARKED, (pair) => unitOf(pair.charCodeAt(1))) : text

export const encodeKey = (key: string): string => (isOddKey(key) ? encodeOddKey(key) : key)

/** A dotted path of the port as the server walks it. */
export const encodePath = (path: string): string => {
  if (path === '_id' || path.startsWith('_id.')) return path
  return `${VALUE}.${encodeRelativePath(path)}`
}

/** The same below an element of an array. */
export const encodeRelativePath = (path: string): string => path.split('.').map(encodeKey).join('.')

/** The field that a stored document has its value in. */
export const VALUE = 'v'

/**
 * A value as it is stored, the same object if nothing about it is odd. Numbers become what JSON makes of them: -0 is 0, what is not finite
 * null; fields that are `undefined` are left out. `limited`: for a FerretDB 1.
 */
export const encodeJson = (value: Json, limited = false): Json => {
  if (typeof value === 'string') return encodeText(value)
  if (typeof value === 'number') return encodeNumber(value)
  if (typeof value !== 'object' || value === null) return value
  return isList(value) ? encodeList(value, limited) : encodeObject(value, limited)
}

export const encodeObject = (object: JsonObject, limited = false): JsonObject => {
  const encoded: Record<string, Json> = {}
  let isOdd = false
  for (const [place, key] of Object.keys(object).entries()) {
    const value = object[key]
    const written = value === undefined ? undefined : encodeJson(value, limited)
    const name = nameOf(key, limited && place > 0)
    isOdd ||= name !== key || !Object.is(written, value)
    if (written === undefined) isOdd = true
    else encoded[name] = written
  }
  return isOdd ? encoded : object
}

export const decodeObject = (object: JsonObject): JsonObject => {
  const decoded: Record<string, Json> = {}
  for (const [key, value] of Object.entries(object)) setOwn(decoded, decodeKey(key), decodeJson(value))
  return decoded
}

const decodeJson = (value: Json): Json => {
  if (typeof value === 'string') return decodeText(value)
  if (typeof value !== 'object' || value === null) return value
  if (isList(value)) return value.map(decodeJson)
  const wrapped = value[LIST]
  return wrapped === undefined ? decodeObject(value) : decodeJson(wrapped)
}

const nameOf = (key: string, movesId: boolean): string =>
  movesId && key === '_id' ? MOVED_ID : encodeKey(key)

const encodeList = (list: readonly Json[], limited: boolean): readonly Json[] => {
  const encoded = Array.from(list, (item: Json | undefined) => {
    const written = encodeJson(item ?? null, limited)
    return limited && isList(written) ? { [LIST]: written } : written
  })
  return encoded.every((item, place) => Object.is(item, list[place])) ? list : encoded
}

const LIST = '%A'
const MOVED_ID = '%5Fid'

const encodeNumber = (value: number): number | null => (Number.isFinite(value) ? value + 0 : null)

const MARK = '\ue000'
const OF_MARK = 0x900
const ODD_TEXT = /[\p{Surrogate}\ue000]/u
const ODD_UNITS = /[\p{Surrogate}\ue000]/gu
const MARKED = /\ue000[\s\S]/g
const FIRST_SURROGATE = 0xd800

const offsetOf = (unit: number): number =>
  unit === MARK.charCodeAt(0) ? OF_MARK : unit - FIRST_SURROGATE + 1

const unitOf = (offset: number): string =>
  offset === OF_MARK ? MARK : String.fromCharCode(FIRST_SURROGATE + offset - 1)

const ODD_KEY = /^$|^\$|[%.\0\p{Surrogate}\ue000]/u
const EMPTY = '%'

/** The driver looks for some names where it should look for fields of their own. */
const isDriversName = (key: string): boolean => key in Object.prototype || key === '_bsontype'

const isOddKey = (key: string): boolean => ODD_KEY.test(key) || isDriversName(key)

const encodeOddKey = (key: string): string => {
  if (key === '') return EMPTY
  if (isDriversName(key)) return escape(key.charAt(0)) + key.slice(1)
  return encodeText(key.replace(/^\$|[%.\0]/g, escape))
}

const escape = (character: string): string =>
  `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`

const decodeKey = (key: string): string =>
  key === EMPTY
    ? ''
    : decodeText(key).replace(/%([0-9A-F]{2})/g, (_, digits: string) =>
        String.fromCharCode(parseInt(digits, 16)),
      )
