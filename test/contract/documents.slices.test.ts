// A write by filter that changes many documents keeps nobody waiting in the embedded store: others get their turns, batches still follow one
// another, and one that is cut off between two turns and applied again is one (10,000 documents, 100,000 with SOAK).
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { openEmbeddedDocuments } from '../../src/documents/embedded/documents.ts'
import type { Write } from '../../src/documents/port.ts'
import { fill, put, scanned } from './documents/helpers.ts'

/** The turns of the event loop that others get while something is done. */
const turnsWhile = async (work: Promise<unknown>): Promise<number> => {
  let turns = 0
  let goesOn = true
  const turn = (): void => {
    turns += 1
    if (goesOn) setImmediate(turn)
  }
  setImmediate(turn)
  await work
  goesOn = false
  return turns
}

const MANY = process.env['SOAK'] === undefined ? 10_000 : 100_000

test('writes by filter that change many documents leave turns to others, in order, and can be cut off anywhere', async (t) => {
  t.timeout(120_000)
  const directory = await mkdtemp(join(tmpdir(), 'documents-slices-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  const path = join(directory, 'documents.mdb')
  const documents = await openEmbeddedDocuments({ path })
  await documents.ensureIndexes('c', [{ keys: ['g', 'n'] }, { keys: ['tags'] }])
  for (let from = 0; from < MANY; from += 1_000)
    await fill(
      documents,
      'c',
      Array.from({ length: 1_000 }, (_, i) => ({ _id: `d${from + i}`, g: 1, n: from + i, tags: ['a', 'b'] })),
      from + 1,
    )
  const at = BigInt(MANY + 1)
  // Each moves on in the index that it is found by.
  const moving: Write = { collection: 'c', where: { g: 1 }, at, update: { $inc: { n: MANY } } }
  const after = put('c', 'd0', MANY + 2, { g: 1, n: 'later', tags: ['a', 'b'] })
  const moved = documents.apply([moving], [{ name: 'p', position: at }])
  const behind = documents.apply([after], [{ name: 'q', position: at + 1n }])
  t.true((await turnsWhile(moved)) > 3)
  await behind
  t.is(await documents.count('c', { g: 1, n: { $gte: MANY } }), MANY - 1)
  t.is((await documents.get('c', 'd0'))?.value['n'], 'later')

  const removing: Write = { collection: 'c', where: { tags: { $in: ['a', 'b'] } }, at: at + 2n, delete: true }
  const cut = documents.apply([removing], [{ name: 'p', position: at + 2n }])
  await new Promise((resolve) => setImmediate(resolve))
  await Promise.all([documents.close(), t.throwsAsync(cut, { name: 'DocumentsUnavailable' })])
  const again = await openEmbeddedDocuments({ path })
  const left = await again.count('c', {})
  t.true(left > 0 && left < MANY)
  t.is(await again.checkpoint('p'), at)
  await again.apply([removing], [{ name: 'p', position: at + 2n }])
  t.is(await again.count('c', {}), 0)
  t.is(await again.checkpoint('p'), at + 2n)
  t.is(
    (await scanned(again, 'c')).filter(({ value, at: when }) => value === undefined && when === at + 2n)
      .length,
    MANY,
  )
  await again.close()
})
