import { setImmediate as nextTurn } from 'node:timers/promises'
import type { History, Page, StoredEvent } from '../../history/port.ts'
import { HISTORY_TILES_AT_ONCE } from '../../limits.ts'
import { TILE_HASHES } from '../../proofs/merkle.ts'
import { backwardsBetween, forwardsBetween, type Range } from './between.ts'
import { isEverything, selects, tileFilter, type Step, type Wanted } from './selection.ts'
import { walkStream } from './stream.ts'
import type { Covered, Tile, Tiles } from './tiles.ts'

export type Walking = {
  readonly history: Pick<History, 'read' | 'readAll' | 'head'>
  readonly tiles: Tiles | undefined
}

/**
 * Looks for what is wanted among the events that are there when it begins, a page in memory at a time; no read stays open between two
 * steps. `enough`: so many events will do if all of them are wanted.
 */
export async function* walk(walking: Walking, wanted: Wanted, enough = Infinity): AsyncGenerator<Step, void> {
  const { selection, after, before, direction } = wanted
  const head = await walking.history.head()
  const range = { after, upTo: before === undefined || before > head ? head : before - 1n }
  if (range.after >= range.upTo) return
  const hunt: Hunt = {
    ...walking,
    wanted: selects(selection),
    filter: tileFilter(selection),
    most: isEverything(selection) ? enough : Infinity,
  }
  if (selection.stream !== undefined)
    yield* walkStream(walking.history, selection.stream, { ...range, direction, wanted: hunt.wanted })
  else yield* direction === 'forwards' ? forwards(hunt, range) : backwards(hunt, range)
}

type Hunt = Walking & {
  readonly wanted: (event: StoredEvent) => boolean
  readonly filter: ReturnType<typeof tileFilter>
  readonly most: number
}

async function* forwards(hunt: Hunt, range: Range): AsyncGenerator<Step, void> {
  const { tiles } = hunt
  let { after } = range
  const covered = tells(hunt) ? await tiles?.covered() : undefined
  if (tiles !== undefined && covered !== undefined && after < covered.position) {
    const upTo = smaller(range.upTo, covered.position)
    yield* tiledForwards({ ...hunt, tiles, covered }, { after, upTo })
    after = upTo
  }
  for await (const page of forwardsBetween(hunt.history, { after, upTo: range.upTo }, hunt.most))
    yield stepOf(hunt, page, page.at(-1)?.position ?? after)
}

/** Without tiles the history has to be read from somewhere: here they also tell from where. */
async function* backwards(hunt: Hunt, range: Range): AsyncGenerator<Step, void> {
  const { tiles } = hunt
  const covered = await tiles?.covered()
  const end = covered?.position ?? 0n
  const tail = { after: larger(range.after, end), upTo: range.upTo }
  for await (const { events, from } of backwardsBetween(hunt.history, tail, hunt.most))
    yield stepOf(hunt, events, from)
  if (tiles === undefined || covered === undefined || range.after >= end) return
  yield* tiledBackwards({ ...hunt, tiles, covered }, { after: range.after, upTo: smaller(range.upTo, end) })
}

type TiledHunt = Hunt & { readonly tiles: Tiles; readonly covered: Covered }

async function* tiledForwards(hunt: TiledHunt, range: Range): AsyncGenerator<Step, void> {
  const { tiles, covered, filter, history } = hunt
  for (let from = await tiles.indexAt(range.after + 1n); from < covered.tiles;) {
    const to = Math.min(from + HISTORY_TILES_AT_ONCE, covered.tiles)
    for (const tile of await tiles.matching(filter, from, to)) {
      const within = await partOf(tiles, tile, range)
      if (tile.first > range.upTo) return
      for await (const page of forwardsBetween(history, within, TILE_HASHES))
        yield stepOf(hunt, page, page.at(-1)?.position ?? within.upTo)
      await nextTurn()
    }
    const place = smaller(await tiles.endBefore(to), range.upTo)
    yield { events: [], place, looked: to - from }
    if (place >= range.upTo) return
    from = to
  }
}

async function* tiledBackwards(hunt: TiledHunt, range: Range): AsyncGenerator<Step, void> {
  const { tiles, filter, history } = hunt
  const atOnce = tells(hunt) ? HISTORY_TILES_AT_ONCE : FEW_TILES
  for (let to = (await tiles.indexAt(range.upTo)) + 1; to > 0;) {
    const from = Math.max(0, to - atOnce)
    for (const tile of [...(await tiles.matching(filter, from, to))].reverse()) {
      if (tile.last <= range.after) return
      const within = await partOf(tiles, tile, range)
      for await (const { events, from: place } of backwardsBetween(history, within, hunt.most))
        yield stepOf(hunt, events, place)
      await nextTurn()
    }
    const place = await tiles.endBefore(from)
    yield { events: [], place: place + 1n, looked: to - from }
    if (place <= range.after) return
    to = from
  }
}

/** Every tile matches: a page needs one or two. */
const FEW_TILES = 8

const partOf = async (tiles: Tiles, { index, last }: Tile, { after, upTo }: Range): Promise<Range> => ({
  after: larger(after, await tiles.endBefore(index)),
  upTo: smaller(last, upTo),
})

const tells = ({ filter }: Hunt): boolean => Object.keys(filter).length > 0

const stepOf = ({ wanted }: Hunt, events: Page, place: bigint): Step => ({
  events: events.filter(wanted),
  place,
  looked: events.length,
})

const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b)
const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b)
