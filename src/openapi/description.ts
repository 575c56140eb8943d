import type { JsonObject } from '../json.ts'

/** What a protocol says of its routes, for `/openapi.json`. */
export type Description = {
  /** The tag of its operations, and what the names of its components begin with. */
  readonly tag: string
  readonly about: string
  /** OpenAPI's security schemes by the names that the operations give. */
  readonly security: { readonly [name: string]: JsonObject }
  readonly schemas?: { readonly [name: string]: JsonObject }
  /** Replies that operations name instead of spelling them out. */
  readonly replies: { readonly [name: string]: Reply }
  readonly operations: readonly Operation[]
}

export type Operation = {
  readonly method: Method
  /** `{name}` stands for a segment. */
  readonly path: string
  readonly summary: string
  readonly description?: string
  /** Any one of them lets in; none: nobody is asked. */
  readonly security: readonly string[]
  /** Of the query; those of the path are seen in it. */
  readonly parameters?: readonly JsonObject[]
  readonly body?: Body
  /** By status; a text is the name of one of `replies`. */
  readonly responses: { readonly [status: string]: Reply | string }
  /** An upgrade to WebSocket, which has no HEAD; any other GET has. */
  readonly isUpgrade?: true
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export type Body = {
  readonly schema: JsonObject
  /** By its media type; JSON without one. */
  readonly type?: string
  /** May be left out: an empty body is `{}`. */
  readonly isOptional?: true
  readonly description?: string
}

export type Reply = {
  readonly description: string
  /** Schemas by media type; without it there is no body. */
  readonly content?: { readonly [mediaType: string]: JsonObject }
  /** Schemas by name. */
  readonly headers?: { readonly [name: string]: JsonObject }
}

/** Where a schema of a description is found in the document. */
export const schemaRef = (tag: string, name: string): JsonObject => ({
  $ref: `#/components/schemas/${tag}.${name}`,
})

export const jsonReply = (description: string, schema: JsonObject): Reply => ({
  description,
  content: { 'application/json': schema },
})

/** A parameter of the query. */
export const queryParameter = (name: string, description: string, schema: JsonObject): JsonObject => ({
  name,
  in: 'query',
  description,
  schema,
})
