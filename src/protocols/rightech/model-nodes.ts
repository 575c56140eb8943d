import * as E from 'fp-ts/lib/Either.js'
import type { Document } from '../../documents/port.ts'
import { rejection } from '../../domain/rejection.ts'
import { BASE_MODELS } from '../../domain/stores/base-models.ts'
import type { AddNode } from '../../domain/stores/commands.ts'
import { findNode, NODES } from '../../domain/stores/nodes.ts'
import type { JsonObject } from '../../json.ts'
import { readerOf } from './at-hand.ts'
import { readBody } from './bodies.ts'
import { rejected } from './errors.ts'
import { listDocuments } from './lists.ts'
import { lastOf, readQuery } from './query.ts'
import type { Call } from './reads.ts'
import { reply, replyJson } from './replies.ts'
import type { Parameters, Resource, ResourceCall } from './resources.ts'
import { execute, writable } from './writes.ts'

/** `GET /models/base` (rightech 3.6): shared by all, changed by nobody. */
const listBaseModels = ({ ctx }: ResourceCall): Promise<void> =>
  listDocuments(
    ctx,
    { reader: BASE_READER },
    {
      collection: 'base models',
      selectable: { search: ['name'], typeAt: (path) => (path === '_id' ? 'id' : 'any') },
      filter: {},
      encode: (model) => model,
      about: 'models',
    },
  )

const BASE_READER = readerOf(BASE_MODELS)

/** `POST /models/:id/nodes?attachTo=…&atIndex=…` */
const postNode = async (call: ResourceCall, { id = '' }: Parameters): Promise<void> => {
  const visit = modelCall(call)
  const { ctx, services, principal } = visit
  const model = await writable(visit, id)
  if (model === undefined) return
  const query = readQuery(ctx.state.request.query)
  const attachTo = lastOf(query, 'attachTo')
  // Before the body is looked at: what is not there goes first (rightech 1.5).
  if (attachTo !== undefined && nodeOf(model, attachTo.value) === undefined) return reply(ctx, NO_NODE)
  const body = await readBody(ctx)
  if (body === undefined) return
  const atIndex = lastOf(query, 'atIndex')
  const command: AddNode = {
    ...{ type: 'AddNode', id: model._id, at: services.now(), caller: principal.caller, body },
    ...(attachTo === undefined ? {} : { attachTo: attachTo.value }),
    ...(atIndex === undefined ? {} : { atIndex: Number(atIndex.value) }),
  }
  const outcome = await execute(visit, model._id, command.at, command)
  if (E.isLeft(outcome)) return reply(ctx, rejected(outcome.left))
  const added = body['id']
  replyNode(visit, nodeOf(outcome.right.state.entity, typeof added === 'string' ? added : undefined))
}

const patchNode = async (call: ResourceCall, { id = '', node = '' }: Parameters): Promise<void> => {
  const visit = modelCall(call)
  const { ctx, services, principal } = visit
  const model = await writable(visit, id)
  if (model === undefined) return
  if (nodeOf(model, node) === undefined) return reply(ctx, NO_NODE)
  const body = await readBody(ctx)
  if (body === undefined) return
  const command = {
    type: 'PatchNode',
    id: model._id,
    at: services.now(),
    caller: principal.caller,
    node,
    body,
  } as const
  const outcome = await execute(visit, model._id, command.at, command)
  if (E.isLeft(outcome)) return reply(ctx, rejected(outcome.left))
  replyNode(visit, nodeOf(outcome.right.state.entity, node))
}

const deleteNode = async (call: ResourceCall, { id = '', node = '' }: Parameters): Promise<void> => {
  const visit = modelCall(call)
  const { ctx, services, principal } = visit
  const model = await writable(visit, id)
  if (model === undefined) return
  const command = {
    type: 'RemoveNode',
    id: model._id,
    at: services.now(),
    caller: principal.caller,
    node,
  } as const
  let removed: JsonObject | undefined
  const outcome = await execute(visit, model._id, command.at, (state) => {
    removed = nodeOf(state.entity, node)
    return Promise.resolve(command)
  })
  if (E.isLeft(outcome)) return reply(ctx, rejected(outcome.left))
  replyNode(visit, removed)
}

export const MODEL_NODE_RESOURCES: readonly Resource[] = [
  { method: 'GET', path: 'models/base', serve: listBaseModels },
  { method: 'POST', path: 'models/:id/nodes', serve: postNode },
  { method: 'PATCH', path: 'models/:id/nodes/:node', serve: patchNode },
  { method: 'DELETE', path: 'models/:id/nodes/:node', serve: deleteNode },
]

const NO_NODE = rejected(rejection('NotFound', 'not_found', { about: NODES }))

const modelCall = ({ routeOf, ...call }: ResourceCall): Call => ({ ...call, route: routeOf('models') })

const nodeOf = (model: Document | JsonObject | undefined, id: string | undefined): JsonObject | undefined =>
  id === undefined ? undefined : findNode(model?.['data'], id)

const replyNode = ({ ctx }: Call, node: JsonObject = {}): void =>
  replyJson(ctx, JSON.stringify({ ...node, success: true }))
