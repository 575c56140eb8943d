/**
 * An Afrodite client that is nothing but a TCP connection: it writes the bytes it is told to write, masks with the key of the spec's examples, and reads
 * frames itself, so that lengths, opcodes and close frames are checked as they were on the wire (afrodite 8.1).
 */
import { connect as connectTcp, type Socket as TcpSocket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { PATHS, type Pair } from './afrodite.ts'
import { within } from './sockets.ts'

export type Frame = {
  readonly first: number
  readonly payload: Buffer
  /** As they came, header included. */
  readonly bytes: Buffer
}

export type Raw = {
  readonly tcp: TcpSocket
  /** The status line and the header lines. */
  readonly head: string
  readonly status: number
  readonly frames: () => readonly Frame[]
  /** The frames as hexadecimal texts. */
  readonly hex: () => readonly string[]
  readonly write: (...bytes: readonly Buffer[]) => void
  /** Waits until so many frames came; throws if the server hangs up before. */
  readonly until: (count: number) => Promise<readonly Frame[]>
  /** When the server hung up; everything after the head. */
  readonly ended: Promise<Buffer>
  readonly reset: () => void
}

/** The key that the spec prints, and its accept value. */
export const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
export const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='

export const UPGRADE_LINES = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  `Sec-WebSocket-Key: ${KEY}`,
] as const

/** Sends the printed request with these header lines in the place of the one with the token, and waits for the head of the answer. */
export const rawUpgrade = async (
  url: string,
  lines: readonly string[],
  options: { readonly path?: string; readonly method?: string; readonly upgrade?: readonly string[] } = {},
): Promise<Raw> => {
  const { path = PATHS.connect, method = 'GET', upgrade = UPGRADE_LINES } = options
  const { hostname, port, host } = new URL(url)
  const tcp = connectTcp(Number(port), hostname)
  const request = [`${method} ${path} HTTP/1.1`, `Host: ${host}`, ...upgrade, ...lines, '', '']
  tcp.write(Buffer.from(request.join('\r\n'), 'latin1'))
  return reading(tcp)
}

export const protocolLine = (value: string): string => `Sec-WebSocket-Protocol: ${value}`

/** The printed request with this token; throws unless it is 101. */
export const rawOpen = async (url: string, token: string): Promise<Raw> => {
  const raw = await rawUpgrade(url, [protocolLine(`0, ${token}`)])
  if (raw.status !== 101) throw new Error(raw.head)
  return raw
}

const reading = async (tcp: TcpSocket): Promise<Raw> => {
  let received = Buffer.alloc(0)
  let isOver = false
  tcp.on('data', (chunk: Buffer) => (received = Buffer.concat([received, chunk])))
  tcp.on('error', () => undefined)
  const over = new Promise<void>((resolve) => tcp.once('close', () => resolve()))
  void over.then(() => (isOver = true))
  const waitFor = async (passes: () => boolean, what: string): Promise<void> => {
    const deadline = performance.now() + WAIT_MS_MAX
    while (!passes()) {
      if (isOver || performance.now() > deadline)
        throw new Error(`${what} did not come: ${received.toString('latin1')}`)
      await pause(2)
    }
  }
  await waitFor(() => received.includes(END_OF_HEAD), 'a head')
  const headBytes = received.indexOf(END_OF_HEAD)
  const head = received.subarray(0, headBytes).toString('latin1')
  const rest = (): Buffer => received.subarray(headBytes + END_OF_HEAD.length)
  const frames = (): readonly Frame[] => framesIn(rest())
  return {
    tcp,
    head,
    status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]),
    frames,
    hex: () => frames().map(({ bytes }) => bytes.toString('hex')),
    write: (...bytes) => void tcp.write(Buffer.concat(bytes)),
    until: async (count) => {
      await waitFor(() => frames().length >= count, `${count} frames`)
      return frames()
    },
    ended: within(over, 'the end of the connection', HANG_MS_MAX).then(rest),
    reset: () => void tcp.resetAndDestroy(),
  }
}

const END_OF_HEAD = Buffer.from('\r\n\r\n')
const WAIT_MS_MAX = 30_000
const HANG_MS_MAX = 60_000

/** The whole frames at the beginning of these bytes; throws if one is masked, as a server's never is. */
const framesIn = (bytes: Buffer): readonly Frame[] => {
  const frames: Frame[] = []
  for (let rest = bytes; rest.length >= 2;) {
    const short = rest.readUInt8(1)
    if (short > 127) throw new Error('a masked frame')
    const size = short === 126 ? 2 : short === 127 ? 8 : 0
    if (rest.length < 2 + size) break
    const length = size === 0 ? short : size === 2 ? rest.readUInt16BE(2) : Number(rest.readBigUInt64BE(2))
    const whole = 2 + size + length
    if (rest.length < whole) break
    const frame = rest.subarray(0, whole)
    frames.push({ first: frame.readUInt8(0), payload: frame.subarray(2 + size), bytes: frame })
    rest = rest.subarray(whole)
  }
  return frames
}

export const MASK = Buffer.from('37fa213d', 'hex')

/** A client's frame, masked with the printed key, its length in the shortest form. */
export const frame = (first: number, payload: Buffer | readonly number[] = []): Buffer => {
  const bytes = Buffer.from(payload)
  return Buffer.concat([
    Buffer.from([first]),
    lengthOf(bytes.length, 0x80),
    MASK,
    Buffer.from(bytes.map((byte, index) => byte ^ (MASK[index % 4] ?? 0))),
  ])
}

/** As in a frame's header, `flag` being the bit that says that it is masked. */
export const lengthOf = (length: number, flag: 0 | 0x80): Buffer => {
  if (length < 126) return Buffer.from([flag | length])
  const long = length > 0xffff
  const bytes = Buffer.alloc(long ? 9 : 3)
  bytes.writeUInt8(flag | (long ? 127 : 126), 0)
  if (long) bytes.writeBigUInt64BE(BigInt(length), 1)
  else bytes.writeUInt16BE(length, 1)
  return bytes
}

export const binary = (payload: Buffer | readonly number[]): Buffer => frame(0x82, payload)
export const text = (payload: string): Buffer => frame(0x81, Buffer.from(payload))

/** Steps 1 to 4, from the printed first message. */
export const rawHandshake = async (raw: Raw, { refresh }: Pair): Promise<Pair> => {
  raw.write(binary([0, 2, 1, 0, 2, 0, 3, 0]), binary(refresh))
  const [third, fourth] = await raw.until(2)
  if (third === undefined || fourth === undefined) throw new Error('unreachable')
  return { refresh: Buffer.from(third.payload), access: fourth.payload.toString('base64url') }
}
