/**
 * Proves what is found of accounts and sessions: by an access hash, by node, by demo entry and by what is due. The real projection fills
 * documents in memory and embedded ones; among many sessions a look-up takes less time than reading them all.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { openEmbeddedDocuments } from '../../../src/documents/embedded/documents.ts'
import { memoryDocuments } from '../../../src/documents/memory/memory.ts'
import type { Documents } from '../../../src/documents/port.ts'
import { fact } from '../../../src/domain/afrodite/events.ts'
import { accountStream, sessionStream } from '../../../src/domain/afrodite/names.ts'
import {
  allAccounts,
  demoAccounts,
  dueDeletions,
  endedAccounts,
} from '../../../src/queries/afrodite/accounts.ts'
import { connectedNodes, connectionsOf, findSession } from '../../../src/queries/afrodite/sessions.ts'
import {
  ANN,
  BEN,
  closed,
  EVE,
  exchanged,
  loggedIn,
  prepared,
  project,
  registered,
  revoked,
  stored,
  type Happened,
} from '../../support/afrodite-read.ts'
import { processorMs } from '../../support/waiting.ts'

const directories: string[] = []
test.after.always(async () => {
  for (const directory of directories) await rm(directory, { recursive: true, force: true })
})

const STORES: Readonly<Record<string, () => Promise<Documents>>> = {
  memory: () => Promise.resolve(memoryDocuments()),
  embedded: async () => {
    const directory = await mkdtemp(join(tmpdir(), 'afrodite-queries-'))
    directories.push(directory)
    return openEmbeddedDocuments({ path: join(directory, 'documents.mdb') })
  },
}

const all = async <T>(items: AsyncIterable<T>): Promise<readonly T[]> => {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

const aids = (found: readonly { readonly aid: string }[]): readonly string[] => found.map(({ aid }) => aid)

const due = (aid: string, deleteAt: number): Happened[number] => [
  accountStream(aid),
  fact('DeletionRequested', { previousState: 'Normal', deleteAt }),
]

for (const [name, open] of Object.entries(STORES)) {
  const after = async (...happened: Happened) => {
    const documents = await prepared(await open())
    await project(documents, ...stored(happened))
    return documents
  }

  test(`${name}: a session is found by its present access token only`, async (t) => {
    const steps: Happened = [
      loggedIn(ANN, '1'),
      exchanged(ANN, '2', { connection: 'c1', node: 'a' }),
      [sessionStream(ANN), closed('c1', 'client')],
      revoked(ANN),
    ]
    const open1 = { id: 'c1', ip: '192.0.2.2', node: 'a' }
    const view = (connection: typeof open1 | null) => ({ aid: ANN, connection })
    const expected = [
      [view(null), undefined],
      [undefined, view(open1)],
      [undefined, view(null)],
      [undefined, undefined],
    ]
    for (const [index, [first, second]] of expected.entries()) {
      const documents = await after(loggedIn(BEN, 'b'), ...steps.slice(0, index + 1))
      t.deepEqual(await findSession(documents, 'access 1'), first, `step ${index}`)
      t.deepEqual(await findSession(documents, 'access 2'), second, `step ${index}`)
      t.is((await findSession(documents, 'access b'))?.aid, BEN)
      t.is(await findSession(documents, ''), undefined)
      t.is(await findSession(documents, 'refresh b'), undefined)
      await documents.close()
    }
  })

  test(`${name}: each node with connections is found once, and its connections are`, async (t) => {
    const documents = await after(
      ...[loggedIn(ANN, 'a'), exchanged(ANN, 'a2', { connection: 'ca', node: 'n2' })],
      ...[loggedIn(BEN, 'b'), exchanged(BEN, 'b2', { connection: 'cb', node: 'n1' })],
      ...[loggedIn(EVE, 'e'), exchanged(EVE, 'e2', { connection: 'ce', node: 'n2' })],
      loggedIn('nobody', 'x'),
    )
    t.deepEqual(await all(connectedNodes(documents)), ['n1', 'n2'])
    t.deepEqual((await all(connectionsOf(documents, 'n2'))).flat(), [
      { aid: ANN, connectionId: 'ca' },
      { aid: EVE, connectionId: 'ce' },
    ])
    t.deepEqual(await all(connectionsOf(documents, 'n3')), [])
    await documents.close()
    const later = await after(
      ...[loggedIn(ANN, 'a'), exchanged(ANN, 'a2', { connection: 'ca', node: 'n2' })],
      [sessionStream(ANN), closed('ca', 'node-lost')],
    )
    t.deepEqual([await all(connectedNodes(later)), await all(connectionsOf(later, 'n2'))], [[], []])
    await later.close()
  })

  test(`${name}: accounts by demo entry, and all that are there`, async (t) => {
    const documents = await after(
      ...[registered(EVE, 1), registered(BEN, 1), registered(ANN), registered('gone', 1), registered('x', 2)],
      [accountStream('gone'), fact('AccountDeleted', {})],
    )
    t.deepEqual(await demoAccounts(documents, 1, 10), [{ aid: BEN }, { aid: EVE }])
    t.deepEqual(aids(await demoAccounts(documents, 1, 1)), [BEN])
    t.deepEqual(aids(await demoAccounts(documents, 3, 10)), [])
    t.deepEqual(aids(await allAccounts(documents, 10)), [ANN, BEN, EVE, 'x'])
    t.deepEqual(aids(await allAccounts(documents, 2)), [ANN, BEN])
    t.deepEqual(aids(await endedAccounts(documents, 10)), ['gone'])
    await documents.close()
  })

  test(`${name}: a deletion is due from its time on, until it is done or cancelled`, async (t) => {
    const begun: Happened = [registered(ANN), registered(BEN), registered(EVE), due(ANN, 20), due(BEN, 10)]
    const documents = await after(...begun)
    const dueAt = async (of: Documents, at: number) => aids(await dueDeletions(of, at, 10))
    t.deepEqual([await dueAt(documents, 9), await dueAt(documents, 10)], [[], [BEN]])
    t.deepEqual(await dueAt(documents, 20), [BEN, ANN])
    t.deepEqual(aids(await dueDeletions(documents, 20, 1)), [BEN])
    t.deepEqual(await endedAccounts(documents, 10), [])
    await documents.close()
    const later = await after(
      ...begun,
      [accountStream(ANN), fact('DeletionCancelled', { state: 'Normal' })],
      [accountStream(BEN), fact('AccountDeleted', {})],
    )
    t.deepEqual([await dueAt(later, 99), aids(await endedAccounts(later, 10))], [[], [BEN]])
    t.deepEqual(aids(await endedAccounts(later, 0)), [])
    await later.close()
  })
}

const MANY = process.env['SOAK'] === undefined ? 2_000 : 200_000

test('a look-up among many sessions reads few of them', async (t) => {
  const documents = await prepared(await (STORES['embedded'] ?? t.fail)())
  t.teardown(() => documents.close())
  for (let from = 0; from < MANY; from += 1_000) {
    const numbers = Array.from({ length: 1_000 }, (_, n) => from + n)
    await documents.apply(
      numbers.map((n) => ({
        collection: 'afrodite_sessions',
        id: `aid ${n}`,
        at: BigInt(n + 1),
        put: {
          loginId: 'l',
          accessHash: `access ${n}`,
          connection: n % 2 === 0 ? null : { id: `c${n}`, ip: '192.0.2.1', node: `n${n % 3}` },
        },
      })),
      [],
    )
  }
  const timed = async <T>(work: () => Promise<T>): Promise<readonly [T, number]> => {
    let [answer, least] = [await work(), Infinity]
    for (let round = 0; round < 5; round++)
      least = Math.min(least, await processorMs(async () => (answer = await work())))
    return [answer, least]
  }
  const [, oneByOne] = await timed(() => all(documents.scan('afrodite_sessions')))
  const [nodes, skipped] = await timed(() => all(connectedNodes(documents)))
  t.deepEqual(nodes, ['n0', 'n1', 'n2'])
  const [found, looked] = await timed(() => findSession(documents, `access ${MANY - 1}`))
  t.is(found?.aid, `aid ${MANY - 1}`)
  t.true(skipped < oneByOne, `${skipped} ms for the nodes, ${oneByOne} ms for everything`)
  t.true(looked < oneByOne, `${looked} ms for one, ${oneByOne} ms for everything`)
})
