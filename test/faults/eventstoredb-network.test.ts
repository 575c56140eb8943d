/**
 * Proves with a proxy between adapter and stand-in that what the network does (connections that are cut, reset after the request, or go
 * silent without ending) neither loses nor doubles an append, and that a follower notices and goes on where it was.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { openEventStoreHistory } from '../../src/history/eventstoredb/history.ts'
import type { Expected, History, StoredEvent } from '../../src/history/port.ts'
import { EVENTSTORE_SILENCE_MS, EVENTSTORE_STALL_MS } from '../../src/limits.ts'
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
} from '../support/history.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'

/** How late a busy machine may be with what comes at once on another. */
const LATE_MS = 30_000

type Given = {
  readonly proxy: TcpProxy
  /** Past the proxy. */
  readonly direct: History
  readonly history: History
}

const given = async (t: ExecutionContext): Promise<Given> => {
  const { store, history: direct } = await givenStore(t)
  const proxy = await startTcpProxy({ port: store.port })
  const history = openEventStoreHistory({ url: `esdb://127.0.0.1:${proxy.port}?tls=false` })
  t.teardown(async () => {
    await history.close()
    await proxy.close()
  })
  return { proxy, direct, history }
}

test('a follower whose connection has become a black hole notices, and goes on where it was', async (t) => {
  const { proxy, direct, history } = await given(t)
  const abort = new AbortController()
  const seen: StoredEvent[] = []
  let caughtUp = false
  const follow = async (): Promise<void> => {
    for await (const delivery of history.subscribe({ after: 0n, signal: abort.signal })) {
      seen.push(...delivery.events)
      caughtUp = delivery.caughtUp
    }
  }
  const until = async (isSo: () => boolean, ms: number): Promise<void> => {
    const end = Date.now() + ms
    while (!isSo() && Date.now() < end) await sleep(20)
    t.true(isSo())
  }
  const followed = follow()
  await appended(direct, 'h-1', 'none', numbered(1))
  await until(() => seen.length === 1 && caughtUp, LATE_MS)
  proxy.stall()
  await appended(direct, 'h-1', 0n, numbered(2, 1))
  await until(() => !caughtUp, EVENTSTORE_SILENCE_MS * 2 + EVENTSTORE_STALL_MS + LATE_MS)
  t.is(seen.length, 1)
  proxy.restore({ drop: true })
  await appended(direct, 'h-1', 2n, numbered(1, 3))
  await until(() => seen.length === 4 && caughtUp, LATE_MS)
  abort.abort()
  await inTime(followed, LATE_MS)
  t.deepEqual(numbersOf(seen), [0, 1, 2, 3])
})

test('cut and healed again and again, the network neither doubles nor loses an append', async (t) => {
  const { proxy, direct, history } = await given(t)
  const follower = following(history, { after: 0n })
  let running = true
  const write = async (writer: number): Promise<number> => {
    let expected: Expected = 'none'
    let n = 0
    for (; running; n++) {
      expected = (await appendedAtLast(history, `n-${writer}`, expected, numbered(1, n))).place.revision
    }
    return n
  }
  const writing = range(0, 16).map(write)
  for (const _ of range(0, 8)) {
    await sleep(150)
    proxy.cut()
    await sleep(50)
    proxy.restore()
    await sleep(100)
    proxy.resetAfterRequest(() => true)
  }
  await sleep(300)
  running = false
  const counts = await inTime(Promise.all(writing), 60_000)
  const all = await collect(direct.readAll({ after: 0n }))
  for (const [writer, count] of counts.entries()) {
    const events = all.filter(({ stream }) => stream === `n-${writer}`)
    t.deepEqual(numbersOf(events), range(0, count))
  }
  await follower.count(all.length)
  await follower.stop()
  t.deepEqual(idsOf(follower.events()), idsOf(all))
})
