import { DOCUMENTS_PAGE } from '../../limits.ts'
import type { Sortable } from '../order.ts'
import type { Document } from '../port.ts'
import { entriesOf, merge, type Entry } from './cursor.ts'
import { refuseEnded } from './engine.ts'
import { encodeId } from './keys.ts'
import { documentAt, FORWARDS, SLICE_MS, type Search } from './search.ts'
import { breathe } from './store.ts'

/**
 * For an order that no index has: reads everything that may match and keeps what it is sorted by, or with a limit only the first
 * of that. The documents of a page are read when it is asked for, and left out if they have ceased to match meanwhile.
 */
export async function* sortedPages(search: Search): AsyncGenerator<readonly Document[]> {
  const { order, skip, limit, source, matches, project, engine } = search
  const runs = await gather(search)
  const sorted = merge(
    runs.map((run) => run.values()),
    (a, b) => order.compare(a, b),
  )
  let place = 0
  let page: Document[] = []
  for (const { id } of sorted) {
    if (place++ < skip) continue
    const document = documentAt(source, encodeId(id))
    if (document && matches(document)) page.push(project(document))
    if (page.length === DOCUMENTS_PAGE) {
      yield page
      page = []
      await breathe()
      refuseEnded(engine)
    }
    if (place - skip >= limit) break
  }
  if (page.length > 0) yield page
}

/** So many are sorted at once; sorted runs are merged when they are read. */
const RUN = 4_000

/** Up to this many the best are kept, beyond it everything. */
const BEST_MAX = 10_000

const gather = async (search: Search): Promise<readonly (readonly Sortable[])[]> => {
  const best = search.skip + search.limit
  const kept = best <= BEST_MAX ? keepBest(search, best) : keepAll(search)
  const seen = new Set<string>()
  for (const range of search.source.access.ranges) {
    let after: Entry | undefined
    do {
      after = gatherSlice(search, { range, after, seen, keep: kept.add })
      if (after) await breathe()
      refuseEnded(search.engine)
    } while (after)
  }
  return kept.runs()
}

type Slice = {
  readonly range: Parameters<typeof entriesOf>[1]
  readonly after: Entry | undefined
  readonly seen: Set<string>
  readonly keep: (item: Sortable) => void
}

/** Answers where to go on, if the range was not read to its end. */
const gatherSlice = (search: Search, { range, after, seen, keep }: Slice): Entry | undefined => {
  const { source, matches, order } = search
  const until = performance.now() + SLICE_MS
  let steps = 0
  for (const entry of entriesOf(source.store, range, FORWARDS, after)) {
    if (!seen.has(entry.id)) {
      seen.add(entry.id)
      const document = documentAt(source, entry.id)
      if (document && (source.access.exact || matches(document))) keep(order.sortable(document))
    }
    if (++steps % 8 === 0 && performance.now() > until) return entry
  }
  return undefined
}

type Kept = {
  readonly add: (item: Sortable) => void
  readonly runs: () => readonly (readonly Sortable[])[]
}

const keepBest = ({ order }: Search, count: number): Kept => {
  let items: Sortable[] = []
  let worst: Sortable | undefined
  const settle = (): void => {
    items = items.sort(order.compare).slice(0, count)
    worst = items.length === count ? items.at(-1) : undefined
  }
  return {
    add: (item) => {
      if (worst && order.compare(item, worst) >= 0) return
      items.push(item)
      if (items.length > 2 * count + 200) settle()
    },
    runs: () => {
      settle()
      return [items]
    },
  }
}

const keepAll = ({ order }: Search): Kept => {
  const runs: Sortable[][] = []
  let run: Sortable[] = []
  const settle = (): void => {
    runs.push(run.sort(order.compare))
    run = []
  }
  return {
    add: (item) => {
      run.push(item)
      if (run.length >= RUN) settle()
    },
    runs: () => {
      settle()
      return runs
    },
  }
}
