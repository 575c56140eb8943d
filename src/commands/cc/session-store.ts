import { userStream } from '../../domain/cc/names.ts'
import { decodeSession, type Session } from '../../domain/cc/session.ts'
import {
  CONNECTYCUBE_GUEST_SESSION_MS,
  CONNECTYCUBE_PROLONG_MS,
  CONNECTYCUBE_SESSION_MS,
} from '../../limits.ts'
import type { Entry, PutOptions, Vault } from '../../vault/port.ts'

/** Sessions in the vault: by the hash of their token, and by their user, so that all of his can be ended. */
export type SessionStore = {
  readonly put: (tokenHash: string, session: Session) => Promise<LiveSession>
  /** A live one; `isProlonged` if it lives longer by that. */
  readonly find: (tokenHash: string) => Promise<Found | undefined>
  /** Again until nobody was faster; nothing if there is no such token (any more). */
  readonly change: (
    tokenHash: string,
    next: (session: Session) => Session,
  ) => Promise<{ readonly before: Session; readonly after: LiveSession } | undefined>
  readonly take: (tokenHash: string) => Promise<Session | undefined>
  /** Pages of the hashes of the tokens that the user has. */
  readonly tokensOf: (app: number, user: number) => AsyncIterable<readonly string[]>
}

export type LiveSession = Session & {
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt: number
}
export type Found = { readonly session: LiveSession; readonly isProlonged: boolean }

export const SESSIONS = 'cc.sessions'
/** By `<app>-<user>/<hash>`. */
const SESSIONS_BY_USER = 'cc.sessions-by-user'

export const createSessionStore = (vault: Vault, now: () => number): SessionStore => ({
  put: async (tokenHash, session) => {
    const at = now()
    await index(vault, tokenHash, session, at)
    await vault.put(SESSIONS, tokenHash, { ...session }, optionsOf(session, at))
    return live(session, at)
  },
  find: async (tokenHash) => {
    const entry = await vault.get(SESSIONS, tokenHash)
    const session = foundIn(entry, now())
    if (entry === undefined || session === undefined) return undefined
    return now() - session.updatedAt < CONNECTYCUBE_PROLONG_MS
      ? { session, isProlonged: false }
      : prolong(vault, { tokenHash, entry, session, at: now() })
  },
  change: async (tokenHash, next) => {
    for (;;) {
      const entry = await vault.get(SESSIONS, tokenHash)
      const before = sessionIn(entry)
      if (entry === undefined || before === undefined) return undefined
      const after = next(before)
      const at = now()
      await index(vault, tokenHash, after, at)
      const value = { value: { ...after }, options: optionsOf(after, at) }
      if (!(await vault.compareAndSet(SESSIONS, tokenHash, entry.version, value))) continue
      if (before.user !== after.user) await unindex(vault, tokenHash, before)
      return { before, after: live(after, at) }
    }
  },
  take: async (tokenHash) => {
    const session = sessionIn(await vault.take(SESSIONS, tokenHash))
    if (session !== undefined) await unindex(vault, tokenHash, session)
    return session
  },
  tokensOf: async function* (app, user) {
    const prefix = indexKey('', { app, user })
    for await (const page of vault.list(SESSIONS_BY_USER, prefix))
      yield page.map(({ key }) => key.slice(prefix.length))
  },
})

/** A guest's is as long as it was at first, whatever is asked with it. */
const lifeMs = ({ isGuest, createdAt }: Session, at: number): number =>
  isGuest === true ? Math.max(1, createdAt + CONNECTYCUBE_GUEST_SESSION_MS - at) : CONNECTYCUBE_SESSION_MS

const live = (session: Session, at: number): LiveSession => ({
  ...session,
  expiresAt: at + lifeMs(session, at),
})

/** An erasure of the user takes it along. */
const optionsOf = (session: Session, at: number): PutOptions => ({
  ttlMs: lifeMs(session, at),
  ...(session.user === 0 ? {} : { subject: userStream(session.app, session.user) }),
})

const sessionIn = (entry: Entry | undefined): Session | undefined =>
  entry === undefined ? undefined : decodeSession(entry.value)

const foundIn = (entry: Entry | undefined, at: number): LiveSession | undefined => {
  const session = sessionIn(entry)
  return session === undefined ? undefined : { ...session, expiresAt: entry?.expiresAt ?? at }
}

const indexKey = (tokenHash: string, { app, user }: Pick<Session, 'app' | 'user'>): string =>
  `${app}-${user}/${tokenHash}`

/** The index outlives what it points to. */
const INDEX_LONGER_MS = 60_000

/** Before the token is the user's, so that none is left out when all of them end. */
const index = async (vault: Vault, tokenHash: string, session: Session, at: number): Promise<void> => {
  if (session.user === 0) return
  const options = optionsOf(session, at)
  const ttlMs = lifeMs(session, at) + INDEX_LONGER_MS
  await vault.put(SESSIONS_BY_USER, indexKey(tokenHash, session), {}, { ...options, ttlMs })
}

const unindex = async (vault: Vault, tokenHash: string, session: Session): Promise<void> => {
  if (session.user !== 0) await vault.delete(SESSIONS_BY_USER, indexKey(tokenHash, session))
}

/** If somebody was faster it was prolonged by him, or is another session by now, or none. */
const prolong = async (
  vault: Vault,
  {
    tokenHash,
    entry,
    session,
    at,
  }: {
    readonly tokenHash: string
    readonly entry: Entry
    readonly session: LiveSession
    readonly at: number
  },
): Promise<Found | undefined> => {
  const { expiresAt: _, ...before } = session
  const next = { ...before, updatedAt: at }
  await index(vault, tokenHash, next, at)
  const value = { value: next, options: optionsOf(next, at) }
  if (await vault.compareAndSet(SESSIONS, tokenHash, entry.version, value))
    return { session: live(next, at), isProlonged: true }
  const found = foundIn(await vault.get(SESSIONS, tokenHash), at)
  return found === undefined ? undefined : { session: found, isProlonged: false }
}
