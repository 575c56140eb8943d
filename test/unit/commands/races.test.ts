/**
 * The command engine when commands meet in the worst order: names that are taken and given up at the same moment, appends that throw, looks at a state
 * that moves meanwhile, a history that was put back. The order is forced by a history that holds appends until the test lets them go.
 */
import { randomUUID } from 'node:crypto'
import test from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import { CLAIMS_SEALED } from '../../../src/commands/claims.ts'
import { createEngine, type CommandRequest, type Engine } from '../../../src/commands/engine.ts'
import { createSnapshots } from '../../../src/commands/snapshots.ts'
import { memoryDocuments } from '../../../src/documents/memory/memory.ts'
import type { Decider } from '../../../src/domain/decider.ts'
import { rejection } from '../../../src/domain/rejection.ts'
import { storesDecider } from '../../../src/domain/stores/decide.ts'
import { memoryHistory } from '../../../src/history/memory/memory.ts'
import type { History, NewEvent } from '../../../src/history/port.ts'
import { sealedHistory } from '../../../src/history/sealing.ts'
import { CLAIM_ORPHAN_MS, SNAPSHOT_EVERY_EVENTS, STATE_CACHE_CHARACTERS_MAX } from '../../../src/limits.ts'
import { memoryKeyring } from '../../../src/vault/memory/keyring.ts'
import { tallyDecider, type Tally, type TallyCommand } from '../../support/counting.ts'
import { append, newEvent } from '../../support/events.ts'
import { snapshotted } from '../../support/snapshots.ts'

/** What happens before an append is written; it may throw. */
type Gate = (stream: string, events: readonly NewEvent[]) => Promise<void> | undefined

const setup = (options: { readonly gate?: Gate; readonly shown?: () => boolean } = {}) => {
  const raw = memoryHistory()
  const documents = memoryDocuments()
  const keyring = memoryKeyring()
  const newEngine = (gate: Gate | undefined = options.gate, over: History = raw): Engine => {
    const history: History = {
      ...over,
      append: (stream, expected, events) => async () => {
        await gate?.(stream, events)
        return over.append(stream, expected, events)()
      },
    }
    return createEngine({
      history: sealedHistory(history, keyring, CLAIMS_SEALED),
      snapshots: createSnapshots(documents, keyring),
      keyring,
      refusal: () => undefined,
      shown: () => Promise.resolve(options.shown?.() ?? true),
    })
  }
  return { raw, documents, keyring, newEngine, engine: newEngine() }
}

const request = <S, C>(
  decider: Decider<S, C>,
  command: CommandRequest<S, C>['command'],
  more: Partial<CommandRequest<S, C>> = {},
): CommandRequest<S, C> => ({
  stream: 'tally.count-1',
  decider,
  command,
  commandId: randomUUID(),
  actor: 'tally:user:1',
  at: 1_000,
  ...more,
})
const tally = (command: TallyCommand, more: Partial<CommandRequest<Tally, TallyCommand>> = {}) =>
  request(tallyDecider, command, more)
const rename = (name: string, more = {}) => tally({ type: 'Rename', name }, more)
const another = (name: string, at = 1_000) => rename(name, { stream: 'tally.count-2', at })

/** Lets the test go on when something is reached, and what reached it only when the test says so. */
const barrier = () => {
  let reach = (): void => undefined
  let open = (): void => undefined
  const reached = new Promise<void>((resolve) => (reach = resolve))
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { reached, open, arrive: () => (reach(), opened) }
}

type Pair = { readonly names: readonly string[] }
/** Holds several names at once. */
const pairDecider: Decider<Pair, readonly string[]> = {
  initial: { names: [] },
  stateVersion: 1,
  evolve: (_, { data }) => ({ names: data.names as readonly string[] }),
  decide: (names) => E.right([{ type: 'Named', data: { names } }]),
  claims: ({ names }) =>
    names.map((value) => ({ kind: 'pair', value, onTaken: rejection('Conflict', 'name_taken') })),
  subject: (stream) => stream,
}

test('a command that finds its stream moved does not give up a name that the stream has by now', async (t) => {
  const second = barrier()
  let claims = 0
  const { engine } = setup({
    gate: (stream) => (stream.startsWith('claim-') && ++claims === 2 ? second.arrive() : undefined),
  })
  const slow = engine.execute(request(pairDecider, ['a', 'b']))()
  await second.reached
  t.true(E.isRight(await engine.execute(request(pairDecider, ['a']))()))
  second.open()
  t.true(E.isRight(await slow))
  const taken = await engine.execute(request(pairDecider, ['a'], { stream: 'tally.count-2' }))()
  t.like(taken, { _tag: 'Left', left: { kind: 'Conflict' } })
})

test('a name that is given up and had again at the same moment stays with its stream', async (t) => {
  const giving = barrier()
  let armed = false
  const { engine } = setup({
    gate: (_, [event]) => (armed && event?.type === 'ClaimReleased' ? giving.arrive() : undefined),
  })
  await engine.execute(rename('ada'))()
  armed = true
  const away = engine.execute(rename('bea'))()
  await giving.reached
  armed = false
  t.true(E.isRight(await engine.execute(rename('ada'))()))
  giving.open()
  t.true(E.isRight(await away))
  t.like(await engine.execute(another('ada'))(), { left: { kind: 'Conflict' } })
  t.true(E.isRight(await engine.execute(another('bea'))()))
})

test('a name is no orphan because this node has not heard of its holder for a while', async (t) => {
  const { engine, newEngine } = setup()
  await engine.execute(rename('ada'))()
  await newEngine().execute(rename('bea'))()
  t.like(await engine.execute(another('bea', 1_000 + CLAIM_ORPHAN_MS))(), { left: { kind: 'Conflict' } })
})

test('an append that throws leaves no optimistic state behind and ends nothing but its command', async (t) => {
  let broken = true
  const { engine, raw } = setup({
    gate: () => {
      if (broken) throw new TypeError('cannot seal this')
      return undefined
    },
  })
  await t.throwsAsync(engine.execute(tally({ type: 'Add', by: 3 }))(), { message: 'cannot seal this' })
  broken = false
  t.like(await engine.execute(tally({ type: 'Add', by: 4 }))(), { right: { state: { count: 4 } } })
  t.is(await raw.head(), 1n)
})

test('a repetition beside a command that fails is not told that it was done', async (t) => {
  const first = barrier()
  let refuse = true
  const { engine, raw, newEngine } = setup()
  const failing = newEngine(undefined, {
    ...raw,
    append: (stream, expected, events) => async () => {
      if (!refuse) return raw.append(stream, expected, events)()
      await first.arrive()
      return E.left({ _tag: 'Unavailable', reason: 'down' })
    },
  })
  const once = tally({ type: 'Add', by: 3 })
  const original = failing.execute(once)()
  await first.reached
  refuse = false
  first.open()
  const repetitions: Promise<E.Either<unknown, { readonly position: bigint }>>[] = []
  for (let turn = 0; turn < 30; turn++) {
    repetitions.push(failing.execute(once)())
    await Promise.resolve()
  }
  t.true(E.isLeft(await original))
  for (const answer of await Promise.all(repetitions)) t.like(answer, { right: { position: 1n } })
  t.is((await engine.load('tally.count-1', tallyDecider)).state.count, 3)
})

test('what was found out by a slow look at the state is not used on another state', async (t) => {
  const look = barrier()
  const { engine } = setup()
  await engine.execute(tally({ type: 'Add', by: 1 }))()
  const seen: number[] = []
  const doubling = engine.execute(
    request(tallyDecider, async ({ count }: Tally) => {
      seen.push(count)
      if (seen.length === 1) await look.arrive()
      return { type: 'Add', by: count } as const
    }),
  )()
  await look.reached
  await engine.execute(tally({ type: 'Add', by: 10 }))()
  look.open()
  t.like(await doubling, { right: { state: { count: 22 } } })
  t.deepEqual(seen, [1, 11])
})

test('a refusal, or that nothing changes, is told only when the documents show why', async (t) => {
  let isShown = true
  const { engine } = setup({ shown: () => isShown })
  await engine.execute(tally({ type: 'Close' }))()
  isShown = false
  t.like(await engine.execute(tally({ type: 'Add', by: 0 }))(), { left: { reason: 'documents_late' } })
})

test('a snapshot of events that the history does not have is not believed', async (t) => {
  const { engine, documents, newEngine } = setup()
  for (let n = 0; n < SNAPSHOT_EVERY_EVENTS + 5; n++) await engine.execute(tally({ type: 'Add', by: 1 }))()
  await snapshotted(documents, 'tally.count-1')
  // The history was put back to an older copy, the documents were not.
  const older = memoryHistory()
  await append(older, 'other.thing-1', newEvent('Nothing'))
  const after = newEngine(undefined, older)
  t.like(await after.execute(tally({ type: 'Add', by: 2 }))(), { right: { state: { count: 2 } } })
})

test('a snapshot of a user cannot be read without the key of the user', (t) => {
  t.is(
    storesDecider('users').subject?.('stores.users-0123456789abcdef01234567'),
    'stores.user-0123456789abcdef01234567',
  )
  t.is(storesDecider('labels').subject?.('stores.labels-0123456789abcdef01234567'), undefined)
})

test('states of large entities do not fill the memory', async (t) => {
  const { engine } = setup()
  const text = 'x'.repeat(800_000)
  const names: Decider<readonly string[], string> = {
    initial: [],
    stateVersion: 1,
    evolve: (_, { data }) => [data.text as string],
    decide: (text) => E.right([{ type: 'Written', data: { text } }]),
  }
  const read = { count: 0 }
  const counting = {
    ...names,
    evolve: (...[state, fact]: Parameters<typeof names.evolve>) => (read.count++, names.evolve(state, fact)),
  }
  const streams = Math.ceil((STATE_CACHE_CHARACTERS_MAX / text.length) * 1.2)
  for (let n = 0; n < streams; n++)
    await engine.execute(request(names, text, { stream: `tally.text-${n}` }))()
  for (const [n, reads] of [
    [0, 1],
    [streams - 1, 0],
  ] as const) {
    read.count = 0
    t.deepEqual((await engine.load(`tally.text-${n}`, counting)).state, [text])
    t.is(read.count, reads)
  }
})
