import packageJson from '../../package.json' with { type: 'json' }
import type { Description } from '../openapi/description.ts'
import { openApiDocument } from '../openapi/document.ts'
import { send } from './answers.ts'
import { describePlatform } from './describe-platform.ts'
import type { Handler, Protocol } from './protocol.ts'

export type Describing = Pick<Protocol, 'describe'>

/** `/openapi.json`: the platform's own routes and those of who describes his. Made when it is asked for first, once. */
export const openApiRoute = (
  url: string | undefined,
  parts: readonly (Describing | undefined)[],
): Handler => {
  let body: Buffer | undefined
  const made = (): Buffer => {
    const described = parts.flatMap((part): readonly Description[] => {
      const description = part?.describe?.()
      return description === undefined ? [] : [description]
    })
    const info = { version: packageJson.version, url: url ?? '/' }
    return Buffer.from(JSON.stringify(openApiDocument(info, [describePlatform(), ...described])))
  }
  return (ctx) => {
    body ??= made()
    ctx.respond = false
    send(ctx.res, { status: 200, headers: JSON_TYPE, body })
  }
}

const JSON_TYPE = { 'Content-Type': 'application/json; charset=utf-8' }
