/**
 * Proves on embedded stores that an erasure ends with the bytes, leaves everybody else alone, and is gone on from wherever it broke off. Faults are
 * ports that fail once, at each step in turn; a restart is everything closed and opened again.
 */
import { randomUUID } from 'node:crypto'
import { cp, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { SNAPSHOTS } from '../../../src/commands/snapshots.ts'
import { erasureStream } from '../../../src/domain/platform/erasure.ts'
import { keyringPath } from '../../../src/embedded/directory.ts'
import { append, newEvent } from '../../support/events.ts'
import {
  eventsIn,
  live,
  openErasing,
  remains,
  secretOf,
  type Erasing,
  type Ports,
} from '../../support/erasing.ts'
import { until } from '../../support/waiting.ts'

const ANN = 'test.person-ann'
const BOB = 'test.person-bob'

const newDirectory = async (t: ExecutionContext): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), 'headwater-erasure-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  return directory
}

const request = () => ({ reason: 'test', actor: 'test:user:1', at: 1_000, commandId: randomUUID() })

const typesOf = async (stores: Erasing, person: string): Promise<readonly string[]> =>
  (await eventsIn(stores, erasureStream(person))).map(({ type }) => type)

const ALL = ['ErasureRequested', 'SubjectErased', 'ErasureCompleted']

const completed = (stores: Erasing, person: string): Promise<void> =>
  until(async () => (await typesOf(stores, person)).includes('ErasureCompleted'))

const openEntries = async ({ vault }: Erasing): Promise<number> => {
  let count = 0
  for await (const page of vault.list('platform.erasures')) count += page.length
  return count
}

const isShown = async ({ documents }: Erasing, person: string): Promise<boolean> =>
  (await documents.get('people@1', person)) !== undefined ||
  (await documents.get(SNAPSHOTS, person)) !== undefined

test('what is left of an erased subject is that it was erased; another one stays as it was', async (t) => {
  const directory = await newDirectory(t)
  const stores = await openErasing(directory)
  for (const person of [ANN, BOB]) await live(stores, person)
  const key = await stores.keyring.find(ANN)
  t.true((await remains(directory, ANN, key)).length >= 4)
  const bob = await stores.documents.get('people@1', BOB)

  const asked = request()
  await stores.erasure.request(ANN, asked)
  t.is(await stores.keyring.find(ANN), undefined)
  t.is(await stores.keyring.obtain(ANN), 'destroyed')
  t.false(await isShown(stores, ANN))
  t.is(await stores.vault.get('test', ANN), undefined)

  await completed(stores, ANN)
  await until(async () => (await openEntries(stores)) === 0)
  const [requested, erased] = await eventsIn(stores, erasureStream(ANN))
  t.like(requested, { data: { subject: ANN, reason: 'test' }, meta: { actor: 'test:user:1', at: 1_000 } })
  t.like(erased, { data: { subject: ANN }, meta: { correlationId: asked.commandId } })
  t.deepEqual(await remains(directory, ANN, key), [])

  t.deepEqual(await stores.documents.get('people@1', BOB), bob)
  t.is((await stores.vault.get('test', BOB))?.value['text'], secretOf(BOB, 2))
  t.true(await isShown(stores, BOB))
  t.deepEqual(
    (await eventsIn(stores, BOB)).map(({ data }) => data['name']),
    [secretOf(BOB, 0), secretOf(BOB, 1)],
  )
  t.like(await stores.runner.rebuild('people', { check: true }), { outcome: 'compared', differences: [] })
  t.deepEqual(stores.failures, [])
  await stores.close()
  t.deepEqual(await remains(directory, ANN, key), [])
})

test('what is appended for the erased afterwards is kept without its value, and a rebuild shows the same', async (t) => {
  const directory = await newDirectory(t)
  const stores = await openErasing(directory)
  await live(stores, ANN)
  await stores.erasure.request(ANN, request())
  const at = await append(stores.history, ANN, newEvent('Named', { name: secretOf(ANN, 0) }))
  await stores.runner.shown(ANN, at)
  await completed(stores, ANN)
  t.is((await stores.documents.get('people@1', ANN))?.value['name'], null)
  t.deepEqual(await remains(directory, ANN), [])
  t.like(await stores.runner.rebuild('people', { check: true }), { outcome: 'compared', differences: [] })
  await stores.close()
})

const once = <A extends readonly unknown[], R>(work: (...args: A) => Promise<R>) => {
  let failed = false
  return (...args: A): Promise<R> => {
    if (failed) return work(...args)
    failed = true
    return Promise.reject(new Error('a fault'))
  }
}

/** Fails the erasure's append that many appends in, before or after it is written. */
const appendFault =
  (number: number, when: 'before' | 'after') =>
  ({ history }: Ports): Partial<Ports> => {
    let count = 0
    return {
      history: {
        ...history,
        append:
          (...args) =>
          async () => {
            const isIt = ++count === number
            if (isIt && when === 'before') throw new Error('a fault')
            const answer = await history.append(...args)()
            if (isIt) throw new Error('a fault')
            return answer
          },
      },
    }
  }

const faults: readonly (readonly [name: string, (ports: Ports) => Partial<Ports>])[] = [
  ['before it is requested', appendFault(1, 'before')],
  ['after it is requested', appendFault(1, 'after')],
  ['at the key', ({ keyring }) => ({ keyring: { ...keyring, destroy: once(keyring.destroy) } })],
  ['at the vault', ({ vault }) => ({ vault: { ...vault, deleteSubject: once(vault.deleteSubject) } })],
  ['at the snapshots', ({ documents }) => ({ documents: { ...documents, apply: once(documents.apply) } })],
  ['before the receipt', appendFault(2, 'before')],
  ['after the receipt', appendFault(2, 'after')],
  ['at the keyring file', ({ keyring }) => ({ keyring: { ...keyring, rewrite: once(keyring.rewrite) } })],
  ['at the vault file', ({ vault }) => ({ vault: { ...vault, rewrite: once(vault.rewrite) } })],
  [
    'at the documents file',
    ({ documents }) => ({ documents: { ...documents, rewrite: once(documents.rewrite) } }),
  ],
  ['before it is completed', appendFault(3, 'before')],
  ['after it is completed', appendFault(3, 'after')],
  ['at the last note', ({ vault }) => ({ vault: { ...vault, delete: once(vault.delete) } })],
]

for (const [name, fault] of faults) {
  test(`an erasure that broke off is finished after a restart: ${name}`, async (t) => {
    const directory = await newDirectory(t)
    const first = await openErasing(directory, fault)
    for (const person of [ANN, BOB]) await live(first, person)
    const key = await first.keyring.find(ANN)
    const isRefused = await first.erasure.request(ANN, request()).then(
      () => false,
      () => true,
    )
    if (!isRefused) await until(async () => Promise.resolve(first.failures.length > 0))
    await first.close()

    const second = await openErasing(directory)
    t.is(await openEntries(second), 1)
    await second.erasure.resume()
    t.deepEqual(second.failures, [])
    t.deepEqual(await typesOf(second, ANN), ALL)
    t.is(await openEntries(second), 0)
    t.false(await isShown(second, ANN))
    t.true(await isShown(second, BOB))
    t.deepEqual(await remains(directory, ANN, key), [])
    await second.close()
  })
}

test('two requests at once for one subject are one erasure; a later one finds it done', async (t) => {
  const stores = await openErasing(await newDirectory(t))
  await live(stores, ANN)
  await Promise.all([stores.erasure.request(ANN, request()), stores.erasure.request(ANN, request())])
  await completed(stores, ANN)
  await stores.erasure.request(ANN, request())
  await stores.erasure.resume()
  t.deepEqual(await typesOf(stores, ANN), ALL)
  t.is(await openEntries(stores), 0)
  await stores.close()
})

const countingRewrites = () => {
  const counted = { rewrites: 0 }
  const changed = ({ documents }: Ports): Partial<Ports> => ({
    documents: {
      ...documents,
      rewrite: () => {
        counted.rewrites += 1
        return documents.rewrite()
      },
    },
  })
  return { counted, changed }
}

test('several erasures share one rewriting, and none is repeated at the next start', async (t) => {
  const directory = await newDirectory(t)
  const { counted, changed } = countingRewrites()
  const stores = await openErasing(directory, changed)
  const many = Array.from({ length: 20 }, (_, n) => `test.person-${n}`)
  for (const person of many) await live(stores, person)
  await Promise.all(many.map((person) => stores.erasure.request(person, request())))
  for (const person of many) await completed(stores, person)
  t.is(counted.rewrites, 1)
  for (const person of many) t.deepEqual(await remains(directory, person), [])
  await stores.close()
  const again = await openErasing(directory, changed)
  await again.erasure.resume()
  t.is(counted.rewrites, 1)
  await again.close()
})

test('the rewriting waits for documents that still show the subject', async (t) => {
  const { counted, changed } = countingRewrites()
  const stores = await openErasing(await newDirectory(t), changed)
  await live(stores, ANN)
  const beside = { name: 'people@0', position: 1n }
  await stores.documents.apply([], [beside, { name: 'of no projection@1', position: 1n }])
  await stores.erasure.request(ANN, request())
  await stores.erasure.resume()
  t.is(counted.rewrites, 0)
  t.deepEqual(await typesOf(stores, ANN), ALL.slice(0, 2))
  await stores.documents.forgetCheckpoint(beside.name)
  await stores.erasure.resume()
  t.is(counted.rewrites, 1)
  t.deepEqual(await typesOf(stores, ANN), ALL)
  await stores.close()
})

test('what lives of a subject ends before its key is destroyed; a key that came back with a restored keyring is destroyed again', async (t) => {
  const directory = await newDirectory(t)
  let restored = false
  const ended: string[] = []
  const rewritten: string[] = []
  const stores = await openErasing(directory, ({ keyring, vault }) => ({
    keyring: {
      ...keyring,
      find: (subject) => (restored && subject === ANN ? Buffer.alloc(32) : keyring.find(subject)),
      destroy: async (subject) => {
        await keyring.destroy(subject)
        if (subject === ANN) restored = false
      },
      rewrite: async () => {
        rewritten.push('keyring')
        await keyring.rewrite()
      },
    },
    end: async (subject: string) => {
      const hasKey = restored || (await keyring.find(subject)) !== undefined
      ended.push(`${subject} ${hasKey ? 'with' : 'without'} its key`)
    },
    vault,
  }))
  await live(stores, ANN)
  await stores.erasure.request(ANN, request())
  await completed(stores, ANN)
  await until(async () => (await openEntries(stores)) === 0)
  t.deepEqual(ended, [`${ANN} with its key`])
  t.is(rewritten.length, 1)

  await stores.erasure.request(ANN, request())
  await until(async () => (await openEntries(stores)) === 0)
  t.is(rewritten.length, 1, 'nothing has come back')
  restored = true
  await stores.vault.put('test', ANN, { text: secretOf(ANN, 2) }, { subject: ANN })
  await stores.erasure.request(ANN, request())
  await until(async () => (await openEntries(stores)) === 0)
  t.false(restored)
  t.is(rewritten.length, 2)
  t.is(await stores.vault.get('test', ANN), undefined)
  t.deepEqual(await typesOf(stores, ANN), [...ALL, ...ALL])
  t.deepEqual(ended, [`${ANN} with its key`, `${ANN} with its key`])
  t.deepEqual(await remains(directory, ANN), [])
  await stores.close()
})

test('what was sealed with a key that came back is purged too, also when that broke off', async (t) => {
  const directory = await newDirectory(t)
  const stores = await openErasing(directory)
  await live(stores, ANN)
  const key = await stores.keyring.find(ANN)
  await stores.close()
  const keyring = keyringPath(directory)
  await cp(keyring, `${keyring}.old`, { recursive: true })
  const first = await openErasing(directory)
  const asked = request()
  await first.erasure.request(ANN, asked)
  await completed(first, ANN)
  await first.close()

  await rm(keyring, { recursive: true })
  await rename(`${keyring}.old`, keyring)
  const second = await openErasing(directory, appendFault(1, 'after'))
  const at = await append(second.history, ANN, newEvent('Named', { name: secretOf(ANN, 0) }))
  await second.runner.shown(ANN, at)
  t.true(await isShown(second, ANN))
  // The protocols ask under the same id each time.
  await t.throwsAsync(second.erasure.request(ANN, asked))
  await second.close()

  const third = await openErasing(directory)
  await third.erasure.resume()
  t.deepEqual(third.failures, [])
  t.false(await isShown(third, ANN))
  t.deepEqual(await typesOf(third, ANN), [...ALL, ...ALL])
  t.is(await openEntries(third), 0)
  t.deepEqual(await remains(directory, ANN, key), [])
  t.like(await third.runner.rebuild('people', { check: true }), { outcome: 'compared', differences: [] })
  await third.close()
})
