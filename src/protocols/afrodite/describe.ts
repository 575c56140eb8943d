import { STATUS_CODES } from 'node:http'
import * as t from 'io-ts'
import { AccountStateName, CAPABILITIES, Visibility } from '../../domain/afrodite/standing.ts'
import { jsonReply, type Description, type Operation, type Reply } from '../../openapi/description.ts'
import { schemaOf } from '../../openapi/schema.ts'
import { nullable } from './codecs.ts'
import type { Endpoint } from './endpoint.ts'
import { Aid } from './login-result.ts'
import { CONNECT_PATH, publicPath } from './paths.ts'

const TAG = 'afrodite'
const TOKEN = 'afrodite.accessToken'

/** Every row of the table under its public path, the internal ones too where they are public, and the handshake. */
export const describeAfrodite = (
  endpoints: readonly Endpoint[],
  { internalRoutes }: { readonly internalRoutes: boolean },
): Description => ({
  tag: TAG,
  about:
    'Accounts of the Afrodite client. Paths are hashes of the names that the summaries begin with, and are compared as they are.',
  security: {
    [TOKEN]: {
      type: 'apiKey',
      in: 'header',
      name: 'x-access-token',
      description: 'The access token of the account’s current connection.',
    },
  },
  replies: REFUSALS,
  operations: [
    ...endpoints.filter(({ internal }) => internal === undefined || internalRoutes).flatMap(operationsOf),
    CONNECT,
  ],
})

/** Throws for one whose reply nobody has described. */
const operationsOf = (endpoint: Endpoint): readonly Operation[] => {
  const { name, methods, internal, access, policy, codec } = endpoint
  return methods.map((method) => {
    const about = ABOUT[`${method} ${name}`]
    if (about === undefined) throw new Error(`nothing is said of ${method} ${name}`)
    const statuses = [
      ...(access === 'connected' ? [400, 401] : []),
      ...(policy === undefined ? [] : [400, 408, 413, 415, 422]),
      ...(about.statuses ?? []),
      ...[429, 431, 500, 503],
    ]
    return {
      method,
      path: internal === true ? name : publicPath(name),
      summary: `\`${name}\`: ${about.summary}`,
      security: access === 'connected' ? [TOKEN] : [],
      ...(policy === undefined || codec === undefined
        ? {}
        : {
            body: {
              schema: schemaOf(codec),
              description: `At most ${policy.bytesMax} bytes when inflated. Other members are ignored.`,
            },
          }),
      responses: {
        '200': about.reply === undefined ? DONE : jsonReply('Done', schemaOf(about.reply)),
        ...named(statuses),
      },
    }
  })
}

type About = {
  readonly summary: string
  /** Without it there is no body. */
  readonly reply?: t.Mixed
  /** Of its own refusals. */
  readonly statuses?: readonly number[]
}

const DONE: Reply = { description: 'Done' }
const OF_BODIES: ReadonlySet<number> = new Set([400, 413, 415, 422])
const STATUSES = [400, 401, 404, 405, 406, 408, 413, 415, 422, 429, 431, 500, 503]
const nameOf = (status: number): string => (STATUS_CODES[status] ?? '').replaceAll(/\W/g, '')

const REFUSALS: { readonly [name: string]: Reply } = Object.fromEntries(
  STATUSES.map((status): [string, Reply] => {
    const description = STATUS_CODES[status] ?? ''
    const waits = status === 429 || status === 503
    return [
      nameOf(status),
      OF_BODIES.has(status)
        ? jsonReply(
            `${description}. The body only where what was sent is at fault.`,
            schemaOf(t.type({ status: t.literal(status) })),
          )
        : { description, ...(waits ? { headers: { 'Retry-After': { type: 'integer' } } } : {}) },
    ]
  }),
)

const named = (statuses: readonly number[]): Operation['responses'] =>
  Object.fromEntries([...statuses].sort((a, b) => a - b).map((status) => [String(status), nameOf(status)]))

const CONNECT: Operation = {
  method: 'GET',
  path: CONNECT_PATH,
  summary: '`/common_api/connect`: WebSocket',
  description:
    'The subprotocols that are offered are the version of the protocol, `0`, and the access token. Without an upgrade it is refused with 400.',
  security: [],
  responses: { '101': { description: 'The WebSocket is open.' }, ...named([400, 401, 431, 500, 503]) },
  isUpgrade: true,
}

const token = t.type({ token: t.string })
const LoginResult = t.type({
  account: t.type({ refresh: token, access: t.type({ access_token: t.string }) }),
  profile: t.null,
  media: t.null,
  aid: Aid,
  email: nullable(t.string),
})
const DemoAnswer = t.type({ locked: t.boolean, token: nullable(token) })
const version = t.type({ version: t.number })
const linked = 'who the account is in another of our protocols'

/** By method and plain name. */
const ABOUT: { readonly [route: string]: About } = {
  'GET /common_api/version': {
    summary: 'who we are',
    reply: t.type({ backend_code_version: t.string, backend_version: t.string, protocol_version: t.string }),
  },
  'POST /account_api/register': { summary: 'makes an account for a bot', reply: Aid },
  'POST /account_api/login': { summary: 'logs a bot in', reply: LoginResult },
  'POST /account_api/sign_in_with_login': {
    summary: 'logs in with an ID token of Google',
    reply: LoginResult,
  },
  'POST /account_api/logout': { summary: 'ends the login', statuses: [404] },
  'POST /account_api/demo_mode_login': { summary: 'the first password of the demo mode', reply: DemoAnswer },
  'POST /account_api/demo_mode_confirm_login': { summary: 'its second password', reply: DemoAnswer },
  'POST /account_api/demo_mode_accessible_accounts': {
    summary: 'accounts that the demo mode may log in to',
    reply: t.array(t.type({ aid: Aid, name: t.null, age: t.null })),
  },
  'POST /account_api/demo_mode_register_account': { summary: 'makes an account for it', reply: Aid },
  'POST /account_api/demo_mode_login_to_account': { summary: 'logs in to one', reply: LoginResult },
  'POST /account_api/delete': { summary: 'asks for the deletion of the account', statuses: [404, 406] },
  'PUT /account_api/delete': { summary: 'the same', statuses: [404, 406] },
  'GET /account_api/delete': {
    summary: 'the day of the deletion',
    reply: t.type({ delete_date: t.string }),
    statuses: [404],
  },
  'DELETE /account_api/delete': { summary: 'takes the deletion back', statuses: [404, 406] },
  'GET /account_api/state': {
    summary: 'what the account is and may do',
    reply: t.type({
      state: AccountStateName,
      capabilities: t.partial(Object.fromEntries(CAPABILITIES.map((name) => [name, t.literal(true)]))),
      visibility: Visibility,
      sync_version: version,
    }),
    statuses: [404],
  },
  'PUT /account_api/settings/profile_visibility': { summary: 'shows or hides it', statuses: [404, 406] },
  'PUT /account_api/settings/unlimited_likes': { summary: 'a setting', statuses: [404, 406] },
  'GET /account_api/account_data': {
    summary: 'its address',
    reply: t.type({ email: nullable(t.string) }),
    statuses: [404],
  },
  'POST /account_api/account_data': { summary: 'sets its address', statuses: [404, 406] },
  'GET /account_api/account_setup': {
    summary: 'what was set up',
    reply: t.type({ birthdate: nullable(t.string), is_adult: t.boolean }),
    statuses: [404],
  },
  'POST /account_api/account_setup': { summary: 'sets it up', statuses: [404, 406] },
  'POST /account_api/complete_setup': { summary: 'begins to use it', statuses: [404, 406] },
  'GET /account_api/latest_birthdate': {
    summary: 'its birthdate',
    reply: t.type({ birthdate: nullable(t.string) }),
    statuses: [404],
  },
  'POST /account_api/next_client_id': {
    summary: 'a number for another client',
    reply: t.type({ id: t.number }),
    statuses: [404, 406],
  },
  'GET /profile_api/available_profile_attributes': {
    summary: 'attributes of profiles; there are none',
    reply: t.type({ info: t.null, sync_version: version }),
  },
  'POST /chat_api/set_device_token': { summary: 'where the account can be woken', reply: token },
  'POST /chat_api/get_pending_notification': {
    summary: 'what a woken client asks',
    reply: t.type({ value: t.number, new_message_received_from: t.null }),
  },
  'POST /headwater_api/link': { summary: `notes ${linked}`, statuses: [404, 406] },
  'DELETE /headwater_api/link': { summary: `forgets ${linked}`, statuses: [404, 406] },
}
