import type { JsonObject } from '../../../json.ts'
import {
  HISTORY_ANSWER_EVENTS,
  HISTORY_ANSWER_EVENTS_MAX,
  HISTORY_SELECTOR_CHARACTERS_MAX,
} from '../../../limits.ts'
import {
  jsonReply,
  queryParameter,
  schemaRef,
  type Description,
  type Operation,
  type Reply,
} from '../../../openapi/description.ts'
import { CREDENTIALS, READ_REFUSALS, refusals, REFUSALS } from '../describe-common.ts'
import { MS } from '../describe-entities.ts'

const TAG = 'history'

/** What auditors read. */
export const describeHistory = (): Description => ({
  tag: TAG,
  about:
    'The history as it is stored, and the proofs that it is whole: for users of the root group whose rights cover `GET /history/*`.',
  security: {},
  schemas: { event: EVENT, head: HEAD },
  replies: REFUSALS,
  operations: OPERATIONS,
})

const TEXT = { type: 'string' }
const NUMBER = { type: 'integer', minimum: 0 }
const POSITION = { type: 'string', pattern: '^\\d{1,19}$' }
const BASE64 = { type: 'string', contentEncoding: 'base64' }
const HASHES = { type: 'array', items: BASE64 }
const NEXT = { anyOf: [POSITION, { type: 'null' }], description: 'Where the next page begins' }

const object = (properties: JsonObject, more: JsonObject = {}): JsonObject => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  ...more,
})

const EVENT = object({
  ...{ position: POSITION, stream: TEXT, revision: POSITION, id: { ...TEXT, format: 'uuid' }, type: TEXT },
  data: { type: 'object', description: 'As in the catalog of events; sealed fields are `{"$sealed":"…"}`' },
  meta: {
    type: 'object',
    properties: {
      at: MS,
      ...{ actor: TEXT, commandId: TEXT, correlationId: TEXT, schema: NUMBER },
      ...{ via: { type: 'object' }, scope: { type: 'object' }, subject: TEXT, trace: TEXT },
    },
    required: ['at', 'actor', 'commandId', 'correlationId', 'schema'],
  },
})

const HEAD = {
  type: 'object',
  properties: {
    ...{ position: POSITION, at: MS, origin: TEXT, size: NUMBER, root: BASE64, key: TEXT },
    note: { ...TEXT, description: 'The signed checkpoint (C2SP)' },
  },
  required: ['origin', 'size', 'root', 'note', 'key'],
}

const limit = queryParameter(
  'limit',
  `At most so many; ${HISTORY_ANSWER_EVENTS} without it, ${HISTORY_ANSWER_EVENTS_MAX} at most in a page of JSON.`,
  { type: 'integer', minimum: 1 },
)
const selector = (name: string, description: string): JsonObject =>
  queryParameter(name, description, { ...TEXT, maxLength: HISTORY_SELECTOR_CHARACTERS_MAX })
const position = (name: string, description: string): JsonObject =>
  queryParameter(name, description, POSITION)

const SELECTORS: readonly JsonObject[] = [
  queryParameter('stream', 'Of that stream.', TEXT),
  selector('type', 'Of that type.'),
  selector('actor', 'By that actor.'),
  selector('subject', 'With fields sealed for that subject, or about its erasure.'),
  selector('command', 'Of the command with that id.'),
  queryParameter('since', 'At that time or later: milliseconds or ISO 8601, UTC without a zone.', TEXT),
  queryParameter('until', 'At that time or earlier.', TEXT),
  position('after', 'Behind that position.'),
  position('before', 'Before that position.'),
  queryParameter('direction', '`backwards` without it where only `before` is given.', {
    ...TEXT,
    enum: ['forwards', 'backwards'],
  }),
  limit,
]

const get = (
  path: string,
  summary: string,
  reply: Reply,
  parameters: readonly JsonObject[] = [],
): Operation => ({
  method: 'GET',
  path,
  summary,
  security: CREDENTIALS,
  parameters,
  responses: { '200': reply, ...refusals(...READ_REFUSALS) },
})

const plain = (description: string): Reply => ({ description, content: { 'text/plain': TEXT } })

const PAGE: Reply = {
  description: 'A page; or, for who accepts `application/x-ndjson`, all of them, an event a line.',
  content: {
    'application/json': object({ events: { type: 'array', items: schemaRef(TAG, 'event') }, next: NEXT }),
    'application/x-ndjson': schemaRef(TAG, 'event'),
  },
}

const OPERATIONS: readonly Operation[] = [
  get('/history/events', 'Events; what is selected by has to hold altogether', PAGE, SELECTORS),
  get(
    '/history/events/{position}',
    'The event at a position',
    jsonReply('The event', schemaRef(TAG, 'event')),
  ),
  get(
    '/history/heads',
    'Signed heads, the newest first',
    jsonReply('A page', object({ heads: { type: 'array', items: schemaRef(TAG, 'head') }, next: NEXT })),
    [limit, position('before', 'Before that position.')],
  ),
  get('/history/heads/latest', 'The newest signed head', plain('The signed checkpoint (C2SP)')),
  get('/history/key', 'The key that verifies the heads', plain('A verifier key (C2SP)')),
  get(
    '/history/tree',
    'How far the tree is kept',
    jsonReply('The tree', object({ size: NUMBER, root: BASE64, position: POSITION })),
  ),
  get(
    '/history/proofs/inclusion',
    'Proves that an event is in the tree',
    jsonReply(
      'The proof (RFC 9162)',
      object({ index: NUMBER, size: NUMBER, leaf: BASE64, root: BASE64, hashes: HASHES }),
    ),
    [
      { ...position('position', 'Of the event.'), required: true },
      queryParameter('size', 'Of the tree; all of it without it.', { type: 'integer', minimum: 1 }),
    ],
  ),
  get(
    '/history/proofs/consistency',
    'Proves that a tree continues a smaller one',
    jsonReply(
      'The proof (RFC 9162)',
      object({ from: NUMBER, to: NUMBER, roots: { ...HASHES, minItems: 2, maxItems: 2 }, hashes: HASHES }),
    ),
    [
      {
        ...queryParameter('from', 'Size of the smaller one.', { type: 'integer', minimum: 1 }),
        required: true,
      },
      queryParameter('to', 'Of the larger one; all of it without it.', { type: 'integer', minimum: 1 }),
    ],
  ),
]
