import { createHmac } from 'node:crypto'
import { equalTexts } from '../../crypto/hashes.ts'
import { isList, isObject, type Json, type JsonObject } from '../../json.ts'

/** What older SDKs sign (connectycube 3.2): every field but the signature, values raw, groups and their members in order of their code units. */
export const signedText = (body: JsonObject): string =>
  Object.entries(body)
    .filter(([name]) => name !== 'signature')
    .map(([name, value]) => pairs(name, value).sort().join('&'))
    .sort()
    .join('&')

/** SHA-1 or SHA-256, which the length tells apart. */
export const isSigned = (body: JsonObject, signature: string, secret: string): boolean => {
  const algorithm = ALGORITHMS.get(signature.length)
  return (
    algorithm !== undefined &&
    equalTexts(createHmac(algorithm, secret).update(signedText(body)).digest('hex'), signature)
  )
}

const ALGORITHMS: ReadonlyMap<number, string> = new Map([
  [40, 'sha1'],
  [64, 'sha256'],
])

const pairs = (name: string, value: Json): string[] => {
  if (isList(value)) return value.flatMap((item) => pairs(`${name}[]`, item))
  if (isObject(value))
    return Object.entries(value).flatMap(([member, item]) => pairs(`${name}[${member}]`, item))
  return [`${name}=${String(value)}`]
}
