/**
 * Proves the rules of an account (afrodite 4.5, 6, 7.1): what each command brings about in which state, what it is refused for, and what
 * the account holds that must be unique.
 */
import test from 'ava'
import { accountDecider } from '../../../../src/domain/afrodite/account-decide.ts'
import type { AccountCommand } from '../../../../src/domain/afrodite/account.ts'
import { fact } from '../../../../src/domain/afrodite/events.ts'
import { accountStream } from '../../../../src/domain/afrodite/names.ts'
import type { Fact } from '../../../../src/domain/decider.ts'
import { after, AID, decided, NOW } from '../../../support/afrodite-domain.ts'

const BOT = fact('AccountRegistered', { aid: AID, origin: 'bot' })
const NORMAL = fact('AccountStandingChanged', { state: 'Normal', capabilities: [] })
const BANNED = fact('AccountStandingChanged', { state: 'Banned' })
const LEAVING = fact('DeletionRequested', { previousState: 'InitialSetup', deleteAt: NOW })
const DELETED = fact('AccountDeleted', {})
const linked = (user: string) => fact('IdentityLinked', { protocol: 'rightech', sealed: { user } })
const shown = (visibility: 'Public' | 'Private' | 'PendingPublic' | 'PendingPrivate') =>
  fact('AccountStandingChanged', { visibility })

const when = (command: AccountCommand, ...given: readonly Fact[]) => decided(accountDecider, given, command)
const state = (...facts: readonly Fact[]) => after(accountDecider, facts)
const setUp = (birthdate: string | null, isAdult = true): AccountCommand => ({
  type: 'SetUp',
  birthdate,
  isAdult,
  at: NOW,
})

const COMMANDS: readonly AccountCommand[] = [
  { type: 'SetVisibility', isPublic: true },
  { type: 'SetUnlimitedLikes', value: true },
  { type: 'SetEmail', email: 'a@b' },
  setUp(null),
  { type: 'CompleteSetup' },
  { type: 'RequestDeletion', deleteAt: NOW },
  { type: 'CancelDeletion' },
  { type: 'Delete', at: NOW },
  { type: 'IssueClientId' },
  { type: 'ResetSyncVersion' },
  { type: 'Link', protocol: 'rightech', user: 'u1' },
  { type: 'Unlink', protocol: 'rightech' },
]

test('nothing can be done with an account that is not there, or not any more', (t) => {
  for (const command of COMMANDS) {
    t.is(when(command), 'NotFound no_account', command.type)
    t.is(when(command, BOT, LEAVING, DELETED), 'NotFound no_account', command.type)
  }
})

test('an account is registered once', (t) => {
  const register: AccountCommand = { type: 'Register', aid: AID, origin: 'bot' }
  t.deepEqual(when(register), [['AccountRegistered', { aid: AID, origin: 'bot' }]])
  t.is(when(register, BOT), 'Conflict account_exists')
  t.is(when(register, BOT, DELETED), 'Conflict account_exists')
  t.deepEqual(when({ type: 'Register', aid: AID, origin: 'demo', demoEntry: 0 }), [
    ['AccountRegistered', { aid: AID, origin: 'demo', demoEntry: 0 }],
  ])
  t.like(state(fact('AccountRegistered', { aid: AID, origin: 'demo', demoEntry: 0 })), {
    events: 1,
    life: 'there',
    origin: 'demo',
    demoEntry: 0,
    standing: { state: 'InitialSetup', capabilities: [], visibility: 'PendingPrivate' },
    version: 0,
    email: null,
  })
})

test('an identity of Google is claimed, its address kept', (t) => {
  const google = { sub: '1234', email: 'a@b' }
  const sealed = { email: 'a@b', googleSub: '1234' }
  t.deepEqual(when({ type: 'Register', aid: AID, origin: 'google', google }), [
    ['AccountRegistered', { aid: AID, origin: 'google', sealed }],
  ])
  const registered = state(fact('AccountRegistered', { aid: AID, origin: 'google', sealed }))
  t.is(registered.email, 'a@b')
  t.like(accountDecider.claims?.(registered), [{ kind: 'afrodite.google', value: '1234' }])
})

test('visibility: pending stays pending, and what changes nothing is no event', (t) => {
  const set = (isPublic: boolean, ...given: readonly Fact[]) =>
    when({ type: 'SetVisibility', isPublic }, BOT, ...given)
  const then = (visibility: string) => [['AccountStandingChanged', { visibility }]]
  t.deepEqual(set(true), then('PendingPublic'))
  t.deepEqual(set(false), [])
  t.deepEqual(set(false, shown('PendingPublic')), then('PendingPrivate'))
  t.deepEqual(set(true, shown('PendingPublic')), [])
  t.deepEqual(set(true, shown('Private')), then('Public'))
  t.deepEqual(set(false, shown('Private')), [])
  t.deepEqual(set(false, shown('Public')), then('Private'))
  t.deepEqual(set(true, shown('Public')), [])
  const { standing, version } = state(BOT, NORMAL, shown('Public'))
  t.deepEqual(standing, { state: 'Normal', capabilities: [], visibility: 'Public' })
  t.is(version, 2)
})

test('setting up: of age, and only at the beginning', (t) => {
  const done = (birthdate: string | null) => [['AccountSetUp', { isAdult: true, sealed: { birthdate } }]]
  t.deepEqual(when(setUp(null), BOT), done(null))
  t.is(when(setUp(null, false), BOT), 'NotAcceptable not_adult')
  for (const birthdate of ['2006-07-01', '1873-07-02', '2000-02-29', '1990-12-31'])
    t.deepEqual(when(setUp(birthdate), BOT), done(birthdate), birthdate)
  for (const wrong of [
    '2006-07-02',
    '1873-07-01',
    '2001-02-29',
    '2000-13-01',
    '2000-00-10',
    '2000-04-31',
    '2030-01-01',
  ])
    t.is(when(setUp(wrong), BOT), 'NotAcceptable birthdate', wrong)
  for (const wrong of [
    '',
    '2000-1-1',
    '2000-01-01T00:00:00Z',
    ' 2000-01-01',
    '+002000-01-01',
    '20000101',
    '2000-01-01\n',
  ])
    t.is(when(setUp(wrong), BOT), 'NotAcceptable birthdate', JSON.stringify(wrong))
  for (const given of [NORMAL, BANNED, LEAVING])
    t.is(when(setUp(null), BOT, given), 'NotAcceptable not_in_setup', given.type)
  const before = fact('AccountSetUp', { isAdult: true, sealed: { birthdate: '1990-12-31' } })
  t.deepEqual(when(setUp('1990-12-31'), BOT, before), [])
  t.deepEqual(when(setUp('1990-12-30'), BOT, before), done('1990-12-30'))
  t.deepEqual(state(BOT, before).setUp, { birthdate: '1990-12-31', isAdult: true })
})

test('a birthday on the 29th of February is reached on the 1st of March', (t) => {
  const on = (at: number) => when({ type: 'SetUp', birthdate: '2004-02-29', isAdult: true, at }, BOT)
  t.is(on(Date.UTC(2022, 2, 1) - 1), 'NotAcceptable birthdate')
  t.not(on(Date.UTC(2022, 2, 1)), 'NotAcceptable birthdate')
})

test('completing the setup is one event with two members', (t) => {
  t.deepEqual(when({ type: 'CompleteSetup' }, BOT), [
    ['AccountStandingChanged', { state: 'Normal', capabilities: [] }],
  ])
  const admin = fact('AccountStandingChanged', { capabilities: ['admin_view_private_info'] })
  t.deepEqual(when({ type: 'CompleteSetup' }, BOT, admin), [
    ['AccountStandingChanged', { state: 'Normal', capabilities: ['admin_view_private_info'] }],
  ])
  t.is(state(BOT, NORMAL).version, 1)
  for (const given of [NORMAL, BANNED, LEAVING])
    t.is(when({ type: 'CompleteSetup' }, BOT, given), 'NotAcceptable not_in_setup', given.type)
})

test('deletion is requested once, and its cancelling brings back what was', (t) => {
  const request: AccountCommand = { type: 'RequestDeletion', deleteAt: NOW + 1 }
  const asked = (previousState: string) => [['DeletionRequested', { previousState, deleteAt: NOW + 1 }]]
  t.deepEqual(when(request, BOT), asked('InitialSetup'))
  t.deepEqual(when(request, BOT, BANNED), asked('Banned'))
  t.deepEqual(when(request, BOT, LEAVING), [])
  t.like(state(BOT, LEAVING), {
    standing: { state: 'PendingDeletion' },
    version: 1,
    deletion: { previousState: 'InitialSetup', deleteAt: NOW },
  })
  const cancelled = fact('DeletionCancelled', { state: 'InitialSetup' })
  t.deepEqual(when({ type: 'CancelDeletion' }, BOT), [])
  t.deepEqual(when({ type: 'CancelDeletion' }, BOT, LEAVING), [[cancelled.type, cancelled.data]])
  t.like(state(BOT, LEAVING, cancelled), {
    standing: { state: 'InitialSetup' },
    version: 2,
    deletion: null,
  })
  t.deepEqual(when({ type: 'CancelDeletion' }, BOT, LEAVING, cancelled), [])
})

test('an account is deleted at the time that was set, not before and not unasked', (t) => {
  t.is(when({ type: 'Delete', at: NOW }, BOT), 'NotAcceptable no_deletion_pending')
  t.is(when({ type: 'Delete', at: NOW - 1 }, BOT, LEAVING), 'NotAcceptable too_early')
  t.deepEqual(when({ type: 'Delete', at: NOW }, BOT, LEAVING), [['AccountDeleted', {}]])
  t.like(state(BOT, linked('u1'), LEAVING, DELETED), { events: 4, life: 'deleted', links: {}, email: null })
})

test('an address is set if it is another, and no longer than addresses are', (t) => {
  const set = (email: string | null, ...given: readonly Fact[]) =>
    when({ type: 'SetEmail', email }, BOT, ...given)
  const before = fact('EmailSet', { sealed: { email: 'a@b' } })
  t.deepEqual(set('a@b'), [['EmailSet', { sealed: { email: 'a@b' } }]])
  t.deepEqual(set('a@b', before), [])
  t.deepEqual(set(null, before), [['EmailSet', { sealed: { email: null } }]])
  t.deepEqual(set(null), [])
  t.not(set('x'.repeat(254)), 'NotAcceptable email_too_long')
  t.is(set('x'.repeat(255)), 'NotAcceptable email_too_long')
})

test('likes without a limit, ids of clients, and the reset of the version', (t) => {
  const likes = fact('UnlimitedLikesSet', { value: true })
  t.deepEqual(when({ type: 'SetUnlimitedLikes', value: false }, BOT), [])
  t.deepEqual(when({ type: 'SetUnlimitedLikes', value: true }, BOT), [['UnlimitedLikesSet', { value: true }]])
  t.deepEqual(when({ type: 'SetUnlimitedLikes', value: true }, BOT, likes), [])
  const issue: AccountCommand = { type: 'IssueClientId' }
  t.deepEqual(when(issue, BOT), [['ClientIdIssued', { id: 1 }]])
  t.deepEqual(when(issue, BOT, fact('ClientIdIssued', { id: 1 })), [['ClientIdIssued', { id: 2 }]])
  const reset = fact('SyncVersionReset', { type: 0 })
  t.deepEqual(when({ type: 'ResetSyncVersion' }, BOT), [])
  t.deepEqual(when({ type: 'ResetSyncVersion' }, BOT, NORMAL), [['SyncVersionReset', { type: 0 }]])
  t.deepEqual(when({ type: 'ResetSyncVersion' }, BOT, NORMAL, reset), [])
  t.is(state(BOT, NORMAL, fact('SyncVersionReset', { type: 7 })).version, 1, 'of another type')
})

test('one user of each other protocol, claimed while linked', (t) => {
  const link = (user: string, ...given: readonly Fact[]) =>
    when({ type: 'Link', protocol: 'rightech', user }, BOT, ...given)
  const unlinked = fact('IdentityUnlinked', { protocol: 'rightech' })
  const then = (user: string) => [['IdentityLinked', { protocol: 'rightech', sealed: { user } }]]
  t.deepEqual(link('u1'), then('u1'))
  t.deepEqual(link('u1', linked('u1')), [])
  t.deepEqual(link('u2', linked('u1')), then('u2'))
  t.deepEqual(when({ type: 'Unlink', protocol: 'rightech' }, BOT, linked('u1')), [
    ['IdentityUnlinked', { protocol: 'rightech' }],
  ])
  t.deepEqual(when({ type: 'Unlink', protocol: 'timelimit' }, BOT, linked('u1')), [])
  t.deepEqual(when({ type: 'Unlink', protocol: 'rightech' }, BOT, linked('u1'), unlinked), [])
  const held = (...facts: readonly Fact[]) =>
    (accountDecider.claims?.(state(BOT, ...facts)) ?? []).map(({ kind, value }) => `${kind} ${value}`)
  const device = fact('IdentityLinked', { protocol: 'timelimit', sealed: { user: 'u1' } })
  t.deepEqual(held(linked('u1'), device), ['afrodite.link rightech:u1', 'afrodite.link timelimit:u1'])
  t.deepEqual(held(linked('u1'), linked('u2')), ['afrodite.link rightech:u2'])
  t.deepEqual(held(linked('u1'), unlinked), [])
  t.deepEqual(held(linked('u1'), LEAVING, DELETED), [])
})

test("what is claimed is the same instance until it changes, and never another account's", (t) => {
  const google = (sub: string) =>
    state(fact('AccountRegistered', { aid: AID, origin: 'google', sealed: { email: null, googleSub: sub } }))
  const [one, other] = [google('1'), google('2')]
  const claims = accountDecider.claims?.(one)
  t.is(accountDecider.claims?.(accountDecider.evolve(one, NORMAL)), claims)
  t.not(accountDecider.claims?.(accountDecider.evolve(one, linked('u1'))), claims)
  t.like(accountDecider.claims?.(other), [{ value: '2' }])
})

test('what was erased is gone, and the rest is still counted', (t) => {
  const erased = state(
    fact('AccountRegistered', { aid: AID, origin: 'google', sealed: null }),
    fact('EmailSet', { sealed: null }),
    fact('AccountSetUp', { isAdult: true, sealed: null }),
    linked('u1'),
    fact('IdentityLinked', { protocol: 'rightech', sealed: null }),
    NORMAL,
  )
  t.like(erased, { events: 6, email: null, googleSub: null, setUp: { birthdate: null }, version: 1 })
  t.deepEqual(erased.links, {})
  t.deepEqual(accountDecider.claims?.(erased), [])
})

test('events of unknown types are counted, and do nothing else', (t) => {
  const { events: counted, ...rest } = state(BOT, { type: 'FromTheFuture', data: {} }, NORMAL)
  const { events: _, ...same } = state(BOT, NORMAL)
  t.is(counted, 3)
  t.deepEqual(rest, same)
  t.throws(() => state({ type: 'EmailSet', data: {} }), { message: /EmailSet/ })
})

test('the subject is the stream itself', (t) => {
  t.is(accountDecider.subject?.(accountStream(AID)), accountStream(AID))
})
