import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { tokenHashOf } from '../../commands/cc/sessions.ts'
import { sha256, sha256Hex } from '../../crypto/hashes.ts'
import type { AccountCommand } from '../../domain/afrodite/account.ts'
import type { LinkedProtocol } from '../../domain/afrodite/events.ts'
import { rejection } from '../../domain/rejection.ts'
import type { Answer } from '../../http/protocol.ts'
import { contentOf } from '../../queries/timelimit/documents.ts'
import { connectedWith, type Endpoint } from './endpoint.ts'
import { rejected } from './errors.ts'
import { DONE } from './replies.ts'
import type { Services } from './services.ts'

const Protocol = t.keyof({ rightech: null, timelimit: null, connectycube: null })
const PATH = '/headwater_api/link'

/** Who an account is in our other protocols: whoever shows a live credential there (decisions 21). */
export const LINK_ENDPOINTS: readonly Endpoint[] = [
  connectedWith(
    { methods: ['POST'], name: PATH },
    t.type({ protocol: Protocol, token: t.string }),
    async (services, { aid }, { protocol, token }) => {
      const user = await USER_OF[protocol](services, token)
      if (user === undefined) return rejected(BAD_CREDENTIAL)
      return run(services, aid, { type: 'Link', protocol, user })
    },
  ),

  connectedWith(
    { methods: ['DELETE'], name: PATH },
    t.type({ protocol: Protocol }),
    (services, { aid }, { protocol }) => run(services, aid, { type: 'Unlink', protocol }),
  ),
]

const BAD_CREDENTIAL = rejection('NotAcceptable', 'bad_credential')

const run = async ({ accounts }: Services, aid: string, command: AccountCommand): Promise<Answer> => {
  const done = await accounts.run(aid, command)
  return E.isLeft(done) ? rejected(done.left) : DONE
}

type UserOf = (
  services: Pick<Services, 'principals' | 'reader' | 'connectycubeSession'>,
  token: string,
) => Promise<string | undefined>

/** A link gives the user's whole view, so that a credential of less than that is none. */
const storesUser: UserOf = async ({ principals }, token) => {
  const hash = sha256(token).toString('base64url')
  const principal = (await principals.find('bearer', hash)) ?? (await principals.find('cookie', hash))
  if (principal === undefined) return undefined
  const { user, credentials, scopes } = principal.caller
  const isWhole = credentials.length > 0 && (scopes === undefined || scopes.includes('*'))
  return isWhole ? user : undefined
}

const timelimitDevice: UserOf = async ({ reader }, token) => {
  const found = await reader.get('timelimit_devices_by_token', sha256Hex(token))
  if (found === undefined) return undefined
  const { family, device } = contentOf<{ readonly family: string; readonly device: string }>(found)
  return `${family}-${device}`
}

/** A token of the application alone is nobody's. */
const connectycubeUser: UserOf = async ({ connectycubeSession }, token) => {
  const session = await connectycubeSession?.(tokenHashOf(token))
  return session === undefined || session.user === 0 ? undefined : `${session.app}-${session.user}`
}

const USER_OF: { readonly [protocol in LinkedProtocol]: UserOf } = {
  rightech: storesUser,
  timelimit: timelimitDevice,
  connectycube: connectycubeUser,
}
