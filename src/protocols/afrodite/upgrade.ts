import type { IncomingMessage } from 'node:http'
import { hashOf, readAccessText } from '../../commands/afrodite/tokens.ts'
import type { Upgrade, UpgradeAnswer } from '../../http/protocol.ts'
import { bare, FAILED } from './errors.ts'
import { CONNECT_PATH } from './paths.ts'

/** Its refusal, or what is to be looked up. */
export type Judged = UpgradeAnswer | { readonly _tag: 'LookUp'; readonly accessHash: string }

/** What of an upgrade request can be judged by itself (afrodite 3.1), in the order that clients know. */
export const judgeUpgrade = ({ request, message }: Upgrade): Judged => {
  // The internal listener has two routes and nothing else (one-port 7).
  if (request.path !== CONNECT_PATH || request.listener === 'internal') return NOT_FOUND
  if (request.method !== 'GET') return { _tag: 'Fail', failure: { _tag: 'MethodNotAllowed', allow: 'GET' } }
  if (!isHandshake(message)) return { _tag: 'Fail', failure: { _tag: 'BadRequest', reason: 'handshake' } }
  const token = tokenOf(message.headers[SUBPROTOCOL])
  if (token === undefined) return { _tag: 'Refuse', answer: FAILED }
  const access = readAccessText(token)
  return access === undefined ? UNKNOWN_TOKEN : { _tag: 'LookUp', accessHash: hashOf(access) }
}

const NOT_FOUND: UpgradeAnswer = { _tag: 'Fail', failure: { _tag: 'NotFound' } }
export const UNKNOWN_TOKEN: UpgradeAnswer = { _tag: 'Refuse', answer: bare(401) }

/** What the server selects: never the token, which would be shown in a header of the answer. */
export const SELECTED = '0'

/**
 * Leaves of the offer what is selected: the request lives as long as its connection, the token must not, and `ws` refuses lists that clients
 * of the original may send.
 */
export const forgetToken = ({ headers, rawHeaders }: IncomingMessage): void => {
  headers[SUBPROTOCOL] = SELECTED
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() === SUBPROTOCOL) rawHeaders[at + 1] = SELECTED
  }
}

const SUBPROTOCOL = 'sec-websocket-protocol'

const isHandshake = ({ headers }: IncomingMessage): boolean =>
  headers['sec-websocket-version'] === '13' && /^[+/\dA-Za-z]{22}==$/.test(headers['sec-websocket-key'] ?? '')

/** The second value of the list; undefined if the list is none of this protocol version. */
const tokenOf = (offered: string | undefined): string | undefined => {
  // A tab may stand in a list wherever a blank may.
  if (offered === undefined || !/^[\t -~]*$/.test(offered)) return undefined
  const [version, token] = offered.split(',', 2).map((value) => value.trim())
  return version === SELECTED ? token : undefined
}
