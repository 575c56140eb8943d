/** Given, when, then for the deciders of the Afrodite context: facts folded, a command decided, what came of it. */
import * as E from 'fp-ts/lib/Either.js'
import type { Decider, Fact } from '../../src/domain/decider.ts'
import type { ClientInfo, NewConnection, SessionCommand } from '../../src/domain/afrodite/session.ts'
import type { JsonObject } from '../../src/json.ts'

/** What was decided, as type and data; or `kind reason` of the refusal. */
export const decided = <S, C>(
  { decide, evolve, initial }: Decider<S, C>,
  given: readonly Fact[],
  command: C,
): string | readonly (readonly [string, JsonObject])[] => {
  const answer = decide(command, given.reduce(evolve, initial))
  return E.isLeft(answer)
    ? `${answer.left.kind} ${answer.left.reason}`
    : answer.right.map(({ type, data }) => [type, data])
}

export const after = <S, C>({ evolve, initial }: Decider<S, C>, facts: readonly Fact[]): S =>
  facts.reduce(evolve, initial)

/** The state and all facts after commands, refused ones left out. */
export const live = <S, C>(
  { decide, evolve, initial }: Decider<S, C>,
  commands: readonly C[],
): { readonly state: S; readonly facts: readonly Fact[] } => {
  let state = initial
  const facts: Fact[] = []
  for (const command of commands) {
    const answer = decide(command, state)
    if (E.isLeft(answer)) continue
    facts.push(...answer.right)
    state = answer.right.reduce(evolve, state)
  }
  return { state, facts }
}

export const AID = '6f1ed002-ab5a-4f5a-9d8e-1d2c3b4a5f60'
/** The 1st of July 2024. */
export const NOW = Date.UTC(2024, 6, 1)
export const CLIENT: ClientInfo = { type: 2, major: 1, minor: 2, patch: 3 }

export const connection = (id: string): NewConnection => ({
  id,
  node: 'node1',
  ip: '127.0.0.1',
  port: 4711,
  client: CLIENT,
})

export const login = (pair: string): SessionCommand => ({
  type: 'StartLogin',
  loginId: `login-${pair}`,
  method: 'bot',
  accessHash: `access-${pair}`,
  refreshHash: `refresh-${pair}`,
  ip: '127.0.0.1',
})

/** Presents the refresh token of one pair in return for the next. */
export const exchange = (
  presented: string,
  next: string,
  more: { readonly id?: string; readonly isSupported?: boolean; readonly at?: number } = {},
): SessionCommand => ({
  type: 'ExchangeTokens',
  presentedHash: `refresh-${presented}`,
  newRefreshHash: `refresh-${next}`,
  newAccessHash: `access-${next}`,
  connection: connection(more.id ?? `connection-${next}`),
  isSupported: more.isSupported ?? true,
  at: more.at ?? NOW,
})
