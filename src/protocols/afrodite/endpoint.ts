import * as E from 'fp-ts/lib/Either.js'
import type * as t from 'io-ts'
import { BODY_POLICIES, type BodyPolicy } from '../../http/bodies.ts'
import type { Answer, HttpRequest } from '../../http/protocol.ts'
import type { JsonObject } from '../../json.ts'
import { badBody } from './errors.ts'
import type { Services } from './services.ts'

/** Whose request it is. */
export type Caller = { readonly aid: string }

/** A row of the tables of afrodite 2 to 6. */
export type Endpoint = Place & {
  /** Without it no body is read. */
  readonly policy?: BodyPolicy
  /** The shape of the body. */
  readonly codec?: t.Mixed
} & (
    | {
        readonly access: 'open'
        readonly serve: (services: Services, body: JsonObject, request: HttpRequest) => Reply
      }
    /** By the account's current connection (afrodite 5). */
    | {
        readonly access: 'connected'
        readonly serve: (services: Services, caller: Caller, body: JsonObject, request: HttpRequest) => Reply
      }
  )

/** For everybody. */
export const open = (place: Place, serve: (services: Services, request: HttpRequest) => Reply): Endpoint => ({
  ...place,
  access: 'open',
  serve: (services, _, request) => serve(services, request),
})

/** For everybody. Another shape of the body is 422. */
export const openWith = <A>(
  place: Place,
  codec: t.Type<A, unknown>,
  serve: (services: Services, body: A, request: HttpRequest) => Reply,
): Endpoint => ({
  ...place,
  policy: policyOf(place),
  codec,
  access: 'open',
  serve: (services, body, request) => withBody(codec, body, (decoded) => serve(services, decoded, request)),
})

/** For the account's current connection. */
export const connected = (
  place: Place,
  serve: (services: Services, caller: Caller, request: HttpRequest) => Reply,
): Endpoint => ({
  ...place,
  access: 'connected',
  serve: (services, caller, _, request) => serve(services, caller, request),
})

/** For the account's current connection. Another shape of the body is 422. */
export const connectedWith = <A>(
  place: Place,
  codec: t.Type<A, unknown>,
  serve: (services: Services, caller: Caller, body: A, request: HttpRequest) => Reply,
): Endpoint => ({
  ...place,
  policy: policyOf(place),
  codec,
  access: 'connected',
  serve: (services, caller, body, request) =>
    withBody(codec, body, (decoded) => serve(services, caller, decoded, request)),
})

export type Place = {
  readonly methods: readonly Method[]
  /** Plain; its path is hashed (afrodite 4.1), unless it is internal. */
  readonly name: string
  /** Not hashed, and not for the public (afrodite 4.2). */
  readonly internal?: true
}
/** HEAD is GET without the body. */
export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'
export type Reply = Answer | Promise<Answer>

/** A row that takes a body takes it by each of its methods. */
const policyOf = ({ methods }: Place): BodyPolicy => ({ ...BODY_POLICIES.afrodite, methods })

const withBody = <A>(codec: t.Type<A, unknown>, body: JsonObject, serve: (decoded: A) => Reply): Reply => {
  const decoded = codec.decode(body)
  return E.isLeft(decoded) ? badBody(422) : serve(decoded.right)
}
