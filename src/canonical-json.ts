import type { Json, JsonObject } from './json.ts'

/**
 * The canonical text of RFC 8785: two equal values give the same. What that refuses and JSON can hold, half a surrogate pair in a string, is
 * written as `JSON.stringify` writes it, `\udxxx`: an event that was stored has a leaf whatever is in it. A field that is `undefined` is left
 * out, as in what is stored.
 *
 * Every event passes through here on its way into the tree, so this takes half the time of a library.
 */
export const canonicalJson = (value: Json): string => {
  if (typeof value === 'string') return quoted(value)
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : 'null'
  if (typeof value !== 'object' || value === null) return String(value)
  return Array.isArray(value) ? listText(value) : objectText(value as JsonObject)
}

/** A text as JSON. */
export const quoted = (text: string): string =>
  text.length < PLAIN_CHARACTERS_MAX && !ODD.test(text) ? `"${text}"` : JSON.stringify(text)

/** Above that it is quicker to let `JSON.stringify` look. */
const PLAIN_CHARACTERS_MAX = 64
/** Whatever is not ASCII, and what JSON escapes. */
const ODD = /[^ !#-[\]-~]/

const listText = (list: readonly (Json | undefined)[]): string => {
  let text = ''
  for (const item of list) text += `${text === '' ? '' : ','}${canonicalJson(item ?? null)}`
  return `[${text}]`
}

const objectText = (object: JsonObject): string => {
  let text = ''
  for (const key of inOrder(Object.keys(object))) {
    const value = object[key]
    if (value !== undefined) text += `${text === '' ? '' : ','}${quoted(key)}:${canonicalJson(value)}`
  }
  return `{${text}}`
}

/** By UTF-16 code units, which is how JavaScript compares. Few keys, mostly in order already, are sorted by insertion. */
const inOrder = (keys: string[]): readonly string[] => {
  if (keys.length > INSERTED_MAX) return keys.sort()
  for (let next = 1; next < keys.length; next++) {
    const key = keys[next] ?? ''
    let at = next
    for (; at > 0 && (keys[at - 1] ?? '') > key; at--) keys[at] = keys[at - 1] ?? ''
    keys[at] = key
  }
  return keys
}

const INSERTED_MAX = 20
