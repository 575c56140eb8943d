/** People with a class of records each on one server, and how they call it. */
import { isList, isObject, type Json, type JsonObject } from '../../src/json.ts'
import { ADMIN, APP, objectAt, send, textAt, tokenOf, type Reply, type Sent } from './connectycube.ts'
import { startServer, type RunningServer } from './server.ts'

export type Person = { readonly id: number; readonly token: string }
/** Of the last one the tag is `vip`. */
export type Name = 'mira' | 'otto' | 'vip'
export type DataRig = {
  readonly server: RunningServer
  readonly as: (name: Name) => Person
  readonly call: (method: string, path: string, sent?: Sent) => Promise<Reply>
  readonly by: (name: Name, method: string, path: string, json?: Json) => Promise<Reply>
  readonly admin: (method: string, path: string, json?: Json) => Promise<Reply>
  readonly define: (name: string, fields: JsonObject, more?: JsonObject) => Promise<Reply>
}

export const startDataRig = async (): Promise<DataRig> => {
  const server = await startServer()
  const call: DataRig['call'] = (method, path, sent = {}) => send(method, `${server.url}${path}`, sent)
  const person = async (login: string, more: JsonObject = {}): Promise<Person> => {
    const user = { login, password: 'blue-whale-7', ...more }
    const signedUp = await call('POST', '/users', { headers: { 'CB-AuthKey': APP.auth_key }, json: { user } })
    const signedIn = { login, password: user.password }
    const session = await call('POST', '/session', { json: { ...APP, user: signedIn } })
    return { id: Number(objectAt(signedUp.body, 'user')['id']), token: tokenOf(session) }
  }
  const people: { readonly [name in Name]: Person } = {
    mira: await person('mira'),
    otto: await person('otto'),
    vip: await person('vivi', { tag_list: ['vip'] }),
  }
  const bodied = (json: Json | undefined): Sent => (json === undefined ? {} : { json })
  const admin: DataRig['admin'] = (method, path, json) =>
    call(method, path, { headers: ADMIN, ...bodied(json) })
  return {
    server,
    as: (name) => people[name],
    call,
    by: (name, method, path, json) => call(method, path, { token: people[name].token, ...bodied(json) }),
    admin,
    define: (class_name, fields, more = {}) =>
      admin('POST', '/admin/data/classes', { class_name, fields, ...more }),
  }
}

export const itemsOf = ({ body }: Reply): readonly JsonObject[] => {
  const items = isObject(body) ? body['items'] : undefined
  return isList(items) ? items.filter(isObject) : []
}
export const bodyOf = ({ body }: Reply): JsonObject => (isObject(body) ? body : {})
export const idOf = (reply: Reply): string => textAt(bodyOf(reply), '_id')
export const column = (reply: Reply, name: string): readonly Json[] =>
  itemsOf(reply).map((item) => item[name] ?? null)
