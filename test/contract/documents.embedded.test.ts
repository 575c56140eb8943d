// The embedded adapter keeps every promise of the documents port, and those of its own: it is what it was after it is opened
// again, an index changes no answer, what cannot be believed begins anew, readers work beside the writer.
import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { openEmbeddedDocuments } from '../../src/documents/embedded/documents.ts'
import type { Documents } from '../../src/documents/port.ts'
import { REWRITE_POLL_MS } from '../../src/limits.ts'
import { mountDocuments } from './documents.ts'
import { fill, ids, put, remove, scanned } from './documents/helpers.ts'
import { until } from '../support/waiting.ts'

const directories: string[] = []
test.after.always(async () => {
  for (const directory of directories) await rm(directory, { recursive: true, force: true })
})

const newPath = async (): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), 'documents-'))
  directories.push(directory)
  return join(directory, 'documents.mdb')
}

const openAt = async (t: ExecutionContext, path: string, repairs: string[] = []): Promise<Documents> => {
  const documents = await openEmbeddedDocuments({ path, onRepair: (reason) => repairs.push(reason) })
  t.teardown(() => documents.close())
  return documents
}

mountDocuments(test, async (t) => openAt(t, await newPath()))

test('everything is there after it was closed and opened again', async (t) => {
  const path = await newPath()
  const first = await openAt(t, path)
  await first.ensureIndexes('c', [{ keys: ['g'] }, { keys: ['h'], unique: true }])
  await fill(first, 'c', [
    { _id: 'a', g: [1, 2], h: 'x' },
    { _id: 'b', g: 3 },
  ])
  await first.apply([remove(`c`, 'b', 9)], [{ name: 'p', position: 9n }])
  await first.close()
  const repairs: string[] = []
  const second = await openAt(t, path, repairs)
  t.deepEqual(repairs, [])
  t.is(await second.checkpoint('p'), 9n)
  t.deepEqual(await scanned(second, 'c'), [
    { id: 'a', at: 1n, value: { _id: 'a', g: [1, 2], h: 'x' } },
    { id: 'b', at: 9n },
  ])
  t.deepEqual(await ids(second, 'c', { g: 2 }), ['a'])
  await second.apply([put('c', 'b', 8, {})], [])
  t.is(await second.get('c', 'b'), undefined)
  await t.throwsAsync(second.apply([put('c', 'c', 10, { h: 'x' })], []))
})

test('a closed store refuses and can be closed again', async (t) => {
  const documents = await openAt(t, await newPath())
  await documents.close()
  await documents.close()
  await t.throwsAsync(documents.get('c', 'a'), { name: 'DocumentsUnavailable' })
  await t.throwsAsync(documents.apply([put('c', 'a', 1, {})], []), { name: 'DocumentsUnavailable' })
  await t.throwsAsync(ids(documents, 'c'), { name: 'DocumentsUnavailable' })
})

test('an id that is empty or too long is refused, and found nowhere', async (t) => {
  const documents = await openAt(t, await newPath())
  for (const id of ['', 'x'.repeat(513), 'я'.repeat(257)]) {
    await t.throwsAsync(documents.apply([put('c', 'a', 1, {}), put('c', id, 1, {})], []), {
      name: 'RangeError',
    })
    t.is(await documents.get('c', id), undefined)
    t.deepEqual(await ids(documents, 'c', { _id: id }), [])
  }
  t.is(await documents.count('c', {}), 0)
  await documents.apply([put('c', 'я'.repeat(256), 1, { g: '\0'.repeat(5_000) })], [])
  t.is(await documents.count('c', {}), 1)
})

test('halves of surrogate pairs are kept apart', async (t) => {
  const documents = await openAt(t, await newPath())
  const odd = ['\ud800', '\ud801', '\udc00', 'x\ud83d', '\ud83d\ude00', '\uffee', '\ufffd']
  await documents.ensureIndexes('c', [{ keys: ['v'] }])
  await documents.apply(
    odd.map((v, at) => put('c', v, at + 1, { v })),
    [],
  )
  t.is((await scanned(documents, 'c')).length, odd.length)
  for (const v of odd) t.deepEqual(await ids(documents, 'c', { v }), [v])
  t.deepEqual(await ids(documents, 'c', {}, { sort: [['v', 1]] }), await ids(documents, 'c'))
})

/** What a machine leaves behind that went down, without taking one down. */
const closedCopy = async (t: ExecutionContext): Promise<string> => {
  const path = await newPath()
  const documents = await openAt(t, path)
  await fill(
    documents,
    'c',
    Array.from({ length: 2_000 }, (_, n) => ({ _id: `d${n}`, text: 'x'.repeat(100) })),
  )
  await documents.close()
  return path
}

const faults: readonly (readonly [name: string, harm: (path: string) => void])[] = [
  ['the last start ended while it was opened', (path) => writeFileSync(`${path}-state`, 'opening\n')],
  ['the machine was restarted', (path) => writeFileSync(`${path}-state`, 'open another-boot\n')],
  ['the disk refused a flush', (path) => writeFileSync(`${path}-state`, 'failed\n')],
  ['nothing tells how it was closed', (path) => writeFileSync(`${path}-state`, '')],
  ['its file has', (path) => truncateSync(path, 64 * 1024)],
  ['not an LMDB file', (path) => writeFileSync(path, 'x'.repeat(100_000))],
  ['its file is empty', (path) => truncateSync(path, 0)],
]

for (const [number, [reason, harm]] of faults.entries()) {
  test(`what cannot be believed begins anew, and says so (${number + 1}): ${reason}`, async (t) => {
    const path = await closedCopy(t)
    harm(path)
    const repairs: string[] = []
    const documents = await openAt(t, path, repairs)
    t.is(repairs.length, 1)
    t.true(repairs[0]?.includes(reason), repairs[0])
    t.deepEqual(await documents.collections(), [])
    await fill(documents, 'c', [{ _id: 'a' }])
    await documents.close()
    t.deepEqual(await ids(await openAt(t, path, repairs), 'c'), ['a'])
    t.is(repairs.length, 1)
  })
}

test('what a killed process left is believed while the machine runs', async (t) => {
  const path = await closedCopy(t)
  const documents = await openAt(t, path)
  const mark = readFileSync(`${path}-state`, 'utf8')
  t.regex(mark, /^open /)
  await documents.close()
  writeFileSync(`${path}-state`, mark)
  const repairs: string[] = []
  t.is(await (await openAt(t, path, repairs)).count('c', {}), 2_000)
  t.deepEqual(repairs, [])
})

test('a reader works beside the writer, sees what it writes, and changes nothing', async (t) => {
  const path = await newPath()
  const writer = await openAt(t, path)
  await fill(writer, 'c', [{ _id: 'a', g: 1 }])
  const reader = await openEmbeddedDocuments({ path, readOnly: true })
  t.deepEqual(await ids(reader, 'c'), ['a'])
  await writer.ensureIndexes('d', [{ keys: ['g'] }])
  await fill(writer, 'd', [{ _id: 'b', g: 1 }])
  await until(async () => (await ids(reader, 'd', { g: 1 })).length > 0)
  t.deepEqual(await ids(reader, 'd', { g: 1 }), ['b'])
  await t.throwsAsync(reader.apply([put('c', 'x', 5, {})], []))
  await reader.close()
  t.regex(readFileSync(`${path}-state`, 'utf8'), /^open /)
  await fill(writer, 'c', [{ _id: 'z' }], 9)
  t.is(await writer.count('c', {}), 2)
})

test('a copy of an open store is read as it is; a missing one is not made', async (t) => {
  const path = await newPath()
  const writer = await openAt(t, path)
  await fill(writer, 'c', [{ _id: 'a' }])
  const copy = await newPath()
  copyFileSync(path, copy)
  const reader = await openEmbeddedDocuments({ path: copy, readOnly: true })
  t.deepEqual(await ids(reader, 'c'), ['a'])
  await reader.close()
  await t.throwsAsync(openEmbeddedDocuments({ path: `${copy}-none`, readOnly: true }), {
    name: 'DocumentsUnavailable',
  })
})

test('a dropped collection whose removal was interrupted is removed at the next start', async (t) => {
  const path = await newPath()
  const first = await openAt(t, path)
  await first.ensureIndexes('c', [{ keys: ['g'] }])
  await fill(
    first,
    'c',
    Array.from({ length: 3_000 }, (_, n) => ({ _id: `d${n}`, g: n })),
  )
  const dropping = first.drop('c')
  await first.close()
  await dropping
  const second = await openAt(t, path)
  t.deepEqual(await second.collections(), [])
  await fill(second, 'c', [{ _id: 'a' }])
  await second.drop('c')
  t.deepEqual(await ids(second, 'c'), [])
})

test('a rewrite leaves no deleted or replaced value in the files', async (t) => {
  const path = await newPath()
  const documents = await openAt(t, path)
  const numbers = Array.from({ length: 400 }, (_, n) => n)
  const secret = (n: number): string => `secret-${n}-of-nobody`
  await documents.ensureIndexes('c', [{ keys: ['name'] }, { keys: ['_s'] }])
  for (const n of numbers) {
    const text = 'x'.repeat((n * 37) % 6_000) + secret(n)
    await documents.apply(
      [
        put('c', `d${n}`, n + 1, { name: secret(n), text, _s: ['a'] }),
        put('c', `live${n}`, n + 1, { text: `kept-${n}-` }),
      ],
      [],
    )
  }
  const half = numbers.slice(0, 200)
  await documents.apply(
    half.map((n) => put('c', `d${n}`, 1_000, { _s: ['a'] })),
    [],
  )
  await documents.apply([{ collection: 'c', where: { _s: 'a' }, delete: true, at: 2_000n }], [])
  const contents = (): string =>
    readdirSync(dirname(path))
      .map((name) => readFileSync(join(dirname(path), name), 'latin1'))
      .join('\n')
  const before = contents()
  t.true(
    numbers.some((n) => before.includes(secret(n))),
    'LMDB keeps deleted bytes; else this test proves nothing',
  )
  await documents.rewrite()
  const after = contents()
  t.deepEqual(
    numbers.filter((n) => after.includes(secret(n))),
    [],
  )
  t.true(numbers.every((n) => after.includes(`kept-${n}-`)))
  t.deepEqual(readdirSync(dirname(path)).sort(), [
    'documents.mdb',
    'documents.mdb-lock',
    'documents.mdb-state',
  ])
  await documents.close()
  t.is(await (await openAt(t, path)).count('c', {}), 400)
})

test('a reader beside the writer follows a rewrite', async (t) => {
  const path = await newPath()
  const writer = await openAt(t, path)
  await fill(writer, 'c', [{ _id: 'a' }])
  const reader = await openEmbeddedDocuments({ path, readOnly: true })
  t.teardown(() => reader.close())
  await writer.rewrite()
  await fill(writer, 'c', [{ _id: 'b' }], 5)
  await new Promise((resolve) => setTimeout(resolve, REWRITE_POLL_MS + 50))
  await until(async () => (await ids(reader, 'c')).length > 1)
  t.deepEqual(await ids(reader, 'c'), ['a', 'b'])
  await fill(writer, 'd', [{ _id: 'c' }])
  await until(async () => (await ids(reader, 'd')).length > 0)
  t.deepEqual(await ids(reader, 'd'), ['c'])
  await t.throwsAsync(reader.rewrite(), { name: 'DocumentsUnavailable' })
})

test('what a process left that was killed over a rewrite is cleared up', async (t) => {
  const path = await closedCopy(t)
  copyFileSync(path, `${path}-replaced`)
  writeFileSync(`${path}-aside`, 'half a copy')
  const first = await openAt(t, path)
  t.deepEqual(readdirSync(dirname(path)).sort(), [
    'documents.mdb',
    'documents.mdb-lock',
    'documents.mdb-state',
  ])
  await first.close()
  renameSync(path, `${path}-replaced`)
  const repairs: string[] = []
  t.is(await (await openAt(t, path, repairs)).count('c', {}), 2_000)
  t.deepEqual(repairs, [])
  t.false(existsSync(`${path}-replaced`))
})

test('closing breaks a rewrite off', async (t) => {
  const path = await closedCopy(t)
  const documents = await openAt(t, path)
  const rewriting = documents.rewrite()
  await documents.close()
  await t.throwsAsync(rewriting, { name: 'DocumentsUnavailable' })
  t.is(await (await openAt(t, path)).count('c', {}), 2_000)
})
