/**
 * Proves what documents the events of an account and its session leave: the account as it stands, the one pair and connection that it has,
 * and every connection that it had.
 */
import test from 'ava'
import { afrodite } from '../../../projections/afrodite.ts'
import { memoryDocuments } from '../../../src/documents/memory/memory.ts'
import type { Fact } from '../../../src/domain/decider.ts'
import { ACCOUNT_EVENTS, fact, SESSION_EVENTS } from '../../../src/domain/afrodite/events.ts'
import { accountStream, sessionStream } from '../../../src/domain/afrodite/names.ts'
import {
  ANN,
  AT,
  BEN,
  CLIENT,
  closed,
  erased,
  erasure,
  exchanged,
  loggedIn,
  prepared,
  project,
  registered,
  revoked,
  stored,
  writesOf,
  type Happened,
} from '../../support/afrodite-read.ts'
import { contentsOf } from '../../support/timelimit-read.ts'

const shown = async (...happened: Happened) => {
  const documents = await prepared(memoryDocuments())
  await project(documents, ...stored(happened))
  return async (collection: string, id: string) => {
    const { _id, ...value } = (await documents.get(`afrodite_${collection}`, id))?.value ?? { _id: undefined }
    return _id === undefined ? undefined : value
  }
}

const ofAnn = (...facts: readonly Fact[]): Happened => [registered(ANN), [accountStream(ANN), ...facts]]
const accountAfter = async (...facts: readonly Fact[]) => (await shown(...ofAnn(...facts)))('accounts', ANN)

const NEW = {
  state: 'InitialSetup',
  capabilities: [],
  visibility: 'PendingPrivate',
  origin: 'bot',
  version: 0,
  revision: 0,
  _s: [accountStream(ANN)],
}
const raised = fact('AccountStandingChanged', { state: 'Normal' })
const requested = fact('DeletionRequested', { previousState: 'Normal', deleteAt: 77 })

test('a new account, by every way', async (t) => {
  t.deepEqual(await accountAfter(), NEW)
  const demo = (await shown(registered(ANN, 3)))('accounts', ANN)
  t.deepEqual(await demo, { ...NEW, origin: 'demo', demoEntry: 3 })
  for (const email of ['ann@example.org', null]) {
    const google = fact('AccountRegistered', {
      aid: ANN,
      origin: 'google',
      sealed: { email, googleSub: '1234' },
    })
    const found = await (await shown([accountStream(ANN), google]))('accounts', ANN)
    t.deepEqual(found, { ...NEW, origin: 'google', ...(email === null ? {} : { email }) })
  }
})

const CHANGES: readonly (readonly [name: string, facts: readonly Fact[], changes: object])[] = [
  ['a state alone', [raised], { state: 'Normal', version: 1 }],
  [
    'all of the standing at once',
    [
      fact('AccountStandingChanged', {
        state: 'Normal',
        capabilities: ['admin_moderate_images'],
        visibility: 'Public',
      }),
    ],
    { state: 'Normal', capabilities: ['admin_moderate_images'], visibility: 'Public', version: 1 },
  ],
  ['a requested deletion', [raised, requested], { state: 'PendingDeletion', deleteAt: 77, version: 2 }],
  [
    'a cancelled deletion',
    [raised, requested, fact('DeletionCancelled', { state: 'Normal' })],
    { state: 'Normal', version: 3 },
  ],
  [
    'a deleted account',
    [requested, fact('AccountDeleted', {})],
    { state: 'PendingDeletion', version: 1, ended: true },
  ],
  ['an email', [fact('EmailSet', { sealed: { email: 'a@b' } })], { email: 'a@b' }],
  [
    'an email that is taken away',
    [fact('EmailSet', { sealed: { email: 'a@b' } }), fact('EmailSet', { sealed: { email: null } })],
    {},
  ],
  [
    'a reset',
    [raised, raised, fact('SyncVersionReset', { type: 0 }), raised],
    { state: 'Normal', version: 1 },
  ],
  [
    'a reset of another type',
    [raised, fact('SyncVersionReset', { type: 64 })],
    { state: 'Normal', version: 1 },
  ],
  ['more than 255 raises', Array.from({ length: 300 }, () => raised), { state: 'Normal', version: 300 }],
  [
    'what is shown nowhere',
    [
      fact('AccountSetUp', { isAdult: true, sealed: { birthdate: '2000-01-01' } }),
      fact('UnlimitedLikesSet', { value: true }),
      fact('ClientIdIssued', { id: 1 }),
      fact('IdentityLinked', { protocol: 'rightech', sealed: { user: 'ann' } }),
      fact('IdentityUnlinked', { protocol: 'rightech' }),
    ],
    {},
  ],
]

for (const [name, facts, changes] of CHANGES) {
  test(`an account after ${name}`, async (t) => {
    t.deepEqual(await accountAfter(...facts), { ...NEW, ...changes, revision: facts.length })
  })
}

test('a deleted account belongs to no demo entry', async (t) => {
  const found = await shown(registered(ANN, 3), [accountStream(ANN), fact('AccountDeleted', {})])
  t.deepEqual(await found('accounts', ANN), { ...NEW, origin: 'demo', ended: true, revision: 1 })
})

test('a session from its login to its end', async (t) => {
  const _s = [accountStream(ANN)]
  const session = (pair: string, connection: object | null) => ({
    loginId: 'login of 1',
    accessHash: `access ${pair}`,
    refreshHash: `refresh ${pair}`,
    connection,
    _s,
  })
  const connection = (openedAt: number, more: object = {}) => ({
    aid: ANN,
    node: 'n',
    client: CLIENT,
    ip: '192.0.2.2',
    openedAt: AT + openedAt,
    ...more,
    _s,
  })
  const open = (id: string) => ({ id, ip: '192.0.2.2', node: 'n' })
  const steps: Happened = [
    loggedIn(ANN, '1'),
    exchanged(ANN, '2', { connection: 'c1', node: 'n' }),
    exchanged(ANN, '3', { connection: 'c2', node: 'n', replaced: 'c1' }),
    [sessionStream(ANN), closed('c2', 'client')],
    [
      sessionStream(ANN),
      fact('HandshakeRefused', { connectionId: 'c3', step: 2, cause: 'refresh-mismatch', at: AT }),
    ],
    revoked(ANN),
  ]
  const first = { closedAt: AT + 4, cause: 'replaced' }
  const second = { closedAt: AT + 8, cause: 'client' }
  const expected = [
    [session('1', null), undefined, undefined],
    [session('2', open('c1')), connection(3), undefined],
    [session('3', open('c2')), connection(3, first), connection(7)],
    [session('3', null), connection(3, first), connection(7, second)],
    [session('3', null), connection(3, first), connection(7, second)],
    [undefined, connection(3, first), connection(7, second)],
  ]
  for (const [index, [of, c1, c2]] of expected.entries()) {
    const found = await shown(...steps.slice(0, index + 1))
    t.deepEqual(await found('sessions', ANN), of, `step ${index}`)
    t.deepEqual(await found('connections', 'c1'), c1, `step ${index}`)
    t.deepEqual(await found('connections', 'c2'), c2, `step ${index}`)
  }
})

test('a new login has a new pair and no connection, also after a revocation', async (t) => {
  const before = [loggedIn(ANN, '1'), exchanged(ANN, '2', { connection: 'c1' })] as const
  const over: Happened = [...before, [sessionStream(ANN), closed('c1', 'revoked')], loggedIn(ANN, '3')]
  for (const happened of [over, [...before, revoked(ANN, 'c1'), loggedIn(ANN, '3')]]) {
    t.like(await (await shown(...happened))('sessions', ANN), {
      loginId: 'login of 3',
      accessHash: 'access 3',
      refreshHash: 'refresh 3',
      connection: null,
    })
  }
})

test('a session ends with the first part of it that nobody can read any more', async (t) => {
  const happened = [loggedIn(ANN, '1'), exchanged(ANN, '2', { connection: 'c1' })]
  const events = stored(happened)
  for (const end of events.keys()) {
    const documents = await prepared(memoryDocuments())
    await project(documents, ...events.slice(0, end), ...erased(events.slice(end, end + 1)))
    t.deepEqual(Object.keys(await contentsOf(documents)), [], `from event ${end}`)
  }
})

test('every event of an account has a handler; of a session all but a refusal', (t) => {
  const known = [...Object.keys(ACCOUNT_EVENTS), ...Object.keys(SESSION_EVENTS)]
  t.deepEqual(Object.keys(afrodite.on).sort(), known.filter((type) => type !== 'HandshakeRefused').sort())
})

test('a malformed event stops the projection', (t) => {
  for (const [stream, type] of [
    [accountStream(ANN), 'DeletionRequested'],
    [sessionStream(ANN), 'LoginStarted'],
  ] as const) {
    const [event] = stored([[stream, { type, data: {} }]])
    t.throws(() => event && writesOf(event), { instanceOf: TypeError })
  }
})

test('an erasure takes one account only', async (t) => {
  const about = (aid: string): Happened => [
    registered(aid),
    loggedIn(aid, aid),
    exchanged(aid, `${aid} 2`, { connection: `of ${aid}` }),
  ]
  const documents = await prepared(memoryDocuments())
  await project(documents, ...stored([...about(ANN), ...about(BEN), erasure(ANN)]))
  t.deepEqual(Object.keys(await contentsOf(documents)), [
    `afrodite_accounts ${BEN}`,
    `afrodite_connections of ${BEN}`,
    `afrodite_sessions ${BEN}`,
  ])
})
