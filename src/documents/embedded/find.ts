import { DOCUMENTS_PAGE } from '../../limits.ts'
import { projectFields } from '../fields.ts'
import { compileFilter, type Matches } from '../filter.ts'
import { orderOf } from '../order.ts'
import type { Document, Filter, FindOptions } from '../port.ts'
import { wantedOf } from './access.ts'
import type { Entry } from './cursor.ts'
import { collectionNow, refuseEnded, type Engine } from './engine.ts'
import { sortedPages } from './gather.ts'
import { planFor } from './plan.ts'
import { documentAt, FORWARDS, SLICE_MS, stepsOf, type Search } from './search.ts'
import { breathe } from './store.ts'

export async function* find(
  engine: Engine,
  name: string,
  filter: Filter,
  options: FindOptions = {},
): AsyncGenerator<readonly Document[]> {
  const matches = compiledOnDemand(filter)
  const collection = collectionNow(engine, name)
  const { skip = 0, limit = Infinity } = options
  if (!collection || limit <= 0) return
  const { store } = engine
  const access = planFor(store, collection, filter, options)
  const direction = wantedOf(options.sort)?.direction ?? FORWARDS
  const search: Search = {
    engine,
    source: { store, collection, access, direction },
    matches,
    order: orderOf(options.sort),
    project: projectFields(options.fields),
    skip,
    limit,
  }
  yield* access.ordered ? pagesInOrder(search) : sortedPages(search)
}

/** What an index answers exactly needs no look at the documents, and compiling costs more than finding a page. */
const compiledOnDemand = (filter: Filter): Matches => {
  let compiled: Matches | undefined
  return (document) => (compiled ??= compileFilter(filter))(document)
}

/** Pages as the index gives them: each goes on behind the last entry of the one before. */
async function* pagesInOrder(search: Search): AsyncGenerator<readonly Document[]> {
  const reading: Reading = {
    after: undefined,
    skip: search.skip,
    left: search.limit,
    found: [],
  }
  for (;;) {
    refuseEnded(search.engine)
    const isDone = readSlice(search, reading)
    while (reading.found.length >= (isDone ? 1 : DOCUMENTS_PAGE))
      yield reading.found.splice(0, DOCUMENTS_PAGE)
    if (isDone) return
    await breathe()
  }
}

type Reading = {
  after: Entry | undefined
  skip: number
  left: number
  readonly found: Document[]
}

/** Reads until there is a page, but not for longer than a slice; true at the limit or the end. */
const readSlice = (search: Search, reading: Reading): boolean => {
  const { source } = search
  const until = performance.now() + SLICE_MS
  let steps = 0
  for (const { id, resume } of stepsOf(source, search.order, reading.after)) {
    take(search, reading, id)
    if (resume) reading.after = resume
    if (reading.left <= 0) return true
    const isEnough =
      reading.found.length >= DOCUMENTS_PAGE || (++steps % 8 === 0 && performance.now() > until)
    if (resume && isEnough) return false
  }
  return true
}

const take = ({ source, matches, project }: Search, reading: Reading, id: string): void => {
  const { exact } = source.access
  if (exact && reading.skip > 0) {
    reading.skip--
    return
  }
  const document = documentAt(source, id)
  if (!document || !(exact || matches(document))) return
  if (reading.skip > 0) reading.skip--
  else {
    reading.found.push(project(document))
    reading.left--
  }
}
