/** Proves that families in use do not stand before those that nobody uses, however many there are, and that one failed erasure stops no other. */
import test from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import type { Engine } from '../../../src/commands/engine.ts'
import { CONNECTIVITY } from '../../../src/commands/timelimit/effects.ts'
import { deleteUnused, eraseEnded } from '../../../src/jobs/timelimit/families.ts'
import { memoryVault } from '../../../src/vault/memory/vault.ts'

const NOW = 1_800_000_000_000
const { signal } = new AbortController()

const setup = (ids: readonly string[]) => {
  const erased: string[] = []
  const failures: unknown[] = []
  const vault = memoryVault({ now: () => NOW })
  const execute = (() => () => Promise.resolve(E.right({ facts: [{}] }))) as unknown as Engine['execute']
  const parts = {
    engine: { execute, load: () => Promise.reject(new Error('not asked for')) },
    reader: {
      find: async function* (_collection: string, _filter: unknown, options?: { readonly limit?: number }) {
        const found = ids.slice(0, options?.limit)
        for (let from = 0; from < found.length; from += 100)
          yield await Promise.resolve(found.slice(from, from + 100).map((_id) => ({ _id })))
      },
    },
    vault,
    erase: (id: string) => {
      erased.push(id)
      return id === 'broken' ? Promise.reject(new Error(id)) : Promise.resolve()
    },
    now: () => NOW,
    onFailure: (error: unknown) => failures.push(error),
  }
  return { parts, vault, erased, failures }
}

test('unused families behind any number of used ones are erased, so many a round', async (t) => {
  const used = Array.from({ length: 600 }, (_, index) => `used${index}`)
  const unused = Array.from({ length: 300 }, (_, index) => `unused${index}`)
  const { parts, vault, erased } = setup([...used, ...unused])
  for (const id of used) await vault.put(CONNECTIVITY, `${id}/device`, { at: NOW })
  await deleteUnused(parts, signal)
  t.deepEqual(erased, unused.slice(0, 256))
})

test('one that cannot be erased now stops no other', async (t) => {
  const { parts, erased, failures } = setup(['broken', 'other'])
  await eraseEnded(parts, signal)
  t.deepEqual(erased, ['broken', 'other'])
  t.is(failures.length, 1)
  await deleteUnused(parts, signal)
  t.is(erased.length, 4)
})
