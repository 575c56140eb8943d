import * as E from 'fp-ts/lib/Either.js'
import { isUtf8 } from 'node:buffer'
import { isObject } from '../json.ts'
import type { JsonObject } from '../json.ts'
import { JSON_DEPTH_MAX } from '../limits.ts'
import type { BadRequestReason, HttpFailure } from './protocol.ts'

/**
 * The JSON object that the bytes are: valid UTF-8, nested at most `JSON_DEPTH_MAX` deep, every number finite. Keys such as
 * `__proto__` are own members like any other: what they mean is the protocol's to say.
 */
export const parseJsonObject = (bytes: Buffer): E.Either<HttpFailure, JsonObject> => {
  if (!isUtf8(bytes)) return refused('utf-8')
  const value = parse(bytes.toString('utf8'))
  if (value === undefined) return refused('json')
  if (!isObject(value)) return refused('not an object')
  const reason = faultIn(value, JSON_DEPTH_MAX)
  return reason === undefined ? E.right(value) : refused(reason)
}

const refused = (reason: BadRequestReason) => E.left<HttpFailure>({ _tag: 'BadRequest', reason })

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** `1e999` would be stored as `null`. */
const faultIn = (value: unknown, depthLeft: number): BadRequestReason | undefined => {
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : 'json'
  if (typeof value !== 'object' || value === null) return undefined
  if (depthLeft === 0) return 'json depth'
  for (const member of Object.values(value)) {
    const reason = faultIn(member, depthLeft - 1)
    if (reason !== undefined) return reason
  }
  return undefined
}
