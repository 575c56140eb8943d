import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import type { Rejection } from '../../domain/rejection.ts'
import type { Answer } from '../../http/protocol.ts'
import { isObject, type JsonObject } from '../../json.ts'
import type { How } from '../../commands/cc/users.ts'
import { adminActor } from '../../domain/cc/names.ts'
import { findExternal, findUser, userViews, type UserDocument } from '../../queries/cc/users.ts'
import { empty, forbidden, json, notFound } from './answers.ts'
import type { Call, Endpoint } from './endpoint.ts'
import { render } from './errors.ts'
import { integer, text } from './params.ts'
import { PASSWORD_PAGES } from './password-pages.ts'
import type { Services } from './services.ts'
import { USERS_V1_ENDPOINTS } from './users-v1.ts'
import { USERS_V2_ENDPOINTS } from './users-v2.ts'

const resetPassword: Endpoint['serve'] = async ({ users }, call) => {
  const email = text(call.params['email'])?.trim() ?? ''
  const done =
    email === '' ? E.right(undefined) : await users.requestReset(call.caller.app, email, howOf(call))
  return E.isLeft(done) && done.left.kind === 'Unavailable' ? render(done.left) : empty()
}

/** Connectycube 4.2: who writes about users, and who may. The SDK leaves the id out of the path when it does not know its user. */
const WRITING: readonly Endpoint[] = [
  {
    method: 'POST',
    path: '/users',
    level: 'key',
    serve: async (services, call) =>
      shown(services, 201, await services.users.signUp(call.caller.app, fieldsOf(call), howOf(call))),
  },
  { method: 'GET', path: '/users/password/reset', level: 'app', serve: resetPassword },
  { method: 'POST', path: '/users/password/reset', level: 'app', serve: resetPassword },
  {
    method: 'PUT',
    path: '/users',
    level: 'user',
    serve: (services, call) => update(services, call),
  },
  {
    method: 'PUT',
    path: '/users/:id',
    level: 'user',
    serve: async (services, call) => (await refusedFor(services, call)) ?? update(services, call),
  },
  {
    method: 'DELETE',
    path: '/users/external/:id',
    level: 'user',
    serve: async (services, { caller: { app, user }, path }) => {
      const found = await findExternal(services.reader, app, path['id'] ?? '')
      if (found === undefined) return notFound()
      return found['id'] === user ? remove(services, app, user) : forbidden()
    },
  },
  {
    method: 'DELETE',
    path: '/users',
    level: 'user',
    serve: (services, { caller: { app, user } }) => remove(services, app, user),
  },
  {
    method: 'DELETE',
    path: '/users/:id',
    level: 'user',
    serve: async (services, call) =>
      (await refusedFor(services, call)) ?? remove(services, call.caller.app, call.caller.user),
  },
  {
    method: 'DELETE',
    path: '/admin/user/:id',
    level: 'admin',
    serve: async ({ reader, users }, { caller: { app }, path }) => {
      const id = integer(path['id'])
      if (id === undefined || (await findUser(reader, app, id)) === undefined) return notFound()
      const done = await users.delete(app, id, adminActor(app))
      return E.isLeft(done) ? render(done.left) : json(200, { success: true })
    },
  },
]

/** Everything under `/users`; rows with a name in the path stand before those with an id. */
export const USERS_ENDPOINTS: readonly Endpoint[] = [
  ...USERS_V2_ENDPOINTS,
  ...PASSWORD_PAGES,
  ...WRITING,
  ...USERS_V1_ENDPOINTS,
]

/** `user` with the fields in it; flat ones are taken too. */
const fieldsOf = ({ params }: Call): JsonObject => (isObject(params['user']) ? params['user'] : params)

const howOf = ({ baseUrl, caller: { tokenHash } }: Call): How => ({
  baseUrl,
  ...(tokenHash === undefined ? {} : { tokenHash }),
})

const shown = async (
  { vault }: Services,
  status: number,
  done: Either<Rejection, UserDocument>,
): Promise<Answer> => {
  if (E.isLeft(done)) return render(done.left)
  const [user = {}] = await userViews(vault, [done.right])
  return json(status, { user })
}

/** Only about himself: another one is 403 if he is of the same application, and otherwise nobody. */
const refusedFor = async (
  { reader }: Services,
  { caller: { app, user }, path }: Call,
): Promise<Answer | undefined> => {
  const id = integer(path['id'])
  if (id === user) return undefined
  const found = id === undefined ? undefined : await findUser(reader, app, id)
  return found === undefined ? notFound() : forbidden()
}

const update = async (services: Services, call: Call): Promise<Answer> => {
  const { app, user } = call.caller
  return shown(services, 200, await services.users.update(app, user, fieldsOf(call), howOf(call)))
}

const remove = async ({ users }: Services, app: number, user: number): Promise<Answer> => {
  const done = await users.delete(app, user)
  return E.isLeft(done) ? render(done.left) : empty()
}
