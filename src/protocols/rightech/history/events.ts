import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Fields } from '../../../domain/rejection.ts'
import type { Answer, Context } from '../../../http/protocol.ts'
import {
  HISTORY_ANSWER_EVENTS,
  HISTORY_ANSWER_EVENTS_MAX,
  STREAM_NAME_BYTES_MAX,
  STREAM_STALL_MS_MAX,
} from '../../../limits.ts'
import { eventText, type HistoryReading } from '../../../queries/history/reading.ts'
import type { Wanted } from '../../../queries/history/selection.ts'
import { NO_ROUTE } from '../errors.ts'
import { replyStreamHead } from '../replies.ts'
import { invalid, jsonText } from './answers.ts'
import { count, oneOf, position, readParameters, text, time, type Reads } from './parameters.ts'

/** `GET /history/events`: a page as JSON, or everything that is there, an event a line. Without an answer it has answered itself. */
export const getEvents = async (ctx: Context, history: HistoryReading): Promise<Answer | undefined> => {
  const { query, method } = ctx.state.request
  const lines = wantsLines(ctx)
  const asked = readAsked(query, lines ? LINES_MAX : HISTORY_ANSWER_EVENTS_MAX)
  if (E.isLeft(asked)) return invalid(asked.left)
  const { wanted, limit } = asked.right
  if (method === 'HEAD') {
    await replyStreamHead(ctx, lines ? { 'Content-Type': LINES } : {})
    return undefined
  }
  if (lines) return sendLines(ctx, history, wanted, limit ?? LINES_MAX)
  const { events, next } = await history.page(wanted, limit ?? HISTORY_ANSWER_EVENTS)
  return jsonText(
    `{"events":[${events.join(',')}],"next":${next === undefined ? 'null' : `"${String(next)}"`}}`,
  )
}

/** `GET /history/events/<position>` */
export const getEvent = async (history: HistoryReading, name: string): Promise<Answer> => {
  const asked = position(name)
  if (E.isLeft(asked)) return invalid({ position: [asked.left] })
  const event = await history.at(asked.right)
  return event === undefined ? NO_ROUTE : jsonText(eventText(event))
}

type Asked = { readonly wanted: Wanted; readonly limit: number | undefined }

const readAsked = (query: string, limitMax: number): Either<Fields, Asked> =>
  E.map(askedOf)(readParameters<Parameters>(query, { ...READERS, limit: count(1, limitMax) }))

type Parameters = Wanted['selection'] &
  Pick<Wanted, 'before' | 'after' | 'direction'> & { readonly limit: number }

/** Where only an end is given, what lies just before it is meant. */
const askedOf = ({ after, before, direction, limit, ...selection }: Partial<Parameters>): Asked => ({
  limit,
  wanted: {
    selection,
    after: after ?? 0n,
    ...(before === undefined ? {} : { before }),
    direction: direction ?? (before !== undefined && after === undefined ? 'backwards' : 'forwards'),
  },
})

const stream: Reads<string> = (value) =>
  Buffer.byteLength(value) > STREAM_NAME_BYTES_MAX ? E.left('max') : E.right(value)

const READERS = {
  ...{ stream, type: text, actor: text, subject: text, command: text },
  ...{ since: time, until: time, after: position, before: position },
  direction: oneOf('forwards', 'backwards'),
}

const LINES = 'application/x-ndjson'
const LINES_MAX = 1_000_000_000_000

/** Who takes anything gets JSON. */
const wantsLines = ({ req }: Context): boolean =>
  (req.headers.accept ?? '').split(',').some((type) => type.split(';')[0]?.trim().toLowerCase() === LINES)

const begin = (ctx: Context): void => {
  ctx.respond = false
  ctx.res.writeHead(200, { 'Content-Type': LINES })
}

/**
 * Reads on only when the client has taken what was read. When reading fails midway the connection is dropped, so that nobody takes a part
 * for the whole.
 */
const sendLines = async (
  ctx: Context,
  history: HistoryReading,
  wanted: Wanted,
  limit: number,
): Promise<undefined> => {
  const { res } = ctx
  let left = limit
  for await (const { events } of history.all(wanted)) {
    // What fails before anything was found is still answered as a failure.
    if (!res.headersSent) begin(ctx)
    const due = events.slice(0, left)
    left -= due.length
    const isTaken = due.length === 0 || res.write(due.map((event) => `${eventText(event)}\n`).join(''))
    if (res.destroyed || !(isTaken || (await drained(res)))) return undefined
    if (left <= 0) break
  }
  if (!res.headersSent) begin(ctx)
  res.end()
  return undefined
}

/** False if the client has gone, or does not take anything. */
const drained = async (res: ServerResponse): Promise<boolean> => {
  const waiting = new AbortController()
  const give = (): void => waiting.abort()
  const timer = setTimeout(() => res.destroy(), STREAM_STALL_MS_MAX)
  res.once('close', give)
  try {
    await once(res, 'drain', { signal: waiting.signal })
    return true
  } catch {
    return false
  } finally {
    clearTimeout(timer)
    res.off('close', give)
  }
}
