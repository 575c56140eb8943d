import { randomUUID } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import type { History, NewEvent } from '../../src/history/port.ts'
import type { JsonObject } from '../../src/json.ts'

/** An event with everything that a test does not care about. */
export const newEvent = (
  type: string,
  data: JsonObject = {},
  meta: Partial<NewEvent['meta']> = {},
): NewEvent => {
  const commandId = randomUUID()
  return {
    id: randomUUID(),
    type,
    data,
    meta: { at: 1_000, actor: 'test:user:1', commandId, correlationId: commandId, schema: 1, ...meta },
  }
}

/** Appends to the end of a stream, whatever its revision. */
export const append = async (
  history: History,
  stream: string,
  ...events: readonly NewEvent[]
): Promise<bigint> => {
  const answer = await history.append(stream, 'any', events)()
  if (E.isLeft(answer)) throw new Error(answer.left._tag)
  return answer.right.position
}
