import * as E from 'fp-ts/lib/Either.js'
import { BODY_POLICIES, readBody as readHttpBody } from '../../http/bodies.ts'
import type { Context } from '../../http/protocol.ts'
import type { JsonObject } from '../../json.ts'
import { failure } from './errors.ts'
import { reply } from './replies.ts'

/** The body as a JSON object; an empty one is `{}` (rightech 1.1). `undefined`: it cannot be read, and that was answered. */
export const readBody = async (ctx: Context): Promise<JsonObject | undefined> => {
  const body = await readHttpBody(ctx, BODY_POLICIES.rightech)
  if (E.isRight(body)) return body.right
  reply(ctx, failure(body.left))
  return undefined
}
