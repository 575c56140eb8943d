import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'

/** Takes every mail that the server sends. */
export type Mailbox = {
  /** For `MAIL_URL`. */
  readonly url: string
  /** The words of the first mail to this address; answers when it is there. */
  readonly code: (address: string) => Promise<string>
  readonly close: () => void
}

export const openMailbox = async (): Promise<Mailbox> => {
  const codes = new Map<string, string>()
  const waiting = new Map<string, (code: string) => void>()
  const server = createServer((socket) =>
    receive(socket, (address, text) => {
      const code = codeIn(text)
      if (code === undefined) return
      codes.set(address, code)
      waiting.get(address)?.(code)
    }),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `smtp://127.0.0.1:${port}`,
    code: (to) =>
      new Promise((resolve) => {
        const code = codes.get(to)
        if (code === undefined) waiting.set(to, resolve)
        else resolve(code)
      }),
    close: () => void server.close(),
  }
}

/** As much of SMTP as a sender without TLS and passwords needs. */
const receive = (socket: Socket, take: (address: string, text: string) => void): void => {
  const say = (line: string): void => void socket.write(`${line}\r\n`)
  let received = ''
  let address = ''
  let inMail = false
  const mail = (): boolean => {
    const end = received.indexOf('\r\n.\r\n')
    if (end < 0) return false
    take(address, received.slice(0, end))
    received = received.slice(end + 5)
    inMail = false
    say('250 kept')
    return true
  }
  const command = (): boolean => {
    const end = received.indexOf('\r\n')
    if (end < 0) return false
    const line = received.slice(0, end)
    received = received.slice(end + 2)
    address = /^RCPT TO:<([^>]*)>/i.exec(line)?.[1] ?? address
    inMail = /^DATA/i.test(line)
    if (inMail) say('354 go on')
    else if (/^QUIT/i.test(line)) socket.end('221 bye\r\n')
    else say('250 bench')
    return true
  }
  say('220 bench')
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1')
    while (inMail ? mail() : command());
  })
}

/** The words stand alone on a line of the plain text; every other line is a sentence. */
const codeIn = (mail: string): string | undefined =>
  plainText(mail)
    .split(/\r?\n/)
    .map((line) => line.trim())
    .find((line) => /^[\p{L}-]+(?: [\p{L}-]+){2}$/u.test(line))

const plainText = (part: string): string => {
  const split = part.indexOf('\r\n\r\n')
  const head = part.slice(0, split).replaceAll(/\r\n[ \t]+/g, ' ')
  const body = part.slice(split + 4)
  const boundary = /^content-type: multipart\/[^;]+;.*boundary="?([^";\r\n]+)/im.exec(head)?.[1]
  if (boundary !== undefined) {
    const parts = body.split(`--${boundary}`).slice(1)
    return plainText((parts.find((text) => /content-type: text\/plain/i.test(text)) ?? '').trimStart())
  }
  const encoding = /^content-transfer-encoding: (\S+)/im.exec(head)?.[1]?.toLowerCase()
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString()
  return Buffer.from(encoding === 'quoted-printable' ? unquoted(body) : body, 'latin1').toString()
}

const unquoted = (text: string): string =>
  text
    .replaceAll(/=\r\n/g, '')
    .replaceAll(/=([\dA-F]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
