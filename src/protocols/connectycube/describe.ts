import { STATUS_CODES } from 'node:http'
import type { Answer } from '../../http/protocol.ts'
import { isList, type Json, type JsonObject } from '../../json.ts'
import {
  jsonReply,
  queryParameter,
  type Body,
  type Description,
  type Operation,
  type Reply,
} from '../../openapi/description.ts'
import {
  badRequest,
  forbidden,
  needsUser,
  notFound,
  plainError,
  sessionIsDead,
  unauthorized,
} from './answers.ts'
import { undefinedClass } from './data-acting.ts'
import { CHAT } from './describe-chat.ts'
import { CONTENTS } from './describe-content.ts'
import { EXTRAS } from './describe-extras.ts'
import { listOf, mapOf, object, STRING, TAG, within, type About } from './describe-kinds.ts'
import { PEOPLE } from './describe-people.ts'
import { SHAPES } from './describe-shapes.ts'
import type { Level } from './endpoint.ts'
import { renderError } from './errors.ts'
import { text } from './params.ts'
import type { Row } from './routes.ts'

const ABOUT: { readonly [route: string]: About } = { ...PEOPLE, ...CONTENTS, ...CHAT, ...EXTRAS }

/** The row, given the parameters that are described and no others: so nothing is served that is not said. */
export const asDescribed = (row: Row): Row => {
  const about = ABOUT[routeOf(row)]
  return about === undefined || about.others !== undefined
    ? row
    : { ...row, takes: new Set(Object.keys(about.takes ?? {})) }
}

/** Every row of the tables. Throws for one of which nothing is said. */
export const describeConnectycube = (rows: readonly Row[]): Description => ({
  tag: TAG,
  about: ABOUT_ALL,
  security: SECURITY,
  schemas: SHAPES,
  replies: REFUSALS,
  operations: rows.map(operationOf),
})

const ABOUT_ALL = [
  'Apps of the ConnectyCube SDK. Every path may end in `.json`, as the SDK writes it; the second segment of `/chat/Dialog` and `/chat/Message` is the same in any case.',
  'A body is JSON or a form with brackets, also of GET and DELETE; what the query has wins. Several ids stand in one segment with commas between them.',
  'A live token is prolonged by every request, also where nobody is asked.',
].join(' ')

const SESSION = 'connectycube.session'
const USER = 'connectycube.user'
const AUTH_KEY = 'connectycube.authKey'
const ADMIN_KEY = 'connectycube.adminKey'
const SIGNATURE = 'connectycube.signature'

const header = (name: string, description: string): JsonObject => ({
  type: 'apiKey',
  in: 'header',
  name,
  description,
})

const SECURITY: { readonly [name: string]: JsonObject } = {
  [SESSION]: header('CB-Token', 'The token of any live session; the parameter `token` instead of it.'),
  [USER]: header('CB-Token', 'The token of a session that has a user; the parameter `token` instead of it.'),
  [AUTH_KEY]: header('CB-AuthKey', 'The authorisation key of the application.'),
  [ADMIN_KEY]: header('CB-Administration-API-Key', 'The administration key of the application.'),
  [SIGNATURE]: {
    ...{ type: 'apiKey', in: 'query', name: 'signature' },
    description: 'Of an address that the server signed, until it expires.',
  },
}

const SCHEMES: { readonly [level in Level]: readonly string[] } = {
  none: [],
  key: [AUTH_KEY, SESSION],
  app: [SESSION],
  user: [USER],
  'user or admin': [USER, ADMIN_KEY],
  admin: [ADMIN_KEY],
}
/** A signature lets in, whoever comes with it. */
const SIGNED: { readonly [route: string]: readonly string[] } = {
  'GET /storage/files/:uid': [SIGNATURE],
}

const LEVEL_REFUSALS: { readonly [level in Level]: readonly number[] } = {
  ...{ none: [401], key: [401], app: [401], admin: [401] },
  ...{ user: [401, 403], 'user or admin': [401, 403] },
}
const ALWAYS = [400, 429, 431, 500, 503]

/** What is said with each status, to the letter (connectycube 2.6). */
const SAID: { readonly [status: number]: readonly Answer[] } = {
  400: [badRequest()],
  401: [plainError(401, 'Token is required'), unauthorized(), sessionIsDead()],
  403: [forbidden(), needsUser()],
  404: [notFound(), undefinedClass()],
  408: [renderError({ _tag: 'Timeout' })],
  429: [renderError({ _tag: 'TooMany', retryAfterSeconds: 1 })],
  500: [renderError({ _tag: 'Internal' })],
  503: [renderError({ _tag: 'Unavailable', retryAfterSeconds: 1 })],
}
const BROKEN = object({ errors: mapOf(listOf(STRING)) })

const bodyIn = ({ body }: Answer): Json => JSON.parse(String(body)) as Json
const schemaFor = (status: number): JsonObject => {
  if (status === 422) return BROKEN
  const said = SAID[status]
  return said === undefined ? object({ error: STRING }) : { enum: said.map(bodyIn) }
}

const nameOf = (status: number): string => (STATUS_CODES[status] ?? '').replaceAll(/\W/g, '')

const MEANING: { readonly [status: number]: string } = {
  422: 'What is wrong by its field; of no field under `base`.',
  431: 'Before anything of the request is known.',
}

const REFUSALS: { readonly [name: string]: Reply } = Object.fromEntries(
  [400, 401, 403, 404, 408, 422, 429, 431, 500, 503].map((status): [string, Reply] => [
    nameOf(status),
    {
      ...jsonReply(MEANING[status] ?? STATUS_CODES[status] ?? '', schemaFor(status)),
      ...(status === 429 || status === 503 ? { headers: { 'Retry-After': { type: 'integer' } } } : {}),
    },
  ]),
)

const routeOf = ({ method, path }: Row): string => `${method} ${path}`

const aboutOf = (row: Row): About => {
  const about = ABOUT[routeOf(row)]
  if (about === undefined) throw new Error(`nothing is said of ${routeOf(row)}`)
  return about
}

const operationOf = (row: Row): Operation => {
  const { method, path, level } = row
  const about = aboutOf(row)
  const hasBody = method === 'POST' || method === 'PUT'
  const statuses = [...ALWAYS, ...LEVEL_REFUSALS[level], ...(hasBody ? [408] : []), ...(about.refuses ?? [])]
  return {
    method,
    path: path.replaceAll(/:(\w+)/g, '{$1}'),
    summary: about.summary,
    ...(about.description === undefined ? {} : { description: about.description }),
    security: SIGNED[routeOf(row)] ?? SCHEMES[level],
    ...(hasBody ? bodyOf(about) : parametersOf(about)),
    responses: { ...named(statuses), ...about.gives },
  }
}

const named = (statuses: readonly number[]): Operation['responses'] =>
  Object.fromEntries(statuses.map((status) => [String(status), nameOf(status)]))

/** Nothing is taken that has no name, unless it is said. */
const bodyOf = ({ takes, needs, others, body }: About): { readonly body?: Body } =>
  takes === undefined && others === undefined
    ? {}
    : {
        body: {
          schema: within(takes ?? {}, needs),
          ...(needs === undefined ? { isOptional: true } : {}),
          ...(others === undefined ? {} : { description: others }),
          ...(body === undefined ? {} : { type: body }),
        },
      }

const parametersOf = ({ takes = {}, needs = [], others }: About): Pick<Operation, 'parameters'> => {
  const parameters = Object.entries(takes).map(([name, schema]) =>
    asOne({
      ...queryParameter(name, text(schema['description']) ?? name, schema),
      ...(needs.includes(name) ? { required: true } : {}),
      ...(isNested(schema) ? { style: 'deepObject', explode: true } : {}),
    }),
  )
  const free =
    others === undefined
      ? []
      : [{ ...queryParameter('fields', others, within({})), style: 'form', explode: true }]
  const all = [...parameters, ...free]
  return all.length === 0 ? {} : { parameters: all }
}

/** Equal ones are one and the same, so that the document has them once. */
const asOne = (parameter: JsonObject): JsonObject => {
  const key = JSON.stringify(parameter)
  const known = PARAMETERS.get(key) ?? parameter
  PARAMETERS.set(key, known)
  return known
}
const PARAMETERS = new Map<string, JsonObject>()

const isNested = ({ type }: JsonObject): boolean =>
  type === 'object' || (isList(type) && type.includes('object'))
