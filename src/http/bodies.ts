import * as E from 'fp-ts/lib/Either.js'
import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { gunzip, inflate, inflateRaw } from 'node:zlib'
import type { JsonObject } from '../json.ts'
import {
  AFRODITE_BODY_BYTES_MAX,
  BODY_MS_MAX,
  CONNECTYCUBE_BODY_BYTES_MAX,
  STORES_BODY_BYTES_MAX,
  TIMELIMIT_BODY_BYTES_MAX,
  TIMELIMIT_PUSH_BODY_BYTES_MAX,
} from '../limits.ts'
import { closeAfterAnswer } from './answers.ts'
import { parseJsonObject } from './json-body.ts'
import type { Exchange, HttpFailure } from './protocol.ts'

/**
 * Reads a request's body as its protocol wants it (one-port 5). A failure is for the protocol to render: `BodyTooLarge`, `Timeout`,
 * `UnsupportedEncoding`, `UnsupportedMediaType` or `BadRequest`; where the rest of the body stays unread the connection closes
 * behind the answer. A method without a body answers `{}`; what such a request carries is thrown away by Node.
 */
export const readBody = async (
  exchange: Exchange,
  policy: BodyPolicy,
): Promise<E.Either<HttpFailure, JsonObject>> => {
  const { req } = exchange
  if (policy.methods !== 'all' && !policy.methods.includes(req.method ?? '')) return E.right({})
  const parse = parserFor(req, policy)
  if (E.isLeft(parse)) return parse
  const bytes = await readBytes(exchange, policy)
  if (E.isLeft(bytes)) return bytes
  if (bytes.right.length > 0) return parse.right(bytes.right)
  return policy.empty === 'object' ? E.right({}) : badRequest('empty body')
}

/** The body's bytes, inflated: at most `bytesMax`, within `msMax`. */
const readBytes = async (
  exchange: Exchange,
  policy: Pick<BodyPolicy, 'bytesMax' | 'msMax'>,
): Promise<E.Either<HttpFailure, Buffer>> => {
  const { req, res } = exchange
  const coding = codingOf(req)
  if (coding === undefined) return E.left({ _tag: 'UnsupportedEncoding' })
  if (!hasBody(req)) return E.right(EMPTY)
  // Deflate makes what it cannot compress a little longer; such a body is not too large before it is inflated.
  const wireMax = coding === 'identity' ? policy.bytesMax : policy.bytesMax + (policy.bytesMax >> 9) + 64
  const bytes = await collect(exchange, wireMax, policy)
  if (E.isLeft(bytes)) {
    closeAfterAnswer(req, res)
    return bytes
  }
  return coding === 'identity' || bytes.right.length === 0
    ? bytes
    : unpack(bytes.right, coding, policy.bytesMax)
}

export type BodyParser = (bytes: Buffer) => E.Either<HttpFailure, JsonObject>

export type BodyPolicy = {
  /** Methods whose body is read. */
  readonly methods: readonly string[] | 'all'
  /** Inflated. */
  readonly bytesMax: number
  readonly msMax: number
  readonly empty: 'object' | 'refused'
  /** By media type, in lower case. */
  readonly parsers: Readonly<Record<string, BodyParser>>
  /** Another media type, or none: read as JSON nevertheless, refused unread, or refused if there are bytes. */
  readonly otherType: 'json' | 'BadRequest' | 'UnsupportedMediaType' | 'bytes refused'
}

const JSON_ONLY = { 'application/json': parseJsonObject }

/** ConnectyCube adds its parser of forms to `parsers`. */
export const BODY_POLICIES = {
  rightech: {
    methods: ['POST', 'PATCH'],
    bytesMax: STORES_BODY_BYTES_MAX,
    msMax: BODY_MS_MAX,
    empty: 'object',
    parsers: {},
    otherType: 'json',
  },
  timelimit: {
    methods: ['POST'],
    bytesMax: TIMELIMIT_BODY_BYTES_MAX,
    msMax: BODY_MS_MAX,
    empty: 'refused',
    parsers: JSON_ONLY,
    otherType: 'BadRequest',
  },
  timelimitPush: {
    methods: ['POST'],
    bytesMax: TIMELIMIT_PUSH_BODY_BYTES_MAX,
    msMax: BODY_MS_MAX,
    empty: 'refused',
    parsers: JSON_ONLY,
    otherType: 'BadRequest',
  },
  afrodite: {
    methods: ['POST', 'PUT'],
    bytesMax: AFRODITE_BODY_BYTES_MAX,
    msMax: BODY_MS_MAX,
    empty: 'refused',
    parsers: JSON_ONLY,
    otherType: 'UnsupportedMediaType',
  },
  connectycube: {
    methods: 'all',
    bytesMax: CONNECTYCUBE_BODY_BYTES_MAX,
    msMax: BODY_MS_MAX,
    empty: 'object',
    parsers: JSON_ONLY,
    otherType: 'bytes refused',
  },
} as const satisfies Record<string, BodyPolicy>

type Coding = 'identity' | 'gzip' | 'deflate'

const EMPTY = Buffer.alloc(0)
const CODINGS: ReadonlyMap<string, Coding> = new Map([
  ['', 'identity'],
  ['identity', 'identity'],
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
])

const badRequest = (reason: Extract<HttpFailure, { _tag: 'BadRequest' }>['reason']) =>
  E.left<HttpFailure>({ _tag: 'BadRequest', reason })

const codingOf = (req: IncomingMessage): Coding | undefined =>
  CODINGS.get(req.headers['content-encoding']?.trim().toLowerCase() ?? '')

/** Without a length and without chunks there is no body in HTTP/1. */
const hasBody = ({ headers, readableEnded }: IncomingMessage): boolean =>
  !readableEnded && (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0)

const parserFor = (req: IncomingMessage, policy: BodyPolicy): E.Either<HttpFailure, BodyParser> => {
  if (policy.otherType === 'json') return E.right(parseJsonObject)
  const type = req.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  const parser = policy.parsers[type]
  if (parser !== undefined) return E.right(parser)
  if (policy.otherType === 'UnsupportedMediaType') return E.left({ _tag: 'UnsupportedMediaType' })
  return policy.otherType === 'bytes refused'
    ? E.right(() => badRequest('content type'))
    : badRequest('content type')
}

const collect = (
  { req, res }: Exchange,
  wireMax: number,
  { bytesMax, msMax }: Pick<BodyPolicy, 'bytesMax' | 'msMax'>,
): Promise<E.Either<HttpFailure, Buffer>> => {
  const tooLarge = E.left<HttpFailure>({ _tag: 'BodyTooLarge', bytesMax })
  if (Number(req.headers['content-length'] ?? 0) > wireMax) return Promise.resolve(tooLarge)
  if (req.headers.expect?.toLowerCase() === '100-continue') res.writeContinue()
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const finish = (result: E.Either<HttpFailure, Buffer>): void => {
      clearTimeout(timer)
      req.off('data', onData).off('end', onEnd).off('error', onBroken).off('close', onBroken)
      resolve(result)
    }
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length
      if (bytes > wireMax) finish(tooLarge)
      else chunks.push(chunk)
    }
    const onEnd = (): void =>
      finish(E.right(chunks[0] !== undefined && chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)))
    const onBroken = (): void => finish(badRequest('aborted'))
    const timer = setTimeout(() => finish(E.left({ _tag: 'Timeout' })), msMax)
    req.on('data', onData).on('end', onEnd).on('error', onBroken).on('close', onBroken)
  })
}

const unpackers = { gzip: promisify(gunzip), zlib: promisify(inflate), raw: promisify(inflateRaw) }

/** Off the event loop, and never past the limit. Some clients send `deflate` without its header. */
const unpack = async (
  bytes: Buffer,
  coding: Exclude<Coding, 'identity'>,
  bytesMax: number,
): Promise<E.Either<HttpFailure, Buffer>> => {
  const deflate = isZlib(bytes) ? unpackers.zlib : unpackers.raw
  try {
    return E.right(await (coding === 'gzip' ? unpackers.gzip : deflate)(bytes, { maxOutputLength: bytesMax }))
  } catch (error) {
    const tooLarge = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
    return tooLarge ? E.left({ _tag: 'BodyTooLarge', bytesMax }) : badRequest('encoding')
  }
}

const isZlib = (bytes: Buffer): boolean => {
  const [first = 0, second = 0] = bytes
  return (first & 0x0f) === 8 && (first * 256 + second) % 31 === 0
}
