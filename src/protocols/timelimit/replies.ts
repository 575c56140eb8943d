import { send } from '../../http/answers.ts'
import type { Answer, Context } from '../../http/protocol.ts'
import type { JsonObject } from '../../json.ts'

/** Answers without Koa's own machinery, which would only look at the body again. */
export const reply = (ctx: Context, answer: Answer): void => {
  ctx.respond = false
  send(ctx.res, answer)
}

export const json = (body: JsonObject): Answer => jsonText(JSON.stringify(body))

/** @param body JSON */
export const jsonText = (body: string): Answer => ({ status: 200, headers: JSON_HEADERS, body })

const JSON_HEADERS = { 'Content-Type': 'application/json; charset=utf-8' }

export const DONE = json({ ok: true })
export const OK_TEXT: Answer = {
  status: 200,
  headers: { 'Content-Type': 'text/plain; charset=utf-8' },
  body: 'OK',
}
