import * as t from 'io-ts'
import type { JsonObject } from '../../json.ts'

const SessionCodec = t.readonly(
  t.intersection([
    t.type({
      id: t.number,
      app: t.number,
      /** 0: of the application alone. */
      user: t.number,
      createdAt: t.number,
      updatedAt: t.number,
      /** `ts` of the reply, in seconds: the client's `timestamp`, if it sent one. */
      ts: t.number,
    }),
    t.partial({ nonce: t.union([t.string, t.number]), isGuest: t.literal(true) }),
  ]),
)

/** A live token, as the vault keeps it under the token's hash. Times are milliseconds since the Unix epoch. */
export type Session = t.TypeOf<typeof SessionCodec>

/** `undefined` if it is none. */
export const decodeSession = (value: JsonObject): Session | undefined =>
  SessionCodec.is(value) ? value : undefined
