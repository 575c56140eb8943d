import type { JsonObject } from '../../json.ts'
import {
  jsonReply,
  queryParameter,
  schemaRef,
  type Operation,
  type Reply,
} from '../../openapi/description.ts'
import {
  BODY_REFUSALS,
  bodyOf,
  CREDENTIALS,
  doneSchema,
  LIST_PARAMETERS,
  listReply,
  ONLY,
  READ_REFUSALS,
  refusals,
  TAG,
  WRITE_REFUSALS,
} from './describe-common.ts'
import { ID, MS } from './describe-entities.ts'
import type { Resource } from './resources.ts'

/** The paths beside the operations of the stores (rightech 3). Throws for one that nobody has described. */
export const resourceOperations = (resources: readonly Resource[]): readonly Operation[] =>
  resources.map(({ method, path }) => {
    const about = ABOUT[`${method} ${path}`]
    if (about === undefined) throw new Error(`nothing is said of ${method} ${path}`)
    const { summary, parameters, body, reply } = about
    const refused = method === 'GET' ? READ_REFUSALS : body === undefined ? WRITE_REFUSALS : BODY_REFUSALS
    return {
      method,
      path: `/api/v1/${path.replaceAll(/:(\w+)/g, '{$1}')}`,
      summary,
      security: CREDENTIALS,
      ...(parameters === undefined ? {} : { parameters }),
      ...(body === undefined ? {} : { body: bodyOf(body) }),
      responses: { '200': reply, ...refusals(...refused) },
    }
  })

type About = {
  readonly summary: string
  readonly parameters?: readonly JsonObject[]
  readonly body?: JsonObject
  readonly reply: Reply
}

const TEXT = { type: 'string' }
const OBJECT = { type: 'object' }

const succeeded = (properties: JsonObject, description = 'Done'): Reply =>
  jsonReply(description, {
    type: 'object',
    properties: { ...properties, success: { const: true } },
    required: ['success'],
  })

const PACKET = {
  _id: ID,
  _ts: {
    type: 'integer',
    description: 'Microseconds since the Unix epoch, growing with each packet of an object',
  },
  time: MS,
  online: { type: 'boolean' },
  ...{ _oid: ID, _mid: ID, _gid: ID, id: TEXT, _web: { const: true } },
}
const NODE = {
  id: TEXT,
  type: TEXT,
  name: TEXT,
  active: { type: 'boolean' },
  children: { type: 'array', items: OBJECT },
}
const NODES = { type: 'array', items: { type: 'object', properties: NODE } }
const LINK = { session: TEXT, time: MS, id: ID, name: TEXT }
const EVENT = {
  type: 'object',
  properties: {
    ...{
      _id: TEXT,
      _msgid: TEXT,
      _oid: ID,
      _gid: ID,
      _org: ID,
      service: TEXT,
      event: TEXT,
      time: MS,
      data: OBJECT,
    },
    _v: { type: 'integer', description: 'The version of the store after it' },
  },
  required: ['_id'],
}
const DATA = { type: 'object', description: 'Values by the ids of columns' }
const ROW = {
  type: 'object',
  properties: { _id: ID, time: MS, _at: MS, data: DATA, success: { const: true } },
  required: ['_id'],
}
const ROW_BODY = { type: 'object', properties: { data: DATA } }
const NAMES = { type: 'array', items: TEXT }

const EVENT_PARAMETERS = [
  ...LIST_PARAMETERS,
  queryParameter('events', 'Only these, a comma between them.', TEXT),
  queryParameter('events!', 'All but these.', TEXT),
]

const linksOf = (store: string): { readonly [route: string]: About } => ({
  [`GET objects/:id/${store}`]: {
    summary: `Links of an object to ${store}, the oldest first`,
    parameters: LIST_PARAMETERS,
    reply: listReply({ type: 'object', properties: LINK }),
  },
  [`POST objects/:id/${store}/:target/start`]: {
    summary: `Begins a link of an object to one of ${store}`,
    body: OBJECT,
    reply: jsonReply('The link', doneSchema(LINK)),
  },
  [`POST objects/:id/${store}/:target/stop`]: {
    summary: `Ends such a link`,
    body: OBJECT,
    reply: jsonReply('The link that was, if there was one', doneSchema(LINK)),
  },
})

const NODE_REPLY = succeeded(NODE, 'The node')
const BUILD_REPLY = jsonReply('The build', schemaRef(TAG, 'reports.builds'))

const ABOUT: { readonly [route: string]: About } = {
  'GET objects/:id/model': {
    summary: 'What an object can measure and do, with its present values',
    parameters: [ONLY],
    reply: succeeded({
      ...{ _id: ID, name: TEXT, base: TEXT, owner: ID, group: ID, time: MS },
      ...{ _configs: NODES, _actions: NODES, _arguments: NODES, _object: schemaRef(TAG, 'objects') },
    }),
  },
  'GET models/base': {
    summary: 'The models that all models are made from',
    parameters: LIST_PARAMETERS,
    reply: listReply({
      type: 'object',
      properties: { _id: TEXT, id: TEXT, base: TEXT, name: TEXT, data: OBJECT, props: OBJECT },
    }),
  },
  'POST models/:id/nodes': {
    summary: 'Adds a node to the tree of a model',
    parameters: [
      queryParameter('attachTo', 'The node that it comes below; the root without it.', TEXT),
      queryParameter('atIndex', 'Its place there; the end without it.', { type: 'integer' }),
    ],
    body: { type: 'object', properties: NODE, required: ['id', 'type', 'name'] },
    reply: NODE_REPLY,
  },
  'PATCH models/:id/nodes/:node': {
    summary: 'Changes a node: objects are merged, `id` and `children` stay',
    body: { type: 'object', properties: NODE },
    reply: NODE_REPLY,
  },
  'DELETE models/:id/nodes/:node': { summary: 'Removes a node and what is below it', reply: NODE_REPLY },
  ...linksOf('automatons'),
  ...linksOf('handlers'),
  ...linksOf('geofences'),
  'POST objects/:id/commands/:command': {
    summary:
      'Records a command to an object; its parameters are those of the model, the query and the body, later ones win',
    body: { type: 'object', description: 'Parameters by name' },
    reply: jsonReply('Recorded', doneSchema({ _msgid: TEXT, command: TEXT, params: OBJECT })),
  },
  'GET events': { summary: 'The event log', parameters: EVENT_PARAMETERS, reply: listReply(EVENT) },
  'GET events/org': {
    summary: 'The names of events that the caller can have',
    reply: succeeded({
      unique: NAMES,
      byModel: { type: 'object', additionalProperties: NAMES },
      noModel: NAMES,
    }),
  },
  'GET objects/:id/events': {
    summary: 'The event log of an object',
    parameters: EVENT_PARAMETERS,
    reply: listReply(EVENT),
  },
  'GET tables/:id/rows': {
    summary: 'The rows of a table',
    parameters: LIST_PARAMETERS,
    reply: listReply(ROW),
  },
  'POST tables/:id/rows': { summary: 'Adds a row', body: ROW_BODY, reply: jsonReply('The row', ROW) },
  'GET tables/:id/rows/:row': { summary: 'A row', parameters: [ONLY], reply: jsonReply('The row', ROW) },
  'PATCH tables/:id/rows/:row': {
    summary: 'Changes a row',
    body: ROW_BODY,
    reply: jsonReply('The row', ROW),
  },
  'DELETE tables/:id/rows/:row': { summary: 'Removes a row', reply: jsonReply('The row as it was', ROW) },
  'POST reports/:id/build': {
    summary: 'Has a report built',
    body: {
      type: 'object',
      properties: {
        period: { type: 'object', properties: { from: MS, to: MS }, required: ['from', 'to'] },
        objectIds: { type: 'array', items: ID },
      },
      required: ['period', 'objectIds'],
    },
    reply: BUILD_REPLY,
  },
  'POST reports/builds/:id/cancel': {
    summary: 'Ends a build that is not done',
    body: OBJECT,
    reply: BUILD_REPLY,
  },
  'GET reports/builds/:id/export': {
    summary: 'What was built, as a file',
    parameters: [queryParameter('format', 'JSON, with or without it.', { type: 'string', enum: ['json'] })],
    reply: {
      ...jsonReply('The lists of the report', {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            name: TEXT,
            label: TEXT,
            rows: { type: 'array', items: { type: 'array', items: OBJECT } },
          },
        },
      }),
      headers: { 'Content-Disposition': TEXT },
    },
  },
  'DELETE messages/clear': {
    summary: 'Removes all messages that the caller sees',
    reply: jsonReply('How many', doneSchema({ count: { type: 'integer' } })),
  },
  'GET objects/:id/packets': {
    summary: 'Packets of an object, in order of time',
    parameters: LIST_PARAMETERS,
    reply: listReply({ type: 'object', properties: PACKET }),
  },
  'POST objects/:id/packets': {
    summary: 'Takes a packet',
    body: {
      type: 'object',
      description: 'Values by the ids of arguments; keys that begin with `_` are dropped.',
    },
    reply: succeeded(PACKET, 'The packet as it is stored'),
  },
  'GET objects/:id/state': { summary: 'The last state of an object', reply: succeeded(PACKET) },
  'GET objects/:id/config': { summary: 'The configuration of an object', reply: succeeded({}) },
  'GET objects/:id/tasks': {
    summary: 'The tasks of an object',
    parameters: LIST_PARAMETERS,
    reply: listReply(schemaRef(TAG, 'tasks')),
  },
}
