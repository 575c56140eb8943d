/**
 * Laws of the Afrodite domain, for random lives of accounts and sessions: versions are what the history says, a pair is good for one
 * exchange, an account has one connection at most, and facts alone give back the state. Pure.
 */
import { isDeepStrictEqual } from 'node:util'
import test from 'ava'
import * as fc from 'fast-check'
import { accountDecider } from '../../src/domain/afrodite/account-decide.ts'
import type { AccountCommand, AccountState } from '../../src/domain/afrodite/account.ts'
import {
  ACCOUNT_EVENTS,
  dataOf,
  fact,
  LINKED_PROTOCOLS,
  SESSION_EVENTS,
  type AfroditeEventType,
} from '../../src/domain/afrodite/events.ts'
import { sessionDecider } from '../../src/domain/afrodite/session-decide.ts'
import type { SessionCommand, SessionState } from '../../src/domain/afrodite/session.ts'
import { ACCOUNT_STATES, CAPABILITIES, VISIBILITIES } from '../../src/domain/afrodite/standing.ts'
import { byteOf, isInStep } from '../../src/domain/afrodite/sync-versions.ts'
import type { Decider, Fact } from '../../src/domain/decider.ts'
import { after, AID, exchange, live, login, NOW } from '../support/afrodite-domain.ts'

const SOAK = process.env['SOAK'] !== undefined
const runs = (few: number): number => (SOAK ? 20 * few : few)

const at = fc.integer({ min: NOW - 100_000, max: NOW + 100_000 })
const commands = <C>(one: fc.Arbitrary<C>) => fc.array(one, { maxLength: 60, size: 'max' })

const register: AccountCommand = {
  type: 'Register',
  aid: AID,
  origin: 'google',
  google: { sub: '1', email: null },
}
const accountCommand: fc.Arbitrary<AccountCommand> = fc.oneof(
  fc.record({ type: fc.constant('SetVisibility'), isPublic: fc.boolean() }),
  fc.record({ type: fc.constant('SetUnlimitedLikes'), value: fc.boolean() }),
  fc.record({ type: fc.constant('SetEmail'), email: fc.constantFrom(null, 'a@b', 'c@d', 'x'.repeat(255)) }),
  fc.record({
    type: fc.constant('SetUp'),
    birthdate: fc.constantFrom(null, '1990-01-01', '2020-01-01', 'x'),
    isAdult: fc.boolean(),
    at,
  }),
  fc.record({ type: fc.constant('RequestDeletion'), deleteAt: at }),
  fc.record({
    type: fc.constant('Link'),
    protocol: fc.constantFrom(...LINKED_PROTOCOLS),
    user: fc.constantFrom('u1', 'u2'),
  }),
  fc.record({ type: fc.constant('Unlink'), protocol: fc.constantFrom(...LINKED_PROTOCOLS) }),
  fc.constantFrom<AccountCommand>(
    { type: 'CompleteSetup' },
    { type: 'CancelDeletion' },
    { type: 'CancelDeletion' },
    { type: 'IssueClientId' },
    { type: 'ResetSyncVersion' },
    register,
  ),
  fc.record({ type: fc.constant('Delete'), at: fc.constant(NOW - 90_000) }),
)
const accountLife = commands(accountCommand).map((some) => live(accountDecider, [register, ...some]))

/** Few pairs and few connections, so that the right ones, older ones and wrong ones meet. */
const name = fc.constantFrom('a', 'b', 'c', 'd')
const sessionCommand: fc.Arbitrary<SessionCommand> = fc.oneof(
  { weight: 2, arbitrary: name.map(login) },
  {
    weight: 8,
    arbitrary: fc
      .tuple(name, name, fc.record({ id: name, isSupported: fc.boolean(), at }))
      .map(([presented, next, more]) => exchange(presented, next, more)),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('EndConnection'),
      connectionId: name,
      cause: fc.constantFrom('client', 'lost'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('RefuseMalformed'),
      connectionId: name,
      step: fc.constantFrom(1, 2, 5),
      revoke: fc.boolean(),
      at,
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom<SessionCommand>({ type: 'Logout' }, { type: 'EndForGood' }) },
)
const sessionCommands = commands(sessionCommand).map((some) => [login('a'), ...some])
const sessionLife = sessionCommands.map((some) => live(sessionDecider, some))

test('the lives bring about every event', (t) => {
  const seen = (lives: fc.Arbitrary<{ readonly facts: readonly Fact[] }>) =>
    new Set(fc.sample(lives, { numRuns: 300, seed: 6 }).flatMap(({ facts }) => facts.map(({ type }) => type)))
  t.deepEqual([...seen(accountLife)].sort(), Object.keys(ACCOUNT_EVENTS).sort())
  t.deepEqual([...seen(sessionLife)].sort(), Object.keys(SESSION_EVENTS).sort())
})

const replayed = <S, C>(
  decider: Decider<S, C>,
  lives: fc.Arbitrary<{ readonly state: S; readonly facts: readonly Fact[] }>,
  isSame: (one: S, other: S) => unknown,
): void => {
  fc.assert(
    fc.property(lives, ({ state, facts }) => {
      for (const one of facts) dataOf(one.type as AfroditeEventType, one)
      const stored = JSON.parse(JSON.stringify(facts)) as readonly Fact[]
      isSame(after(decider, stored), state)
      // As a snapshot keeps it.
      isSame(JSON.parse(JSON.stringify(state)) as S, state)
    }),
    { numRuns: runs(200) },
  )
}

test('what is stored of the facts decodes and gives back the state', (t) => {
  replayed(accountDecider, accountLife, (one: AccountState, other) => t.deepEqual(one, other))
  replayed(sessionDecider, sessionLife, (one: SessionState, other) => t.deepEqual(one, other))
})

const TOUCHING: ReadonlySet<string> = new Set([
  'AccountStandingChanged',
  'DeletionRequested',
  'DeletionCancelled',
])

/** Counted anew from the whole history, as afrodite 7.4 puts it. */
const versionOf = (facts: readonly Fact[]): number => {
  const reset = facts.findLastIndex(({ type, data }) => type === 'SyncVersionReset' && data['type'] === 0)
  return Math.min(255, facts.slice(reset + 1).filter(({ type }) => TOUCHING.has(type)).length)
}

const anyFact: fc.Arbitrary<Fact> = fc.oneof(
  {
    weight: 600,
    arbitrary: fc
      .record(
        {
          state: fc.constantFrom(...ACCOUNT_STATES),
          capabilities: fc.subarray([...CAPABILITIES]),
          visibility: fc.constantFrom(...VISIBILITIES),
        },
        { requiredKeys: [] },
      )
      .map((changed) => fact('AccountStandingChanged', changed)),
  },
  {
    weight: 100,
    arbitrary: fc.constantFrom(
      fact('DeletionRequested', { previousState: 'Normal', deleteAt: NOW }),
      fact('DeletionCancelled', { state: 'Normal' }),
      fact('UnlimitedLikesSet', { value: true }),
      fact('SyncVersionReset', { type: 6 }),
      { type: 'FromTheFuture', data: {} },
    ),
  },
  { weight: 1, arbitrary: fc.constant(fact('SyncVersionReset', { type: 0 })) },
)

test('a version is the number of touching events since the last reset, at most 255', (t) => {
  const registered = fact('AccountRegistered', { aid: AID, origin: 'bot' })
  const histories = fc.array(anyFact, { maxLength: 600, size: 'max' })
  let saturated = 0
  fc.assert(
    fc.property(histories, (some) => {
      const facts = [registered, ...some]
      const { version, events } = after(accountDecider, facts)
      t.is(version, versionOf(facts))
      t.is(events, facts.length)
      if (version === 255) saturated += 1
    }),
    { numRuns: runs(100) },
  )
  t.true(saturated > 0)
  fc.assert(fc.property(accountLife, ({ state, facts }) => t.is(state.version, versionOf(facts))))
})

test('every command that changes what clients see is one touching event', (t) => {
  fc.assert(
    fc.property(accountLife, accountCommand, ({ state }, command) => {
      const { state: next, facts } = liveFrom(accountDecider, state, command)
      const isSame = isDeepStrictEqual(next.standing, state.standing)
      t.is(facts.filter(({ type }) => TOUCHING.has(type)).length, isSame ? 0 : 1)
    }),
    { numRuns: runs(300) },
  )
})

test('over 300 changes a version stops at 255, and every change is an event', (t) => {
  const changes = Array.from({ length: 300 }, (_, index): AccountCommand => ({
    type: 'SetVisibility',
    isPublic: index % 2 === 0,
  }))
  const { state, facts } = live(accountDecider, [register, ...changes])
  t.is(facts.length, 301)
  t.is(state.version, 255)
  t.is(liveFrom(accountDecider, state, { type: 'ResetSyncVersion' }).state.version, 0)
})

test('a refresh token is good for one exchange: the second one, whenever it comes, ends the session', (t) => {
  const both: readonly SessionCommand[] = [
    exchange('r', 's', { id: 'first' }),
    exchange('r', 't', { id: 'second' }),
    { type: 'EndConnection', connectionId: 'first', cause: 'lost' },
    { type: 'EndConnection', connectionId: 'second', cause: 'lost' },
  ]
  const order = fc.shuffledSubarray([...both], { minLength: both.length })
  fc.assert(
    fc.property(sessionLife, order, ({ state }, some) => {
      fc.pre(!state.deleted)
      const started = liveFrom(sessionDecider, state, login('r')).state
      const { state: ended, facts } = liveFrom(sessionDecider, started, ...some)
      for (const type of ['RefreshTokenRotated', 'AccessTokenIssued', 'ConnectionOpened', 'ConnectionClosed'])
        t.is(facts.filter((made) => made.type === type).length, 1, type)
      t.deepEqual(facts.at(-1)?.data, { loginId: 'login-r', cause: 'refresh-mismatch' })
      t.is(ended.login, undefined)
    }),
    { numRuns: runs(200) },
  )
})

test('an account has one connection at most, and the state knows which', (t) => {
  fc.assert(
    fc.property(sessionLife, ({ facts }) => {
      const open: string[] = []
      let state = sessionDecider.initial
      for (const one of facts) {
        state = sessionDecider.evolve(state, one)
        const id = one.data['connectionId']
        if (one.type === 'ConnectionOpened' && typeof id === 'string') open.push(id)
        if (one.type === 'ConnectionClosed') t.true(open.pop() === id, 'only what is open is closed')
        if (one.type === 'SessionRevoked' || one.type === 'LoginStarted') t.deepEqual(open, [])
        t.true(open.length <= 1)
        t.is(state.login?.connection?.id, open[0])
      }
    }),
    { numRuns: runs(300) },
  )
})

test('the end of a connection that is not the current one is nothing', (t) => {
  fc.assert(
    fc.property(sessionLife, name, ({ state }, connectionId) => {
      const { facts } = liveFrom(sessionDecider, state, {
        type: 'EndConnection',
        connectionId,
        cause: 'lost',
      })
      t.is(facts.length, state.login?.connection?.id === connectionId ? 1 : 0)
    }),
    { numRuns: runs(200) },
  )
})

test('refusals are never noted twice within a minute', (t) => {
  fc.assert(
    fc.property(sessionLife, ({ facts }) => {
      const times = facts.flatMap((one) =>
        one.type === 'HandshakeRefused' ? [dataOf('HandshakeRefused', one).at] : [],
      )
      times.slice(1).forEach((time, index) => t.true(Math.abs(time - (times[index] ?? 0)) >= 60_000))
    }),
    { numRuns: runs(200) },
  )
})

test('whoever follows an extension type from what is remembered is in step exactly if nothing happened', (t) => {
  fc.assert(
    fc.property(fc.nat(100_000), fc.nat(2_000), (remembered, changes) => {
      t.is(isInStep(byteOf(remembered), remembered + changes, remembered), changes === 0)
    }),
    { numRuns: runs(300) },
  )
})

/** A state that is there already, and what comes next. */
const liveFrom = <S, C>(decider: Decider<S, C>, initial: S, ...some: readonly C[]) =>
  live({ ...decider, initial }, some)
