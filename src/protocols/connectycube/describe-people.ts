import { PROVIDERS } from '../../commands/cc/identity-providers.ts'
import { userFieldNames } from '../../domain/cc/user-fields.ts'
import type { JsonObject } from '../../json.ts'
import {
  ANYTHING,
  COUNT,
  each,
  either,
  filters,
  FLAG,
  gives,
  givesText,
  INTEGER,
  LIST,
  listOf,
  mapOf,
  MOMENT,
  NOTHING,
  object,
  OFFSET_PAGES,
  orNull,
  PAGES,
  sorts,
  STRING,
  TEXT,
  WHOLE,
  within,
  type About,
  type Abouts,
  type Takes,
} from './describe-kinds.ts'
import { pageOf, SESSION, USER } from './describe-shapes.ts'
import { v1FieldNames } from './users-v1-filters.ts'
import { LISTING_DENIED } from './users-v1.ts'
import { USERS_V2_FIELDS } from './users-v2.ts'

const THE_USER = object({ user: USER })
const THE_SESSION = object({ session: SESSION })

/** Whoever signs in, under `user` or flat. */
const CREDENTIALS: Takes = each(['login', 'email', 'password', 'guest', 'full_name'], TEXT)
const ELSEWHERE: Takes = {
  provider: { enum: Object.keys(PROVIDERS) },
  ...each(['keys', ...Object.keys(PROVIDERS)], mapOf(TEXT)),
}

const SPECIAL: Takes = {
  ...each(['blob_id', 'external_user_id', 'timezone'], INTEGER),
  ...{ tag_list: LIST, custom_data: ANYTHING },
}
/** `null` clears a field. */
const FIELDS: Takes = Object.fromEntries(
  userFieldNames().map((name) => [name, either(SPECIAL[name] ?? TEXT, { type: 'null' })]),
)
const WRITTEN: Takes = { user: within(FIELDS), ...FIELDS }

const listing = (summary: string, takes: Takes): About => ({
  summary,
  takes: { ...takes, ...PAGES },
  gives: {
    '200': gives(pageOf(THE_USER)),
    '403': gives(
      { const: JSON.parse(String(LISTING_DENIED.body)) as JsonObject },
      'The settings forbid lists',
    ),
  },
})
const one = (summary: string, name?: string): About => ({
  summary,
  ...(name === undefined ? {} : { takes: { [name]: TEXT } }),
  gives: { '200': gives(THE_USER) },
  refuses: [404],
})

const PAGE = givesText('text/html', 'A page')
const paged = (summary: string, takes: Takes): About => ({
  summary,
  takes,
  gives: {
    '200': PAGE,
    '404': givesText('text/html', 'The token is used or expired'),
  },
})

const RESET: About = {
  summary: 'Mails a link by which the password is set anew, if somebody has the address',
  takes: { email: TEXT },
  gives: { '200': NOTHING },
}

const WITH_UDID: Takes = { udid: TEXT }

/** Sessions, users and address books (connectycube 3 to 5). */
export const PEOPLE: Abouts = {
  'POST /session': {
    summary: 'Opens a session: of the application alone, or of a user who is created if nobody knows him',
    takes: {
      ...{ application_id: INTEGER, auth_key: TEXT, timestamp: MOMENT, nonce: TEXT, signature: TEXT },
      ...{ user: within(CREDENTIALS), ...ELSEWHERE },
    },
    needs: ['application_id', 'auth_key'],
    others: 'Whatever stands beside `signature` is signed by it.',
    gives: { '201': gives(THE_SESSION) },
    refuses: [422],
  },
  'GET /session': { summary: 'The session of the token', gives: { '200': gives(THE_SESSION) } },
  'DELETE /session': { summary: 'Ends the session', gives: { '200': NOTHING } },
  'POST /login': {
    summary: 'Binds a user to the token',
    takes: { ...CREDENTIALS, user: within(CREDENTIALS), ...ELSEWHERE },
    gives: { '202': gives(THE_USER) },
    refuses: [422],
  },
  'DELETE /login': { summary: 'The token is the application’s alone again', gives: { '200': NOTHING } },
  'POST /users': {
    summary: 'Signs somebody up',
    takes: WRITTEN,
    gives: { '201': gives(THE_USER) },
    refuses: [422],
  },
  'PUT /users': {
    summary: 'Changes the caller',
    takes: WRITTEN,
    gives: { '200': gives(THE_USER) },
    refuses: [422],
  },
  'PUT /users/:id': {
    summary: 'The same; another one is forbidden',
    takes: WRITTEN,
    gives: { '200': gives(THE_USER) },
    refuses: [404, 422],
  },
  'DELETE /users/:id': {
    summary: 'Deletes the caller: his profile is erased, his messages stay for the others',
    gives: { '200': NOTHING },
    refuses: [404],
  },
  'DELETE /users': {
    summary: 'The same: the SDK leaves the id out when it does not know it',
    gives: { '200': NOTHING },
  },
  'DELETE /users/external/:id': {
    summary: 'The same, by the number that he has elsewhere',
    gives: { '200': NOTHING },
    refuses: [404],
  },
  'GET /users/password/reset': RESET,
  'POST /users/password/reset': RESET,
  'GET /users/password/new': paged('Asks for a new password', { token: TEXT }),
  'POST /users/password/new': {
    ...paged('Sets it', each(['token', 'password', 'repeated'], TEXT)),
    gives: {
      '200': PAGE,
      '404': givesText('text/html', 'The token is used or expired'),
      '422': givesText('text/html', 'The page again, and why'),
    },
  },
  'GET /users/confirm': paged('Asks whether the address is the reader’s', { token: TEXT }),
  'POST /users/confirm': paged('Confirms it', { token: TEXT }),
  'GET /users/v2': {
    summary: 'Users by their fields',
    description:
      'At least one field that is no time has to be given with `eq`, `in` or `start_with`; the last takes 4 characters or more and gives 5 users at most.',
    takes: { ...filters(USERS_V2_FIELDS), ...sorts(USERS_V2_FIELDS), ...OFFSET_PAGES },
    gives: { '200': gives(object({ limit: WHOLE, skip: WHOLE, total_entries: WHOLE, items: listOf(USER) })) },
    refuses: [422],
  },
  'GET /users': {
    ...listing('Users, by number', {
      filter: {
        type: ['string', 'array', 'object'],
        description:
          '`filter[]=<type> <field> <operator> <value>` or `filter[<operator>]=<type> <field> <value>`; operators are gt, lt, ge, le, eq, ne, between and in.',
      },
      order: { type: 'string', description: '`<asc|desc> <type> <field>`' },
      ...each(v1FieldNames(), TEXT),
    }),
    refuses: [422],
  },
  'GET /users/:id': one('A user'),
  'GET /users/external/:id': one('A user by what he is elsewhere'),
  'GET /users/by_login': one('A user by his login', 'login'),
  'GET /users/by_email': one('A user by his address', 'email'),
  'GET /users/by_facebook_id': one('A user by his number there', 'facebook_id'),
  'GET /users/by_twitter_id': one('A user by his number there', 'twitter_id'),
  'GET /users/phone': one('A user by his phone', 'phone'),
  'GET /users/by_full_name': listing('Users whose name contains a text', { full_name: TEXT }),
  'GET /users/by_tags': listing('Users with one of several tags', { tags: LIST }),
  'GET /users/online': {
    summary: 'Users with a chat connection',
    takes: { ...COUNT, ...OFFSET_PAGES },
    gives: { '200': gives(either(object({ users: listOf(USER) }), object({ count: WHOLE }))) },
  },
  'DELETE /admin/user/:id': {
    summary: 'Deletes a user',
    gives: { '200': gives(object({ success: { const: true } })) },
    refuses: [404],
  },
  'POST /address_book': {
    summary: 'Uploads contacts',
    takes: {
      contacts: listOf(within({ name: TEXT, phone: TEXT, destroy: FLAG })),
      force: FLAG,
      ...WITH_UDID,
    },
    needs: ['contacts'],
    gives: {
      '200': gives(
        object({
          ...each(['created', 'updated', 'deleted'], WHOLE),
          rejected: mapOf(listOf(STRING)),
        }),
      ),
    },
    refuses: [422],
  },
  'GET /address_book': {
    summary: 'The caller’s contacts, of one device or of all',
    takes: WITH_UDID,
    gives: { '200': gives(listOf(object({ phone: STRING, name: orNull(STRING) }))) },
    refuses: [422],
  },
  'GET /address_book/registered_users': {
    summary: 'Users who have the phone of a contact',
    takes: { compact: FLAG, ...WITH_UDID },
    gives: {
      '200': gives(
        object({
          items: listOf(object({ user: { type: 'object', required: ['id', 'phone', 'address_book_name'] } })),
        }),
      ),
    },
    refuses: [422],
  },
}
