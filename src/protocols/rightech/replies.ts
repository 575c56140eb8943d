import type { ServerResponse } from 'node:http'
import { pipeline } from 'node:stream'
import type { Readable } from 'node:stream'
import { send } from '../../http/answers.ts'
import type { Answer, Context } from '../../http/protocol.ts'
import { present } from '../../domain/stores/present.ts'
import type { JsonObject } from '../../json.ts'
import { STREAM_STALL_MS_MAX } from '../../limits.ts'
import { JSON_TYPE } from './errors.ts'

/** Answers without Koa's own machinery, which would only look at the body again. */
export const reply = (ctx: Context, answer: Answer): void => {
  ctx.respond = false
  send(ctx.res, answer)
}

export const replyJson = (ctx: Context, body: string, headers?: Answer['headers']): void =>
  reply(ctx, {
    status: 200,
    headers: headers === undefined ? JSON_HEADERS : { ...JSON_HEADERS, ...headers },
    body,
  })

/** A reply without an entity carries both spellings (rightech 1.4). */
export const done = (more: JsonObject = {}): string =>
  JSON.stringify({ sucess: true, success: true, ...more })

/** One entity as the client sees it, with `success`, which is never stored. */
export const entityText = (store: string, entity: JsonObject): string =>
  `${JSON.stringify(present(store, entity)).slice(0, -1)},"success":true}`

/**
 * A chunked body with back-pressure. When reading breaks midway the connection is dropped, so that nobody takes half a list
 * for a whole one; a client that stops reading is dropped too.
 */
export const replyStream = (ctx: Context, stream: Readable, headers: Answer['headers']): Promise<void> => {
  if (ctx.method === 'HEAD') {
    stream.destroy()
    return replyStreamHead(ctx, headers)
  }
  ctx.respond = false
  const { res } = ctx
  res.writeHead(200, { ...JSON_HEADERS, ...headers })
  dropStalled(res)
  return new Promise((resolve, reject) => {
    pipeline(stream, res, (error) => (error ? reject(error) : resolve()))
  })
}

/** What HEAD gets of a stream: the headers of GET, for which nothing is read (one-port 3). */
export const replyStreamHead = (ctx: Context, headers: Answer['headers']): Promise<void> => {
  ctx.respond = false
  const { req, res } = ctx
  const chunked = req.httpVersion === '1.1' ? { 'Transfer-Encoding': 'chunked' } : {}
  res.writeHead(200, { ...JSON_HEADERS, ...headers, ...chunked })
  res.end()
  return Promise.resolve()
}

const JSON_HEADERS = { 'Content-Type': JSON_TYPE }

const dropStalled = (res: ServerResponse): void => {
  res.setTimeout(STREAM_STALL_MS_MAX, () => res.destroy())
}
