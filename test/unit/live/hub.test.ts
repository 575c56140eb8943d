/**
 * Proves the promises of the live hub against a history in an array whose subscription can be broken at will and documents that
 * lag behind it: release only after the documents, order, at most once, resume without gap or repeat, feeds that are independent.
 */
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import fc from 'fast-check'
import type { Feed } from '../../../src/live/feed.ts'
import { startHub } from '../../../src/live/hub.ts'
import { event, feed, listen, rig, settled } from './rig.ts'
import { processorMs } from '../../support/waiting.ts'

test('an event reaches the listeners with any of its topics, once each, in order', async (t) => {
  const { hub, append } = rig(t)
  const a = listen(hub, ['a'])
  const ab = listen(hub, ['a', 'b'])
  const c = listen(hub, ['c'])
  append(['a', 'b'], ['b'], ['x'], ['b', 'a', 'b'])
  await settled(() => ab.got.length === 3)
  t.deepEqual(a.got, [1, 4])
  t.deepEqual(ab.got, [1, 2, 4])
  t.deepEqual(c.got, [])
})

test('nothing is released before the documents show it', async (t) => {
  const { hub, append, lag, catchUp } = rig(t)
  const a = listen(hub, ['a'])
  lag(0n)
  append(['a'], ['a'])
  await pause(20)
  t.deepEqual(a.got, [])
  lag(1n)
  await pause(20)
  t.deepEqual(a.got, [], 'the page is released when its last event is shown')
  catchUp()
  await settled(() => a.got.length === 2)
  t.deepEqual(a.got, [1, 2])
})

test('what was shown before a listener came is not replayed; what comes after is not lost', async (t) => {
  const { hub, append } = rig(t)
  append(['a'], ['a'])
  const first = listen(hub, ['a'])
  append(['a'])
  await settled(() => first.got.length === 1)
  const second = listen(hub, ['a'])
  append(['a'])
  await settled(() => second.got.length === 1)
  t.deepEqual(first.got, [3, 4])
  t.deepEqual(second.got, [4])
})

test('topics can change and a stopped listener gets nothing more', async (t) => {
  const { hub, append } = rig(t)
  const a = listen(hub, ['a'])
  const b = listen(hub, ['b'])
  append(['a'])
  await settled(() => a.got.length === 1)
  a.setTopics(['b'])
  append(['a'], ['b'])
  await settled(() => a.got.length === 2)
  t.deepEqual(a.got, [1, 3])
  a.stop()
  a.setTopics(['b'])
  append(['b'])
  await settled(() => b.got.length === 2)
  t.deepEqual(a.got, [1, 3])
  t.deepEqual(b.got, [3, 4])
})

test('a listener that stops inside its delivery gets no further message of the same event', async (t) => {
  const { hub, append } = rig(t)
  const twice: Feed<number> = { ...feed, render: () => [1, 2] }
  const got: number[] = []
  const listening = hub.listen(twice, {
    topics: ['a'],
    deliver: (message) => {
      got.push(message)
      listening.stop()
    },
  })
  const other = listen(hub, ['a'], twice)
  append(['a'])
  await settled(() => other.got.length === 2)
  t.deepEqual(got, [1])
})

test('events are rendered once, only for somebody, and an asynchronous render keeps the order', async (t) => {
  const { hub, append } = rig(t)
  const rendered: bigint[] = []
  const slow: Feed<number> = {
    ...feed,
    render: async ({ position }) => {
      rendered.push(position)
      await pause(position % 2n === 1n ? 10 : 0)
      return [Number(position)]
    },
  }
  const all = [listen(hub, ['a'], slow), listen(hub, ['a'], slow)]
  append(['a'], ['nobody'], ['a'], ['a'])
  await settled(() => all.every(({ got }) => got.length === 3))
  t.deepEqual(rendered, [1n, 3n, 4n])
  for (const { got } of all) t.deepEqual(got, [1, 3, 4])
})

test('a render, topics or a listener that throws costs that event alone', async (t) => {
  const { hub, append, warnings } = rig(t)
  const faulty: Feed<number> = {
    prefixes: feed.prefixes,
    topics: (e) => {
      if (e.position === 2n) throw new Error('topics')
      return feed.topics(e)
    },
    render: (e) => (e.position === 3n ? Promise.reject(new Error('render')) : [Number(e.position)]),
  }
  hub.listen(faulty, {
    topics: ['a'],
    deliver: () => {
      throw new Error('listener')
    },
  })
  const a = listen(hub, ['a'], faulty)
  append(['a'], ['a'], ['a'], ['a'])
  await settled(() => a.got.length === 2)
  t.deepEqual(a.got, [1, 4])
  t.is(warnings.length, 4)
})

test('one feed waiting for its documents holds up no other', async (t) => {
  const events = [event(1n, ['a'], 'stores.labels-1'), event(2n, ['a'], 'cc.dialog-1')]
  async function* subscribe({ prefixes, signal }: { prefixes?: readonly string[]; signal: AbortSignal }) {
    yield {
      events: events.filter((e) => prefixes?.some((p) => e.stream.startsWith(p))),
      upTo: 2n,
      caughtUp: true,
    }
    await pause(60_000, undefined, { signal }).catch(() => undefined)
  }
  const hub = startHub({
    history: { subscribe },
    applied: () => 0n,
    reached: (_position, prefixes) =>
      prefixes[0] === 'stores.' ? new Promise(() => undefined) : Promise.resolve(true),
    log: { warn: () => undefined },
  })
  const stuck = listen(hub, ['a'])
  const free = listen(hub, ['a'], { ...feed, prefixes: ['cc.'] })
  await settled(() => free.got.length === 1)
  t.deepEqual(free.got, [2])
  t.deepEqual(stuck.got, [])
  await hub.close()
  t.pass('closing does not wait for documents that never come')
})

test('a broken subscription goes on behind the last released event: no gap, no repeat', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(fc.constant('break' as const), fc.integer({ min: 1, max: 20 })), { maxLength: 12 }),
      async (steps) => {
        const { hub, append, breakOff } = rig(t, 3)
        const a = listen(hub, ['a'])
        let total = 0
        for (const step of steps) {
          if (step === 'break') breakOff()
          else {
            append(...Array.from({ length: step }, () => ['a']))
            total += step
          }
          await nextTurn()
        }
        await settled(() => a.got.length >= total)
        t.deepEqual(
          a.got,
          Array.from({ length: total }, (_, i) => i + 1),
        )
        await hub.close()
      },
    ),
    { numRuns: 30 },
  )
})

test('documents that fail to answer, or do not get there, are asked again', async (t) => {
  let asked = 0
  async function* subscribe({ after, signal }: { after: bigint; signal: AbortSignal }) {
    if (after < 1n) yield { events: [event(1n, ['a'])], upTo: 1n, caughtUp: true }
    await pause(60_000, undefined, { signal }).catch(() => undefined)
  }
  const hub = startHub({
    history: { subscribe },
    applied: () => 0n,
    reached: () => (++asked === 1 ? Promise.reject(new Error('unavailable')) : Promise.resolve(asked === 3)),
    log: { warn: () => undefined },
    retryMs: 1,
  })
  t.teardown(() => hub.close())
  const a = listen(hub, ['a'])
  await settled(() => a.got.length === 1)
  t.is(asked, 3)
  t.deepEqual(a.got, [1])
})

test('without listeners nothing is read, and a new one begins with what is new', async (t) => {
  const { hub, append, read, subscriptions } = rig(t)
  const first = listen(hub, ['a'])
  append(['a'])
  await settled(() => first.got.length === 1)
  first.stop()
  append(['a'])
  await settled(() => read() === 2)
  append(...Array.from({ length: 50 }, () => ['a']))
  await pause(10)
  t.is(read(), 2, 'the event that found nobody was the last one')
  const second = listen(hub, ['a'])
  append(['a'])
  await settled(() => second.got.length === 1)
  t.deepEqual(second.got, [53])
  t.deepEqual(first.got, [1])
  t.is(subscriptions(), 2)
})

test('leaving and joining while it falls asleep never delivers twice', async (t) => {
  const { hub, append } = rig(t, 2)
  for (let round = 0; round < 50; round++) {
    const a = listen(hub, ['a'])
    append(['a'], ['a'], ['a'])
    for (let turns = round % 4; turns > 0; turns--) await Promise.resolve()
    a.stop()
    append(['a'])
    for (let turns = round % 7; turns > 0; turns--) await Promise.resolve()
    const b = listen(hub, ['a'])
    append(['a'])
    await settled(() => b.got.length > 0 && b.got.at(-1) === (round + 1) * 5)
    t.deepEqual(
      [...new Set(b.got)].sort((x, y) => x - y),
      b.got,
    )
    b.stop()
  }
})

test('after closing nothing is delivered', async (t) => {
  const { hub, append } = rig(t)
  const a = listen(hub, ['a'])
  await hub.close()
  append(['a'])
  await pause(10)
  t.deepEqual(a.got, [])
})

test('an event costs by those who get it: 20,000 other listeners do not slow it down', async (t) => {
  const costOf = async (others: number): Promise<number> => {
    const { hub, append } = rig(t, 100)
    for (let i = 0; i < others; i++) listen(hub, [`u:${i}`, 'g:other'])
    const a = listen(hub, ['a'])
    const spent = await processorMs(async () => {
      append(...Array.from({ length: 2_000 }, () => ['a', 'b']))
      while (a.got.length < 2_000) await nextTurn()
    })
    return spent / 2_000
  }
  const alone: number[] = []
  const crowded: number[] = []
  for (let round = 0; round < 6; round++) {
    alone.push(await costOf(0))
    crowded.push(await costOf(20_000))
  }
  const [one, many] = [Math.min(...alone), Math.min(...crowded)]
  t.log(`${(one * 1_000).toFixed(1)} µs an event alone, ${(many * 1_000).toFixed(1)} µs beside 20,000 others`)
  t.true(many < 5 * one + 0.02)
})
