/** What is in answers of ConnectyCube. */
import type { ExecutionContext } from 'ava'
import { isList, isObject, type Json, type JsonObject } from '../../src/json.ts'
import { APP, send, sessionOf, textAt, tokenOf, type Reply } from './connectycube.ts'

export const object = ({ body }: Reply): JsonObject => (isObject(body) ? body : {})
export const items = ({ body }: Reply): readonly JsonObject[] => {
  const found = isObject(body) ? body['items'] : []
  return isList(found) ? found.filter(isObject) : []
}
export const idOf = (reply: Reply): string => textAt(object(reply), '_id')

export const refused = (t: ExecutionContext, reply: Reply, status: number, errors?: Json): void => {
  t.is(reply.status, status, reply.text)
  if (errors !== undefined) t.deepEqual(reply.body, { errors })
}
export const NO_RIGHT = ["You don't have appropriate permissions to perform this operation"]
export const NOT_FOUND = ["The resource wasn't found"]

/** A user of that login, who is created by his first session. */
export const signedIn = async (
  url: string,
  login: string,
): Promise<{ readonly id: number; readonly token: string }> => {
  const user = { login, password: 'blue-whale-7' }
  const opened = await send('POST', `${url}/session.json`, { json: { ...APP, user } })
  return { id: Number(sessionOf(opened)['user_id']), token: tokenOf(opened) }
}
