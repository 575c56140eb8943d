import type { Project } from '../fields.ts'
import type { Matches } from '../filter.ts'
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

/** Ids of all documents that match, within one turn or one transaction. */
export const matchingIds = (
  store: Store,
  collection: Collection,
  filter: Filter,
  matches: Matches,
): readonly string[] => {
  const access = planFor(store, collection, filter)
  const source: Source = { store, collection, access, direction: FORWARDS }
  const ids = new Set<string>()
  for (const range of access.ranges) {
    for (const { id } of entriesOf(store, range, FORWARDS)) {
      const document = documentAt(source, id)
      if (document && matches(document)) ids.add(document._id)
    }
  }
  return [...ids]
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
