import { rejection } from '../../../domain/rejection.ts'
import type { Fields } from '../../../domain/rejection.ts'
import type { Answer, HttpFailure } from '../../../http/protocol.ts'
import type { JsonObject } from '../../../json.ts'
import { errorBody, failure, JSON_TYPE, rejected } from '../errors.ts'

export const json = (value: JsonObject): Answer => jsonText(JSON.stringify(value))

export const jsonText = (body: string): Answer => ({
  status: 200,
  headers: { 'Content-Type': JSON_TYPE },
  body,
})

export const plain = (body: string): Answer => ({
  status: 200,
  headers: { 'Content-Type': 'text/plain; charset=utf-8' },
  body,
})

/** Parameters that break a rule, by their names. */
export const invalid = (fields: Fields): Answer => rejected(rejection('Invalid', 'parameters', { fields }))

/** The stores' form, but a method that only reads do not have is 405 here, as everywhere on the platform (one-port 3). */
export const historyFailure = (problem: HttpFailure): Answer => {
  if (problem._tag !== 'MethodNotAllowed') return failure(problem)
  return {
    status: 405,
    headers: { 'Content-Type': JSON_TYPE, Allow: problem.allow },
    body: errorBody(405, ['error_method_not_allowed']),
  }
}
