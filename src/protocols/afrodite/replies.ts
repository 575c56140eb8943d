import { send } from '../../http/answers.ts'
import type { Answer, Context } from '../../http/protocol.ts'
import type { Json } from '../../json.ts'

/** Answers without Koa's own machinery, which would only look at the body again. */
export const reply = (ctx: Context, answer: Answer): void => {
  ctx.respond = false
  send(ctx.res, answer)
}

export const json = (body: Json): Answer => ({
  status: 200,
  headers: JSON_HEADERS,
  body: JSON.stringify(body),
})

/** 200 without a word. */
export const DONE: Answer = { status: 200, headers: {}, body: '' }

const JSON_HEADERS = { 'Content-Type': 'application/json' }
