/** What `/openapi.json` says, in the form in which tests ask it. */
import Ajv from 'ajv'
import { isObject, plainText, type Json, type JsonObject } from '../../src/json.ts'

export type Route = {
  readonly method: string
  readonly path: string
  readonly pointer: string
  readonly operation: JsonObject
}

export const object = (value: Json | undefined): JsonObject => (isObject(value) ? value : {})

export const routesOf = (document: JsonObject): readonly Route[] =>
  Object.entries(object(document['paths'])).flatMap(([path, methods]) =>
    Object.entries(object(methods)).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      pointer: `/paths/${path.replaceAll('/', '~1')}/${method}`,
      operation: object(operation),
    })),
  )

export const withHead = (methods: readonly string[]): readonly string[] =>
  methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))

export type Answered = { readonly status: number; readonly text: string; readonly type: string | null }

/** What is wrong with the body of an answer; `undefined`: nothing. */
export const bodyCheck = (document: JsonObject) => {
  const ajv = new Ajv({ logger: false }).addSchema(document, 'document')
  return ({ pointer, operation }: Route, { status, text, type }: Answered): string | undefined => {
    const media = (type ?? '').split(';')[0] ?? ''
    const shared = object(object(operation['responses'])[String(status)])['$ref']
    const response = shared === undefined ? `${pointer}/responses/${status}` : plainText(shared).slice(1)
    const content = `${response}/content/${media.replaceAll('/', '~1')}/schema`
    const validate = ajv.compile({ $ref: `document#${encodeURI(content)}` })
    const value: unknown = media.endsWith('json') ? JSON.parse(text) : text
    return validate(value) === true ? undefined : `${ajv.errorsText(validate.errors)} ${text.slice(0, 300)}`
  }
}
