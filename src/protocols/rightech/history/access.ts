import type { IncomingHttpHeaders } from 'node:http'
import type { Engine } from '../../../commands/engine.ts'
import { FOUNDING_STREAM, foundingDecider } from '../../../domain/stores/founding.ts'
import { mayGrant } from '../../../domain/stores/scopes.ts'
import type { Answer } from '../../../http/protocol.ts'
import type { Principals } from '../../../queries/stores-principals.ts'
import { credentialOf } from '../credentials.ts'
import { FORBIDDEN, UNAUTHORIZED } from '../errors.ts'

/** What refuses a request, in the order of the stores: who is it, is there such a route, may he. */
export type Access = {
  readonly refusal: (headers: IncomingHttpHeaders, isRoute: boolean) => Promise<Answer | undefined>
}

/** Users of the root group whose role, and whose API token if he comes with one, cover `GET /history/*` (one-port 3). */
export const historyAccess = ({
  principals,
  engine,
  noRoute,
}: {
  readonly principals: Pick<Principals, 'find'>
  readonly engine: Pick<Engine, 'load'>
  readonly noRoute: Answer
}): Access => {
  let known: string | undefined
  const rootGroup = async (): Promise<string | undefined> => {
    known ??= (await engine.load(FOUNDING_STREAM, foundingDecider)).state?.group
    return known
  }
  return {
    refusal: async (headers, isRoute) => {
      const credential = credentialOf(headers)
      const principal = credential && (await principals.find(credential.kind, credential.hash))
      if (principal === undefined) return UNAUTHORIZED
      if (!isRoute) return noRoute
      const { caller } = principal
      return mayGrant(caller, SCOPE) && caller.group === (await rootGroup()) ? undefined : FORBIDDEN
    },
  }
}

const SCOPE = 'GET /history/*'
