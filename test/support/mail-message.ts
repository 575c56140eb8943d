/** A message as a mail program shows it: header fields in lower case, bodies decoded. */
export type MailMessage = {
  readonly headers: { readonly [name: string]: string }
  readonly subject: string
  readonly text: string
  readonly html: string
}

/** @param source with CRLF */
export const readMessage = (source: string): MailMessage => {
  const part = readPart(source)
  const parts = partsOf(part)
  const bodyOf = (type: string): string => {
    const found = parts.find(({ headers }) => (headers['content-type'] ?? 'text/plain').startsWith(type))
    return found === undefined ? '' : decodeBody(found)
  }
  return {
    headers: part.headers,
    subject: decodeWords(part.headers['subject'] ?? ''),
    text: bodyOf('text/plain'),
    html: bodyOf('text/html'),
  }
}

type Part = { readonly headers: { readonly [name: string]: string }; readonly body: string }

const readPart = (source: string): Part => {
  const end = source.indexOf('\r\n\r\n')
  const lines = source
    .slice(0, end)
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n')
  const headers = lines.map((line): readonly [string, string] => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
  })
  return { headers: Object.fromEntries<string>(headers), body: source.slice(end + 4) }
}

const partsOf = (part: Part): readonly Part[] => {
  const boundary = /^multipart\/.*boundary="?([^";]+)/i.exec(part.headers['content-type'] ?? '')?.[1]
  if (boundary === undefined) return [part]
  const between = `\r\n${part.body}`.split(`\r\n--${boundary}`).slice(1, -1)
  return between.flatMap((source) => partsOf(readPart(source.slice(2))))
}

const decodeBody = ({ headers, body }: Part): string => {
  const encoding = headers['content-transfer-encoding']?.toLowerCase()
  if (encoding === 'base64') return lines(Buffer.from(body, 'base64').toString())
  if (encoding === 'quoted-printable') return lines(fromQuoted(body.replace(/=[ \t]*\r\n/g, '')))
  return lines(body)
}

const lines = (text: string): string => text.replace(/\r\n/g, '\n')

const fromQuoted = (text: string): string =>
  Buffer.from(
    text.replace(/=([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
    'latin1',
  ).toString()

/** RFC 2047, in UTF-8. */
const decodeWords = (text: string): string =>
  text
    .replace(/\?=\s+=\?/g, '?==?')
    .replace(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_, kind: string, word: string) =>
      kind.toLowerCase() === 'b'
        ? Buffer.from(word, 'base64').toString()
        : fromQuoted(word.replaceAll('_', ' ')),
    )
