import { plainText, type JsonObject } from '../json.ts'
import type { Body, Description, Operation, Reply } from './description.ts'

/** An OpenAPI 3.1 document of everything that is described; `url` is where its paths begin. */
export const openApiDocument = (
  info: { readonly version: string; readonly url: string },
  descriptions: readonly Description[],
): JsonObject => {
  const shared = sharedParameters(descriptions)
  return {
    openapi: '3.1.0',
    info: {
      title: 'Headwater',
      version: info.version,
      description:
        'Every HTTP route of the protocols that this server speaks. HEAD is GET without the body. Runs of `/` in a path count as one.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: info.url }],
    tags: descriptions.map(({ tag, about }) => ({ name: tag, description: about })),
    paths: pathsOf(descriptions, shared),
    components: {
      parameters: Object.fromEntries([...shared].map(([parameter, name]) => [name, parameter])),
      securitySchemes: joined(descriptions.map(({ security }) => security)),
      schemas: joined(descriptions.map(({ tag, schemas }) => prefixed(tag, schemas ?? {}))),
      responses: joined(
        descriptions.map(({ tag, replies }) =>
          prefixed(
            tag,
            mapValues(replies, (reply) => responseOf(reply)),
          ),
        ),
      ),
    },
  }
}

/** Parameters that stand at several operations, by the names that they have there. */
type Shared = ReadonlyMap<JsonObject, string>

const sharedParameters = (descriptions: readonly Description[]): Shared => {
  const seen = new Set<JsonObject>()
  const shared = new Map<string, JsonObject>()
  for (const { tag, operations } of descriptions) {
    for (const parameter of operations.flatMap(({ parameters = [] }) => parameters)) {
      const name = `${tag}.${plainText(parameter['name']).replaceAll(/\W/g, '-')}`
      if (!seen.has(parameter)) seen.add(parameter)
      else if (!shared.has(name)) shared.set(name, parameter)
    }
  }
  return new Map([...shared].map(([name, parameter]) => [parameter, name]))
}

const inPlace =
  (shared: Shared) =>
  (parameter: JsonObject): JsonObject => {
    const name = shared.get(parameter)
    return name === undefined ? parameter : { $ref: `#/components/parameters/${name}` }
  }

type Described = Pick<Description, 'tag' | 'replies'> & { readonly operation: Operation }

/** Of one path and method. */
type AtOne = readonly [Described, ...(readonly Described[])]

/** Two protocols may answer at one path, told apart by what a request carries: theirs become one operation. */
const pathsOf = (descriptions: readonly Description[], shared: Shared): JsonObject => {
  const byRoute = new Map<string, AtOne>()
  for (const { tag, replies, operations } of descriptions) {
    for (const operation of operations) {
      const route = `${operation.method} ${operation.path}`
      const described = { tag, replies, operation }
      const others = byRoute.get(route)
      byRoute.set(route, others === undefined ? [described] : [...others, described])
    }
  }
  const paths: { [path: string]: { [method: string]: JsonObject } } = {}
  for (const all of byRoute.values()) {
    for (const { method, path, json } of methodsOf(all, shared))
      paths[path] = { ...paths[path], [method]: json }
  }
  return paths
}

type Placed = { readonly path: string; readonly method: string; readonly json: JsonObject }

const methodsOf = (all: AtOne, shared: Shared): readonly Placed[] => {
  const { path, method } = all[0].operation
  const placed = { path, method: method.toLowerCase(), json: operationOf(all, method, shared) }
  const hasHead = method === 'GET' && all.every(({ operation }) => operation.isUpgrade === undefined)
  return hasHead ? [placed, { path, method: 'head', json: operationOf(all, 'HEAD', shared) }] : [placed]
}

const operationOf = (all: AtOne, method: Operation['method'] | 'HEAD', shared: Shared): JsonObject => {
  const operations = all.map(({ operation }) => operation)
  const { path, body } = all[0].operation
  const parameters = [...pathParameters(path), ...operations.flatMap((one) => one.parameters ?? [])]
  const description = operations.flatMap((one) => one.description ?? []).join('\n\n')
  return {
    tags: all.map(({ tag }) => tag),
    operationId: [...all.map(({ tag }) => tag), method.toLowerCase(), ...wordsOf(path)].join('_'),
    summary: operations.map(({ summary }) => summary).join(' / '),
    ...(description === '' ? {} : { description }),
    security: securityOf(operations),
    ...(parameters.length === 0 ? {} : { parameters: parameters.filter(isFirst).map(inPlace(shared)) }),
    ...(body === undefined ? {} : { requestBody: requestBodyOf(body) }),
    responses: responsesOf(all, method === 'HEAD'),
  }
}

/** Nobody is asked where one of them asks nobody. */
const securityOf = (operations: readonly Operation[]): readonly JsonObject[] => {
  const required = operations.flatMap(({ security }) => security.map((name) => ({ [name]: [] })))
  const isOpen = operations.some(({ security }) => security.length === 0)
  return isOpen && required.length > 0 ? [{}, ...required] : required
}

const isFirst = ({ name }: JsonObject, index: number, all: readonly JsonObject[]): boolean =>
  all.findIndex((one) => one['name'] === name) === index

const responsesOf = (all: readonly Described[], isHead: boolean): JsonObject => {
  const statuses = new Set(all.flatMap(({ operation }) => Object.keys(operation.responses)))
  return Object.fromEntries(
    [...statuses].map((status) => {
      const givers = all.filter(({ operation }) => Object.hasOwn(operation.responses, status))
      const [one] = givers
      const named = givers.length === 1 ? one?.operation.responses[status] : undefined
      return typeof named === 'string' && one !== undefined
        ? [status, { $ref: `#/components/responses/${one.tag}.${named}` }]
        : [status, responseOf(together(givers.map((giver) => replyOf(giver, status))), isHead)]
    }),
  )
}

const replyOf = ({ replies, operation }: Described, status: string): Reply => {
  const reply = operation.responses[status]
  const found = typeof reply === 'string' ? replies[reply] : reply
  if (found === undefined) throw new Error(`${operation.path} has no reply ${status}`)
  return found
}

/** What several owners of a path answer with one status. */
const together = (replies: readonly Reply[]): Reply => {
  const contents = replies.flatMap(({ content = {} }) => Object.entries(content))
  const content = Object.fromEntries(
    contents.map(([type]) => {
      const schemas = contents.filter(([other]) => other === type).map(([, schema]) => schema)
      const [only = {}] = schemas
      return [type, schemas.length === 1 ? only : { anyOf: schemas }]
    }),
  )
  return {
    description: replies.map(({ description }) => description).join(' / '),
    ...(contents.length === 0 ? {} : { content }),
    headers: Object.assign({}, ...replies.map(({ headers }) => headers ?? {})) as NonNullable<
      Reply['headers']
    >,
  }
}

const wordsOf = (path: string): readonly string[] => {
  const words = path.split(/[^\w]+/).filter((word) => word !== '')
  return words.length === 0 ? ['root'] : words
}

const pathParameters = (path: string): readonly JsonObject[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string', minLength: 1 },
  }))

const requestBodyOf = ({ schema, type = 'application/json', isOptional, description }: Body): JsonObject => ({
  ...(description === undefined ? {} : { description }),
  required: isOptional === undefined,
  content: { [type]: { schema } },
})

/** A reply to HEAD has no body. */
const responseOf = ({ description, content, headers = {} }: Reply, isHead = false): JsonObject => ({
  description,
  ...(Object.keys(headers).length === 0 ? {} : { headers: mapValues(headers, (schema) => ({ schema })) }),
  ...(content === undefined || isHead ? {} : { content: mapValues(content, (schema) => ({ schema })) }),
})

const joined = (parts: readonly JsonObject[]): JsonObject => Object.assign({}, ...parts) as JsonObject

const prefixed = (tag: string, parts: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(parts).map(([name, part]) => [`${tag}.${name}`, part]))

const mapValues = <A>(
  values: { readonly [name: string]: A },
  map: (value: A) => JsonObject,
): { readonly [name: string]: JsonObject } =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, map(value)]))
