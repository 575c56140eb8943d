/** A process that uses a vault as fast as it can and says what was answered, until it is killed. */
import { writeSync } from 'node:fs'
import { join } from 'node:path'
import { openEmbeddedVault } from '../../src/vault/embedded/vault.ts'

const [job = '', directory = ''] = process.argv.slice(2)
const vault = await openEmbeddedVault({
  path: join(directory, 'vault'),
  blobsPath: join(directory, 'blobs'),
  now: () => Date.now(),
  onFatal: () => process.exit(75),
})
const say = (line: string): void => void writeSync(1, `${line}\n`)

const jobs: Readonly<Record<string, (worker: number) => Promise<void>>> = {
  numbers: async () => {
    for (;;) say(String(await vault.next('c')))
  },
  fill: async (worker) => {
    for (let i = 0; ; i += 1) {
      const key = `${worker}-${i}`
      await vault.put('full', key, { text: 'x'.repeat(3_000) })
      say(key)
    }
  },
  takes: async (worker) => {
    for (let i = 0; ; i += 1) {
      const key = `${worker}-${i}`
      await vault.put('codes', key, { key })
      say(`put ${key}`)
      if (i % 2 === 0 && (await vault.take('codes', key)) !== undefined) say(`took ${key}`)
    }
  },
}

const work = jobs[job]
if (work === undefined) throw new Error(`no job ${job}`)
await Promise.all(Array.from({ length: 32 }, (_, worker) => work(worker)))
