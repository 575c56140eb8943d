import type { Project } from '../fields.ts'
import { compileFilter, type Matches } from '../filter.ts'
import type { Order } from '../order.ts'
import type { Document, Filter } from '../port.ts'
import type { Access, Direction, Range } from './access.ts'
import type { Collection } from './catalogue.ts'
import type { Engine } from './engine.ts'
import { compareEntries, entriesOf, merge, type Entry } from './cursor.ts'
import { hasCut } from './keys.ts'
import { planFor } from './plan.ts'
import { parseDocument, type Store } from './store.ts'

/** Time that a search may keep everybody else in the process waiting. */
export const SLICE_MS = 3

/** What a search reads from. */
export type Source = {
  readonly store: Store
  readonly collection: Collection
  readonly access: Access
  readonly direction: Direction
}

/** A search that was planned. */
export type Search = {
  readonly engine: Engine
  readonly source: Source
  readonly matches: Matches
  readonly order: Order
  readonly project: Project
  readonly skip: number
  readonly limit: number
}

/** An entry and where to go on behind it; without that, entries that belong together are not complete yet. */
export type Step = Entry & { readonly resume: Entry | undefined }

/**
 * The entries of all ranges in the order asked for, each document once, behind `after`. Where long strings were cut for the index the
 * documents decide about their order.
 */
export function* stepsOf(source: Source, order: Order, after?: Entry): IterableIterator<Step> {
  let last = after
  let run: Entry[] = []
  for (const entry of mergedEntries(source, after)) {
    if (last && last.order === entry.order && last.id === entry.id) continue
    last = entry
    if (run[0] && run[0].order !== entry.order) {
      yield* settled(source, order, run)
      run = []
    }
    if (entry.order !== '' && hasCut(entry.order)) run.push(entry)
    else yield { ...entry, resume: entry }
  }
  if (run.length > 0) yield* settled(source, order, run)
}

export const documentAt = ({ store, collection }: Source, id: string): Document | undefined => {
  const record = store.documents.get(collection.prefix + id)
  return record && parseDocument(record.text)
}

/** A search for what is changed by a filter. Whatever is changed meanwhile is changed by that write, so it may be found twice but not missed. */
export type WriteSearch = {
  readonly collection: Collection
  /** Ids of the next documents that match, and none if the time is over before one is found. To be called in a transaction. */
  readonly next: (slice: { readonly atMost: number; readonly until: number }) => readonly string[]
  readonly isDone: () => boolean
}

export const searchToWrite = (store: Store, collection: Collection, filter: Filter): WriteSearch => {
  const matches = compileFilter(filter)
  const access = planFor(store, collection, filter)
  const source: Source = { store, collection, access, direction: FORWARDS }
  let at = 0
  let after: Entry | undefined
  const next: WriteSearch['next'] = ({ atMost, until }) => {
    const ids = new Set<string>()
    let steps = 0
    for (let range = access.ranges[at]; range !== undefined; range = access.ranges[++at]) {
      for (const entry of entriesOf(store, range, FORWARDS, after)) {
        after = entry
        const document = documentAt(source, entry.id)
        if (document && matches(document)) ids.add(document._id)
        if (ids.size >= atMost || (++steps % 8 === 0 && performance.now() > until)) return [...ids]
      }
      after = undefined
    }
    return [...ids]
  }
  return { collection, next, isDone: () => at >= access.ranges.length }
}

export const FORWARDS: Direction = { descending: false, idDescending: false }

const mergedEntries = (source: Source, after?: Entry): IterableIterator<Entry> => {
  const { store, access, direction } = source
  if (access.sequential) {
    return inSequence(
      store,
      direction.descending ? [...access.ranges].reverse() : access.ranges,
      direction,
      after,
    )
  }
  const sources = access.ranges.map((range) => entriesOf(store, range, direction, after))
  return merge(sources, compareEntries(direction))
}

function* inSequence(
  store: Store,
  ranges: readonly Range[],
  direction: Direction,
  after?: Entry,
): IterableIterator<Entry> {
  for (const range of ranges) yield* entriesOf(store, range, direction, after)
}

function* settled(source: Source, order: Order, run: readonly Entry[]): IterableIterator<Step> {
  const sorted = run
    .flatMap((entry) => {
      const document = documentAt(source, entry.id)
      return document ? [{ entry, by: order.sortable(document) }] : []
    })
    .sort((a, b) => order.compare(a.by, b.by))
  for (const [at, { entry }] of sorted.entries()) {
    yield { ...entry, resume: at === sorted.length - 1 ? run.at(-1) : undefined }
  }
}
