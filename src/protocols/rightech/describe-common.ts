import { STATUS_CODES } from 'node:http'
import type { JsonObject } from '../../json.ts'
import {
  LIST_ENTITIES_MAX,
  LIST_SORT_KEYS_MAX,
  SEARCH_CHARACTERS_MAX,
  STORES_BODY_BYTES_MAX,
} from '../../limits.ts'
import {
  jsonReply,
  queryParameter,
  schemaRef,
  type Body,
  type Operation,
  type Reply,
} from '../../openapi/description.ts'

export const TAG = 'stores'
/** What lets a caller in: the session's cookie, or a token. */
export const CREDENTIALS = ['stores.cookie', 'stores.bearer'] as const

export const SECURITY: { readonly [name: string]: JsonObject } = {
  'stores.cookie': {
    type: 'apiKey',
    in: 'cookie',
    name: 'sid',
    description: 'The session that `POST /api/v1/auth` opens.',
  },
  'stores.bearer': {
    type: 'http',
    scheme: 'bearer',
    description:
      'A token of `POST /api/v1/auth/token` or of `POST /api/v1/tokens`. If there is one, it alone decides.',
  },
}

/** The error body of rightech 4.5. */
export const ERROR_SCHEMA: JsonObject = {
  type: 'object',
  properties: {
    success: { const: false },
    name: { const: 'RicError' },
    code: { type: 'string', description: 'The status' },
    message: { type: 'string' },
    tags: { type: 'array', items: { type: 'string' }, description: 'What is wrong, then what it is about' },
    codes: { type: 'array', items: { type: 'string' }, description: 'The same as `tags`' },
    fields: {
      type: 'object',
      additionalProperties: { type: 'array', items: { type: 'string' } },
      description: 'The broken rules by the path of the field or the name of the parameter',
    },
  },
  required: ['success', 'name', 'code', 'message', 'tags', 'codes'],
}

const STATUSES = [400, 401, 403, 404, 405, 408, 409, 413, 429, 431, 500, 503] as const
type Status = (typeof STATUSES)[number]

const nameOf = (status: Status): string => (STATUS_CODES[status] ?? '').replaceAll(/\W/g, '')

/** Every refusal by its name. */
export const REFUSALS: { readonly [name: string]: Reply } = Object.fromEntries(
  STATUSES.map((status) => [
    nameOf(status),
    {
      ...jsonReply(STATUS_CODES[status] ?? '', schemaRef(TAG, 'error')),
      ...(status === 429 || status === 503 ? { headers: { 'Retry-After': { type: 'integer' } } } : {}),
      ...(status === 401 ? { headers: { 'WWW-Authenticate': { type: 'string' } } } : {}),
    },
  ]),
)

export const refusals = (...statuses: readonly Status[]): Operation['responses'] =>
  Object.fromEntries([...statuses].sort((a, b) => a - b).map((status) => [String(status), nameOf(status)]))

/** What may come of any request with credentials; of one that changes something; of one with a body. */
export const READ_REFUSALS = [400, 401, 403, 404, 431, 500, 503] as const
export const WRITE_REFUSALS = [...READ_REFUSALS, 409] as const
export const BODY_REFUSALS = [...WRITE_REFUSALS, 408, 413] as const

export const bodyOf = (schema: JsonObject): Body => ({
  schema,
  isOptional: true,
  description: `JSON whatever its type says; at most ${STORES_BODY_BYTES_MAX} bytes when inflated. An empty body is \`{}\`.`,
})

const flag = (name: string, description: string): JsonObject =>
  queryParameter(name, description, { type: 'string', enum: ['true', 'false'] })

const text = { type: 'string' }
const count = { type: 'integer', minimum: 0 }

export const ONLY: JsonObject = queryParameter(
  'only',
  'Fields to keep, a comma between them; dotted paths select inside. `_id` is always kept.',
  text,
)

/** What every list takes (rightech 2). */
export const LIST_PARAMETERS: readonly JsonObject[] = [
  queryParameter('limit', `At most so many; ${LIST_ENTITIES_MAX} without it, and at most.`, count),
  queryParameter('offset', 'Skips so many.', count),
  flag('nolimit', 'As many as there are.'),
  queryParameter(
    'meta',
    'The number alone, or with the first and the last; neither `limit` nor `offset` go with it.',
    {
      type: 'string',
      enum: ['true', 'false', 'count'],
    },
  ),
  ONLY,
  ...[
    ['from', 'Created then or later: milliseconds or ISO 8601, UTC without a zone.'],
    ['to', 'Created then or earlier.'],
    ['begin', 'The same as `from`.'],
    ['end', 'The same as `to`.'],
  ].map(([name = '', about = '']) => queryParameter(name, about, text)),
  queryParameter(
    'sortBy',
    `Paths, a comma between them, at most ${LIST_SORT_KEYS_MAX}; \`-\` before one: descending.`,
    text,
  ),
  queryParameter('sort', 'The same as `sortBy`.', text),
  queryParameter('search', 'A part of what is searched, in either case.', {
    ...text,
    maxLength: SEARCH_CHARACTERS_MAX,
  }),
  flag('withChildGroups', 'Also entities of groups below.'),
  flag('streamed', 'Sent as it is read.'),
  {
    ...queryParameter(
      'where',
      '`where.<path>=<value>`: equal to it, or to one of several with commas between them. `where.<path>!=` negates.',
      {
        type: 'object',
        patternProperties: { '^where[._]': text },
        additionalProperties: false,
      },
    ),
    style: 'form',
    explode: true,
  },
]

/** A list, or what `meta` makes of it. */
export const listReply = (item: JsonObject): Reply =>
  jsonReply('The list, an entity a line; with `meta`, what there is of it.', {
    anyOf: [
      { type: 'array', items: item },
      {
        type: 'object',
        properties: {
          count: { type: 'integer' },
          first: { anyOf: [item, { type: 'null' }] },
          last: { anyOf: [item, { type: 'null' }] },
          success: { const: true },
        },
        required: ['count', 'success'],
      },
    ],
  })

/** A reply that is no entity (rightech 1.4). */
export const doneSchema = (members: JsonObject = {}): JsonObject => ({
  type: 'object',
  properties: { sucess: { const: true }, success: { const: true }, ...members },
  required: ['sucess', 'success'],
})
