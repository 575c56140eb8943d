/**
 * Proves that heads appear in the history while there is news, on one node at a time, and that nothing is signed over a tree that is not the
 * history's or does not continue what was signed. Keeper, engine and vault are real, in memory.
 */
import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import { createEngine } from '../../../src/commands/engine.ts'
import { createSnapshots } from '../../../src/commands/snapshots.ts'
import { memoryDocuments } from '../../../src/documents/memory/memory.ts'
import type { Documents } from '../../../src/documents/port.ts'
import { HEADS_STREAM } from '../../../src/domain/platform/heads.ts'
import { memoryHistory } from '../../../src/history/memory/memory.ts'
import type { History } from '../../../src/history/port.ts'
import { startSigningHeads, type SignHeads } from '../../../src/jobs/sign-heads.ts'
import { STATE_ID, TREE } from '../../../src/proofs/collections.ts'
import { createTree } from '../../../src/proofs/reading.ts'
import { memoryKeyring } from '../../../src/vault/memory/keyring.ts'
import { memoryVault } from '../../../src/vault/memory/vault.ts'
import { append, newEvent } from '../../support/events.ts'
import { collect } from '../../support/history.ts'
import { keeping, untilKept } from '../../support/tree.ts'

const setUp = (history: History = memoryHistory(), documents: Documents = memoryDocuments()) => {
  const [keyring, vault, failures] = [memoryKeyring(), memoryVault({ now: Date.now }), [] as string[]]
  const engine = createEngine({
    ...{ history, keyring, snapshots: createSnapshots(documents, keyring, 0) },
    refusal: () => undefined,
    shown: () => Promise.resolve(true),
  })
  const start = (more: Partial<SignHeads> = {}) =>
    startSigningHeads({
      ...{ engine, keyring, vault, tree: createTree(documents), stored: history, now: () => 7, everyMs: 5 },
      isFounded: () => Promise.resolve(true),
      onFailure: (error) => failures.push(String(error)),
      ...more,
    })
  return { history, documents, failures, start }
}

const headsIn = async (history: History) => collect(history.read(HEADS_STREAM))

test('heads are signed for news, by one of two nodes, and prove the events before them', async (t) => {
  const { history, documents, failures, start } = setUp()
  const { keeper } = keeping({ history, documents })
  const jobs = [start(), start()]
  await pause(30)
  t.is((await headsIn(history)).length, 0, 'there is nothing to sign')
  for (let n = 1; n <= 3; n++) {
    await append(history, 'test.person-1', newEvent('Named', { n }))
    while ((await headsIn(history)).length < n) await pause(2)
    await untilKept(keeper, history)
    await pause(40)
    t.is((await headsIn(history)).length, n, 'a head is no news')
  }
  await Promise.all(jobs.map(({ stop }) => stop()))
  await keeper.close()
  t.deepEqual(failures, [])
  const tree = createTree(documents)
  for (const { data, meta, position } of await headsIn(history)) {
    t.is(meta.actor, 'platform:job:heads')
    t.is(data['root'], (await tree.rootAt(Number(data['size']))).toString('base64'))
    t.true(Number(data['size']) < Number(position))
  }
})

test('nothing is signed before the history was begun', async (t) => {
  const { history, documents, start } = setUp()
  await append(history, 'test.person-1', newEvent('Named'))
  const { keeper } = keeping({ history, documents })
  await untilKept(keeper, history)
  await keeper.close()
  const job = start({ isFounded: () => Promise.resolve(false) })
  await pause(30)
  await job.stop()
  t.is((await headsIn(history)).length, 0)
})

const kept = async (count: number) => {
  const made = setUp()
  for (let n = 0; n < count; n++) await append(made.history, 'test.person-1', newEvent('Named', { n }))
  const { keeper } = keeping(made)
  await untilKept(keeper, made.history)
  await keeper.close()
  return made
}

test('nor over a tree whose last event the history does not have', async (t) => {
  const { documents } = await kept(5)
  const changed = setUp(memoryHistory(), documents)
  for (let n = 0; n < 6; n++) await append(changed.history, 'test.person-1', newEvent('Named', { n }))
  const job = changed.start()
  while (changed.failures.length === 0) await pause(2)
  await job.stop()
  t.regex(job.refusal() ?? '', /another event at the tree's end, position 5/)
  t.is((await headsIn(changed.history)).length, 0)
})

test('nor over one that does not continue the last head, or that its tiles do not give', async (t) => {
  const { history, documents, failures, start } = await kept(5)
  const strange = { origin: 'o', size: 4, root: Buffer.alloc(32).toString('base64'), note: 'n', key: 'k' }
  await append(history, HEADS_STREAM, newEvent('HeadSigned', strange))
  const { keeper } = keeping({ history, documents })
  await untilKept(keeper, history)
  await keeper.close()
  const job = start()
  while (failures.length === 0) await pause(2)
  await job.stop()
  t.is(job.refusal(), 'the tree does not continue the head that was signed at size 4')

  const other = await kept(5)
  const at = 6n
  const put = { size: 5, position: '5', root: Buffer.alloc(32).toString('base64') }
  await other.documents.apply([{ collection: TREE, id: STATE_ID, at, put }], [])
  const second = other.start()
  while (other.failures.length === 0) await pause(2)
  await second.stop()
  t.is(second.refusal(), 'the tiles do not give the root of the tree')
})
