/**
 * Proves that the embedded history keeps the contract, with every case on a file of its own, and what only it can promise: the
 * same numbers after reopening, a reader in another process, names of any bytes, and an end of all writing after a failed one.
 */
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { openEmbeddedHistory } from '../../src/history/embedded/history.ts'
import { HistoryUnavailable, type History } from '../../src/history/port.ts'
import { freshDirectory } from '../support/history-embedded.ts'
import { appended, collect, following, numbered, numbersOf, range, refused } from '../support/history.ts'
import { historyContract, type Opened } from './history.ts'

const open = async (t: ExecutionContext): Promise<Opened & { readonly path: string }> => {
  const path = join(await freshDirectory(t), 'history.mdb')
  let history: History = openEmbeddedHistory({ path })
  const reopen = async (): Promise<History> => {
    await history.close()
    return (history = openEmbeddedHistory({ path }))
  }
  return { path, history, reopen, close: () => history.close() }
}

historyContract(test, 'embedded', open)

const opened = async (t: ExecutionContext) => {
  const given = await open(t)
  t.teardown(given.close)
  return given
}

test('positions count up by one from 1, across streams and reopening', async (t) => {
  const { history, reopen } = await opened(t)
  await appended(history, 'a-1', 'none', numbered(2))
  await Promise.all(range(0, 10).map((n) => appended(history, `b-${n}`, 'none', numbered(1))))
  const again = (await reopen?.()) ?? history
  t.is((await appended(again, 'a-1', 1n, numbered(1))).position, 13n)
  const all = await collect(again.readAll({ after: 0n }))
  t.deepEqual(
    all.map(({ position }) => position),
    range(1, 13).map(BigInt),
  )
})

test('an empty history may begin above another one', async (t) => {
  const path = join(await freshDirectory(t), 'history.mdb')
  const first = openEmbeddedHistory({ path, firstPosition: 1_001n })
  t.is((await appended(first, 'a-1', 'none', numbered(2))).position, 1_002n)
  await first.close()
  const second = openEmbeddedHistory({ path, firstPosition: 1n })
  t.is((await appended(second, 'a-1', 1n, numbered(1))).position, 1_003n)
  t.is((await collect(second.readAll({ after: 0n }))).length, 3)
  await second.close()
})

test('a name with zero bytes is not the name of its beginning', async (t) => {
  const { history } = await opened(t)
  const names = ['a', 'a\0', 'a\0\0\0\0\0\0', 'a\0\0\0\0\0\0\0\0\0\0\0\0', '\0']
  for (const [n, name] of names.entries()) await appended(history, name, 'none', numbered(2, n * 2))
  for (const [n, name] of names.entries()) {
    t.deepEqual(numbersOf(await collect(history.read(name))), [n * 2, n * 2 + 1])
    t.deepEqual(numbersOf(await collect(history.read(name, { direction: 'backwards' }))), [n * 2 + 1, n * 2])
    t.is((await appended(history, name, 1n, numbered(1))).revision, 2n)
  }
})

test('a stream that has left the memory of heads is found again on the disk', async (t) => {
  const { history, reopen } = await opened(t)
  await appended(history, 'a-1', 'none', numbered(3))
  await appended(history, 'a-10', 'none', numbered(5))
  const wrong = { _tag: 'WrongRevision', actual: 2n } as const
  for (const expected of ['none', 0n, 1n, 3n, 4n] as const) {
    const again = (await reopen?.()) ?? history
    t.deepEqual(await refused(again, 'a-1', expected, numbered(1)), wrong)
  }
  const again = (await reopen?.()) ?? history
  t.is((await appended(again, 'a-1', 'any', numbered(1))).revision, 3n)
})

test('a closed history refuses appends, reads and subscriptions, after what was appended before is flushed', async (t) => {
  const { history, reopen } = await opened(t)
  const subscription = following(history, { after: 0n })
  await subscription.until(() => subscription.deliveries.length === 1)
  const waiting = subscription.count(50)
  const appends = Promise.all(range(0, 20).map((n) => appended(history, `a-${n}`, 'none', numbered(1))))
  await history.close()
  t.is((await appends).length, 20)
  await t.throwsAsync(waiting, { instanceOf: HistoryUnavailable })
  t.is((await refused(history, 's-1', 'any', numbered(1)))._tag, 'Unavailable')
  await t.throwsAsync(collect(history.read('s-1')), { instanceOf: HistoryUnavailable })
  await t.throwsAsync(collect(history.readAll({ after: 0n })), { instanceOf: HistoryUnavailable })
  await t.throwsAsync(following(history, { after: 0n }).count(1), { instanceOf: HistoryUnavailable })
  await t.throwsAsync(history.head(), { instanceOf: HistoryUnavailable })
  t.is(await ((await reopen?.()) ?? history).head(), 20n)
})

test('a subscriber that falls behind what memory keeps goes on from the disk', async (t) => {
  const { history } = await opened(t)
  const slow = following(history, { after: 0n })
  await slow.until(() => slow.deliveries.length === 1)
  const batches = process.env['SOAK'] === undefined ? 60 : 600
  for (const n of range(0, batches)) await appended(history, `a-${n % 7}`, 'any', numbered(200, n * 200))
  await slow.count(batches * 200)
  await appended(history, 'a-1', 'any', numbered(1, batches * 200))
  await slow.count(batches * 200 + 1)
  await slow.stop()
  t.deepEqual(numbersOf(slow.events()), range(0, batches * 200 + 1))
})
