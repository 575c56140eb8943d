import type * as t from 'io-ts'
import { BODY_POLICIES, type BodyPolicy } from '../../http/bodies.ts'
import type { Answer } from '../../http/protocol.ts'
import type { JsonObject } from '../../json.ts'
import { BAD_REQUEST } from './errors.ts'
import type { Services } from './services.ts'

/** A row of timelimit 2. */
export type Endpoint = {
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** Without it no body is read. */
  readonly policy?: BodyPolicy
  /** The shape of the body. */
  readonly codec?: t.Mixed
  /** What it answers whatever the body is. */
  readonly always?: (services: Services) => Answer | undefined
  readonly serve: (services: Services, body: JsonObject) => Answer | Promise<Answer>
}

export const get = (path: string, serve: (services: Services) => Answer | Promise<Answer>): Endpoint => ({
  method: 'GET',
  path,
  serve,
})

/** Another shape of the body is 400. */
export const post = <A>(
  path: string,
  codec: t.Type<A, unknown>,
  serve: (services: Services, body: A) => Answer | Promise<Answer>,
  more: Pick<Endpoint, 'policy' | 'always'> = {},
): Endpoint => ({
  method: 'POST',
  path,
  policy: BODY_POLICIES.timelimit,
  codec,
  ...more,
  serve: (services, body) => {
    const value: unknown = body
    return codec.is(value) ? serve(services, value) : BAD_REQUEST
  },
})
