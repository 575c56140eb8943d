import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { sha256Hex } from '../../crypto/hashes.ts'
import type { Session } from '../../domain/cc/session.ts'
import { sessionEvents, type SignInMethod, type SignOutCause } from '../../domain/cc/session-events.ts'
import type { Fact } from '../../domain/decider.ts'
import { rejection, type Rejection } from '../../domain/rejection.ts'
import type { Vault } from '../../vault/port.ts'
import { createSessionStore, type LiveSession } from './session-store.ts'

export type { LiveSession } from './session-store.ts'

/**
 * Tokens (connectycube 3): of each the vault has the SHA-256, and it dies two hours after its last request, a guest's one day after its
 * sign-in. Who signs in and out is an event of the user's; that of an application alone is not.
 */
export type Sessions = {
  readonly open: (app: number, opening: Opening) => Promise<Either<Rejection, Opened>>
  /** A live one, which is prolonged by that. */
  readonly find: (tokenHash: string) => Promise<LiveSession | undefined>
  /** Gives the token to that user, whoever had it. Nothing if it is dead. */
  readonly login: (tokenHash: string, user: SigningIn) => Promise<Either<Rejection, LiveSession | undefined>>
  /** It is the application's alone from then on. */
  readonly logout: (tokenHash: string) => Promise<Either<Rejection, LiveSession | undefined>>
  /** Whether there was one. */
  readonly close: (tokenHash: string) => Promise<Either<Rejection, boolean>>
  /** All tokens that the user has, but for `except`. */
  readonly closeAllOf: (app: number, user: number, except?: string) => Promise<Either<Rejection, void>>
}

export type Opened = { readonly token: string; readonly session: LiveSession }

export type SigningIn = {
  readonly id: number
  readonly method: SignInMethod
  readonly isGuest?: boolean
}
export type Opening = {
  /** Without one it is the application's. */
  readonly user?: SigningIn
  /** In seconds; without one it is now. */
  readonly ts?: number
  readonly nonce?: string | number
}

export type SessionParts = {
  readonly vault: Vault
  readonly random: (bytes: number) => Uint8Array
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  /** Appends to the user's stream. */
  readonly note: (app: number, user: number, fact: Fact) => Promise<Either<Rejection, unknown>>
  /** A user made a request: told at most once a minute and token. */
  readonly seen: (app: number, user: number, at: number) => Promise<void>
}

export const tokenHashOf = (token: string): string => sha256Hex(token)

export const createSessions = (parts: SessionParts): Sessions => {
  const { vault, random, now, seen } = parts
  const store = createSessionStore(vault, now)

  const close = async (tokenHash: string, cause: SignOutCause): Promise<Either<Rejection, boolean>> => {
    const session = await store.take(tokenHash)
    return session === undefined ? E.right(false) : E.map(() => true)(await signedOut(parts, session, cause))
  }

  return {
    open: async (app, { user, ...more }) => {
      const token = `${Buffer.from(random(TOKEN_BYTES)).toString('hex')}${app.toString(16).padStart(6, '0')}`
      const id = Number(await vault.next(`cc.session-${app}`))
      const session = newSession({ id, app, at: now() }, { ...more, ...(user === undefined ? {} : { user }) })
      const opened = { token, session: await store.put(tokenHashOf(token), session) }
      if (user === undefined) return E.right(opened)
      const noted = await signedIn(parts, session, user)
      if (E.isLeft(noted)) await store.take(tokenHashOf(token))
      return E.map(() => opened)(noted)
    },
    find: async (tokenHash) => {
      const found = await store.find(tokenHash)
      if (found === undefined) return undefined
      const { session, isProlonged } = found
      if (isProlonged && session.user !== 0) await seen(session.app, session.user, now())
      return session
    },
    login: async (tokenHash, user) => {
      const changed = await store.change(tokenHash, (session) => owned(session, user, now()))
      if (changed === undefined) return E.right(undefined)
      const { before, after } = changed
      const left = before.user === user.id ? E.right(undefined) : await signedOut(parts, before, 'switched')
      if (E.isLeft(left)) return left
      const noted = await signedIn(parts, after, user)
      // Whoever was deleted meanwhile has no tokens any more.
      if (E.isLeft(noted))
        await store.change(tokenHash, (session) =>
          session.user === user.id ? owned(session, undefined, now()) : session,
        )
      return E.map(() => after)(noted)
    },
    logout: async (tokenHash) => {
      const changed = await store.change(tokenHash, (session) => owned(session, undefined, now()))
      if (changed === undefined) return E.right(undefined)
      return E.map(() => changed.after)(await signedOut(parts, changed.before, 'logout'))
    },
    close: (tokenHash) => close(tokenHash, 'closed'),
    closeAllOf: async (app, user, except) => {
      for await (const page of store.tokensOf(app, user)) {
        for (const tokenHash of page) {
          const closed = tokenHash === except ? E.right(true) : await close(tokenHash, 'ended')
          if (E.isLeft(closed)) return closed
        }
      }
      return E.right(undefined)
    },
  }
}

const TOKEN_BYTES = 17

const newSession = (
  { id, app, at }: { readonly id: number; readonly app: number; readonly at: number },
  { user, ts, nonce }: Opening,
): Session => ({
  ...{ id, app, user: user?.id ?? 0, createdAt: at, updatedAt: at },
  ts: ts ?? Math.floor(at / 1_000),
  ...(nonce === undefined ? {} : { nonce }),
  ...(user?.isGuest === true ? { isGuest: true } : {}),
})

const owned = ({ isGuest: _, ...session }: Session, user: SigningIn | undefined, at: number): Session => ({
  ...session,
  user: user?.id ?? 0,
  updatedAt: at,
  ...(user?.isGuest === true ? { isGuest: true } : {}),
})

const signedIn = async (
  { note, seen, now }: SessionParts,
  { app, id }: Session,
  { id: user, method }: SigningIn,
): Promise<Either<Rejection, unknown>> => {
  const noted = await note(app, user, sessionEvents.fact('UserSignedIn', { app, user, session: id, method }))
  if (E.isRight(noted)) await seen(app, user, now())
  return E.mapLeft((left: Rejection) => (left.kind === 'NotFound' ? GONE : left))(noted)
}

/** He was there when his password was looked at. */
const GONE = rejection('Unauthenticated', 'unknown_user')

const signedOut = (
  { note }: SessionParts,
  { app, user, id }: Session,
  cause: SignOutCause,
): Promise<Either<Rejection, unknown>> =>
  user === 0
    ? Promise.resolve(E.right(undefined))
    : note(app, user, sessionEvents.fact('UserSignedOut', { app, user, session: id, cause }))
