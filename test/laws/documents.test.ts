// The law of guarded writes: however a sequence of writes is cut into batches, and however often a part of it is applied again
// before the next (as after a crash before the checkpoint), the collection ends the same, tombstones and positions included.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import { openEmbeddedDocuments } from '../../src/documents/embedded/documents.ts'
import { memoryDocuments } from '../../src/documents/memory/memory.ts'
import type { Documents, Write } from '../../src/documents/port.ts'
import type { JsonObject } from '../../src/json.ts'
import { scanned } from '../contract/documents/helpers.ts'

const opened: (() => Promise<void>)[] = []
test.after.always(async () => {
  for (const close of opened) await close()
})

const adapters: readonly (readonly [name: string, open: () => Promise<Documents>])[] = [
  ['memory', () => Promise.resolve(memoryDocuments())],
  [
    'embedded',
    async () => {
      const directory = await mkdtemp(join(tmpdir(), 'documents-law-'))
      const documents = await openEmbeddedDocuments({ path: join(directory, 'documents.mdb') })
      opened.push(async () => {
        await documents.close()
        await rm(directory, { recursive: true, force: true })
      })
      return documents
    },
  ],
]

const id = fc.constantFrom('a', 'b', 'c', 'd', 'e')
const group = fc.integer({ min: 0, max: 2 })
const change = fc.oneof(
  fc.record({ $inc: fc.record({ n: fc.constant(1) }) }),
  fc.record({ $set: fc.record({ g: group }) }),
  fc.record({ $push: fc.record({ list: group }) }),
  fc.record({ $unset: fc.record({ g: fc.constant<''>('') }) }),
)

const writes = fc.array(
  fc.oneof(
    fc.record({ id, put: fc.record<JsonObject>({ g: group, n: group }) }),
    fc.record({ id, update: change }),
    fc.record({ id, delete: fc.constant<true>(true) }),
    fc.record({ where: fc.record({ g: group }), update: change }),
    fc.record({ where: fc.record({ g: group }), delete: fc.constant<true>(true) }),
  ),
  { minLength: 1, maxLength: 30 },
)

/** Where a batch ends, and how far before its end the next one begins. */
const cuts = fc.array(fc.record({ size: fc.integer({ min: 1, max: 10 }), again: fc.nat({ max: 9 }) }), {
  maxLength: 40,
})

for (const [name, open] of adapters) {
  test(`${name}: cutting and repeating batches changes nothing`, async (t) => {
    const documents = await open()
    let run = 0
    await fc.assert(
      fc.asyncProperty(writes, cuts, fc.boolean(), async (plan, batches, isIndexed) => {
        const [once, often] = [`once${run}`, `often${run++}`]
        if (isIndexed) await documents.ensureIndexes(often, [{ keys: ['g'] }])
        const sequence = (collection: string): readonly Write[] =>
          plan.map((write, index): Write => ({ ...write, collection, at: BigInt(index + 1) }))
        for (const write of sequence(once)) await documents.apply([write], [])
        await repeat(documents, sequence(often), batches)
        t.deepEqual(await scanned(documents, often), await scanned(documents, once))
      }),
      { numRuns: process.env['SOAK'] ? 2_000 : 100 },
    )
    t.true(run > 0)
  })
}

const repeat = async (
  documents: Documents,
  sequence: readonly Write[],
  batches: readonly { readonly size: number; readonly again: number }[],
): Promise<void> => {
  let from = 0
  for (const { size, again } of batches) {
    await documents.apply(sequence.slice(from, from + size), [])
    from = Math.max(0, from + size - Math.min(again, size + from))
  }
  await documents.apply(sequence.slice(Math.min(from, sequence.length)), [])
  await documents.apply(sequence, [])
}
