import type { SESSION_EVENTS } from './events.ts'
import { evolveBy, type Rows } from './rows.ts'
import type { SessionState } from './session.ts'

export const NO_SESSION: SessionState = { deleted: false, refusedAt: null }

type Login = NonNullable<SessionState['login']>

/** Without a login if what it needs was erased: nobody can act by a token whose hash is gone. */
const withLogin = ({ deleted, refusedAt }: SessionState, login: Login | null): SessionState =>
  login === null ? { deleted, refusedAt } : { deleted, refusedAt, login }

const inLogin = (state: SessionState, set: Partial<Login> | null): SessionState =>
  state.login === undefined ? state : withLogin(state, set && { ...state.login, ...set })

const ROWS: Rows<SessionState, keyof typeof SESSION_EVENTS> = {
  LoginStarted: (state, { loginId, sealed }) =>
    withLogin(
      state,
      sealed && {
        loginId,
        accessHash: sealed.accessHash,
        refreshHash: sealed.refreshHash,
        connection: null,
      },
    ),
  RefreshTokenRotated: (state, { sealed }) => inLogin(state, sealed),
  AccessTokenIssued: (state, { sealed }) => inLogin(state, sealed),
  ConnectionOpened: (state, { connectionId, node, sealed }) =>
    inLogin(state, sealed && { connection: { id: connectionId, ip: sealed.ip, node } }),
  ConnectionClosed: (state, { connectionId }) =>
    state.login?.connection?.id === connectionId ? inLogin(state, { connection: null }) : state,
  SessionRevoked: ({ deleted, refusedAt }, { cause }) => ({
    deleted: deleted || cause === 'deleted',
    refusedAt,
  }),
  HandshakeRefused: (state, { at }) => ({ ...state, refusedAt: at }),
}

/** The session after an event. Unknown types leave it alone. Throws if a known one has data of another shape. */
export const evolveSession = evolveBy(ROWS)
