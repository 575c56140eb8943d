/**
 * When a projection counts as standing still or late, with a clock and marks that the test moves: a look every second, as the process does, and
 * nothing concluded from time in which nobody looked.
 */
import test from 'ava'
import { PROJECTION_LATE_MS_MAX, PROJECTION_STILL_MS_MAX, PROJECTIONS_LOOK_MS } from '../../../src/limits.ts'
import { NO_PACES, paced, slowness, type Paces } from '../../../src/operating/standstill.ts'

type World = { head: bigint; position: bigint; follows?: boolean }

/** Looks so often; `step` moves the world before each look. */
const looking = (world: World, step: (n: number) => void = () => undefined) => {
  let paces: Paces = NO_PACES
  let at = 1_000_000
  return {
    look: (times: number) => {
      for (let n = 0; n < times; n += 1) {
        at += PROJECTIONS_LOOK_MS
        step(n)
        const mark = { name: 'people', position: world.position, follows: world.follows ?? true }
        paces = paced(paces, { at, head: world.head, marks: [mark] })
      }
      const pace = paces.of.get('people')
      return pace && slowness(pace)
    },
    sleep: (ms: number) => {
      at += ms
    },
    pace: () => paces.of.get('people'),
  }
}

const STILL = PROJECTION_STILL_MS_MAX / PROJECTIONS_LOOK_MS
const LATE = PROJECTION_LATE_MS_MAX / PROJECTIONS_LOOK_MS

test('a mark that does not move while the head does is standing still, until it moves', (t) => {
  const world = { head: 10n, position: 10n }
  const { look, pace } = looking(world)
  look(3)
  world.head = 11n
  t.is(look(STILL), undefined, 'not before its time')
  t.is(look(1), 'stands still at position 10 for 15 s while the history goes on')
  t.is(pace()?.stillMs, PROJECTION_STILL_MS_MAX)
  world.position = 11n
  t.is(look(1), undefined)
  t.like(pace(), { stillMs: 0, lateMs: 0 })
})

test('idle, nothing is late however long it lasts', (t) => {
  const { look, pace } = looking({ head: 10n, position: 10n })
  t.is(look(10_000), undefined)
  t.like(pace(), { stillMs: 0, lateMs: 0 })
})

test('an event after a long silence is not late at once', (t) => {
  const world = { head: 10n, position: 10n }
  const { look, pace } = looking(world)
  look(1_000)
  world.head = 11n
  t.is(look(1), undefined)
  t.like(pace(), { stillMs: 0, lateMs: 0 })
})

test('one that is always a little behind a busy history is neither', (t) => {
  const world = { head: 100n, position: 95n }
  const { look } = looking(world, () => {
    world.position = world.head - 5n
    world.head += 50n
  })
  t.is(look(1_000), undefined)
})

test('one that moves and does not keep up is late', (t) => {
  const world = { head: 1_000_000n, position: 10n }
  const { look, pace } = looking(world, () => {
    world.position += 10n
    world.head += 100n
  })
  t.is(look(LATE), undefined)
  t.is(look(1), 'shows events 30 s late')
  t.is(pace()?.stillMs, 0)
})

test('one that is late stays so until it shows what has come meanwhile', (t) => {
  const world = { head: 0n, position: 0n }
  const { look, pace } = looking(world, () => {
    world.position += 10n
    world.head += 100n
  })
  look(1_000)
  // What it shows now came at look 100.
  const late = pace()?.lateMs ?? 0
  t.true(late > 885 * PROJECTIONS_LOOK_MS && late <= 900 * PROJECTIONS_LOOK_MS, String(late))
  for (let n = 0; n < 3_000; n += 1) t.regex(look(1) ?? '', /^shows events \d+ s late$/)
  world.position = world.head - 100n
  t.is(look(1), undefined)
})

test('a machine that slept has to be looked at anew', (t) => {
  const world = { head: 10n, position: 10n }
  const { look, sleep } = looking(world)
  look(3)
  world.head = 20n
  look(STILL - 1)
  sleep(8 * 60 * 60_000)
  t.is(look(STILL), undefined, 'the time before and during the sleep does not count')
  t.regex(look(1) ?? '', /stands still/)
})

test('one that is being built, or has stopped, is not judged, and has its whole time afterwards', (t) => {
  const world = { head: 10n, position: 1n, follows: false }
  const { look, pace } = looking(world)
  t.is(look(100), undefined)
  t.is(pace(), undefined)
  world.follows = true
  t.is(look(STILL), undefined)
  t.regex(look(1) ?? '', /stands still/)
})
