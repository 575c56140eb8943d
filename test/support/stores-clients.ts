/** What published clients of the stores protocol do with an answer: how they read, and what they cannot read. */
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { OutgoingHttpHeaders } from 'node:http'
import { isObject, type Json, type JsonObject } from '../../src/json.ts'
import { asText, clientOf, type Client, type Entity, type Reply } from './client.ts'
import { create, newMember, unique, type Member } from './members.ts'

export const NOBODY = 'f'.repeat(24)

export type Pump = {
  readonly member: Member
  readonly model: Entity
  readonly object: Entity
  /** The device's own identifier. */
  readonly device: string
  /** The path of the object by its `_id`. */
  readonly at: string
}

/** A device of the base model `mqtt`, by default in a group that nobody else works in. */
export const newPump = async (
  from: Member,
  options: { readonly member?: Member; readonly model?: JsonObject; readonly object?: JsonObject } = {},
): Promise<Pump> => {
  const member = options.member ?? (await newMember(from))
  const model = (await create(member, 'models', { base: 'mqtt', name: 'Pump', ...options.model })).entity
  const device = unique('pump')
  const body = { model: model._id, id: device, name: 'Pump 1', ...options.object }
  const object = (await create(member, 'objects', body)).entity
  return { member, model, object, device, at: `/objects/${object._id}` }
}

/** The JSON of an answer; like those clients it takes anything but 2xx for an error, and HTML for a broken proxy. */
export const read = (reply: Reply): Json => {
  if (reply.status < 200 || reply.status > 299) throw new Error(`${reply.status} ${reply.text}`)
  if (reply.text.startsWith('<')) throw new Error(`HTML: ${reply.text}`)
  return reply.json()
}

export const readObject = (reply: Reply): JsonObject => asObject(read(reply))

export const readArray = (reply: Reply): readonly JsonObject[] => asObjects(read(reply))

export const asObject = (value: Json | undefined): JsonObject => {
  if (!isObject(value)) throw new Error(`no object: ${JSON.stringify(value)}`)
  return value
}

export const asObjects = (value: Json | undefined): readonly JsonObject[] => {
  if (!Array.isArray(value)) throw new Error(`no array: ${JSON.stringify(value)}`)
  return value.map(asObject)
}

export const texts = (values: readonly JsonObject[], name: string): readonly string[] =>
  values.map((value) => asText(value[name]))

/** Bearer only, `Accept` and the JSON content type on everything, GETs and empty bodies included. */
export const likeN8n = ({ url, headers }: Client): Client =>
  clientOf(url, { ...headers, Accept: 'application/json', 'Content-Type': 'application/json' })

/** What the vendor's library sends on GET. */
export const likeLibrary = ({ url, headers }: Client): Client =>
  clientOf(url, {
    ...headers,
    accept: 'application/json',
    'content-type': 'application/json',
    'ric-stream-hint': 'yes',
  })

export type Raw = {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  /** The chunks of the chunked coding as the server wrote them, however the network cut them; throws on a broken coding. */
  readonly chunks: () => readonly string[]
}

/** One GET below `/api/v1` over a bare socket. */
export const getRaw = async (client: Client, path: string): Promise<Raw> => {
  const { hostname, port } = new URL(client.url)
  const lines = Object.entries({ ...headersOf(client), Host: 'x', Connection: 'close' })
  const head = lines.map(([name, value]) => `${name}: ${String(value)}\r\n`).join('')
  const bytes = await received(Number(port), hostname, `GET /api/v1${path} HTTP/1.1\r\n${head}\r\n`)
  const end = bytes.indexOf('\r\n\r\n')
  const [first = '', ...fields] = bytes.subarray(0, end).toString().split('\r\n')
  return {
    status: Number(first.split(' ')[1]),
    headers: new Map(
      fields.map((field) => [
        field.slice(0, field.indexOf(':')).toLowerCase(),
        field.slice(field.indexOf(':') + 1).trim(),
      ]),
    ),
    chunks: () => unchunked(bytes.subarray(end + 4)),
  }
}

/** Each chunk has to be whole units of rightech 2.7, each of which it parses by itself; throws on a chunk that has another form. */
export const readChunks = (chunks: readonly string[]): readonly JsonObject[] => {
  const whole = chunks.join('')
  if (!whole.startsWith('[\n') || !whole.endsWith(']\n')) throw new Error('no whole list')
  return chunks.flatMap((chunk, index) => {
    if (chunk === '[\n]\n') return []
    const opened =
      index === 0 ? afterPrefix(chunk, '[\n') : chunk === '\n]\n' ? '' : afterPrefix(chunk, '\n,\n')
    const units = index === chunks.length - 1 && opened !== '' ? beforeSuffix(opened, '\n]\n') : opened
    return units === '' ? [] : units.split('\n,\n').map(entityOf)
  })
}

/** Line by line: brackets and commas stand alone, every other line is an entity; throws on a blank line. */
export const readLines = (text: string): readonly JsonObject[] => {
  const lines = text.split('\n')
  if (lines.shift() !== '[' || lines.pop() !== '' || lines.pop() !== ']')
    throw new Error(`framing: ${text.slice(0, 200)}`)
  return lines.flatMap((line, index) => {
    if (index % 2 === 0) return [entityOf(line)]
    if (line !== ',') throw new Error(`line ${index}: ${line}`)
    return []
  })
}

/** Asks until it is so; the last answer whatever it is when time is up. */
export const until = async <A>(
  ask: () => Promise<A>,
  isSo: (answer: A) => boolean,
  ms = 30_000,
): Promise<A> => {
  const deadline = performance.now() + ms
  for (;;) {
    const answer = await ask()
    if (isSo(answer) || performance.now() > deadline) return answer
    await pause(50)
  }
}

const entityOf = (line: string): JsonObject => {
  const value: unknown = JSON.parse(line)
  if (!isObject(value)) throw new Error(`no entity: ${line}`)
  return value
}

const afterPrefix = (text: string, prefix: string): string => {
  if (!text.startsWith(prefix)) throw new Error(`does not begin a unit: ${JSON.stringify(text.slice(0, 80))}`)
  return text.slice(prefix.length)
}

const beforeSuffix = (text: string, suffix: string): string => {
  if (!text.endsWith(suffix)) throw new Error(`does not end the list: ${JSON.stringify(text.slice(-80))}`)
  return text.slice(0, -suffix.length)
}

const headersOf = ({ headers }: Client): OutgoingHttpHeaders => headers

const received = (port: number, host: string, request: string): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    const socket = connect(port, host, () => socket.write(request))
    socket.on('data', (part) => parts.push(part))
    socket.on('error', reject)
    socket.on('close', () => resolve(Buffer.concat(parts)))
  })

const unchunked = (body: Buffer): readonly string[] => {
  const chunks: string[] = []
  for (let from = 0; ;) {
    const line = body.indexOf('\r\n', from)
    const size = Number.parseInt(body.subarray(from, line).toString(), 16)
    if (line < 0 || Number.isNaN(size)) throw new Error('the chunked coding ends too early')
    if (size === 0) return chunks
    chunks.push(body.subarray(line + 2, line + 2 + size).toString())
    from = line + 2 + size + 2
  }
}
