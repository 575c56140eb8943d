import { projectFields } from '../../documents/fields.ts'
import { compileFilter } from '../../documents/filter.ts'
import { orderOf } from '../../documents/order.ts'
import type { Document, Filter, FindOptions } from '../../documents/port.ts'
import type { Reader } from '../../queries/reader.ts'

/** Lists what is no collection, a few entities that are in memory anyway, with every selector of rightech 2. */
export const readerOf = (documents: readonly Document[]): Reader => {
  const matching = (filter: Filter): readonly Document[] => documents.filter(compileFilter(filter))
  return {
    get: (_collection, id) => {
      const value = documents.find(({ _id }) => _id === id)
      return Promise.resolve(value && { at: 0n, value })
    },
    find: (_collection, filter, options) => onePage(ordered(matching(filter), options)),
    count: (_collection, filter) => Promise.resolve(matching(filter).length),
  }
}

const ordered = (found: readonly Document[], options: FindOptions = {}): readonly Document[] => {
  const { skip = 0, limit = Infinity } = options
  const order = orderOf(options.sort)
  return found
    .map((value) => ({ value, by: order.sortable(value) }))
    .sort((a, b) => order.compare(a.by, b.by))
    .slice(skip, skip + limit)
    .map(({ value }) => projectFields(options.fields)(value))
}

async function* onePage(page: readonly Document[]): AsyncGenerator<readonly Document[]> {
  yield await Promise.resolve(page)
}
