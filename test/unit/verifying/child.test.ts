/** Proves what becomes of a reader that dies or hangs over what it reads, with readers that do so on purpose: the damage is named, and the work goes on. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { ReadFailed, startReader } from '../../../src/verifying/reading/child.ts'
import type { Answers, Job } from '../../../src/verifying/reading/jobs.ts'
import { poolOf } from '../../../src/verifying/reading/pool.ts'
import { createPart } from '../../../src/verifying/parts.ts'
import { verifyHistory } from '../../../src/verifying/verify.ts'
import { removeTemporary, temporary } from '../../support/verifying.ts'
import { atSomePace } from '../../support/waiting.ts'

test.after.always(removeTemporary)

const BAD_READER = `process.on('message', ({ job }) => {
  if (job.level === 1) process.kill(process.pid, 'SIGBUS')
  else if (job.level === 2) { for (;;) {} }
  else if (job.level === 3) process.send({ is: 'failed', message: 'not there', isDamage: false })
  else process.send({ is: 'answer', answer: Buffer.from([job.level]) })
})`

test('a reader that dies, hangs or fails is damage, or is not, and the next job has another', (t) =>
  atSomePace(t, failing))

const failing = async (t: ExecutionContext, scale: number): Promise<void> => {
  const script = join(await temporary(), 'reader.mjs')
  await writeFile(script, BAD_READER)
  const seconds = 2 * scale
  const reader = startReader({ kind: 'file', path: '' }, { script, silenceMs: seconds * 1_000 })
  const ask = (level: number) => reader.run({ kind: 'tiles', level, from: 0, count: 1 })
  t.deepEqual(Buffer.from(await ask(7)), Buffer.from([7]))
  const died = await t.throwsAsync(ask(1), { instanceOf: ReadFailed })
  t.regex(died.message, /ended with SIGBUS/)
  t.true(died.isDamage)
  const hung = await t.throwsAsync(ask(2), { instanceOf: ReadFailed })
  t.regex(hung.message, new RegExp(`hung for ${seconds} s`))
  t.true(hung.isDamage)
  t.false((await t.throwsAsync(ask(3), { instanceOf: ReadFailed })).isDamage)
  t.deepEqual(Buffer.from(await ask(9)), Buffer.from([9]))
  await reader.close()
}

test.serial('a reader that answers many jobs keeps nothing of them', async (t) => {
  const script = join(await temporary(), 'reader.mjs')
  await writeFile(script, BAD_READER)
  const reader = startReader({ kind: 'file', path: '' }, { script, silenceMs: 60_000 })
  const warnings: string[] = []
  const onWarning = ({ name }: Error): void => void warnings.push(name)
  process.on('warning', onWarning)
  for (let n = 0; n < 20; n += 1) await reader.run({ kind: 'tiles', level: 7, from: 0, count: 1 })
  await reader.close()
  process.off('warning', onWarning)
  t.deepEqual(warnings, [])
})

for (const bad of [1, 2, 4_096, 4_097, 5_000, 9_000]) {
  test(`an event that cannot be read is found: position ${bad}`, async (t) => {
    const answer = (job: Job) => {
      if (job.kind === 'describe')
        return { reads: 'range', what: 'a store', first: 1, last: 9_000, bytes: 0, hasTiles: false }
      if (job.kind === 'index') return createPart(0).build()
      if (job.kind !== 'range') throw new Error(job.kind)
      if (job.from <= bad && bad <= job.to)
        throw new ReadFailed('the reading process ended with SIGSEGV', { isDamage: true })
      const part = createPart(job.to - job.from + 1)
      for (let position = job.from; position <= job.to; position += 1)
        part.add(BigInt(position), Buffer.alloc(32, 1))
      return part.build()
    }
    const run = <J extends Job>(job: J): Promise<Answers[J['kind']]> =>
      new Promise((resolve) => resolve(answer(job) as Answers[J['kind']]))
    const pool = poolOf([{ run, close: () => Promise.resolve() }])
    const { faults } = await verifyHistory(pool, await pool.run({ kind: 'describe' }), {})
    t.deepEqual(
      faults.map(({ kind, position }) => [kind, position]),
      [['unreadable', String(bad)]],
    )
    t.regex(
      faults[0]?.detail ?? '',
      bad === 1
        ? /nothing could still be read/
        : new RegExp(`position ${bad - 1} could still be read|nothing could still`),
    )
  })
}
