/** People with sessions of their own, and what refusals say to the letter (connectycube 2.6). */
import { isObject, type Json, type JsonObject } from '../../src/json.ts'
import { APP, send as sendTo, sessionOf, textAt, tokenOf, type Reply } from './connectycube.ts'

export type Headers = { readonly [name: string]: string }
export type Person = { readonly id: number; readonly headers: Headers }

/** Of a server whose address is known when it is asked. */
export const rightsAt = (url: () => string) => {
  const send = (headers: Headers, method: string, path: string, json?: Json): Promise<Reply> =>
    sendTo(method, `${url()}${path}`, { headers, ...(json === undefined ? {} : { json }) })
  let people = 0
  return {
    send,
    person: async (more: JsonObject = {}, app: JsonObject = APP): Promise<Person> => {
      const credentials = { login: `somebody ${(people += 1)}`, password: 'blue-whale-7' }
      const session = await send({}, 'POST', '/session', { ...app, user: credentials })
      const headers = { 'CB-Token': tokenOf(session) }
      const id = Number(sessionOf(session)['user_id'])
      if (Object.keys(more).length > 0) await send(headers, 'PUT', `/users/${id}`, { user: more })
      return { id, headers }
    },
    application: async (): Promise<Headers> => ({
      'CB-Token': tokenOf(await send({}, 'POST', '/session', APP)),
    }),
  }
}

/** Connectycube 2.6: status and body. */
export const TOKEN_REQUIRED = [401, { errors: ['Token is required'] }] as const
export const NO_SESSION = [401, { errors: { base: ['Required session does not exist'] } }] as const
export const UNAUTHORIZED = [401, { errors: ['Unauthorized'] }] as const
export const NEED_USER = [403, { errors: { base: ['Forbidden. Need user.'] } }] as const
export const FORBIDDEN = [
  403,
  { errors: ["You don't have appropriate permissions to perform this operation"] },
] as const
export const NOT_FOUND = [404, { errors: ["The resource wasn't found"] }] as const

export const told = ({ status, body }: Reply): readonly [number, Json] => [status, body]
export const idIn = ({ body }: Reply): string => (isObject(body) ? textAt(body, '_id') : '')
