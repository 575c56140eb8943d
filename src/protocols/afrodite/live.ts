import type { WebSocket } from 'ws'
import { DocumentsUnavailable } from '../../documents/port.ts'
import type { Log } from '../../http/log.ts'
import type { Upgrade, UpgradeAnswer } from '../../http/protocol.ts'
import { createSockets } from '../../http/upgrades.ts'
import { AFRODITE_MESSAGE_BYTES_MAX, RETRY_AFTER_SECONDS } from '../../limits.ts'
import type { Hub } from '../../live/hub.ts'
import type { NodeLease } from '../../live/node-lease.ts'
import type { SessionView } from '../../queries/afrodite/sessions.ts'
import { openConnection, type Connection } from './connection.ts'
import { converse, type ConversationParts, type Peer } from './conversation.ts'
import type { EndingParts, Farewell } from './ending.ts'
import { createEnds, type EndsParts } from './ends.ts'
import { afroditeFeed } from './live-feed.ts'
import type { AfroditeSettings } from './services.ts'
import { forgetToken, judgeUpgrade, SELECTED, UNKNOWN_TOKEN } from './upgrade.ts'

/** The sockets of Afrodite's clients (afrodite 3). */
export type AfroditeLive = {
  readonly upgrade: (upgrade: Upgrade) => Promise<UpgradeAnswer>
  /** Records the end of all connections, and closes them with 1001. */
  readonly close: () => Promise<void>
}

export type AfroditeLiveParts = {
  readonly hub: Hub
  readonly accounts: ConversationParts['accounts']
  readonly sessions: ConversationParts['sessions'] &
    EndsParts['sessions'] & { readonly refuseMalformed: EndingParts['refuseMalformed'] }
  readonly nodes: Pick<NodeLease, 'node' | 'ready'>
  /** @param accessHash SHA-256 of an access token's bytes, lower-case hex. */
  readonly findSession: (accessHash: string) => Promise<Pick<SessionView, 'aid'> | undefined>
  readonly storeChanges: ConversationParts['storeChanges']
  readonly settings: Pick<
    AfroditeSettings,
    'keepaliveSeconds' | 'testSeconds' | 'handshakeSeconds' | 'minClients'
  >
  /** A UUID for a connection. */
  readonly newId: () => string
  readonly log: Pick<Log, 'debug' | 'warn' | 'error'>
  /** For tests: the first pause before the end of a connection is recorded again. */
  readonly retryMs?: number
}

export const afroditeLive = (parts: AfroditeLiveParts): AfroditeLive => {
  const { nodes, sessions } = parts
  const ends = createEnds(parts)
  const connectionParts = {
    ...parts,
    ends,
    feed: afroditeFeed(),
    node: nodes.node,
    refuseMalformed: sessions.refuseMalformed,
  }
  const connections = new Set<Connection>()
  const sockets = createSockets({ maxPayload: AFRODITE_MESSAGE_BYTES_MAX, handleProtocols: () => SELECTED })

  const serve = (socket: WebSocket, peer: Omit<Peer, 'connectionId'>): void => {
    const place = { ...peer, connectionId: parts.newId() }
    const connection = openConnection(connectionParts, socket, place)
    connections.add(connection)
    socket.once('close', () => void connection.end(LOST).finally(() => connections.delete(connection)))
    void converse(connectionParts, connection, place)
  }

  return {
    upgrade: async (offer) => {
      const judged = judgeUpgrade(offer)
      if (judged._tag !== 'LookUp') return judged
      const session = await parts.findSession(judged.accessHash).catch(unlessDown)
      if (session === 'down') return DOWN
      if (session === undefined) return UNKNOWN_TOKEN
      // Else nobody could tell that the connections of this process are alive.
      await nodes.ready()
      forgetToken(offer.message)
      const { aid } = session
      return {
        _tag: 'Accept',
        sockets,
        route: ({ websocket, state, req }) =>
          serve(websocket, { aid, ip: state.request.address, port: req.socket.remotePort ?? 0 }),
      }
    },
    close: async () => {
      await Promise.all(Array.from(connections, (connection) => connection.end(STOPPED)))
      ends.close()
    },
  }
}

const LOST: Farewell = { cause: 'lost' }
const STOPPED: Farewell = { code: 1001, cause: 'server-stopped' }
const DOWN: UpgradeAnswer = {
  _tag: 'Fail',
  failure: { _tag: 'Unavailable', retryAfterSeconds: RETRY_AFTER_SECONDS },
}

/** A store that cannot be asked who somebody is refuses nobody for good. */
const unlessDown = (error: unknown): 'down' => {
  if (error instanceof DocumentsUnavailable) return 'down'
  throw error
}
