/**
 * Proves on the memory adapters what traces do to commands: nothing. The same ids under whatever trace, the same bound on an append, and no
 * decorator at all without an SDK; and what a trace tells of commands that fail and of projections that stop.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { context, SpanStatusCode, trace, TraceFlags, type SpanContext } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import test from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import { createEngine, type Engine } from '../../../src/commands/engine.ts'
import { createSnapshots } from '../../../src/commands/snapshots.ts'
import { memoryDocuments } from '../../../src/documents/memory/memory.ts'
import { memoryHistory } from '../../../src/history/memory/memory.ts'
import type { History, StoredEvent } from '../../../src/history/port.ts'
import { APPEND_BYTES_MAX } from '../../../src/limits.ts'
import { spanContextOf, traceparentOf } from '../../../src/observing/traceparent.ts'
import { createTracing, type Tracing } from '../../../src/observing/tracing.ts'
import type { Projection } from '../../../src/projecting/projection.ts'
import { startRunner, type Runner } from '../../../src/projecting/runner.ts'
import { memoryKeyring } from '../../../src/vault/memory/keyring.ts'
import { tallyDecider, type TallyCommand } from '../../support/counting.ts'
import { newEvent } from '../../support/events.ts'

const exporter = new InMemorySpanExporter()

test.before((t) => {
  t.is(createTracing(), undefined, 'nobody has registered an SDK')
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
  )
})

const tracing = (): Tracing => {
  const found = createTracing()
  if (found === undefined) throw new Error('there is no SDK')
  return found
}

const engineOf = (history: History): Engine => {
  const [documents, keyring] = [memoryDocuments(), memoryKeyring()]
  return tracing().engine(
    createEngine({
      history,
      keyring,
      snapshots: createSnapshots(documents, keyring),
      refusal: () => undefined,
      shown: () => Promise.resolve(true),
    }),
  )
}

const CONTEXTS = ['1', '2'].map((digit): SpanContext => ({
  traceId: digit.repeat(32),
  spanId: digit.repeat(16),
  traceFlags: TraceFlags.SAMPLED,
}))
const inTrace = <A>(spanContext: SpanContext | undefined, work: () => Promise<A>): Promise<A> =>
  spanContext === undefined ? work() : context.with(trace.setSpanContext(context.active(), spanContext), work)

const STREAM = 'tally.count-1'
const request = (
  command: TallyCommand | (() => Promise<TallyCommand>),
  commandId: string = randomUUID(),
) => ({
  stream: STREAM,
  decider: tallyDecider,
  command,
  commandId,
  actor: 'tally:user:1',
  at: 1_000,
})
const eventsOf = async (history: History): Promise<readonly StoredEvent[]> => {
  const all: StoredEvent[] = []
  for await (const page of history.read(STREAM)) all.push(...page)
  return all
}
const spansIn = ({ traceId }: SpanContext) =>
  exporter.getFinishedSpans().filter((span) => span.spanContext().traceId === traceId)

test.serial('the same command under another trace, or under none, has the same ids', async (t) => {
  const commandId = randomUUID()
  const ids = await Promise.all(
    [...CONTEXTS, undefined].map(async (spanContext) => {
      const raw = memoryHistory()
      const engine = engineOf(tracing().history(raw))
      await inTrace(spanContext, engine.execute(request({ type: 'Add', by: 1 }, commandId)))
      const [event] = await eventsOf(raw)
      const { trace: mark, ...meta } = event?.meta ?? {}
      if (spanContext !== undefined) t.true(mark?.includes(spanContext.traceId))
      return { id: event?.id, data: event?.data, meta }
    }),
  )
  t.deepEqual(ids[1], ids[0])
  t.deepEqual(ids[2], ids[0])
})

test.serial('a repeated command is answered as repeated, whatever traces it came in', async (t) => {
  const raw = memoryHistory()
  const engine = engineOf(tracing().history(raw))
  const commandId = randomUUID()
  const answers = []
  for (const spanContext of CONTEXTS)
    answers.push(await inTrace(spanContext, engine.execute(request({ type: 'Add', by: 1 }, commandId))))
  t.like(answers, [{ right: { repeated: false } }, { right: { repeated: true } }])
  t.is((await eventsOf(raw)).length, 1)
})

test.serial('the outcome, a rejection and the type of a command that is made later are told', async (t) => {
  const spanContext = { traceId: '3'.repeat(32), spanId: '3'.repeat(16), traceFlags: TraceFlags.SAMPLED }
  const engine = engineOf(tracing().history(memoryHistory()))
  await inTrace(spanContext, engine.execute(request(() => Promise.resolve({ type: 'Close' }))))
  await inTrace(spanContext, engine.execute(request({ type: 'Add', by: 1 })))
  const thrown = (): Promise<TallyCommand> => Promise.reject(new Error('broken'))
  await t.throwsAsync(inTrace(spanContext, engine.execute(request(thrown))))
  const commands = spansIn(spanContext).filter(({ name }) => name === 'command tally.count')
  t.deepEqual(
    commands.map(({ attributes }) => attributes),
    [
      { 'headwater.context': 'tally', 'headwater.command': 'Close', 'headwater.outcome': 'done' },
      {
        'headwater.context': 'tally',
        'headwater.command': 'Add',
        'headwater.outcome': 'rejected',
        'headwater.rejection': 'Gone',
      },
      { 'headwater.context': 'tally', 'headwater.outcome': 'failed' },
    ],
  )
})

test.serial('what failed is an error in its trace, what was refused or tried again is none', async (t) => {
  const spanContext = { traceId: '5'.repeat(32), spanId: '5'.repeat(16), traceFlags: TraceFlags.SAMPLED }
  const away = { ...memoryHistory(), append: () => () => Promise.resolve(E.left(AWAY)) }
  await inTrace(spanContext, engineOf(tracing().history(away)).execute(request({ type: 'Add', by: 1 })))
  const history = tracing().history(memoryHistory())
  await inTrace(spanContext, history.append(STREAM, 7n, [newEvent('Added')]))
  const engine = engineOf(memoryHistory())
  for (const type of ['Close', 'Close'] as const)
    await inTrace(spanContext, engine.execute(request({ type })))
  t.deepEqual(
    spansIn(spanContext).map(({ name, status: { code } }) => [name, code === SpanStatusCode.ERROR]),
    [
      ['append', true],
      ['command tally.count', true],
      ['append', false],
      ['command tally.count', false],
      ['command tally.count', false],
    ],
  )
})

const AWAY = { _tag: 'Unavailable', reason: 'away' } as const

test.serial('what just fits into an append fits also while it is traced', async (t) => {
  const raw = memoryHistory()
  const history = tracing().history(raw)
  const empty = newEvent('Added', { text: '' })
  const bytes = Buffer.byteLength(JSON.stringify(empty.data)) + Buffer.byteLength(JSON.stringify(empty.meta))
  const full = { ...empty, data: { text: 'x'.repeat(APPEND_BYTES_MAX - bytes) } }
  const answer = await inTrace(CONTEXTS[0], history.append(STREAM, 'none', [full]))
  t.true(E.isRight(answer))
  t.is((await eventsOf(raw))[0]?.meta.trace, undefined)
  const larger = { ...full, data: { text: `${full.data.text}x` } }
  t.like(await inTrace(CONTEXTS[0], history.append(STREAM, 0n, [larger])), { left: { _tag: 'TooLarge' } })
})

const showing = (name: string, poison: boolean): Projection => ({
  name,
  version: 1,
  prefixes: ['tally.'],
  collections: { [name]: { indexes: [] } },
  on: {
    Added: ({ id }) => {
      if (poison) throw new Error('poison')
      return [{ collection: name, id, put: {} }]
    },
  },
})

test.serial('each projection of an event is in its trace, and one that stopped says so', async (t) => {
  const raw = memoryHistory()
  const spanContext = { traceId: '4'.repeat(32), spanId: '4'.repeat(16), traceFlags: TraceFlags.SAMPLED }
  const projections = [showing('good', false), showing('bad', true)]
  const current: { runner?: Runner } = {}
  const status = (): ReturnType<Runner['status']> => current.runner?.status() ?? []
  const nothing = (): void => undefined
  const runner = await startRunner({
    history: tracing().following(raw, { projections, status }),
    documents: memoryDocuments(),
    projections,
    onApplied: nothing,
    onStopped: nothing,
    onBroken: (error) => t.fail(String(error)),
  })
  current.runner = runner
  t.teardown(runner.close)
  // Only the history is between the two: what is told of the trace was in the event.
  await inTrace(spanContext, engineOf(tracing().history(raw)).execute(request({ type: 'Add', by: 2 })))
  const projected = () => spansIn(spanContext).filter(({ name }) => name.startsWith('project '))
  for (const end = performance.now() + 30_000; projected().length < 2 && performance.now() < end;)
    await pause(5)
  t.deepEqual(
    projected().map(({ name, status: { code } }) => [name, code]),
    [
      ['project good', SpanStatusCode.UNSET],
      ['project bad', SpanStatusCode.ERROR],
    ],
  )
  const append = spansIn(spanContext).find(({ name }) => name === 'append')
  for (const { parentSpanContext } of projected())
    t.is(parentSpanContext?.spanId, append?.spanContext().spanId)
})

test('traceparents of the first version and of later ones are read, anything else is none', (t) => {
  const first = { traceId: '1'.repeat(32), spanId: '1'.repeat(16), traceFlags: TraceFlags.SAMPLED }
  const text = `00-${'1'.repeat(32)}-${'1'.repeat(16)}-01`
  t.is(traceparentOf(first), text)
  t.like(spanContextOf(text), { ...first, isRemote: true })
  t.like(spanContextOf(`cc-${text.slice(3)}-more`), first)
  const bad = [
    `${text}-more`,
    `ff-${text.slice(3)}`,
    text.toUpperCase().replaceAll('1', 'A'),
    text.slice(1),
    '',
    `00-${'0'.repeat(32)}-${'1'.repeat(16)}-01`,
    `00-${'1'.repeat(32)}-${'0'.repeat(16)}-01`,
  ]
  for (const one of bad) t.is(spanContextOf(one), undefined, one)
})
