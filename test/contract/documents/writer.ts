// Run as a process of its own by the kill test: applies numbered batches, each to several documents and an index, and says how far it
// got. Meanwhile the file is rewritten again and again. It never stops by itself.
import { openEmbeddedDocuments } from '../../../src/documents/embedded/documents.ts'
import type { Write } from '../../../src/documents/port.ts'

const [path = ''] = process.argv.slice(2)
const documents = await openEmbeddedDocuments({
  path,
  onRepair: (reason) => process.stdout.write(`repaired ${reason}\n`),
})
await documents.ensureIndexes('c', [{ keys: ['batch'] }, { keys: ['tags'] }])
void (async () => {
  for (;;) await documents.rewrite()
})()
const from = (await documents.checkpoint('batch')) ?? 0n
process.stdout.write(`open ${from}\n`)
for (let at = from + 1n; ; at++) {
  const batch = Number(at)
  const writes: readonly Write[] = [
    ...Array.from({ length: 20 }, (_, n): Write => {
      const tags = [`t${(batch + n) % 7}`, 'all']
      return { collection: 'c', id: `d${n}`, at, put: { batch, tags, text: 'x'.repeat(50 * n) } }
    }),
    { collection: 'c', id: `gone${batch - 1}`, at, delete: true },
    { collection: 'c', id: `gone${batch}`, at, put: { batch } },
  ]
  await documents.apply(writes, [{ name: 'batch', position: at }])
  process.stdout.write(`done ${at}\n`)
  if (batch % 5 === 0) await new Promise((resolve) => setImmediate(resolve))
}
