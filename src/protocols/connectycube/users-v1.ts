import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import type { Filter } from '../../documents/port.ts'
import { folded } from '../../domain/cc/user.ts'
import type { Answer } from '../../http/protocol.ts'
import type { JsonObject } from '../../json.ts'
import { settingsOf } from '../../queries/cc/applications.ts'
import { pageOfUsers, type UsersQuestion } from '../../queries/cc/users-page.ts'
import {
  findByEmail,
  findByLogin,
  findByText,
  findExternal,
  findUser,
  findUsers,
  userViews,
  type UserDocument,
} from '../../queries/cc/users.ts'
import { baseError, json, notFound } from './answers.ts'
import type { Call, Endpoint } from './endpoint.ts'
import { integer, list, paging, text, truthy } from './params.ts'
import type { Services } from './services.ts'
import { readV1Filters, readV1Order } from './users-v1-filters.ts'

type Serve = Endpoint['serve']

const get = (path: string, serve: Serve): Endpoint => ({ method: 'GET', path, level: 'app', serve })

/** One user by one parameter. */
const getBy = (
  path: string,
  name: string,
  find: (services: Services, app: number, value: string) => Promise<UserDocument | undefined>,
): Endpoint =>
  get(path, async (services, { caller: { app }, params }) => {
    const value = text(params[name])?.trim() ?? ''
    return shown(services, value === '' ? undefined : await find(services, app, value))
  })

/** Connectycube 4.4. Rows with a name in the path stand before that with an id. */
export const USERS_V1_ENDPOINTS: readonly Endpoint[] = [
  get('/users', (services, call) =>
    listed(services, call, () =>
      E.chain(({ filter, active }: { filter: Filter; active: UsersQuestion['active'] }) =>
        E.map((sort: UsersQuestion['sort']) => ({ filter, active, sort }))(readV1Order(call.params['order'])),
      )(readV1Filters(call.params)),
    ),
  ),
  getBy('/users/by_login', 'login', ({ reader }, app, value) => findByLogin(reader, app, value)),
  getBy('/users/by_email', 'email', ({ reader }, app, value) => findByEmail(reader, app, value)),
  getBy('/users/by_facebook_id', 'facebook_id', ({ reader }, app, value) =>
    findByText(reader, app, 'facebookId', value),
  ),
  getBy('/users/by_twitter_id', 'twitter_id', ({ reader }, app, value) =>
    findByText(reader, app, 'twitterId', value),
  ),
  getBy('/users/phone', 'phone', ({ reader }, app, value) => findByText(reader, app, 'phone', value)),
  get('/users/external/:id', async (services, { caller: { app }, path }) =>
    shown(services, await findExternal(services.reader, app, path['id'] ?? '')),
  ),
  get('/users/by_full_name', (services, call) =>
    listed(services, call, () => {
      const name = text(call.params['full_name'])?.trim() ?? ''
      return E.right({ ...ALL, filter: isName(name) ? containing(name) : NOBODY })
    }),
  ),
  get('/users/by_tags', (services, call) =>
    listed(services, call, () => E.right({ ...ALL, filter: { tags: { $in: list(call.params['tags']) } } })),
  ),
  get('/users/online', async (services, { caller: { app }, params }) => {
    const ids = await services.online(app)
    if (truthy(params['count'])) return json(200, { count: ids.length })
    const { skip, limit } = paging(params, { kind: 'offset', default: 100, max: 100 })
    const found = await findUsers(services.reader, app, ids.slice(skip, skip + limit))
    const users = ids.flatMap((id) => found.get(id) ?? [])
    return json(200, { users: await userViews(services.vault, users) })
  }),
  get('/users/:id', async (services, { caller: { app }, path }) => {
    const id = integer(path['id'])
    return shown(services, id === undefined ? undefined : await findUser(services.reader, app, id))
  }),
]

const ALL = { filter: {}, active: [], sort: ['id', 1] } as const
const NOBODY: Filter = { _id: { $in: [] } }

/** No other is anybody's (connectycube 4.1), nor could every store look for it. */
const isName = (name: string): boolean =>
  name !== '' && Array.from(name).length <= 255 && !name.includes('\0')

const containing = (name: string): Filter => ({
  fullNameLc: { $regex: folded(name).replace(/[\\^$.*+?()[\]{}|]/g, '\\$&') },
})

const shown = async ({ vault }: Services, user: UserDocument | undefined): Promise<Answer> => {
  const [view] = user === undefined ? [] : await userViews(vault, [user])
  return view === undefined ? notFound() : json(200, { user: view })
}

type Wanted = Pick<UsersQuestion, 'filter' | 'active' | 'sort'>

/** A page, unless the application forbids lists (setting `users_list_v1`). */
const listed = async (
  { reader, vault }: Services,
  { caller: { app }, params }: Call,
  wanted: () => Either<Answer, Wanted>,
): Promise<Answer> => {
  const { users_list_v1: mode } = await settingsOf(reader, app)
  if (mode === 'deny') return LISTING_DENIED
  const question = wanted()
  if (E.isLeft(question)) return question.left
  const { page, limit, skip } = paging(params, { kind: 'page', default: 10, max: 100 })
  const found = await pageOfUsers({ reader, vault }, { app, ...question.right, skip, limit })
  return json(200, pageView(page, limit, found))
}

/** The setting `users_list_v1` (connectycube 4.4). */
export const LISTING_DENIED = baseError(403, 'Listing users is forbidden by the settings of the application')

const pageView = (
  page: number,
  limit: number,
  { total, users }: { readonly total: number; readonly users: readonly JsonObject[] },
): JsonObject => ({
  current_page: page,
  per_page: limit,
  total_entries: total,
  items: users.map((user) => ({ user })),
})
