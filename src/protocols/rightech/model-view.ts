import { present } from '../../domain/stores/present.ts'
import { isList, isObject, type Json, type JsonObject } from '../../json.ts'
import { findEntity } from '../../queries/stores.ts'
import { fieldPaths, pick } from './only.ts'
import { allOf, readQuery } from './query.ts'
import { readable } from './reads.ts'
import { reply, replyJson } from './replies.ts'
import { objectCall, type Parameters, type Resource, type ResourceCall } from './resources.ts'

/**
 * `GET /objects/:id/model` (rightech 3.2). It is a view of the object: who sees the object sees what it can measure and do, also
 * where its model belongs to a group above and is 404 by itself. Without a model, it having gone, it is the model's 404.
 */
const getModelView = async (call: ResourceCall, { id = '' }: Parameters): Promise<void> => {
  const { services, ctx, routeOf } = call
  const object = await readable(objectCall(call), id)
  if (object === undefined) return
  const models = routeOf('models')
  const model = await findEntity(services.reader, models.def, textOf(object['model']))
  if (model === undefined) return reply(ctx, models.notFound)
  const only = fieldPaths(
    allOf(readQuery(ctx.state.request.query), 'only').flatMap(({ value }) => value ?? []),
  )
  const view = modelView(present('models', model), present('objects', object), only)
  replyJson(ctx, JSON.stringify({ ...view, success: true }))
}

export const MODEL_VIEW_RESOURCES: readonly Resource[] = [
  { method: 'GET', path: 'objects/:id/model', serve: getModelView },
]

/**
 * The members of 3.2 in their order, without `success`.
 * @param only paths to keep of the object; what it says of `state` also decides whether arguments carry their values.
 */
const modelView = (
  model: JsonObject,
  object: JsonObject,
  only: readonly string[] | undefined,
): JsonObject => {
  const nodes = nodesBelow(model['data'])
  const isValued = only === undefined || only.some((path) => path === 'state' || path.startsWith('state.'))
  const state = isValued && isObject(object['state']) ? object['state'] : {}
  const ofType = (type: string): readonly JsonObject[] => nodes.filter((node) => node['type'] === type)
  const ids = new Set(nodes.map(({ id }) => id))
  const base = BASE_ARGUMENTS.filter(({ id = '' }) => !ids.has(id))
  return {
    ...named(model, ['_id', 'name', 'base', 'owner', 'group', 'time']),
    _configs: ofType('config'),
    _actions: ofType('action'),
    _arguments: [...ofType('argument'), ...base].map((argument) => valued(argument, state)),
    _object: only === undefined ? object : pick(object, only),
  }
}

/** Depth first, parents before their children; without the root. */
const nodesBelow = (parent: Json | undefined): readonly JsonObject[] => {
  const children = isObject(parent) && isList(parent['children']) ? parent['children'] : []
  const parentId = isObject(parent) ? (parent['id'] ?? null) : null
  return children.filter(isObject).flatMap((child) => {
    const { children: _below, ...node } = child
    return [{ ...node, _parentId: parentId }, ...nodesBelow(child)]
  })
}

const valued = (argument: JsonObject, state: JsonObject): JsonObject => {
  const id = textOf(argument['id'])
  if (!Object.hasOwn(state, id)) return argument
  return { ...argument, _value: state[id] ?? null, ...at(state['time'], '_time'), ...at(state['_ts'], '_ts') }
}

const at = (value: Json | undefined, name: string): JsonObject =>
  value === undefined ? {} : { [name]: value }

const named = (entity: JsonObject, names: readonly string[]): JsonObject =>
  Object.fromEntries(
    names.flatMap((name) => (entity[name] === undefined ? [] : [[name, entity[name]] as const])),
  )

const baseArgument = (id: string, name: string, more: JsonObject): JsonObject => ({
  _base: true,
  id,
  name,
  type: 'argument',
  active: true,
  ...more,
  usage: id,
  reference: id,
})

/** What every object measures; a node of the model with that id stands for it. */
const BASE_ARGUMENTS: readonly JsonObject[] = [
  baseArgument('online', 'online', { dataType: 'boolean' }),
  baseArgument('time', 'time', { dataType: 'number', unit: 'duration-millisecond' }),
  baseArgument('_ts', 'server_time', { dataType: 'number', unit: 'duration-microsecond' }),
]

const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '')
