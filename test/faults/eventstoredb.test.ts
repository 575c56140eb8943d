/**
 * Proves with a stand-in server in a process of its own that is killed, restarted, frozen and made to drop what it can drop: appends answer
 * in time and say truly what they know, retries with the same ids write nothing twice, and followers miss and repeat nothing. A rejection
 * that nobody handles fails the run.
 */
import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import test from 'ava'
import { openConnection } from '../../src/history/eventstoredb/connection.ts'
import { makeReads } from '../../src/history/eventstoredb/reads.ts'
import { HistoryUnavailable, type Appended, type Expected } from '../../src/history/port.ts'
import {
  EVENTSTORE_APPEND_MS,
  EVENTSTORE_CONNECT_MS,
  EVENTSTORE_SILENCE_MS,
  EVENTSTORE_STALL_MS,
} from '../../src/limits.ts'
import { appendedAtLast, givenStore } from '../support/eventstore-history.ts'
import {
  appended,
  collect,
  following,
  idsOf,
  inTime,
  numbered,
  numbersOf,
  range,
  refused,
} from '../support/history.ts'

test('an append whose answer is lost is unknown; the same ids again find their place and write nothing', async (t) => {
  const { store, history } = await givenStore(t)
  await appended(history, 'a-1', 'none', numbered(2))
  const events = numbered(2, 2)
  await store.faults.dropNextAnswers(1)
  t.is((await refused(history, 'a-1', 1n, events))._tag, 'Unknown')
  const { place } = await appendedAtLast(history, 'a-1', 1n, events)
  const stored = await collect(history.read('a-1'))
  t.deepEqual(numbersOf(stored), [0, 1, 2, 3])
  t.deepEqual(place, { revision: 3n, position: stored[3]?.position ?? 0n })
})

test('a call that fails takes its appends with it as unknown, and the next ones have a new call', async (t) => {
  const { store, history } = await givenStore(t)
  await appended(history, 'warm-1', 'none', numbered(1))
  await store.faults.delayAnswers(5_000)
  const writing = range(0, 30).map((n) => appendedAtLast(history, `a-${n}`, 'none', numbered(1, n)))
  await sleep(200)
  await store.faults.failBatch()
  await store.faults.delayAnswers(0)
  const answers = await Promise.all(writing)
  t.true(answers.some(({ attempts }) => attempts.includes('Unknown')))
  t.deepEqual(
    numbersOf(await collect(history.readAll({ after: 0n, prefixes: ['a-'] }))).toSorted(byNumber),
    range(0, 30),
  )
})

test('a refusal before the write is no success, a timeout of the server is unknown', async (t) => {
  const { store, history } = await givenStore(t)
  await store.faults.refuseNext(1, 'timeout')
  t.is((await refused(history, 'a-1', 'none', numbered(1)))._tag, 'Unknown')
  await store.faults.refuseNext(1, 'unavailable')
  t.true(['Unknown', 'Unavailable'].includes((await refused(history, 'a-1', 'none', numbered(1)))._tag))
  await appendedAtLast(history, 'a-1', 'none', numbered(1))
  t.is((await collect(history.read('a-1'))).length, 1)
})

test('under kill -9 every answered append is there once, and retries leave each exactly once and in order', async (t) => {
  const { store, history } = await givenStore(t)
  const follower = following(history, { after: 0n, prefixes: ['k-'] })
  let running = true
  let acknowledged = 0
  let unknown = 0
  const places: { readonly stream: string; readonly place: Appended; readonly n: number }[] = []
  const write = async (writer: number): Promise<number> => {
    let expected: Expected = 'none'
    let n = 0
    for (; running; n++) {
      const stream = `k-${writer}`
      const { place, attempts } = await appendedAtLast(history, stream, expected, numbered(1, n))
      unknown += attempts.filter((attempt) => attempt === 'Unknown').length
      acknowledged += 1
      places.push({ stream, place, n })
      expected = place.revision
    }
    return n
  }
  const writing = range(0, 64).map(write)
  for (const round of range(1, 3)) {
    while (acknowledged < round * 200) await sleep(20)
    await store.restart()
  }
  while (acknowledged < 800) await sleep(20)
  running = false
  const counts = await inTime(Promise.all(writing), 60_000)
  t.true(unknown > 0)
  const all = await collect(history.readAll({ after: 0n, prefixes: ['k-'] }))
  t.is(all.length, acknowledged)
  for (const [writer, count] of counts.entries()) {
    const events = all.filter(({ stream }) => stream === `k-${writer}`)
    t.deepEqual(numbersOf(events), range(0, count))
  }
  const there = new Map(all.map((event) => [event.position, event]))
  for (const { stream, place, n } of places) {
    const event = there.get(place.position)
    t.deepEqual([event?.stream, event?.revision, event?.data['n']], [stream, place.revision, n])
  }
  await follower.count(all.length)
  await follower.stop()
  t.deepEqual(idsOf(follower.events()), idsOf(all))
})

test('a follower comes through drops, a stop, a kill and a frozen server without a gap or a repeat', async (t) => {
  const { store, history } = await givenStore(t)
  const followers = [undefined, ['f-1', 'f-3'], ['f-']].map((prefixes) =>
    following(history, { after: 0n, ...(prefixes === undefined ? {} : { prefixes }) }),
  )
  let running = true
  const write = async (writer: number): Promise<void> => {
    let expected: Expected = 'none'
    for (let n = 0; running; n++) {
      const { place } = await appendedAtLast(history, `f-${writer}`, expected, numbered(3, n * 3))
      expected = place.revision
    }
  }
  const writing = Promise.all(range(0, 4).map(write))
  for (const _ of range(0, 15)) {
    await sleep(40)
    await store.faults.dropSubscriptions()
  }
  await store.stop()
  await sleep(500)
  await store.restart()
  await sleep(300)
  await store.restart()
  await sleep(300)
  store.freeze()
  await sleep(3_000)
  store.thaw()
  await sleep(500)
  running = false
  await inTime(writing, 60_000)
  const all = await collect(history.readAll({ after: 0n }))
  for (const [index, follower] of followers.entries()) {
    const wanted = index === 1 ? all.filter(({ stream }) => ['f-1', 'f-3'].includes(stream)) : all
    await follower.count(wanted.length)
    await follower.until(() => follower.deliveries.at(-1)?.caughtUp === true)
    await follower.stop()
    t.deepEqual(idsOf(follower.events()), idsOf(wanted))
  }
})

test('with a frozen server appends and reads answer in time, and go on when it does', async (t) => {
  const { store, history } = await givenStore(t)
  await appended(history, 'z-1', 'none', numbered(1))
  store.freeze()
  const begun = Date.now()
  const append = refused(history, 'z-1', 0n, numbered(1, 1)).then((failure) => ({
    failure,
    ms: Date.now() - begun,
  }))
  const read = t.throwsAsync(collect(history.read('z-1')), { instanceOf: HistoryUnavailable })
  await inTime(read, EVENTSTORE_STALL_MS * 2 + LATE_MS)
  const { failure, ms } = await inTime(append, EVENTSTORE_APPEND_MS + LATE_MS)
  t.is(failure._tag, 'Unknown')
  t.true(ms < EVENTSTORE_APPEND_MS + LATE_MS)
  const next = Date.now()
  t.is((await refused(history, 'z-2', 'none', numbered(1)))._tag, 'Unavailable')
  t.true(Date.now() - next < EVENTSTORE_CONNECT_MS + LATE_MS)
  store.thaw()
  await inTime(appendedAtLast(history, 'z-3', 'none', numbered(1)), LATE_MS)
  t.is((await collect(history.read('z-3'))).length, 1)
})

test('who still holds a connection that another one gave up is told that the store is away', async (t) => {
  const { store } = await givenStore(t)
  const connection = openConnection(store.url)
  t.teardown(connection.close)
  const { head } = makeReads(connection)
  const link = await connection.link()
  t.is(await head(link), 0n)
  link.abandon()
  const isTold = (): Promise<boolean> =>
    head(link).then(
      () => false,
      (error: unknown) => error instanceof HistoryUnavailable,
    )
  const end = performance.now() + LATE_MS
  while (!(await isTold())) if (performance.now() > end) return t.fail()
  t.is(await head(await connection.link()), 0n)
})

test('a server that is away is unavailable at once, and taken back without reopening', async (t) => {
  const { store, history } = await givenStore(t)
  await store.kill()
  const waits: number[] = []
  for (const _ of range(0, 5)) {
    const begun = performance.now()
    t.is((await refused(history, 'w-1', 'none', numbered(1)))._tag, 'Unavailable')
    waits.push(performance.now() - begun)
  }
  t.true(Math.min(...waits) < EVENTSTORE_CONNECT_MS / 2, 'none waits for a connection')
  await t.throwsAsync(collect(history.read('w-1')), { instanceOf: HistoryUnavailable })
  await t.throwsAsync(history.head(), { instanceOf: HistoryUnavailable })
  const follower = following(history, { after: 0n })
  const first = follower.count(1)
  await sleep(1_000)
  await store.restart()
  await inTime(appendedAtLast(history, 'w-1', 'none', numbered(1)), LATE_MS)
  await inTime(first, LATE_MS)
  await follower.stop()
  t.deepEqual(numbersOf(follower.events()), [0])
})

test('an abort ends a subscription while the server is away', async (t) => {
  const { store, history } = await givenStore(t)
  await appended(history, 'x-1', 'none', numbered(1))
  const early = following(history, { after: 0n })
  await early.count(1)
  await store.kill()
  const late = following(history, { after: 0n })
  const waiting = [early.until(() => false), late.until(() => false)].map((promise) =>
    promise.catch(() => undefined),
  )
  await sleep(300)
  await inTime(Promise.all([early.stop(), late.stop(), ...waiting]), LATE_MS)
  t.deepEqual(numbersOf(early.events()), [0])
  t.deepEqual(late.events(), [])
})

test('after ten seconds of silence a follower still hears of an append at once', async (t) => {
  const { history } = await givenStore(t)
  const abort = new AbortController()
  const heard: unknown[] = []
  const reached = { end: false }
  const follow = async (): Promise<void> => {
    for await (const delivery of history.subscribe({ after: 0n, signal: abort.signal })) {
      heard.push(...numbersOf(delivery.events))
      reached.end ||= delivery.caughtUp
      if (heard.length > 0) abort.abort()
    }
  }
  const following = follow()
  while (!reached.end) await sleep(20)
  await sleep(10_000)
  t.deepEqual(heard, [])
  await appended(history, 's-1', 'none', numbered(1))
  await inTime(following, LATE_MS)
  t.deepEqual(heard, [0])
})

test('closing answers what is pending and refuses what comes', async (t) => {
  const { store, history } = await givenStore(t)
  await appended(history, 'c-1', 'none', numbered(1))
  const follower = following(history, { after: 0n })
  await follower.until(() => follower.deliveries.at(-1)?.caughtUp === true)
  const waiting = follower.count(3)
  await store.faults.delayAnswers(60_000)
  const pending = refused(history, 'c-2', 'none', numbered(1))
  await sleep(50)
  // Sooner than it would be given up anyway.
  await inTime(history.close(), EVENTSTORE_APPEND_MS - 1_000)
  t.is((await inTime(pending, 500))._tag, 'Unknown')
  await t.throwsAsync(waiting, { instanceOf: HistoryUnavailable })
  t.is((await refused(history, 'c-1', 'any', numbered(1)))._tag, 'Unavailable')
  await t.throwsAsync(collect(history.read('c-1')), { instanceOf: HistoryUnavailable })
  await t.throwsAsync(history.head(), { instanceOf: HistoryUnavailable })
  await history.close()
})

test('a process that has closed its history ends by itself', async (t) => {
  const { store } = await givenStore(t)
  const run = promisify(execFile)(process.execPath, ['dist/tests/support/following-once.js', store.url])
  t.true(Number((await inTime(run, 60_000)).stdout) < EVENTSTORE_SILENCE_MS)
})

/** How late a busy machine may be with what comes at once on another. */
const LATE_MS = 15_000

const byNumber = (a: unknown, b: unknown): number => Number(a) - Number(b)
