import * as t from 'io-ts'
import type { Reader } from '../reader.ts'

const SESSIONS = 'afrodite_sessions'
const NODE = 'connection.node'

const Connection = t.type({ id: t.string, ip: t.string, node: t.string })
const Stored = t.type({ _id: t.string, connection: t.union([Connection, t.null]) })

/** Who an access token stands for, and the connection that it may be used beside (afrodite 5). */
export type SessionView = {
  readonly aid: string
  readonly connection: t.TypeOf<typeof Connection> | null
}

/** Whose pair has that access token now: one look-up by an index. @param accessHash SHA-256 of its bytes, lower-case hex. */
export const findSession = async (
  reader: Pick<Reader, 'find'>,
  accessHash: string,
): Promise<SessionView | undefined> => {
  for await (const [session] of reader.find(SESSIONS, { accessHash }, { limit: 1 })) {
    if (!Stored.is(session)) return undefined
    const { _id: aid, connection } = session
    return { aid, connection }
  }
  return undefined
}

/** Every node that has a connection, each once: as many look-ups as there are nodes, however many connections they have. */
export async function* connectedNodes(reader: Pick<Reader, 'find'>): AsyncGenerator<string> {
  let node: string | undefined = ''
  while ((node = await nodeBehind(reader, node)) !== undefined) yield node
}

export type OpenConnection = { readonly aid: string; readonly connectionId: string }

/** Pages of the connections that a node has. They may be ended meanwhile. */
export async function* connectionsOf(
  reader: Pick<Reader, 'find'>,
  node: string,
): AsyncGenerator<readonly OpenConnection[]> {
  for await (const page of reader.find(SESSIONS, { [NODE]: node }))
    yield page
      .filter(Stored.is)
      .flatMap(({ _id: aid, connection }) =>
        connection === null ? [] : [{ aid, connectionId: connection.id }],
      )
}

const nodeBehind = async (reader: Pick<Reader, 'find'>, last: string): Promise<string | undefined> => {
  const behind = { [NODE]: { $gt: last } }
  for await (const [session] of reader.find(SESSIONS, behind, { sort: [[NODE, 1]], limit: 1 }))
    return Stored.is(session) ? session.connection?.node : undefined
  return undefined
}
