import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { createDialogs } from '../../commands/cc/dialogs.ts'
import type { Rejection } from '../../domain/rejection.ts'
import type { Answer } from '../../http/protocol.ts'
import { settingsOf } from '../../queries/cc/applications.ts'
import { dialogFor } from '../../queries/cc/dialogs.ts'
import { occupantsPage } from '../../queries/cc/dialog-occupants.ts'
import { userViews } from '../../queries/cc/users.ts'
import { empty, fieldErrors, json, RULES } from './answers.ts'
import { removeDialogs } from './dialog-removal.ts'
import { readNewDialog } from './dialog-input.ts'
import { listDialogs } from './dialog-list.ts'
import { updateAdmins, updateDialog } from './dialog-update.ts'
import { dialogAnswer } from './dialog-view.ts'
import type { Call, Endpoint } from './endpoint.ts'
import { render } from './errors.ts'
import { paging, truthy } from './params.ts'
import type { Services } from './services.ts'

type Serve = (services: Services, call: Call) => Promise<Answer>

const create: Serve = async (services, call) => {
  const { app, user } = call.caller
  const { dialog_extension_fields: keys } = await settingsOf(services.reader, app)
  const wanted = readNewDialog(call.params, keys)
  if (E.isLeft(wanted)) return wanted.left
  const made = await createDialogs(services).create(app, user, wanted.right)
  return E.isLeft(made) ? render(made.left) : dialogAnswer(services, call, made.right, 201)
}

const list: Serve = (services, call) => listDialogs(services, call)

const show: Serve = async (services, call) => {
  const { app, user } = call.caller
  const mine = await dialogFor(services.reader, app, idOf(call), user)
  return E.isLeft(mine) ? render(mine.left) : dialogAnswer(services, call, idOf(call))
}

const clearHistory: Serve = async (services, call) => {
  const { app, user } = call.caller
  const force = truthy(call.params['force'])
  return emptied(await createDialogs(services).clearHistory(app, idOf(call), user, force))
}

const subscribe: Serve = async (services, call) => {
  const { app, user } = call.caller
  const done = await createDialogs(services).run(app, idOf(call), { type: 'Subscribe', by: user })
  return E.isLeft(done) ? render(done.left) : dialogAnswer(services, call, idOf(call))
}

const unsubscribe: Serve = async (services, call) => {
  const { app, user } = call.caller
  return emptied(await createDialogs(services).run(app, idOf(call), { type: 'Leave', by: user }))
}

const notifications = (notifies: boolean): Answer =>
  json(200, { notifications: { enabled: notifies ? 1 : 0 } })

/** Wanted unless he said otherwise. */
const showNotifications: Serve = async ({ reader }, call) => {
  const { app, user } = call.caller
  const mine = await dialogFor(reader, app, idOf(call), user)
  return E.isLeft(mine) ? render(mine.left) : notifications(mine.right.view?.notifies ?? true)
}

const setNotifications: Serve = async (services, call) => {
  const { app, user } = call.caller
  const { enabled } = call.params
  if (enabled === undefined || enabled === null) return fieldErrors({ enabled: [RULES.blank] })
  const action = { type: 'Notify', enabled: truthy(enabled) } as const
  const done = await createDialogs(services).view(app, idOf(call), user, action)
  return E.isLeft(done) ? render(done.left) : notifications(done.right.state.notifies)
}

const occupants: Serve = async ({ reader, vault }, call) => {
  const { app, user } = call.caller
  const mine = await dialogFor(reader, app, idOf(call), user)
  if (E.isLeft(mine)) return render(mine.left)
  const page = paging(call.params, { kind: 'skip', default: 100, max: 100 })
  return json(200, { items: await userViews(vault, await occupantsPage(reader, mine.right.dialog, page)) })
}

const idOf = ({ path }: Call): string => path['id'] ?? ''

const emptied = (done: Either<Rejection, unknown>): Answer => (E.isLeft(done) ? render(done.left) : empty())

const row = (method: Endpoint['method'], path: string, serve: Serve): Endpoint => ({
  method,
  path: `/chat/dialog${path}`,
  level: 'user',
  serve,
})

/** Connectycube 8.4. */
export const DIALOG_ENDPOINTS: readonly Endpoint[] = [
  row('POST', '', create),
  row('GET', '', list),
  row('GET', '/:id', show),
  row('PUT', '/:id', updateDialog),
  row('PUT', '/:id/admins', updateAdmins),
  row('DELETE', '/clearHistory/:id', clearHistory),
  row('DELETE', '/:id', removeDialogs),
  row('POST', '/:id/subscribe', subscribe),
  row('DELETE', '/:id/subscribe', unsubscribe),
  row('GET', '/:id/notifications', showNotifications),
  row('PUT', '/:id/notifications', setNotifications),
  row('GET', '/:id/occupants', occupants),
]
