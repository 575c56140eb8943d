import { isList, isObject, type Json } from '../json.ts'

/**
 * The canonical JSON of RFC 8785: no white space, keys in the order of their UTF-16 units, numbers and strings as `JSON.stringify` writes
 * them. The RFC knows no half of a surrogate pair; a history may hold one, so it stays as `JSON.stringify` escapes it.
 */
export const canonicalText = (value: Json): string => {
  if (isList(value)) return `[${value.map(canonicalText).join(',')}]`
  if (!isObject(value)) return JSON.stringify(value)
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalText(value[key] ?? null)}`)
  return `{${members.join(',')}}`
}
