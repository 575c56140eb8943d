import * as E from 'fp-ts/lib/Either.js'
import { hashOf, readAccessText } from '../../commands/afrodite/tokens.ts'
import type { Answer } from '../../http/protocol.ts'
import { findSession, type SessionView } from '../../queries/afrodite/sessions.ts'
import type { Caller } from './endpoint.ts'
import { BAD_REQUEST, UNAUTHORIZED } from './errors.ts'
import type { Services } from './services.ts'

/** What the access check looks at. */
export type AccessParts = {
  readonly reader: Pick<Services['reader'], 'find'>
  readonly nodes: Pick<Services['nodes'], 'isAlive'>
  readonly settings: Pick<Services['settings'], 'ipBinding'>
}

/**
 * The access rule (afrodite 5): a token is good only beside the connection of its account, as long as the node that has the connection
 * is there, and from the address that the connection came from. Nothing is cached: a command is answered when the documents show it,
 * so whatever was revoked is refused at once, on every node.
 *
 * @param header `x-access-token`
 * @param address the caller's, normalised as that of the connection was
 */
export const admit = async (
  parts: AccessParts,
  header: string | undefined,
  address: string,
): Promise<E.Either<Answer, Caller>> => {
  if (header === undefined || !VISIBLE_ASCII.test(header)) return E.left(BAD_REQUEST)
  const token = readAccessText(header)
  const session = token === undefined ? undefined : await findSession(parts.reader, hashOf(token))
  const caller = session === undefined ? undefined : await callerOf(parts, session, address)
  return caller === undefined ? E.left(UNAUTHORIZED) : E.right(caller)
}

const VISIBLE_ASCII = /^[\x20-\x7e]*$/

const callerOf = async (
  { nodes, settings }: AccessParts,
  { aid, connection }: SessionView,
  address: string,
): Promise<Caller | undefined> => {
  if (connection === null || (settings.ipBinding && connection.ip !== address)) return undefined
  return (await nodes.isAlive(connection.node)) ? { aid } : undefined
}
