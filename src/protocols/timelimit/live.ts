import { randomUUID } from 'node:crypto'
import { familyStream } from '../../domain/timelimit/names.ts'
import type { Signal } from '../../domain/timelimit/signals.ts'
import type { StoredEvent } from '../../history/port.ts'
import type { Handler, Upgrade, UpgradeAnswer } from '../../http/protocol.ts'
import type { JsonObject } from '../../json.ts'
import { TIMELIMIT_BROADCAST_MS_MAX } from '../../limits.ts'
import type { HubLog } from '../../live/feed.ts'
import type { Hub } from '../../live/hub.ts'
import { startMailbox } from '../../live/mailbox.ts'
import { startPresence } from '../../live/presence.ts'
import type { BoardTimes } from '../../live/presence-board.ts'
import type { Reader } from '../../queries/reader.ts'
import type { Vault } from '../../vault/port.ts'
import { createLiveEngine } from './live-engine.ts'
import { createFamilies } from './live-families.ts'
import { serveLogins } from './live-logins.ts'
import { createLookUp } from './live-lookups.ts'

/** `/socket.io` of TimeLimit's devices (timelimit 7), over all nodes together. */
export type TimelimitLive = {
  readonly upgrade: (upgrade: Upgrade) => Promise<UpgradeAnswer>
  /** Polling; `next()` for what is not the path of the sockets. */
  readonly handle: Handler
  /** Tells the device on whatever node (timelimit 2.12). Rejects when other nodes could not be told. */
  readonly signOut: (family: string, device: string) => Promise<void>
  /** Tells everybody that there is a new status message (timelimit 2.18). */
  readonly broadcast: () => void
  /** Open connections to this node. */
  readonly clients: () => number
  readonly close: () => Promise<void>
}

export type TimelimitLiveParts = {
  readonly hub: Hub
  readonly reader: Pick<Reader, 'get'>
  readonly vault: Pick<Vault, 'put' | 'take' | 'delete' | 'list'>
  /** Whether other nodes may use the same stores. */
  readonly isShared: boolean
  readonly signalOf: (event: StoredEvent) => Signal | undefined
  readonly log: HubLog
  readonly pingIntervalMs: number
  /** For tests. */
  readonly times?: Partial<BoardTimes & { readonly mergeMs: number; readonly retryMs: number }>
  /** For tests: a lower bound of connections that have not logged in. */
  readonly strangersMax?: number
  /** Milliseconds until a socket is told of a broadcast. */
  readonly broadcastDelayMs?: () => number
}

export const isTimelimitLivePath = (path: string): boolean => path === '/socket.io'

export const timelimitLive = (parts: TimelimitLiveParts): TimelimitLive => {
  const { times = {}, broadcastDelayMs: delayMs = randomDelay } = parts
  const node = randomUUID()
  const presence = startPresence({
    ...parts,
    times,
    node,
    space: 'timelimit.presence',
    subjectOf: familyStream,
  })
  const lookUp = createLookUp({ ...parts, ...times })
  const engine = createLiveEngine({ ...parts, members: () => families.members() })
  const { io } = engine
  const families = createFamilies({ ...parts, ...times, io, presence, lookUp })
  const logins = serveLogins({ io, families, lookUp, delayMs })
  const receive = (letter: JsonObject): void => {
    const { family, device } = letter
    if (typeof family === 'string' && typeof device === 'string') families.signOut(family, device)
    else logins.broadcast()
  }
  const mailbox = startMailbox({
    ...parts,
    ...times,
    node,
    space: 'timelimit.mailbox',
    receive,
  })
  /** Also to this node, first. */
  const tellAll = async (letter: JsonObject): Promise<void> => {
    receive(letter)
    const { family } = letter
    const about = typeof family === 'string' ? { subject: familyStream(family) } : {}
    const others = await presence.others()
    await Promise.all(others.map((other) => mailbox.send(other, letter, about)))
  }

  return {
    upgrade: (upgrade) =>
      Promise.resolve(
        isTimelimitLivePath(upgrade.request.path)
          ? engine.upgrade(upgrade)
          : { _tag: 'Fail', failure: { _tag: 'NotFound' } },
      ),
    handle: (ctx, next) => (isTimelimitLivePath(ctx.state.request.path) ? engine.handle(ctx) : next()),
    signOut: (family, device) => tellAll({ family, device }),
    broadcast: () =>
      void tellAll({}).catch((error: unknown) =>
        parts.log.warn({ err: error }, 'clients of other nodes could not be told of the status message'),
      ),
    clients: engine.clients,
    close: async () => {
      families.close()
      logins.close()
      await Promise.all([presence.close(), mailbox.close(), engine.close()])
    },
  }
}

const randomDelay = (): number => Math.random() * TIMELIMIT_BROADCAST_MS_MAX
