// A store whose process is killed keeps everything that `apply` answered, and nothing in halves: documents, indexes, tombstones and checkpoint
// agree at every death. A child process writes numbered batches and is killed with SIGKILL at random moments, again and again.
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { openEmbeddedDocuments } from '../../src/documents/embedded/documents.ts'
import { found, scanned } from './documents/helpers.ts'

const WRITER = 'dist/tests/contract/documents/writer.js'
const ROUNDS = process.env['SOAK'] ? 40 : 5

/** Answers the last batch that the child said was applied. */
const runAndKill = (
  path: string,
  afterMs: number,
): Promise<{ readonly done: bigint; readonly output: string }> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [WRITER, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    let timer: NodeJS.Timeout | undefined
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      timer ??= setTimeout(() => child.kill('SIGKILL'), afterMs)
    })
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (signal !== 'SIGKILL')
        reject(new Error(`the writer ended by itself with ${String(code)}: ${output}`))
      resolve({ done: BigInt([...output.matchAll(/^done (\d+)\n/gm)].at(-1)?.[1] ?? 0), output })
    })
  })

test('killed at any moment, the store is whole and has all that was answered', async (t) => {
  t.timeout(120_000 + ROUNDS * 10_000)
  const directory = await mkdtemp(join(tmpdir(), 'documents-kill-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  const path = join(directory, 'documents.mdb')
  let before = 0n
  for (let round = 0; round < ROUNDS; round++) {
    const { done, output } = await runAndKill(path, Math.random() * 300)
    t.notRegex(output, /repaired/)
    const documents = await openEmbeddedDocuments({ path, onRepair: (reason) => t.fail(reason) })
    const checkpoint = (await documents.checkpoint('batch')) ?? 0n
    t.true(checkpoint >= done && checkpoint >= before, `${checkpoint} ${done} ${before}`)
    before = checkpoint
    const batch = Number(checkpoint)
    const everything = await scanned(documents, 'c')
    const live = everything.filter(({ value }) => value !== undefined)
    t.true(live.every(({ at, value }) => at === checkpoint && value?.['batch'] === batch))
    t.is(live.length, batch === 0 ? 0 : 21)
    t.is(everything.length - live.length, batch)
    t.is(await documents.count('c', { batch }), live.length)
    t.is((await found(documents, 'c', { tags: 'all' })).length, batch === 0 ? 0 : 20)
    t.is(await documents.count('c', { batch: { $lt: batch } }), 0)
    await documents.close()
  }
  t.true(before > 0n)
})
