/**
 * The text of a page, in the encoding that its mark, its `Content-Type` or its own head names, in that order (as browsers do); without any
 * of them UTF-8 if it is that, else Windows-1252, which is what is left. What cannot be decoded becomes replacement characters.
 */
export const htmlText = (body: Uint8Array, contentType: string): string => {
  for (const label of [markOf(body), CHARSET.exec(contentType)?.[1], declaredIn(body)]) {
    const text = label === undefined ? undefined : decoded(body, label)
    if (text !== undefined) return text
  }
  return decoded(body, 'utf-8', true) ?? decoded(body, 'windows-1252') ?? ''
}

const CHARSET = /;\s*charset\s*=\s*["']?\s*([\w:.-]{1,40})/i
const DECLARED = /<meta[^>]{0,400}?\bcharset\s*=\s*["']?\s*([\w:.-]{1,40})/i
/** A declaration has to stand within these. */
const DECLARED_BYTES = 1_024

const markOf = ([first, second, third]: Uint8Array): string | undefined => {
  if (first === 0xef && second === 0xbb && third === 0xbf) return 'utf-8'
  if (first === 0xfe && second === 0xff) return 'utf-16be'
  return first === 0xff && second === 0xfe ? 'utf-16le' : undefined
}

/** It was read as single bytes, so it is not of two. */
const declaredIn = (body: Uint8Array): string | undefined => {
  const label = DECLARED.exec(Buffer.from(body.subarray(0, DECLARED_BYTES)).toString('latin1'))?.[1]
  return label === undefined ? undefined : /^utf-?16/i.test(label) ? 'utf-8' : label
}

/** Nothing in an encoding that nobody knows, and, if it is `strict`, of what is not in it; a last character may be cut off. */
const decoded = (body: Uint8Array, label: string, strict = false): string | undefined => {
  try {
    return new TextDecoder(label, { fatal: strict }).decode(body, { stream: true })
  } catch {
    return undefined
  }
}
