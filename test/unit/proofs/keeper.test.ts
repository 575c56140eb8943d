/**
 * Proves that the keeper's tree is that of the stored history wherever it was stopped, killed or held up, and that a history that is not the one it
 * kept is noticed: with the memory adapters and with the embedded ones.
 */
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import { openEmbeddedDocuments } from '../../../src/documents/embedded/documents.ts'
import { memoryDocuments } from '../../../src/documents/memory/memory.ts'
import { DocumentsUnavailable, type Documents } from '../../../src/documents/port.ts'
import { openEmbeddedHistory } from '../../../src/history/embedded/history.ts'
import { memoryHistory } from '../../../src/history/memory/memory.ts'
import { HistoryUnavailable, type History } from '../../../src/history/port.ts'
import { AUDIT, STATE_ID, TREE } from '../../../src/proofs/collections.ts'
import { leafHash } from '../../../src/proofs/leaf.ts'
import { forgetTree } from '../../../src/proofs/opening.ts'
import { createTree } from '../../../src/proofs/reading.ts'
import { append, newEvent } from '../../support/events.ts'
import { collect } from '../../support/history.ts'
import { freshDirectory } from '../../support/history-embedded.ts'
import { rootOf } from '../../support/merkle.ts'
import { keeping, treeIn, untilKept } from '../../support/tree.ts'
import { turns, until } from '../../support/waiting.ts'

const fill = async (history: History, count: number, name = 'Named'): Promise<void> => {
  for (let left = count; left > 0; left -= 100)
    await append(
      history,
      `test.person-${left}`,
      ...Array.from({ length: Math.min(left, 100) }, (_, n) => newEvent(name, { n, left })),
    )
}

const rootIn = async (history: History): Promise<Buffer> =>
  rootOf((await collect(history.readAll({ after: 0n }))).map(leafHash))

/** Keeps until the end of the history, and closes. */
const keepAll = async (history: History, documents: Documents) => {
  const { keeper, told } = keeping({ history, documents })
  await untilKept(keeper, history)
  await keeper.close()
  return { status: keeper.status(), told }
}

const QUIET = { anew: [], differs: [], failures: [] }

test('it has what was there, what comes, and what came until it is closed', async (t) => {
  const [history, documents] = [memoryHistory(), memoryDocuments()]
  await fill(history, 700)
  const { keeper, told } = keeping({ history, documents, gatherMs: 60_000 })
  await untilKept(keeper, history)
  t.like(keeper.status(), { size: 700, position: 700n, caughtUp: true })
  await fill(history, 3)
  await pause(50)
  t.is(keeper.status().size, 700, 'few events are gathered')
  await keeper.close()
  t.is(keeper.status().size, 703)
  const tree = createTree(documents)
  const state = await tree.state()
  t.like(state, { size: 703, position: 703n })
  t.true(state?.root.equals(await rootIn(history)))
  t.true((await tree.rootAt(703)).equals(await rootIn(history)))
  t.deepEqual(told, QUIET)
})

test('single events come one by one, and share the writes of their tile', async (t) => {
  const [history, memory] = [memoryHistory(), memoryDocuments()]
  let applies = 0
  const documents = {
    ...memory,
    apply: (...writes: Parameters<Documents['apply']>) => ((applies += 1), memory.apply(...writes)),
  }
  const { keeper } = keeping({ history, documents, gatherMs: 100 })
  const begun = performance.now()
  for (let n = 0; n < 200; n++) {
    await fill(history, 1)
    await pause(1)
  }
  await untilKept(keeper, history)
  const gathers = (performance.now() - begun) / 100 + 2
  t.true(applies <= 2 * gathers, `${applies} applies in ${gathers} times`)
  await keeper.close()
})

test('what an auditor looks for is beside the tiles', async (t) => {
  const [history, documents] = [memoryHistory(), memoryDocuments()]
  await append(history, 'test.person-1', newEvent('Named', {}, { subject: 'test.person-1', at: 5 }))
  await append(
    history,
    'platform.erasure-test.person-2',
    newEvent('SubjectErased', {}, { at: 3, actor: 'a' }),
  )
  await append(history, 'test.person-1', newEvent('Named', {}, { schema: 2 }))
  await keepAll(history, documents)
  t.deepEqual((await documents.get(AUDIT, '000000000000'))?.value, {
    _id: '000000000000',
    ...{ index: 0, first: 1, last: 3, atMin: 3, atMax: 1_000, positions: [0, 1, 2] },
    ...{ types: ['Named', 'SubjectErased'], actors: ['test:user:1', 'a'] },
    subjects: ['test.person-1', 'test.person-2'],
  })
  t.deepEqual((await documents.get(AUDIT, 'kinds'))?.value['kinds'], [
    { type: 'Named', schema: 1, first: '1' },
    { type: 'SubjectErased', schema: 1, first: '2' },
    { type: 'Named', schema: 2, first: '3' },
  ])
})

test('stopped anywhere and gone on with, embedded, it is the same as made at once', async (t) => {
  const directory = await freshDirectory(t)
  const history = openEmbeddedHistory({ path: join(directory, 'history.mdb') })
  const open = () => openEmbeddedDocuments({ path: join(directory, 'documents.mdb') })
  for (const count of [1, 254, 1, 1, 511, 300]) {
    const documents = await open()
    await fill(history, count)
    t.deepEqual((await keepAll(history, documents)).told, QUIET)
    await documents.close()
  }
  const [documents, scratch] = [await open(), memoryDocuments()]
  await keepAll(history, scratch)
  t.deepEqual(await treeIn(documents), await treeIn(scratch))
  t.true((await createTree(documents).state())?.root.equals(await rootIn(history)))
  await documents.close()
  await history.close()
})

/** Lets so many applies through; then nothing more is written, as after a crash. */
const dyingAfter = (documents: Documents, applies: number): Documents => {
  let left = applies
  return {
    ...documents,
    apply: (...writes) =>
      --left < 0 ? Promise.reject(new DocumentsUnavailable('killed')) : documents.apply(...writes),
  }
}

test('killed between tiles and state, it goes on and ends the same', async (t) => {
  const history = memoryHistory()
  const [documents, scratch] = [memoryDocuments(), memoryDocuments()]
  for (let applies = 0; applies < 7; applies++) {
    await fill(history, 130)
    const { keeper, told } = keeping({ history, documents: dyingAfter(documents, applies) })
    await pause(30)
    await keeper.close()
    t.deepEqual(told, QUIET)
  }
  t.deepEqual((await keepAll(history, documents)).told, QUIET)
  await keepAll(history, scratch)
  t.deepEqual(await treeIn(documents), await treeIn(scratch))
})

test('stores that are away for a while hold it up and nothing else', async (t) => {
  const [memory, history] = [memoryDocuments(), memoryHistory()]
  let away = true
  const documents: Documents = {
    ...memory,
    get: (...of) => (away ? Promise.reject(new DocumentsUnavailable('away')) : memory.get(...of)),
  }
  const flaky: Pick<History, 'subscribe' | 'readAll' | 'head'> = {
    ...history,
    subscribe: async function* (options) {
      for await (const delivery of history.subscribe(options)) {
        yield delivery
        throw new HistoryUnavailable('away')
      }
    },
  }
  await fill(history, 1_200)
  const { keeper, told } = keeping({ history: flaky, documents })
  await pause(50)
  t.is(keeper.status().size, 0)
  away = false
  await untilKept(keeper, history)
  t.true((await createTree(documents).state())?.root.equals(await rootIn(history)))
  away = true
  const begun = performance.now()
  await keeper.close()
  t.true(performance.now() - begun < 20_000)
  t.deepEqual(told, QUIET)
})

test('two keepers at once do no harm', async (t) => {
  const [history, documents] = [memoryHistory(), memoryDocuments()]
  const both = [keeping({ history, documents }), keeping({ history, documents })]
  for (let n = 0; n < 40; n++) {
    await fill(history, 25)
    await pause(1)
  }
  for (const { keeper } of both) await untilKept(keeper, history)
  for (const { keeper } of both) await keeper.close()
  for (const { told } of both) t.deepEqual(told, QUIET)
  const scratch = memoryDocuments()
  await keepAll(history, scratch)
  t.deepEqual(await treeIn(documents), await treeIn(scratch))
})

test('a history that ends before the tree does makes it anew, and says so', async (t) => {
  const [history, documents] = [memoryHistory(), memoryDocuments()]
  await fill(history, 300)
  await keepAll(history, documents)
  const shorter = memoryHistory()
  await fill(shorter, 40, 'Other')
  const { status, told } = await keepAll(shorter, documents)
  t.like(told, { differs: [], failures: [] })
  t.is(told.anew.length, 1)
  t.like(status, { size: 40 })
  const scratch = memoryDocuments()
  await keepAll(shorter, scratch)
  t.deepEqual(await treeIn(documents), await treeIn(scratch))
})

test('whoever does not want that keeps the tree', async (t) => {
  const [history, documents] = [memoryHistory(), memoryDocuments()]
  await fill(history, 300)
  await keepAll(history, documents)
  const before = await treeIn(documents)
  const { keeper } = keeping({
    documents,
    history: memoryHistory(),
    onAnew: () => Promise.reject(new Error('not of this history')),
  })
  await until(() => keeper.status().stopped !== undefined)
  t.is(keeper.status().stopped, 'not of this history')
  await keeper.close()
  t.deepEqual(await treeIn(documents), before)
})

test("a history that was changed at the tree's end stops it: nothing is written over", async (t) => {
  const [history, documents, changed] = [memoryHistory(), memoryDocuments(), memoryHistory()]
  await fill(history, 300)
  await keepAll(history, documents)
  const before = await treeIn(documents)
  await fill(changed, 310, 'Other')
  const { keeper, told } = keeping({ history: changed, documents })
  await untilKept(keeper, changed)
  t.deepEqual({ ...told, differs: told.differs.length }, { ...QUIET, differs: 1 })
  t.regex(keeper.status().stopped ?? '', /position 300/)
  await keeper.close()
  t.deepEqual(await treeIn(documents), before)
  // An operator who knows why.
  await forgetTree(documents)
  t.deepEqual((await keepAll(changed, documents)).told, QUIET)
  t.is((await createTree(documents).state())?.size, 310)
})

test("an event that was put in or taken away before the tree's end stops it", async (t) => {
  const [history, documents] = [memoryHistory(), memoryDocuments()]
  await fill(history, 300)
  await keepAll(history, documents)
  const without: History = {
    ...history,
    readAll: async function* ({ after }) {
      for await (const page of history.readAll({ after }))
        yield page.filter(({ position }) => position !== 300n).slice(0, 1)
    },
    head: () => Promise.resolve(301n),
  }
  await append(history, 'test.person-9', newEvent('Late'))
  const { keeper, told } = keeping({ history: without, documents })
  await untilKept(keeper, without)
  await keeper.close()
  t.is(told.differs.length, 1)
})

test('damaged tiles are made anew from the history', async (t) => {
  const [history, documents, scratch] = [memoryHistory(), memoryDocuments(), memoryDocuments()]
  await fill(history, 300)
  await keepAll(history, scratch)
  const damages = [
    { collection: TREE, id: '0/000000000001', at: 301n, put: { hashes: 'AAAA' } },
    {
      collection: TREE,
      id: '0/000000000001',
      at: 301n,
      put: { hashes: Buffer.alloc(32 * 44).toString('base64') },
    },
    { collection: AUDIT, id: '000000000001', at: 301n, delete: true },
  ] as const
  for (const damage of damages) {
    await keepAll(history, documents)
    await documents.apply([damage], [])
    t.is((await keepAll(history, documents)).told.anew.length, 1)
    t.deepEqual(await treeIn(documents), await treeIn(scratch))
  }
  // Without a state nothing of it is believed, whatever its positions are.
  await documents.apply([{ collection: TREE, id: STATE_ID, at: 301n, delete: true }], [])
  t.deepEqual((await keepAll(history, documents)).told, QUIET)
  t.deepEqual(await treeIn(documents), await treeIn(scratch))
})

test('what nobody thought of is shown, and tried again', async (t) => {
  const [history, memory] = [memoryHistory(), memoryDocuments()]
  const documents: Documents = { ...memory, apply: () => Promise.reject(new Error('odd')) }
  await fill(history, 3)
  const { keeper, told } = keeping({ history, documents })
  await until(() => keeper.status().stopped !== undefined)
  await turns(50)
  t.is(keeper.status().stopped, 'odd')
  t.is(told.failures.length, 1)
  await keeper.close()
})
