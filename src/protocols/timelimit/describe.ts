import { STATUS_CODES } from 'node:http'
import * as t from 'io-ts'
import { ACTIONS } from '../../domain/timelimit/actions/table.ts'
import type { Envelope } from '../../domain/timelimit/actions/action.ts'
import { isList, isObject, type JsonObject } from '../../json.ts'
import { TIMELIMIT_PUSH_ACTIONS_MAX } from '../../limits.ts'
import {
  jsonReply,
  queryParameter,
  schemaRef,
  type Description,
  type Operation,
  type Reply,
} from '../../openapi/description.ts'
import { schemaOf } from '../../openapi/schema.ts'
import { REPLIES } from './describe-replies.ts'
import type { Endpoint } from './endpoint.ts'
import { isAdminPath } from './errors.ts'

const TAG = 'timelimit'
const ADMIN = 'timelimit.admin'

/** Every row of the table of end points, and the sockets. */
export const describeTimelimit = (endpoints: readonly Endpoint[]): Description => ({
  tag: TAG,
  about:
    'Families and their devices. Tokens stand in the bodies. A body has exactly the members that are named, and its type is `application/json`.',
  security: {
    [ADMIN]: {
      type: 'http',
      scheme: 'basic',
      description: 'Any user name; the password is the admin token.',
    },
  },
  schemas: Object.fromEntries(ENVELOPES.map((envelope) => [`${envelope}Action`, actionsOf(envelope)])),
  replies: REFUSALS,
  operations: [...endpoints.map(operationOf), socket('GET'), socket('POST')],
})

/** Throws for one whose reply nobody has described. */
const operationOf = ({ method, path, policy, codec }: Endpoint): Operation => {
  const about = REPLIES[`${method} ${path}`]
  if (about === undefined) throw new Error(`nothing is said of ${method} ${path}`)
  const admin = isAdminPath(path)
  const statuses = [
    ...(about.statuses ?? []),
    ...(policy === undefined ? [] : [400, 408, 413, 415]),
    ...(admin ? [401] : []),
    ...ALWAYS,
  ]
  return {
    method,
    path,
    summary: about.summary,
    security: admin ? [ADMIN] : [],
    ...(policy === undefined || codec === undefined
      ? {}
      : {
          body: {
            schema: path === PUSH ? pushSchema(schemaOf(codec)) : schemaOf(codec),
            description: `At most ${policy.bytesMax} bytes when inflated${path === PUSH ? `, and ${TIMELIMIT_PUSH_ACTIONS_MAX} actions` : ''}.`,
          },
        }),
    responses: { '200': okOf(about.reply), ...named(statuses) },
  }
}

const PUSH = '/sync/push-actions'
const ALWAYS = [429, 431, 500, 503] as const

const okOf = (reply: t.Mixed | 'text'): Reply =>
  reply === 'text'
    ? { description: 'Done', content: { 'text/plain': { const: 'OK' } } }
    : jsonReply('Done', schemaOf(reply))

const PAGE = { 'text/html': { type: 'string', description: 'A page that says no more than the status' } }

const STATUSES = [400, 401, 403, 404, 408, 409, 410, 413, 415, 429, 431, 500, 503]
const nameOf = (status: number): string => (STATUS_CODES[status] ?? '').replaceAll(/\W/g, '')

const REFUSALS: { readonly [name: string]: Reply } = Object.fromEntries(
  STATUSES.map((status) => [
    nameOf(status),
    {
      description: STATUS_CODES[status] ?? '',
      content: PAGE,
      ...(status === 429 || status === 503 ? { headers: { 'Retry-After': { type: 'integer' } } } : {}),
      ...(status === 401
        ? { headers: { 'WWW-Authenticate': { type: 'string', description: 'Of the admin paths' } } }
        : {}),
    },
  ]),
)

const named = (statuses: readonly number[]): Operation['responses'] =>
  Object.fromEntries([...statuses].sort((a, b) => a - b).map((status) => [String(status), nameOf(status)]))

const ENVELOPES: readonly Envelope[] = ['appLogic', 'parent', 'child']

const actionsOf = (envelope: Envelope): JsonObject => ({
  oneOf: Object.entries(ACTIONS)
    .filter(([, action]) => action.envelope === envelope)
    .map(([type, { codec }]) => withType(type, schemaOf(codec))),
})

/** The codecs of actions allow for `type`, by which they were found. */
const withType = (type: string, schema: JsonObject): JsonObject => ({
  ...schema,
  title: type,
  properties: { type: { const: type }, ...(isObject(schema['properties']) ? schema['properties'] : {}) },
  required: ['type', ...(isList(schema['required']) ? schema['required'] : [])],
})

/** What the text of an action is. */
const pushSchema = (schema: JsonObject): JsonObject => {
  const encoded = {
    type: 'string',
    contentMediaType: 'application/json',
    contentSchema: { anyOf: ENVELOPES.map((envelope) => schemaRef(TAG, `${envelope}Action`)) },
    description: 'The action as JSON text, of the kind that `type` beside it names.',
  }
  return replaced(schema, 'encodedAction', encoded)
}

const replaced = (schema: JsonObject, name: string, by: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(schema).map(([key, value]) =>
      key === name ? [key, by] : [key, isObject(value) ? replaced(value, name, by) : value],
    ),
  )

const socket = (method: 'GET' | 'POST'): Operation => ({
  method,
  path: '/socket.io/',
  summary: 'Socket.IO of the devices, for requests that carry no credentials of the stores',
  security: [],
  parameters: [
    queryParameter('EIO', 'Version of Engine.IO: 3 or 4.', { type: 'string' }),
    queryParameter('transport', '`websocket` or `polling`.', { type: 'string' }),
    queryParameter('sid', 'Of the connection that it belongs to.', { type: 'string' }),
  ],
  ...(method === 'POST'
    ? { body: { schema: { type: 'string' }, type: 'text/plain', description: 'Packets of Engine.IO' } }
    : {}),
  responses: {
    ...(method === 'GET' ? { '101': { description: 'The WebSocket is open.' } } : {}),
    '200': { description: 'Packets of Engine.IO', content: { 'text/plain': { type: 'string' } } },
    '400': jsonReply('Not what Engine.IO asks for', schemaOf(t.type({ code: t.number, message: t.string }))),
    ...named([408, 413, 431, 500, 503]),
  },
  isUpgrade: true,
})
