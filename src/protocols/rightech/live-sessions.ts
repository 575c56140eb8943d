import type { Writable } from 'node:stream'
import type { WebSocket } from 'ws'
import { callerTopics } from '../../domain/stores/topics.ts'
import type { Log } from '../../http/log.ts'
import type { Feed } from '../../live/feed.ts'
import type { Hub } from '../../live/hub.ts'
import { mayCall, type Principal, type Principals } from '../../queries/stores-principals.ts'
import type { Credential } from './credentials.ts'
import { shut } from './live-client.ts'
import type { Push } from './live-events.ts'

/** The open sockets of the stores, each with whoever opened it, who is looked up anew again and again. */
export type LiveSessions = {
  /** From now until the socket closes, `deliver` gets what the caller may see. */
  readonly open: (connection: Connection, visitor: Visitor, deliver: (push: Push) => void) => void
  readonly close: () => void
}

export type Connection = {
  readonly socket: WebSocket
  /** What the socket writes to. */
  readonly raw: Pick<Writable, 'cork' | 'uncork'>
}
export type Visitor = { readonly credential: Credential; readonly principal: Principal }

/** Close code of a socket whose session, token or user has ended (rightech 6.3). */
const SESSION_ENDED = 4401

export type SessionParts = {
  readonly hub: Hub
  readonly feed: Feed<Push>
  readonly principals: Pick<Principals, 'find'>
  readonly log: Pick<Log, 'warn'>
  /** A session that ends closes its sockets within this time and that of one look-up. */
  readonly recheckMs: number
}

export const createLiveSessions = (parts: SessionParts): LiveSessions => {
  const { principals, log } = parts
  const visitors = new Map<string, { readonly credential: Credential; readonly sessions: Set<Session> }>()
  let checking = false

  const recheck = async (): Promise<void> => {
    if (checking) return
    checking = true
    const work = [...visitors.values()].values()
    const worker = async (): Promise<void> => {
      for (const { credential, sessions } of work) {
        const principal = await principals.find(credential.kind, credential.hash)
        for (const session of sessions) session.follow(principal)
      }
    }
    const ended = await Promise.allSettled(Array.from({ length: CHECKS_AT_ONCE }, worker))
    const failed = ended.find((one) => one.status === 'rejected')
    // Nobody is thrown out because a store does not answer: the next round tries again.
    if (failed !== undefined) log.warn({ err: failed.reason }, 'live sessions could not be checked')
    checking = false
  }
  const timer = setInterval(() => void recheck(), parts.recheckMs)

  return {
    open: (connection, visitor, deliver) => {
      const session = openSession(parts, connection, visitor, deliver)
      const { credential } = visitor
      const key = `${credential.kind} ${credential.hash}`
      const { sessions } = visitors.get(key) ?? { sessions: new Set() }
      visitors.set(key, { credential, sessions: sessions.add(session) })
      connection.socket.once('close', () => {
        session.leave()
        sessions.delete(session)
        if (sessions.size === 0) visitors.delete(key)
      })
    },
    close: () => clearInterval(timer),
  }
}

const CHECKS_AT_ONCE = 16

type Session = {
  /** Takes over what the principal may now; closes the socket if there is none any more. */
  readonly follow: (principal: Principal | undefined) => void
  readonly leave: () => void
}

const openSession = (
  { hub, feed }: SessionParts,
  { socket, raw }: Connection,
  { principal }: Visitor,
  deliver: (push: Push) => void,
): Session => {
  let current: Principal | undefined = principal
  let maySee = rightToGet(principal)
  const joinWrites = joiner(raw)
  const listening = hub.listen(feed, {
    topics: callerTopics(principal.caller),
    deliver: (push) => {
      if (socket.readyState !== socket.OPEN) listening.stop()
      else if (maySee(push)) {
        joinWrites()
        deliver(push)
      }
    },
  })
  return {
    follow: (found) => {
      if (found === current) return
      current = found
      if (found === undefined) {
        listening.stop()
        shut(socket, SESSION_ENDED)
        return
      }
      maySee = rightToGet(found)
      listening.setTopics(callerTopics(found.caller))
    },
    leave: listening.stop,
  }
}

/** What is written until the end of this turn leaves as one: in a burst the system calls are what costs. */
const joiner = (raw: Connection['raw']): (() => void) => {
  let corked = false
  const uncork = (): void => {
    corked = false
    raw.uncork()
  }
  return () => {
    if (corked) return
    corked = true
    raw.cork()
    process.nextTick(uncork)
  }
}

/** Whether its rights let the principal GET what the push is about, in a list or by itself (rightech 6.3). */
const rightToGet = (principal: Principal): ((push: Push) => boolean) => {
  const lists = new Map<string, boolean>()
  return ({ store, id }) => {
    let mayList = lists.get(store)
    if (mayList === undefined) {
      mayList = mayCall(principal, 'GET', `/${store}`)
      lists.set(store, mayList)
    }
    return mayList || mayCall(principal, 'GET', `/${store}/${id}`)
  }
}
