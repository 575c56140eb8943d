/**
 * Proves that the documents of accounts and sessions are the same however their history is cut and however often a batch comes, in memory
 * and embedded; that an access hash leads to one account at most; and that an erased account leaves nothing, nor a rebuild after it.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import * as fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { afrodite } from '../../../projections/afrodite.ts'
import { openEmbeddedDocuments } from '../../../src/documents/embedded/documents.ts'
import { memoryDocuments } from '../../../src/documents/memory/memory.ts'
import type { Documents } from '../../../src/documents/port.ts'
import type { Fact } from '../../../src/domain/decider.ts'
import { accountDecider } from '../../../src/domain/afrodite/account-decide.ts'
import type { AccountCommand, AccountState } from '../../../src/domain/afrodite/account.ts'
import { ACCOUNT_PREFIX, accountStream, sessionStream } from '../../../src/domain/afrodite/names.ts'
import { sessionDecider } from '../../../src/domain/afrodite/session-decide.ts'
import type { SessionCommand, SessionState } from '../../../src/domain/afrodite/session.ts'
import type { StoredEvent } from '../../../src/history/port.ts'
import {
  ANN,
  AT,
  BEN,
  CLIENT,
  erased,
  erasure,
  EVE,
  exchanged,
  loggedIn,
  prepared,
  project,
  registered,
  stored,
  writesOf,
  type Happened,
} from '../../support/afrodite-read.ts'
import { contentsOf } from '../../support/timelimit-read.ts'

const directories: string[] = []
test.after.always(async () => {
  for (const directory of directories) await rm(directory, { recursive: true, force: true })
})

const STORES: Readonly<Record<string, () => Promise<Documents>>> = {
  memory: () => Promise.resolve(memoryDocuments()),
  embedded: async () => {
    const directory = await mkdtemp(join(tmpdir(), 'afrodite-'))
    directories.push(directory)
    return openEmbeddedDocuments({ path: join(directory, 'documents.mdb') })
  },
}

const AIDS = [ANN, BEN, EVE] as const
const ACCOUNT_COMMANDS: readonly AccountCommand[] = [
  { type: 'SetVisibility', isPublic: true },
  { type: 'SetVisibility', isPublic: false },
  { type: 'SetUnlimitedLikes', value: true },
  { type: 'SetEmail', email: 'a@b' },
  { type: 'SetEmail', email: null },
  { type: 'SetUp', birthdate: '2000-01-01', isAdult: true, at: AT },
  { type: 'CompleteSetup' },
  { type: 'RequestDeletion', deleteAt: AT },
  { type: 'CancelDeletion' },
  { type: 'Delete', at: AT },
  { type: 'IssueClientId' },
  { type: 'ResetSyncVersion' },
  { type: 'Link', protocol: 'rightech', user: 'ann' },
  { type: 'Unlink', protocol: 'rightech' },
]

type Known = { account: AccountState; session: SessionState }
type Asked = { readonly known: Known; readonly index: number }
type Step = { readonly who: number } & ({ readonly command: AccountCommand } | { readonly session: string })

/** What is new is named after the step. */
const exchange = ({ known, index }: Asked) =>
  ({
    type: 'ExchangeTokens',
    presentedHash: known.session.login?.refreshHash ?? '',
    newAccessHash: `access ${index}`,
    newRefreshHash: `refresh ${index}`,
    connection: {
      id: `connection ${index}`,
      node: `node ${index % 2}`,
      ip: '192.0.2.2',
      port: 4_000,
      client: CLIENT,
    },
    isSupported: true,
    at: AT,
  }) as const

const SESSION_COMMANDS: Readonly<Record<string, (asked: Asked) => SessionCommand>> = {
  login: ({ index }) => ({
    type: 'StartLogin',
    loginId: `login ${index}`,
    method: 'bot',
    accessHash: `first access ${index}`,
    refreshHash: `first refresh ${index}`,
    ip: '192.0.2.1',
  }),
  exchange,
  exchangeAgain: exchange,
  steal: (asked) => ({ ...exchange(asked), presentedHash: 'an older one' }),
  end: ({ known }) => ({
    type: 'EndConnection',
    connectionId: known.session.login?.connection?.id ?? '',
    cause: 'client',
  }),
  malform: ({ known, index }) => ({
    type: 'RefuseMalformed',
    connectionId: known.session.login?.connection?.id ?? '',
    step: 5,
    revoke: index % 2 === 0,
    at: AT,
  }),
  logout: () => ({ type: 'Logout' }),
}

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ who: fc.nat({ max: 2 }), command: fc.constantFrom(...ACCOUNT_COMMANDS) }),
  fc.record({ who: fc.nat({ max: 2 }), session: fc.constantFrom(...Object.keys(SESSION_COMMANDS)) }),
)
const steps = fc.array(step, { maxLength: 40 })

/** What the deciders make of it, and the states that they end in. */
const lives = (all: readonly Step[]) => {
  const states = new Map<string, Known>()
  const happened: Happened[number][] = AIDS.map((aid) => registered(aid))
  for (const [stream, ...facts] of happened)
    states.set(stream.slice(ACCOUNT_PREFIX.length), {
      account: facts.reduce(accountDecider.evolve, accountDecider.initial),
      session: sessionDecider.initial,
    })
  for (const [index, one] of all.entries()) {
    const aid = AIDS[one.who] ?? ANN
    const known = states.get(aid)
    if (known === undefined) throw new Error('nobody')
    if ('command' in one) {
      const facts = decided(accountDecider.decide(one.command, known.account))
      known.account = facts.reduce(accountDecider.evolve, known.account)
      happened.push([accountStream(aid), ...facts])
    } else {
      const command = SESSION_COMMANDS[one.session]?.({ known, index })
      const facts = command === undefined ? [] : decided(sessionDecider.decide(command, known.session))
      known.session = facts.reduce(sessionDecider.evolve, known.session)
      happened.push([sessionStream(aid), ...facts])
    }
  }
  return { happened, states }
}

const decided = (answer: E.Either<unknown, readonly Fact[]>): readonly Fact[] =>
  E.isRight(answer) ? answer.right : []

test('each event writes a document once, into declared collections that an erasure finds', (t) => {
  for (const { indexes } of Object.values(afrodite.collections))
    t.true(indexes.some(({ keys }) => keys.join() === '_s'))
  fc.assert(
    fc.property(steps, (all) => {
      for (const event of stored(lives(all).happened)) {
        const writes = writesOf(event)
        const places = writes.map((write) => `${write.collection} ${'id' in write ? write.id : '?'}`)
        t.is(new Set(places).size, places.length, event.type)
        const subject = event.stream.replace('session', 'account')
        for (const write of writes) {
          t.true(write.collection in afrodite.collections, write.collection)
          if ('put' in write) t.deepEqual(write.put['_s'], [subject])
        }
      }
    }),
    { numRuns: 50 },
  )
})

test('documents show the states that the streams fold to', async (t) => {
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const { happened, states } = lives(all)
      const documents = await prepared(memoryDocuments())
      await project(documents, ...stored(happened))
      for (const [aid, { account, session }] of states) {
        const found = (await documents.get('afrodite_sessions', aid))?.value
        const _s = [accountStream(aid)]
        t.deepEqual<unknown, unknown>(found, session.login && { _id: aid, ...session.login, _s })
        const shown = (await documents.get('afrodite_accounts', aid))?.value ?? { _id: '' }
        t.is(shown['revision'], account.events - 1)
        const { standing, version, email, deletion, life } = account
        t.is(shown['ended'], life === 'deleted' ? true : undefined)
        if (life === 'deleted') continue
        t.like(shown, standing)
        t.deepEqual([shown['email'] ?? null, shown['deleteAt']], [email, deletion?.deleteAt])
        t.is(Math.min(255, Number(shown['version'])), version)
      }
    }),
    { numRuns: 100 },
  )
})

/** Cut at those places, and each batch begins with what the last one ended with. */
const inBatches = async (
  documents: Documents,
  events: readonly StoredEvent[],
  cuts: readonly number[],
): Promise<void> => {
  let from = 0
  for (const to of [...cuts.toSorted((a, b) => a - b), events.length]) {
    if (to <= from) continue
    await project(documents, ...events.slice(Math.max(0, from - 2), to))
    from = to
  }
}

for (const [name, open] of Object.entries(STORES)) {
  test(`${name}: documents are the same however the history is cut and however often a batch comes`, async (t) => {
    await fc.assert(
      fc.asyncProperty(steps, fc.array(fc.nat({ max: 60 }), { maxLength: 8 }), async (all, cuts) => {
        const events = stored(lives(all).happened)
        const [whole, cut] = [await prepared(memoryDocuments()), await prepared(await open())]
        await project(whole, ...events)
        await inBatches(cut, events, cuts)
        t.deepEqual(await contentsOf(cut), await contentsOf(whole))
        await cut.close()
      }),
      { numRuns: 15 },
    )
  })

  test(`${name}: a chain of pairs in one batch and in many; each hash leads to nobody once it is replaced`, async (t) => {
    const pairs = Array.from({ length: 30 }, (_, n) => n)
    const chain = (aid: string): Happened =>
      pairs.map((n) =>
        exchanged(aid, `${aid} ${n}`, {
          connection: `${aid} c${n}`,
          ...(n === 0 ? {} : { replaced: `${aid} c${n - 1}` }),
        }),
      )
    const [anns, bens] = [chain(ANN), chain(BEN)]
    const happened = [
      loggedIn(ANN, 'a'),
      loggedIn(BEN, 'b'),
      ...anns.flatMap((one, n) => [one, ...bens.slice(n, n + 1)]),
    ]
    const events = stored(happened)
    for (const size of [1, 3, events.length]) {
      const documents = await prepared(await open())
      for (let from = 0; from < events.length; from += size)
        await project(documents, ...events.slice(from, from + size))
      for (const aid of [ANN, BEN]) {
        const holders = await Promise.all(
          pairs.map((n) => documents.count('afrodite_sessions', { accessHash: `access ${aid} ${n}` })),
        )
        t.deepEqual(
          holders,
          pairs.map((n) => (n === 29 ? 1 : 0)),
        )
      }
      t.is(await documents.count('afrodite_connections', { cause: 'replaced' }), 58)
      await documents.close()
    }
  })

  test(`${name}: accounts may exchange pairs in one batch, but never have the same`, async (t) => {
    const documents = await prepared(await open())
    const start: Happened = [loggedIn(ANN, '1'), loggedIn(BEN, '2')]
    const swap: Happened = [loggedIn(ANN, '2'), loggedIn(BEN, '1')]
    const events = stored([...start, ...swap, loggedIn(EVE, '1')])
    await project(documents, ...events.slice(0, 2))
    await project(documents, ...events.slice(2, 4))
    t.like((await documents.get('afrodite_sessions', ANN))?.value, { accessHash: 'access 2' })
    t.like((await documents.get('afrodite_sessions', BEN))?.value, { accessHash: 'access 1' })
    await t.throwsAsync(project(documents, ...events.slice(4)), { message: /accessHash/ })
    t.is(await documents.get('afrodite_sessions', EVE), undefined)
    await documents.close()
  })

  test(`${name}: an erased account leaves nothing, and a rebuild finds nothing`, async (t) => {
    await fc.assert(
      fc.asyncProperty(steps, steps, async (before, after) => {
        const late = lives(after).happened.filter(([stream]) => stream.startsWith('afrodite.session-'))
        const events = stored([...lives(before).happened, ...AIDS.map(erasure), ...late])
        const end = events.findIndex(({ type }) => type === 'SubjectErased')
        const documents = await prepared(await open())
        await project(documents, ...events.slice(0, end), ...erased(events.slice(end)))
        const rebuilt = await prepared(await open())
        await project(rebuilt, ...erased(events))
        t.deepEqual(await contentsOf(documents), {})
        t.deepEqual(await contentsOf(rebuilt), {})
        await Promise.all([documents.close(), rebuilt.close()])
      }),
      { numRuns: 10 },
    )
  })
}
