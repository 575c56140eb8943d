/** Guests of ConnectyCube's chat over plain HTTP, as the SDK writes requests: parameters of a deletion in a form. */
import { asText } from './client.ts'
import { APP, ADMIN, send, sessionOf, textAt, type Reply } from './connectycube.ts'
import { isList, isObject, type Json, type JsonObject } from '../../src/json.ts'

export type User = { readonly id: number; readonly token: string }

export const call = (
  url: string,
  user: User | 'admin',
  [method, path, body]: readonly [method: string, path: string, body: JsonObject | undefined],
): Promise<Reply> => {
  const who = user === 'admin' ? { headers: ADMIN } : { token: user.token }
  if (body === undefined) return send(method, url + path, who)
  if (method !== 'DELETE') return send(method, url + path, { ...who, json: body })
  const form = new URLSearchParams()
  for (const [name, value] of Object.entries(body)) form.set(name, JSON.stringify(value))
  return send(method, url + path, { ...who, form: form.toString() })
}

/** Somebody new; no password takes time. */
export const guest = async (url: string): Promise<User> => {
  const json = { ...APP, user: { guest: '1', full_name: 'Guest' } }
  const session = sessionOf(await send('POST', `${url}/session.json`, { json }))
  return { id: Number(session['user_id']), token: textAt(session, 'token') }
}

export const field = (body: Json, name: string): Json => (isObject(body) ? (body[name] ?? null) : null)
export const idOf = (body: Json): string => asText(field(body, '_id'))
export const items = ({ body }: Reply): readonly JsonObject[] => {
  const list = field(body, 'items')
  return isList(list) ? list.filter(isObject) : []
}
export const texts = (page: Reply): readonly Json[] => items(page).map(({ message }) => message ?? null)

/** What the chat offers at an address that is known when it is asked. */
export const chatAt = (url: () => string) => {
  const ask = (user: User | 'admin', method: string, path: string, body?: JsonObject): Promise<Reply> =>
    call(url(), user, [method, path, body])
  return {
    ask,
    newcomer: (): Promise<User> => guest(url()),
    group: async (owner: User, others: readonly User[], more: JsonObject = {}): Promise<string> => {
      const occupants = others.map(({ id }) => id).join(', ')
      const dialog = { type: 2, name: 'Harbour', occupants_ids: occupants, ...more }
      return idOf((await ask(owner, 'POST', '/chat/Dialog.json', dialog)).body)
    },
    say: (by: User, dialog: string, message: string): Promise<Reply> =>
      ask(by, 'POST', '/chat/Message.json', { chat_dialog_id: dialog, message }),
    list: (by: User, dialog: string, more = ''): Promise<Reply> =>
      ask(by, 'GET', `/chat/Message.json?chat_dialog_id=${dialog}${more}`),
    unread: async (by: User, dialog: string): Promise<Json> =>
      (await ask(by, 'GET', `/chat/Message/unread.json?chat_dialog_ids=${dialog}`)).body,
  }
}
