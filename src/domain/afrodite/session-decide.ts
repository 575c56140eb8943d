import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { equalTexts } from '../../crypto/hashes.ts'
import { AFRODITE_REFUSAL_NOTED_MS } from '../../limits.ts'
import type { Decider, Fact } from '../decider.ts'
import { rejection, type Rejection } from '../rejection.ts'
import { fact, type CloseCause, type DataOf, type RevocationCause } from './events.ts'
import { accountStream, aidOf } from './names.ts'
import { evolveSession, NO_SESSION } from './session-evolve.ts'
import type { SessionCommand, SessionState } from './session.ts'

/** Who may act for an account (afrodite 7.2). What it refuses of a handshake is no rejection: the state tells whether the session lives on. */
export const sessionDecider: Decider<SessionState, SessionCommand> = {
  initial: NO_SESSION,
  stateVersion: 1,
  evolve: evolveSession,
  decide: (command, state) =>
    command.type === 'StartLogin' ? startLogin(command, state) : E.right(decide(command, state)),
  subject: (stream) => accountStream(aidOf(stream)),
}

type Of<T extends SessionCommand['type']> = Extract<SessionCommand, { readonly type: T }>

const startLogin = (
  { loginId, method, accessHash, refreshHash, ip }: Of<'StartLogin'>,
  state: SessionState,
): Either<Rejection, readonly Fact[]> =>
  state.deleted
    ? E.left(rejection('NotFound', 'no_account'))
    : E.right([
        ...closed(state, 'revoked'),
        fact('LoginStarted', { loginId, method, sealed: { accessHash, refreshHash, ip } }),
      ])

const decide = (
  command: Exclude<SessionCommand, { readonly type: 'StartLogin' }>,
  state: SessionState,
): readonly Fact[] => {
  switch (command.type) {
    case 'ExchangeTokens':
      return exchange(command, state)
    case 'RefuseMalformed':
      return refuseMalformed(command, state)
    case 'EndConnection':
      return isCurrent(state, command.connectionId) ? closed(state, command.cause) : []
    case 'Logout':
      return revoked(state, 'logout')
    case 'EndForGood':
      return endForGood(state)
  }
}

/** The token is judged before the client's version is (afrodite 3.4). */
const exchange = (command: Of<'ExchangeTokens'>, state: SessionState): readonly Fact[] => {
  const { presentedHash, newRefreshHash, newAccessHash, connection, isSupported, at } = command
  const { login } = state
  const refusal = { connectionId: connection.id, step: 2, at } as const
  if (login === undefined || !equalTexts(login.refreshHash, presentedHash))
    return [...noted(state, { ...refusal, cause: 'refresh-mismatch' }), ...revoked(state, 'refresh-mismatch')]
  if (!isSupported) return noted(state, { ...refusal, cause: 'unsupported' })
  const { id: connectionId, node, ip, port, client } = connection
  const of = { loginId: login.loginId, connectionId }
  return [
    ...closed(state, 'replaced'),
    fact('RefreshTokenRotated', { ...of, sealed: { refreshHash: newRefreshHash } }),
    fact('AccessTokenIssued', { ...of, sealed: { accessHash: newAccessHash } }),
    fact('ConnectionOpened', { connectionId, node, client: { ...client }, sealed: { ip, port } }),
  ]
}

/** Revoking ends the account's connection whichever it is (afrodite 1.3); else only the one that sent what is malformed. */
const refuseMalformed = (
  { connectionId, step, revoke, at }: Of<'RefuseMalformed'>,
  state: SessionState,
): readonly Fact[] => {
  const ended = isCurrent(state, connectionId) ? closed(state, 'malformed') : []
  return [
    ...noted(state, { connectionId, step, cause: 'malformed', at }),
    ...(revoke ? revoked(state, 'malformed', ended) : ended),
  ]
}

const endForGood = (state: SessionState): readonly Fact[] => {
  if (state.deleted) return []
  return state.login === undefined
    ? [fact('SessionRevoked', { loginId: null, cause: 'deleted' })]
    : revoked(state, 'deleted')
}

const isCurrent = ({ login }: SessionState, connectionId: string): boolean =>
  login?.connection?.id === connectionId

/** Of the current connection, if there is one. */
const closed = ({ login }: SessionState, cause: CloseCause): readonly Fact[] =>
  login?.connection == null ? [] : [fact('ConnectionClosed', { connectionId: login.connection.id, cause })]

/** Nothing if nobody is logged in. */
const revoked = (
  state: SessionState,
  cause: RevocationCause,
  ended: readonly Fact[] = [],
): readonly Fact[] =>
  state.login === undefined
    ? []
    : [
        ...(ended.length > 0 ? ended : closed(state, 'revoked')),
        fact('SessionRevoked', { loginId: state.login.loginId, cause }),
      ]

/** Limited because whoever has an access token can bring it about as often as they like. Clocks of nodes may differ: hence the distance. */
const noted = ({ refusedAt, deleted }: SessionState, refusal: DataOf<'HandshakeRefused'>): readonly Fact[] =>
  deleted || (refusedAt !== null && Math.abs(refusal.at - refusedAt) < AFRODITE_REFUSAL_NOTED_MS)
    ? []
    : [fact('HandshakeRefused', refusal)]
