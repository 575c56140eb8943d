/**
 * The command engine on long and busy streams, on the memory adapters: how often it looks at a whole state, when it takes snapshots, and what
 * it reads again. What is costly is counted, never timed.
 */
import { randomUUID } from 'node:crypto'
import test from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import { claimChanges } from '../../../src/commands/claims.ts'
import { createEngine, type CommandRequest, type Engine } from '../../../src/commands/engine.ts'
import { moveOn } from '../../../src/commands/slot.ts'
import { createSlots } from '../../../src/commands/slots.ts'
import { createSnapshots, SNAPSHOTS } from '../../../src/commands/snapshots.ts'
import { memoryDocuments } from '../../../src/documents/memory/memory.ts'
import type { Documents } from '../../../src/documents/port.ts'
import type { Claim, Decider } from '../../../src/domain/decider.ts'
import { rejection } from '../../../src/domain/rejection.ts'
import { memoryHistory } from '../../../src/history/memory/memory.ts'
import type { History } from '../../../src/history/port.ts'
import {
  HISTORY_PAGE_EVENTS,
  SNAPSHOT_EVENTS_MAX,
  SNAPSHOT_EVERY_EVENTS,
  STATE_CACHE_CHARACTERS_MAX,
  STATE_CHANGED_SHARE,
} from '../../../src/limits.ts'
import { memoryKeyring } from '../../../src/vault/memory/keyring.ts'
import { append, newEvent } from '../../support/events.ts'
import { snapshotted } from '../../support/snapshots.ts'
import { turns, until } from '../../support/waiting.ts'

/** Counts, and carries something that is heavy and tells when somebody walks through it. */
type Load = { readonly count: number; readonly texts: readonly string[]; readonly probe: object }
type LoadCommand = { readonly add: number } | { readonly text: string }

const loadDecider = (characters: number) => {
  const seen = { walks: 0, evolved: 0 }
  const probe = Object.defineProperty({}, 'x', { enumerable: true, get: () => ++seen.walks })
  const decider: Decider<Load, LoadCommand> = {
    initial: { count: 0, texts: ['x'.repeat(characters)], probe },
    stateVersion: 1,
    evolve: (state, { data }) => {
      seen.evolved++
      if (typeof data.text === 'string') return { ...state, texts: [...state.texts, data.text] }
      return { ...state, count: state.count + 1 }
    },
    decide: (command) =>
      E.right(
        'text' in command
          ? [{ type: 'Written', data: { text: command.text } }]
          : Array.from({ length: command.add }, () => ({ type: 'Added', data: {} })),
      ),
  }
  return { decider, seen }
}

const setup = (over: Partial<History> = {}, documents: Documents = memoryDocuments()) => {
  const raw = memoryHistory()
  const keyring = memoryKeyring()
  const newEngine = (history: History = { ...raw, ...over }): Engine =>
    createEngine({
      history,
      snapshots: createSnapshots(documents, keyring),
      keyring,
      refusal: () => undefined,
      shown: () => Promise.resolve(true),
    })
  return { raw, documents, keyring, newEngine, engine: newEngine() }
}

const request = (
  decider: Decider<Load, LoadCommand>,
  command: LoadCommand,
  stream = 'tally.load-1',
): CommandRequest<Load, LoadCommand> => ({
  stream,
  decider,
  command,
  commandId: randomUUID(),
  actor: 'tally:user:1',
  at: 1_000,
})

test('a large state is not walked through for every command, but now and then', async (t) => {
  const { decider, seen } = loadDecider(40_000)
  const { engine } = setup()
  for (let n = 0; n < 400; n++) await engine.execute(request(decider, { add: 1 }))()
  t.true(seen.walks >= 2 && seen.walks <= 6, String(seen.walks))
})

test('states that grow by many commands do not fill the memory', async (t) => {
  const { decider, seen } = loadDecider(0)
  const { engine } = setup()
  const text = 'x'.repeat(800_000)
  const texts = 8
  const streams = Math.ceil((STATE_CACHE_CHARACTERS_MAX / (texts * text.length)) * 1.2)
  for (let stream = 0; stream < streams; stream++)
    for (let n = 0; n < texts; n++) await engine.execute(request(decider, { text }, `tally.load-${stream}`))()
  for (const [stream, reads] of [
    [0, texts],
    [streams - 1, 0],
  ] as const) {
    seen.evolved = 0
    await engine.load(`tally.load-${stream}`, decider)
    t.is(seen.evolved, reads)
  }
})

test('a state that shrinks is weighed anew after a number of events that depends on its weight alone', async (t) => {
  const { decider } = loadDecider(100_000)
  const { raw, documents, keyring } = setup()
  const slots = createSlots(raw, createSnapshots(documents, keyring))
  const slot = await slots.load('tally.load-1', decider)
  const heavy = slot.weight.characters
  t.true(heavy > 100_000)
  let events = 0
  while (slot.weight.characters === heavy && events < heavy) {
    moveOn(slot, randomUUID(), [newEvent('Shrunk', {})], {})
    slots.weigh('tally.load-1', slot)
    events++
  }
  t.true(slot.weight.characters < 100)
  t.true(events > 1 && events < (heavy * STATE_CHANGED_SHARE) / 64, String(events))
})

test('a light state is snapshotted often, a heavy one when its events weigh as much, and never later than the maximum', async (t) => {
  const snapshotAfter = async (characters: number): Promise<number> => {
    const { decider } = loadDecider(characters)
    const { engine, documents } = setup()
    for (let events = 0; events < 2 * SNAPSHOT_EVENTS_MAX; events += 100) {
      await engine.execute(request(decider, { add: 100 }))()
      await turns(5)
      const found = await documents.get(SNAPSHOTS, 'tally.load-1')
      if (found !== undefined) return Number(found.value.revision) + 1
    }
    return Infinity
  }
  t.is(await snapshotAfter(1_000), SNAPSHOT_EVERY_EVENTS)
  const middle = await snapshotAfter(120_000)
  t.true(middle > 2 * SNAPSHOT_EVERY_EVENTS && middle < SNAPSHOT_EVENTS_MAX, String(middle))
  t.is(await snapshotAfter(3_000_000), SNAPSHOT_EVENTS_MAX)
})

test('a stream that always has a command under way is snapshotted all the same, as far as it is written', async (t) => {
  const { decider } = loadDecider(0)
  let appends = 0
  const raw = memoryHistory()
  const { newEngine, documents } = setup()
  const engine = newEngine({
    ...raw,
    append: (stream, expected, events) =>
      ++appends > SNAPSHOT_EVERY_EVENTS + 5
        ? () => new Promise(() => undefined)
        : raw.append(stream, expected, events),
  })
  // More at once than the commands that a slot remembers.
  const running = Array.from({ length: SNAPSHOT_EVERY_EVENTS + 100 }, () =>
    engine.execute(request(decider, { add: 1 }))(),
  )
  await Promise.all(running.slice(0, SNAPSHOT_EVERY_EVENTS + 5))
  const { revision } = await snapshotted(documents, 'tally.load-1')
  t.true(Number(revision) >= SNAPSHOT_EVERY_EVENTS - 1)
  const reader = loadDecider(0)
  const { state } = await newEngine(raw).load('tally.load-1', reader.decider)
  t.is(state.count, SNAPSHOT_EVERY_EVENTS + 5)
  t.is(reader.seen.evolved, SNAPSHOT_EVERY_EVENTS + 4 - Number(revision))
})

test('a snapshot is not begun while one of the same stream is under way', async (t) => {
  const { decider } = loadDecider(0)
  const memory = memoryDocuments()
  let applied = 0
  let release = (): void => undefined
  const held = new Promise<void>((resolve) => (release = resolve))
  const { engine } = setup(
    {},
    {
      ...memory,
      apply: async (...args) => {
        applied++
        await held
        return memory.apply(...args)
      },
    },
  )
  for (let n = 0; n < 4; n++) {
    await engine.execute(request(decider, { add: SNAPSHOT_EVERY_EVENTS }))()
    await turns(10)
  }
  t.is(applied, 1)
  release()
  await turns(10)
  await engine.execute(request(decider, { add: 1 }))()
  await until(() => applied === 2)
  await turns(10)
  t.is(applied, 2)
  t.is((await memory.get(SNAPSHOTS, 'tally.load-1'))?.value.revision, String(4 * SNAPSHOT_EVERY_EVENTS))
})

test('whoever had to read a long tail leaves a snapshot of it', async (t) => {
  const { decider, seen } = loadDecider(500_000)
  const { raw, documents, engine, newEngine } = setup()
  for (let n = 0; n < SNAPSHOT_EVERY_EVENTS + 10; n += 10)
    await append(raw, 'tally.load-1', ...Array.from({ length: 10 }, () => newEvent('Added', {})))
  await engine.load('tally.load-1', decider)
  t.is((await snapshotted(documents, 'tally.load-1')).revision, String(SNAPSHOT_EVERY_EVENTS + 9))
  seen.evolved = 0
  const { state } = await newEngine().load('tally.load-1', decider)
  t.is(state.count, SNAPSHOT_EVERY_EVENTS + 10)
  t.is(seen.evolved, 0)
})

test('who lost a race reads what the others wrote, and not the stream again', async (t) => {
  const { decider, seen } = loadDecider(0)
  const { engine, newEngine } = setup()
  const other = newEngine()
  for (let n = 0; n < 30; n++) await engine.execute(request(decider, { add: 10 }))()
  await other.execute(request(loadDecider(0).decider, { add: 2 }))()
  seen.evolved = 0
  t.like(await engine.execute(request(decider, { add: 1 }))(), { right: { state: { count: 303 } } })
  // Decided, read, decided again.
  t.is(seen.evolved, 1 + 2 + 1)
})

test('an append that is answered before the one it was decided on is not built upon', async (t) => {
  const { decider } = loadDecider(0)
  const raw = memoryHistory()
  let calls = 0
  let cut = (): void => undefined
  const isCut = new Promise<void>((resolve) => (cut = resolve))
  const { newEngine } = setup()
  const engine = newEngine({
    ...raw,
    append: (stream, expected, events) => async () => {
      if (++calls !== 1) return raw.append(stream, expected, events)()
      // Another node is quicker, the answer is long in coming.
      await append(raw, stream, newEvent('Written', { text: 'theirs' }))
      await isCut
      return raw.append(stream, expected, events)()
    },
  })
  const first = engine.execute(request(decider, { add: 1 }))()
  await until(() => calls === 1)
  await turns(2)
  t.true(E.isRight(await engine.execute(request(decider, { add: 1 }))()))
  t.like((await engine.load('tally.load-1', decider)).state, { count: 1, texts: ['', 'theirs'] })
  cut()
  t.true(E.isRight(await first))
  t.like((await engine.load('tally.load-1', decider)).state, { count: 2, texts: ['', 'theirs'] })
})

test('a repetition answers with all of its events, also while a large append of another node is being read', async (t) => {
  const { decider } = loadDecider(0)
  const raw = memoryHistory()
  let goOn = (): void => undefined
  const isFree = new Promise<void>((resolve) => (goOn = resolve))
  let halfway = (): void => undefined
  const isHalfway = new Promise<void>((resolve) => (halfway = resolve))
  let holding = false
  const { newEngine } = setup()
  const engine = newEngine({
    ...raw,
    read: async function* (stream, options) {
      const isHeld = holding
      holding = false
      for await (const page of raw.read(stream, options)) {
        yield page
        if (!isHeld) continue
        halfway()
        await isFree
      }
    },
  })
  await engine.execute(request(decider, { add: 1 }))()
  await engine.load('tally.load-1', decider)
  const large = request(decider, { add: 2 * HISTORY_PAGE_EVENTS })
  await newEngine(raw).execute(large)()
  holding = true
  const reading = engine.execute(request(decider, { add: 0 }))()
  await isHalfway
  t.like(await engine.execute(large)(), {
    right: {
      state: { count: 2 * HISTORY_PAGE_EVENTS + 1 },
      position: BigInt(2 * HISTORY_PAGE_EVENTS + 1),
      repeated: true,
    },
  })
  goOn()
  t.like(await reading, { right: { state: { count: 2 * HISTORY_PAGE_EVENTS + 1 }, repeated: false } })
})

/** Claims that tell how often somebody looks at one. */
const countedClaims = (count: number) => {
  const seen = { looks: 0 }
  const claims = Array.from({ length: count }, (_, n) => ({
    kind: 'tally-name',
    get value() {
      seen.looks++
      return `name ${n}`
    },
    onTaken: rejection('Conflict', 'name_taken'),
  }))
  return { seen, claims }
}

test('claims that are the same array are not looked at, others once or twice each', (t) => {
  const { seen, claims } = countedClaims(1_000)
  const decider = { ...loadDecider(0).decider, claims: (state: readonly Claim[]) => state }
  t.deepEqual(claimChanges(decider as never, claims, claims), { added: [], dropped: [] })
  t.is(seen.looks, 0)
  const { added, dropped } = claimChanges(decider as never, claims, claims.slice(1))
  t.is(added.length, 0)
  t.deepEqual(dropped, claims.slice(0, 1))
  t.true(seen.looks <= 4 * claims.length + 10, String(seen.looks))
})
