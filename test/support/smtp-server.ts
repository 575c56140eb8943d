import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { readMessage } from './mail-message.ts'
import type { MailMessage } from './mail-message.ts'

/** What a mail server got, decoded. */
export type ReceivedMail = MailMessage & {
  /** Of the envelope, bare addresses. */
  readonly from: string
  readonly to: string
}
/** `connection`: instead of the greeting. */
export type SmtpStage = 'connection' | 'auth' | 'sender' | 'recipient' | 'message'

/** A mail server on the loopback address that keeps what it gets, and fails on request; a fault holds until `restore`. */
export type SmtpServer = {
  /** For MAIL_URL. */
  readonly url: string
  readonly mails: readonly ReceivedMail[]
  /** The first mail that matches, of those that came and those to come. */
  readonly waitFor: (matches: (mail: ReceivedMail) => boolean) => Promise<ReceivedMail>
  /** Answers so from now on. */
  readonly refuse: (stage: SmtpStage, reply?: string) => void
  /** Does not answer at all. */
  readonly stall: (stage: SmtpStage) => void
  readonly restore: () => void
  /** Resets the open connections. */
  readonly cut: () => void
  readonly connections: () => number
  readonly close: () => Promise<void>
}

/** @param auth Whether clients have to sign in; every name and password is right. */
export const startSmtp = async ({ auth = false } = {}): Promise<SmtpServer> => {
  const mails: ReceivedMail[] = []
  const watchers = new Set<(mail: ReceivedMail) => void>()
  const faults = new Map<SmtpStage, Fault>()
  const sockets = new Set<Socket>()
  const keep = (mail: ReceivedMail): void => {
    mails.push(mail)
    watchers.forEach((tell) => tell(mail))
  }
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
    converse(socket, { auth, faults, keep })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string')
    throw new Error('The mail server does not listen on TCP')
  const cut = (): void => sockets.forEach((socket) => socket.resetAndDestroy())
  return {
    url: `smtp://${auth ? 'user:secret@' : ''}127.0.0.1:${address.port}`,
    mails,
    waitFor: (matches) => {
      const found = mails.find(matches)
      if (found !== undefined) return Promise.resolve(found)
      return new Promise((resolve) => {
        const tell = (mail: ReceivedMail): void => {
          if (!matches(mail)) return
          watchers.delete(tell)
          resolve(mail)
        }
        watchers.add(tell)
      })
    },
    refuse: (stage, reply = REFUSALS[stage]) => void faults.set(stage, { reply }),
    stall: (stage) => void faults.set(stage, 'silence'),
    restore: () => faults.clear(),
    cut,
    connections: () => sockets.size,
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      cut()
      await closed
    },
  }
}

const REFUSALS: { readonly [S in SmtpStage]: string } = {
  connection: '421 not now',
  auth: '535 wrong credentials',
  sender: '550 not from you',
  recipient: '550 no such user',
  message: '554 no',
}

type Fault = 'silence' | { readonly reply: string }

type Setup = {
  readonly auth: boolean
  readonly faults: ReadonlyMap<SmtpStage, Fault>
  readonly keep: (mail: ReceivedMail) => void
}

/** One connection: commands line by line, between them a message up to its single dot. */
const converse = (socket: Socket, { auth, faults, keep }: Setup): void => {
  let buffered = ''
  let from = ''
  let to = ''
  let inMessage = false
  const answer = (stage: SmtpStage, reply: string): boolean => {
    const fault = faults.get(stage)
    if (fault !== 'silence') socket.write(`${fault?.reply ?? reply}\r\n`)
    return fault === undefined
  }
  const command = (line: string): void => {
    const verb = line.slice(0, 4).toUpperCase()
    if (verb === 'EHLO') return void socket.write(`250${auth ? '-test\r\n250 AUTH PLAIN' : ' test'}\r\n`)
    if (verb === 'AUTH') return void answer('auth', '235 welcome')
    if (verb === 'MAIL') {
      from = addressIn(line)
      return void answer('sender', '250 ok')
    }
    if (verb === 'RCPT') {
      to = addressIn(line)
      return void answer('recipient', '250 ok')
    }
    if (verb === 'DATA') inMessage = true
    if (verb === 'QUIT') return void socket.end('221 bye\r\n')
    socket.write(inMessage ? '354 go on\r\n' : '250 ok\r\n')
  }
  const message = (source: string): void => {
    inMessage = false
    const mail = { from, to, ...readMessage(Buffer.from(source, 'latin1').toString()) }
    if (answer('message', '250 taken')) keep(mail)
  }
  /** Whether there was anything whole. */
  const step = (): boolean => {
    const end = inMessage ? /(?:^|\r\n)\.\r\n/.exec(buffered) : /\r\n/.exec(buffered)
    if (end === null) return false
    const taken = buffered.slice(0, end.index)
    buffered = buffered.slice(end.index + end[0].length)
    if (inMessage) message(taken.replace(/^\.\./gm, '.'))
    else command(taken)
    return true
  }
  socket.on('data', (bytes) => {
    buffered += bytes.toString('latin1')
    while (step());
  })
  if (!answer('connection', '220 test') && faults.get('connection') !== 'silence') socket.end()
}

const addressIn = (line: string): string => /<([^>]*)>/.exec(line)?.[1] ?? ''
