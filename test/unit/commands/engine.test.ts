/**
 * The command engine on the memory adapters: what is appended, how often, and what happens when appends fail in each of the ways that the
 * port allows. Faults come from a history that misbehaves on request, never from timing.
 */
import { randomUUID } from 'node:crypto'
import test from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import { createEngine, type CommandRequest, type Engine } from '../../../src/commands/engine.ts'
import { CLAIMS_SEALED } from '../../../src/commands/claims.ts'
import { createSnapshots, SNAPSHOTS } from '../../../src/commands/snapshots.ts'
import type { Decider } from '../../../src/domain/decider.ts'
import { memoryDocuments } from '../../../src/documents/memory/memory.ts'
import { memoryHistory } from '../../../src/history/memory/memory.ts'
import type { AppendFailure, History, StoredEvent } from '../../../src/history/port.ts'
import { sealedHistory } from '../../../src/history/sealing.ts'
import { CLAIM_ORPHAN_MS, SNAPSHOT_EVERY_EVENTS } from '../../../src/limits.ts'
import { STREAM_HELD } from '../../../src/projecting/holds.ts'
import { memoryKeyring } from '../../../src/vault/memory/keyring.ts'
import { tallyDecider, type Tally, type TallyCommand } from '../../support/counting.ts'
import { snapshotted } from '../../support/snapshots.ts'

type Fault = (write: () => Promise<E.Either<AppendFailure, unknown>>) => Promise<AppendFailure>

const setup = (options: { readonly refusal?: string; readonly shown?: boolean } = {}) => {
  const raw = memoryHistory()
  const faults: Fault[] = []
  const appends: string[] = []
  const history: History = {
    ...raw,
    append: (stream, expected, events) => async () => {
      appends.push(stream)
      const fault = faults.shift()
      const write = raw.append(stream, expected, events)
      return fault === undefined ? write() : E.left(await fault(write))
    },
  }
  const keyring = memoryKeyring()
  const documents = memoryDocuments()
  const newEngine = (): Engine =>
    createEngine({
      history: sealedHistory(history, keyring, CLAIMS_SEALED),
      snapshots: createSnapshots(documents, keyring),
      keyring,
      refusal: () => options.refusal,
      shown: () => Promise.resolve(options.shown ?? true),
    })
  const engine = newEngine()
  return { raw, engine, newEngine, faults, appends, documents, keyring }
}

const request = (
  command: CommandRequest<Tally, TallyCommand>['command'],
  more: Partial<CommandRequest<Tally, TallyCommand>> = {},
): CommandRequest<Tally, TallyCommand> => ({
  stream: 'tally.count-1',
  decider: tallyDecider,
  command,
  commandId: randomUUID(),
  actor: 'tally:user:1',
  at: 1_000,
  ...more,
})

const add = (by: number, more = {}): CommandRequest<Tally, TallyCommand> => request({ type: 'Add', by }, more)

const eventsOf = async (history: History, stream: string): Promise<readonly StoredEvent[]> => {
  const all: StoredEvent[] = []
  for await (const page of history.read(stream)) all.push(...page)
  return all
}

const unknown: AppendFailure = { _tag: 'Unknown', reason: 'cut' }

test('a command answers with the state it decided and who did it stands in the event', async (t) => {
  const { raw, engine } = setup()
  const answer = await engine.execute(add(2, { via: { protocol: 'test' } }))()
  t.like(answer, { _tag: 'Right', right: { state: { count: 2 }, position: 1n } })
  const [event] = await eventsOf(raw, 'tally.count-1')
  t.like(event, {
    type: 'Added',
    meta: { actor: 'tally:user:1', at: 1_000, schema: 1, via: { protocol: 'test' } },
  })
})

test('what of how it came in belongs to a fact is merged over that of its command, and evolve sees it whenever it is folded', async (t) => {
  const { raw, engine, newEngine } = setup()
  const decider: Decider<readonly unknown[], 'go'> = {
    initial: [],
    stateVersion: 1,
    evolve: (state, { via }) => [...state, via ?? null],
    decide: () =>
      E.right([
        { type: 'Pushed', data: {}, via: { sequenceNumber: 7, auth: 'child' } },
        { type: 'Pushed', data: {} },
      ]),
  }
  const once = { stream: 'tally.via-1', decider, command: 'go', actor: 'tally:user:1', at: 1_000 } as const
  const via = { protocol: 'test', auth: 'device' }
  const merged = { protocol: 'test', auth: 'child', sequenceNumber: 7 }
  t.like(await engine.execute({ ...once, via, commandId: randomUUID() })(), {
    right: { state: [merged, via] },
  })
  t.like(await engine.execute({ ...once, commandId: randomUUID() })(), {
    right: { state: [merged, via, { sequenceNumber: 7, auth: 'child' }, null] },
  })
  const events = await eventsOf(raw, 'tally.via-1')
  t.deepEqual(
    events.map(({ meta }) => meta.via ?? null),
    [merged, via, { sequenceNumber: 7, auth: 'child' }, null],
  )
  const { state } = await newEngine().load('tally.via-1', decider)
  t.deepEqual(
    state,
    events.map(({ meta }) => meta.via ?? null),
  )
})

test('a command for a stream that is taken for new claims its name, and is decided on the stream if it is not new', async (t) => {
  const { raw, engine, newEngine } = setup()
  const first = request({ type: 'Rename', name: 'Ada' }, { isNew: true })
  t.like(await engine.execute(first)(), { right: { repeated: false } })
  t.like(
    await newEngine().execute(
      request({ type: 'Rename', name: 'ada' }, { isNew: true, stream: 'tally.count-2' }),
    )(),
    {
      left: { kind: 'Conflict' },
    },
  )
  t.like(await newEngine().execute(first)(), { right: { state: { name: 'Ada' }, position: 2n } })
  t.like(await newEngine().execute(add(4, { isNew: true }))(), {
    right: { state: { count: 4, name: 'Ada' } },
  })
  t.is((await eventsOf(raw, 'tally.count-1')).length, 2)
})

test('a hundred commands to one stream at once all take effect, in one append each', async (t) => {
  const { engine, appends } = setup()
  const answers = await Promise.all(Array.from({ length: 100 }, () => engine.execute(add(1))()))
  t.true(answers.every(E.isRight))
  const { state } = await engine.load('tally.count-1', tallyDecider)
  t.is(state.count, 100)
  t.is(appends.length, 100)
})

test('two engines over one history take turns by expected revisions, and nothing is lost', async (t) => {
  const { engine, newEngine } = setup()
  const other = newEngine()
  for (let round = 0; round < 20; round++) {
    const both = await Promise.all([engine.execute(add(1))(), other.execute(add(1))()])
    t.true(both.every(E.isRight))
  }
  t.is((await newEngine().load('tally.count-1', tallyDecider)).state.count, 40)
})

test('a refusal is never decided on a state that another node has moved', async (t) => {
  const { engine, newEngine } = setup()
  await engine.execute(add(1))()
  await newEngine().execute(request({ type: 'Close' }))()
  t.like(await engine.execute(add(0))(), { _tag: 'Left', left: { kind: 'Gone' } })
})

test('the same command id again appends nothing, in this engine and in one that reads it', async (t) => {
  const { raw, engine, newEngine } = setup()
  const once = add(5)
  const first = await engine.execute(once)()
  const again = await engine.execute(once)()
  const elsewhere = await newEngine().execute(once)()
  for (const [answer, repeated] of [
    [first, false],
    [again, true],
    [elsewhere, true],
  ] as const)
    t.like(answer, { right: { state: { count: 5 }, position: 1n, repeated } })
  t.like(await engine.execute(add(0))(), { right: { position: 0n, repeated: false } })
  t.is((await eventsOf(raw, 'tally.count-1')).length, 1)
})

test('an unknown outcome that was written is found by appending the same ids again', async (t) => {
  const { raw, engine, faults } = setup()
  faults.push(async (write) => {
    await write()
    return unknown
  })
  t.true(E.isRight(await engine.execute(add(3))()))
  t.is((await eventsOf(raw, 'tally.count-1')).length, 1)
})

test('an unknown outcome that was not written is written by the second try', async (t) => {
  const { raw, engine, faults } = setup()
  faults.push(() => Promise.resolve(unknown))
  t.true(E.isRight(await engine.execute(add(3))()))
  t.is((await eventsOf(raw, 'tally.count-1')).length, 1)
})

test('an unavailable history is refused as unavailable and leaves no optimistic state behind', async (t) => {
  const { engine, faults } = setup()
  faults.push(() => Promise.resolve({ _tag: 'Unavailable', reason: 'down' }))
  t.like(await engine.execute(add(3))(), { left: { kind: 'Unavailable', reason: 'history_unavailable' } })
  t.like(await engine.execute(add(4))(), { right: { state: { count: 4 } } })
})

test('commands decided on an append that then fails are decided again', async (t) => {
  const { engine, faults } = setup()
  faults.push(async () => {
    await new Promise((next) => setTimeout(next, 20))
    return { _tag: 'Unavailable', reason: 'down' }
  })
  const [failed, ...others] = await Promise.all([1, 10, 100].map((by) => engine.execute(add(by))()))
  t.like(failed, { _tag: 'Left' })
  t.true(others.every(E.isRight))
  t.is((await engine.load('tally.count-1', tallyDecider)).state.count, 110)
})

test('a write that cannot be shown is refused before it is made', async (t) => {
  const { raw, engine } = setup({ refusal: 'projection_stopped' })
  t.like(await engine.execute(add(1))(), { left: { kind: 'Unavailable', reason: 'projection_stopped' } })
  t.is(await raw.head(), 0n)
})

test('an erasure is written to a held stream, and to no other that is refused', async (t) => {
  const { raw, engine } = setup({ refusal: STREAM_HELD, shown: false })
  t.like(await engine.execute(add(1))(), { left: { kind: 'Unavailable', reason: 'stream_held' } })
  const insisting = add(1, { evenIfHeld: true })
  t.like(await engine.execute(insisting)(), { right: { position: 1n } })
  t.like(await engine.execute(insisting)(), { right: { repeated: true } })
  t.is(await raw.head(), 1n)
  const stopped = setup({ refusal: 'projection_stopped' })
  t.like(await stopped.engine.execute(insisting)(), { left: { reason: 'projection_stopped' } })
})

test('a write whose documents are late answers unavailable, although it is written', async (t) => {
  const { raw, engine } = setup({ shown: false })
  t.like(await engine.execute(add(1))(), { left: { kind: 'Unavailable', reason: 'documents_late' } })
  t.is(await raw.head(), 1n)
})

const rename = (stream: string, name: string, at = 1_000) =>
  request({ type: 'Rename', name }, { stream: `tally.count-${stream}`, at })

test('of many who claim one name at once exactly one gets it', async (t) => {
  const { engine } = setup()
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, n) => engine.execute(rename(String(n), n % 2 ? 'Ada' : 'ADA'))()),
  )
  t.is(answers.filter(E.isRight).length, 1)
  t.true(answers.filter(E.isLeft).every(({ left }) => left.kind === 'Conflict'))
})

test('a name that was given up can be had again, and its stream does not say what it is', async (t) => {
  const { raw, engine } = setup()
  await engine.execute(rename('1', 'ada lovelace'))()
  await engine.execute(rename('1', 'bea'))()
  t.true(E.isRight(await engine.execute(rename('2', 'ada lovelace'))()))
  const streams: string[] = []
  for await (const page of raw.readAll({ after: 0n, prefixes: ['claim-'] }))
    streams.push(...page.map(({ stream, data }) => `${stream} ${JSON.stringify(data)}`))
  t.is(streams.length, 4)
  t.false(streams.some((text) => text.includes('ada lovelace') || text.includes('tally.count-')))
})

test('a claim whose owner never came to be is free after a while, and not before', async (t) => {
  const { engine, newEngine, faults } = setup()
  faults.push(async (write) => {
    await write()
    return { _tag: 'Unavailable', reason: 'the answer was lost on the way' }
  })
  t.true(E.isLeft(await engine.execute(rename('1', 'ada'))()))
  const other = newEngine()
  t.like(await other.execute(rename('2', 'ada', 1_000 + CLAIM_ORPHAN_MS - 1))(), {
    left: { kind: 'Conflict' },
  })
  t.true(E.isRight(await other.execute(rename('2', 'ada', 1_000 + CLAIM_ORPHAN_MS))()))
})

test('a claim of an erased holder is free', async (t) => {
  const { engine, newEngine, keyring } = setup()
  await engine.execute(rename('1', 'ada'))()
  await keyring.destroy('tally.count-1')
  t.true(E.isRight(await newEngine().execute(rename('2', 'ada'))()))
})

test('a long stream is loaded from its snapshot, which nobody can read without the key', async (t) => {
  const { engine, newEngine, documents, keyring } = setup()
  await engine.execute(rename('1', 'Ada Lovelace'))()
  for (let n = 0; n < SNAPSHOT_EVERY_EVENTS + 5; n++) await engine.execute(add(1))()
  const snapshot = await snapshotted(documents, 'tally.count-1')
  t.false(JSON.stringify(snapshot).includes('Ada'))
  const { state } = await newEngine().load('tally.count-1', tallyDecider)
  t.deepEqual(state, { count: SNAPSHOT_EVERY_EVENTS + 5, name: 'Ada Lovelace', closed: false })
  const raised = await newEngine().load('tally.count-1', { ...tallyDecider, stateVersion: 2 })
  t.is(raised.state.count, SNAPSHOT_EVERY_EVENTS + 5)
  await keyring.destroy('tally.count-1')
  t.is((await newEngine().load('tally.count-1', tallyDecider)).state.count, SNAPSHOT_EVERY_EVENTS + 5)
})

test('of a stream that holds words of several nothing is kept beside the history', async (t) => {
  const { engine, newEngine, documents } = setup()
  const decider = { ...tallyDecider, hasSnapshots: false } as const
  for (let n = 0; n < SNAPSHOT_EVERY_EVENTS + 5; n++)
    await engine.execute(request({ type: 'Add', by: 1 }, { decider }))()
  await engine.execute(request({ type: 'Add', by: 1 }, { stream: 'tally.count-2' }))()
  for (let n = 0; n < SNAPSHOT_EVERY_EVENTS; n++)
    await engine.execute(request({ type: 'Add', by: 1 }, { stream: 'tally.count-2' }))()
  await snapshotted(documents, 'tally.count-2')
  t.is(await documents.get(SNAPSHOTS, 'tally.count-1'), undefined)
  t.is((await newEngine().load('tally.count-1', decider)).state.count, SNAPSHOT_EVERY_EVENTS + 5)
})

test('a slow look at the state happens in the load step and sees the state', async (t) => {
  const { engine } = setup()
  await engine.execute(add(7))()
  const answer = await engine.execute(
    request((state) => Promise.resolve({ type: 'Add', by: state.count } as const)),
  )()
  t.like(answer, { right: { state: { count: 14 } } })
})
