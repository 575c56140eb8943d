import * as t from 'io-ts'
import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { shaped } from '../../domain/codec-shape.ts'
import type { Fields } from '../../domain/rejection.ts'
import type { JsonObject } from '../../json.ts'

/** The body of a sign-in (rightech 4.1, 4.3). */
export type SignInBody = t.TypeOf<typeof SignInBody>

export const readSignIn = (body: JsonObject): Either<Fields, SignInBody> =>
  E.mapLeft(brokenRules)(SignInBody.decode(body))

/** For `required`, null and `''` count as missing (rightech 1.4). */
const filled = shaped(
  new t.Type<string, string, unknown>(
    'a string',
    (input): input is string => typeof input === 'string' && input !== '',
    (input, context) => {
      if (input === undefined || input === null || input === '') return t.failure(input, context, 'required')
      return typeof input === 'string' ? t.success(input) : t.failure(input, context, 'type')
    },
    t.identity,
  ),
  { type: 'string', minLength: 1 },
)

export const SignInBody = t.type({ login: filled, password: filled })

const brokenRules = (errors: t.Errors): Fields =>
  Object.fromEntries(errors.map(({ context, message }) => [context.at(-1)?.key ?? '', [message ?? 'type']]))
