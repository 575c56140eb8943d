import type { Answer } from '../../http/protocol.ts'
import type { Json } from '../../json.ts'

export { RULES } from '../../domain/cc/rules.ts'

/** Bodies of connectycube 2.6 and 2.7. Headers that every answer has (2.3) are added where it is sent. */
export const json = (status: number, body: Json, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status,
  headers: { ...JSON_TYPE, ...headers },
  body: JSON.stringify(body),
})

/** Where the SDK reads text. */
export const empty = (status = 200): Answer => ({ status, headers: JSON_TYPE, body: '' })

/** Shape A. */
export const plainError = (status: number, text: string): Answer => json(status, { errors: [text] })
/** Shape B. */
export const baseError = (status: number, text: string): Answer => json(status, { errors: { base: [text] } })
/** Shape C: 422 with the broken rules by field. */
export const fieldErrors = (errors: { readonly [field: string]: readonly string[] }): Answer =>
  json(422, { errors })

export const notFound = (): Answer => plainError(404, "The resource wasn't found")
export const forbidden = (): Answer =>
  plainError(403, "You don't have appropriate permissions to perform this operation")
export const badRequest = (): Answer => plainError(400, 'Bad request')
export const unauthorized = (): Answer => plainError(401, 'Unauthorized')
/** With exactly this the SDK signs in again (2.6). */
export const sessionIsDead = (): Answer => baseError(401, 'Required session does not exist')
export const needsUser = (): Answer => baseError(403, 'Forbidden. Need user.')

const JSON_TYPE = { 'Content-Type': 'application/json; charset=utf-8' }
