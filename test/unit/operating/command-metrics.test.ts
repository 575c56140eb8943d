/**
 * Proves that each end of a command is counted once, under its context and never under an id, and that counting costs next to nothing; and that what
 * counts, also sockets and appends, begins at 0.
 */
import test from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import { Gauge } from 'prom-client'
import type { CommandRequest, Engine } from '../../../src/commands/engine.ts'
import { measuredEngine } from '../../../src/commands/measured.ts'
import { rejection } from '../../../src/domain/rejection.ts'
import { createMetrics } from '../../../src/http/metrics.ts'
import { PROTOCOL_NAMES } from '../../../src/http/protocol.ts'
import { appendMetrics } from '../../../src/operating/append-metrics.ts'
import { commandMetrics } from '../../../src/operating/command-metrics.ts'
import { tallyDecider, type Tally, type TallyCommand } from '../../support/counting.ts'
import { processorMs } from '../../support/waiting.ts'

const request = (stream: string): CommandRequest<Tally, TallyCommand> => ({
  stream,
  decider: tallyDecider,
  command: { type: 'Close' },
  commandId: 'c',
  actor: 'test:user:1',
  at: 1,
})
const outcome = { state: null as never, position: 1n, repeated: false, facts: [{ type: 'Closed', data: {} }] }

/** Answers what is asked for, in turn. */
const answering = (...answers: readonly (() => ReturnType<ReturnType<Engine['execute']>>)[]): Engine => {
  const left = [...answers]
  return {
    execute: () => () => (left.shift() as never as () => never)(),
    load: () => Promise.reject(new Error('not asked for')),
  }
}

test('outcomes and rejections are counted by context', async (t) => {
  const metrics = createMetrics()
  const engine = measuredEngine(
    answering(
      () => Promise.resolve(E.right(outcome)),
      () => Promise.resolve(E.right({ ...outcome, facts: [] })),
      () => Promise.resolve(E.right({ ...outcome, facts: [], repeated: true })),
      () => Promise.resolve(E.left(rejection('Conflict', 'name_taken'))),
      () => Promise.reject(new Error('broken')),
      () => Promise.resolve(E.right(outcome)),
    ),
    commandMetrics(metrics),
  )
  for (let n = 0; n < 4; n += 1) await engine.execute(request('stores.labels-secret'))()
  await t.throwsAsync(engine.execute(request('stores.labels-secret'))(), { message: 'broken' })
  await engine.execute(request('elsewhere.labels-secret'))()
  const text = await metrics.text()
  for (const name of ['done', 'unchanged', 'repeated', 'rejected', 'failed'])
    t.regex(text, new RegExp(`^headwater_commands_total\\{context="stores",outcome="${name}"\\} 1$`, 'm'))
  t.regex(text, /^headwater_command_rejections_total\{context="stores",kind="Conflict"\} 1$/m)
  t.regex(text, /^headwater_command_rejections_total\{context="timelimit",kind="Conflict"\} 0$/m)
  t.regex(text, /^headwater_command_duration_seconds_count\{context="stores"\} 5$/m)
  t.notRegex(text, /secret|elsewhere/)
})

test('what may come is there from the beginning, so that the first time is an increase', async (t) => {
  const metrics = createMetrics()
  appendMetrics(metrics).failed('Unavailable')
  for (const owner of ['platform', ...PROTOCOL_NAMES])
    for (const name of ['open', 'unsent_bytes'])
      t.regex(await metrics.text(), new RegExp(`^headwater_websockets_${name}\\{owner="${owner}"\\} 0$`, 'm'))
  const failed = (await metrics.text()).match(/^headwater_history_appends_failed_total.*$/gm)
  t.deepEqual(
    failed?.sort(),
    ['TooLarge"} 0', 'Unavailable"} 1', 'Unknown"} 0', 'WrongRevision"} 0'].map(
      (end) => `headwater_history_appends_failed_total{reason="${end}`,
    ),
  )
})

test('a number that is none is written as the format says', async (t) => {
  const metrics = createMetrics()
  new Gauge({ name: 'headwater_odd', help: 'Odd', registers: [metrics.registry] }).set(NaN)
  t.regex(await metrics.text(), /^headwater_odd NaN$/m)
})

test('a command costs its counters less than some microseconds', async (t) => {
  const observer = commandMetrics(createMetrics())
  const times = 100_000
  const spent = await processorMs(() => {
    for (let n = 0; n < times; n += 1)
      observer.ended('stores.labels-000000000000000000000001', 'done', n % 100)
  })
  const microseconds = (spent / times) * 1_000
  t.log(`${microseconds.toFixed(3)} µs`)
  t.true(microseconds < 5)
})
