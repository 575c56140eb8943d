import { STORES } from '../../domain/stores/registry.ts'
import type { Operation as StoreOperation, StoreDef } from '../../domain/stores/store-def.ts'
import type { JsonObject } from '../../json.ts'
import {
  jsonReply,
  queryParameter,
  schemaRef,
  type Description,
  type Operation,
  type Reply,
} from '../../openapi/description.ts'
import { schemaOf } from '../../openapi/schema.ts'
import { SignInBody } from './codecs.ts'
import {
  BODY_REFUSALS,
  bodyOf,
  CREDENTIALS,
  doneSchema,
  ERROR_SCHEMA,
  LIST_PARAMETERS,
  listReply,
  ONLY,
  READ_REFUSALS,
  refusals,
  REFUSALS,
  SECURITY,
  TAG,
  WRITE_REFUSALS,
} from './describe-common.ts'
import { createSchema, entitySchema, MS, patchSchema } from './describe-entities.ts'
import { resourceOperations } from './describe-resources.ts'
import { RESOURCES } from './resource-table.ts'

/** Every route of the stores, out of the registry and the table of resources. */
export const describeStores = (): Description => {
  const resources = resourceOperations(RESOURCES)
  const taken = new Set(resources.map(({ method, path }) => `${method} ${path}`))
  const stores = Object.values(STORES)
  return {
    tag: TAG,
    about: 'Entities of the stores, and what belongs to them',
    security: SECURITY,
    schemas: {
      error: ERROR_SCHEMA,
      ...Object.fromEntries(stores.flatMap(schemasOf)),
    },
    replies: REFUSALS,
    operations: [
      ...OWN,
      ...stores.flatMap(operationsOf).filter(({ method, path }) => !taken.has(`${method} ${path}`)),
      ...resources,
      ...DOORS,
    ],
  }
}

const nameOf = ({ path }: StoreDef): string => path.replaceAll('/', '.')

const schemasOf = (def: StoreDef): readonly (readonly [string, JsonObject])[] => {
  const name = nameOf(def)
  const isOffered = (operation: StoreOperation): boolean => def.operations.includes(operation)
  return [
    [name, entitySchema(def)],
    ...(isOffered('post') ? [[`${name}.post`, createSchema(def)] as const] : []),
    ...(isOffered('patch') ? [[`${name}.patch`, patchSchema(def)] as const] : []),
  ]
}

const operationsOf = (def: StoreDef): readonly Operation[] =>
  def.operations.map((operation) => OPERATIONS[operation](def))

const one = (def: StoreDef): Reply => jsonReply('The entity', schemaRef(TAG, nameOf(def)))
const list = ({ path }: StoreDef): string => `/api/v1/${path}`
const entity = ({ path }: StoreDef): string => `/api/v1/${path}/{id}`

const OPERATIONS: { readonly [operation in StoreOperation]: (def: StoreDef) => Operation } = {
  list: (def) => ({
    method: 'GET',
    path: list(def),
    summary: `Lists ${def.path}`,
    security: CREDENTIALS,
    parameters: LIST_PARAMETERS,
    responses: {
      '200': {
        ...listReply(schemaRef(TAG, nameOf(def))),
        headers: {
          'X-Ric-Version': { type: 'string', description: 'The version of the store for the caller' },
        },
      },
      ...refusals(...READ_REFUSALS),
    },
  }),
  get: (def) => ({
    method: 'GET',
    path: entity(def),
    summary: `One of ${def.path}`,
    security: CREDENTIALS,
    parameters: [ONLY],
    responses: { '200': one(def), ...refusals(...READ_REFUSALS) },
  }),
  post: (def) => ({
    method: 'POST',
    path: list(def),
    summary: `Creates one of ${def.path}`,
    security: CREDENTIALS,
    body: bodyOf(schemaRef(TAG, `${nameOf(def)}.post`)),
    responses: { '200': one(def), ...refusals(...BODY_REFUSALS) },
  }),
  patch: (def) => ({
    method: 'PATCH',
    path: entity(def),
    summary: `Changes one of ${def.path}`,
    security: CREDENTIALS,
    body: bodyOf(schemaRef(TAG, `${nameOf(def)}.patch`)),
    responses: { '200': one(def), ...refusals(...BODY_REFUSALS) },
  }),
  delete: (def) => ({
    method: 'DELETE',
    path: entity(def),
    summary: `Deletes one of ${def.path}`,
    security: CREDENTIALS,
    responses: { '200': one(def), ...refusals(...WRITE_REFUSALS) },
  }),
}

const DONE = jsonReply('Done', doneSchema())

const signIn = (path: string, summary: string, reply: Reply): Operation => ({
  method: 'POST',
  path,
  summary,
  security: [],
  body: bodyOf(schemaOf(SignInBody)),
  responses: { '200': reply, ...refusals(400, 401, 403, 408, 413, 429, 431, 500, 503) },
})

const welcome = (path: string): Operation => ({
  method: 'GET',
  path,
  summary: 'Says that the stores are there',
  security: [],
  responses: { '200': DONE, ...refusals(431, 500, 503) },
})

const OWN: readonly Operation[] = [
  welcome('/'),
  welcome('/api/v1'),
  signIn('/api/v1/auth', 'Opens a session and sets its cookie', {
    ...DONE,
    headers: { 'Set-Cookie': { type: 'string' } },
  }),
  signIn(
    '/api/v1/auth/token',
    'Opens a session and answers its token',
    jsonReply(
      'The token',
      doneSchema({ type: { const: 'access' }, token: { type: 'string' }, issuedAt: MS, expiresAt: MS }),
    ),
  ),
  {
    method: 'GET',
    path: '/api/v1/auth',
    summary: 'The user who is signed in',
    security: CREDENTIALS,
    parameters: [ONLY],
    responses: { '200': jsonReply('The user', schemaRef(TAG, 'users')), ...refusals(...READ_REFUSALS) },
  },
  {
    method: 'DELETE',
    path: '/api/v1/auth',
    summary: 'Ends the session, or the token that was used',
    security: CREDENTIALS,
    responses: { '200': DONE, ...refusals(...WRITE_REFUSALS) },
  },
]

const ACCESS_TOKEN = queryParameter('accessToken', 'A token, where no header can be sent.', {
  type: 'string',
})
const OPENED: Reply = { description: 'The WebSocket is open.' }

const events = (path: string): Operation => ({
  method: 'GET',
  path,
  summary: 'WebSocket: an event a message',
  description: 'Without an upgrade it is refused with 400.',
  security: CREDENTIALS,
  parameters: [
    ACCESS_TOKEN,
    queryParameter('events', 'Only these, a comma between them.', { type: 'string' }),
    queryParameter('events!', 'All but these.', { type: 'string' }),
  ],
  responses: { '101': OPENED, ...refusals(400, 401, 431, 500, 503) },
  isUpgrade: true,
})

const DOORS: readonly Operation[] = [
  events('/events/stream'),
  events('/api/v1/events/stream'),
  {
    method: 'GET',
    path: '/socket.io/',
    summary: 'Socket.IO: the events of the stores, for requests that carry their credentials',
    security: CREDENTIALS,
    parameters: [
      ACCESS_TOKEN,
      queryParameter('EIO', 'Version of Engine.IO: 3.', { type: 'string' }),
      queryParameter('transport', '`websocket`.', { type: 'string' }),
    ],
    responses: {
      '101': OPENED,
      '400': jsonReply('Not what Engine.IO asks for', {
        type: 'object',
        properties: { code: { type: 'integer' }, message: { type: 'string' } },
      }),
      ...refusals(401, 431, 500, 503),
    },
    isUpgrade: true,
  },
]
