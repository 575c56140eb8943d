/**
 * Proves that a process killed with SIGKILL at any moment of its erasures leaves whole files, and that the next start finishes what was begun:
 * after that no erased subject's bytes are anywhere, and everybody else is there. A child erases and rewrites without a pause, and is killed
 * again and again.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { erasureStream } from '../../src/domain/platform/erasure.ts'
import { eventsIn, openErasing, remains, secretOf } from '../support/erasing.ts'

const WORKER = 'dist/tests/support/erasing-worker.js'
const ROUNDS = process.env['SOAK'] ? 60 : 8

/** All that the child said until it was killed, some time after the first erasure. */
const runAndKill = (directory: string, round: number): Promise<readonly string[]> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [WORKER, directory, String(round)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    let timer: NodeJS.Timeout | undefined
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      // Up to behind the time that is waited for further erasures before the files are rewritten.
      timer ??= setTimeout(() => child.kill('SIGKILL'), Math.random() * 1_500)
    })
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (signal === 'SIGKILL') resolve(output.split('\n').slice(0, -1))
      else reject(new Error(`the worker ended by itself with ${String(code)}: ${output}`))
    })
  })

const named = (said: readonly string[], word: string): readonly string[] =>
  said.flatMap((line) => (line.startsWith(`${word} `) ? [line.slice(word.length + 1)] : []))

test('killed at any moment, an erasure is finished by the next start', async (t) => {
  t.timeout(60_000 + ROUNDS * 60_000)
  const directory = await mkdtemp(join(tmpdir(), 'headwater-erasure-kill-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  const said: string[] = []
  const isEnough = (): boolean => named(said, 'live').length > ROUNDS && named(said, 'erased').length > 0
  // On a busy machine a round may be over before it has come to an erasure.
  for (let round = 0; round < ROUNDS || (round < 5 * ROUNDS && !isEnough()); round++)
    said.push(...(await runAndKill(directory, round)))
  const [kept, erased] = [named(said, 'live'), named(said, 'erased')]
  t.true(isEnough())

  const stores = await openErasing(directory)
  await stores.erasure.resume()
  t.deepEqual(stores.failures, [])
  for (const person of erased) {
    const types = (await eventsIn(stores, erasureStream(person))).map(({ type }) => type)
    t.deepEqual(types, ['ErasureRequested', 'SubjectErased', 'ErasureCompleted'])
    t.is(await stores.keyring.find(person), undefined)
    t.is(await stores.documents.get('people@1', person), undefined)
    t.deepEqual(await remains(directory, person), [])
  }
  for (const person of kept) {
    t.is((await stores.documents.get('people@1', person))?.value['name'], secretOf(person, 1))
    t.is((await stores.vault.get('test', person))?.value['text'], secretOf(person, 2))
  }
  t.like(await stores.runner.rebuild('people', { check: true }), { outcome: 'compared', differences: [] })
  await stores.close()
})
