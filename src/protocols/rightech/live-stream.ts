import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import type { WebSocket } from 'ws'
import { compileFilter, type Matches } from '../../documents/filter.ts'
import type { Fields } from '../../domain/rejection.ts'
import { createOutbox } from '../../http/outbox.ts'
import {
  STORES_STREAM_PING_MS,
  STORES_STREAM_UNANSWERED_MAX,
  STORES_UNSENT_BYTES_MAX,
  STORES_UNSENT_MESSAGES_MAX,
} from '../../limits.ts'
import { receive, shut } from './live-client.ts'
import type { Push } from './live-events.ts'
import { readQuery } from './query.ts'
import { isWhere, readWhere, type TypeAt } from './where.ts'

export type StreamTimes = { readonly serverPingMs: number }
export const STREAM_TIMES: StreamTimes = { serverPingMs: STORES_STREAM_PING_MS }

/** Serves `/events/stream` on an accepted socket (rightech 6.2); the answer takes pushes. What the client says is ignored. */
export const serveStream = (
  socket: WebSocket,
  passes: Matches,
  { serverPingMs }: StreamTimes,
): ((push: Push) => void) => {
  const outbox = createOutbox(socket, {
    messagesMax: STORES_UNSENT_MESSAGES_MAX,
    bytesMax: STORES_UNSENT_BYTES_MAX,
  })
  let unanswered = 0
  const pinging = setInterval(() => {
    if (unanswered === STORES_STREAM_UNANSWERED_MAX) return shut(socket, 1001)
    unanswered++
    if (socket.readyState === socket.OPEN) socket.ping()
  }, serverPingMs)
  socket.on('pong', () => (unanswered = 0))
  socket.once('close', () => clearInterval(pinging))
  receive(socket, ignored, ignored)
  return (push) => {
    if (passes(push.event)) outbox.send(push.bare())
  }
}

/** The `where` conditions of the query, compiled; Left: those that cannot be read. */
export const readStreamFilter = (query: string): Either<Fields, Matches> => {
  const read = readQuery(query)
    .filter(({ name }) => isWhere(name))
    .map(({ name, value }) => ({ name, condition: readWhere(name, value, typeAt) }))
  const broken = read.filter(({ condition }) => E.isLeft(condition))
  if (broken.length > 0) return E.left(Object.fromEntries(broken.map(({ name }) => [name, ['format']])))
  const filters = read.flatMap(({ condition }) =>
    E.isRight(condition) && condition.right !== undefined ? [condition.right] : [],
  )
  return E.right(compileFilter(filters.length === 0 ? {} : { $and: filters }))
}

const TYPES: ReadonlyMap<string, ReturnType<TypeAt>> = new Map([
  ['event', 'string'],
  ['service', 'string'],
  ['time', 'number'],
  ['_v', 'number'],
  ['_msgid', 'string'],
  ['_oid', 'id'],
  ['_gid', 'id'],
  ['_org', 'id'],
])
const typeAt: TypeAt = (path) => TYPES.get(path) ?? 'any'

const ignored = (): void => undefined
