import type { Document, Documents, Filter, FindOptions, Versioned } from '../documents/port.ts'
import type { ReadModels } from '../projecting/read-models.ts'

type Serving = ReadModels['serving']

/** The one read path: documents by their logical collection names, out of the build that serves at this moment. */
export type Reader = {
  readonly get: (collection: string, id: string) => Promise<Versioned | undefined>
  readonly find: (
    collection: string,
    filter: Filter,
    options?: FindOptions,
  ) => AsyncIterable<readonly Document[]>
  readonly count: (collection: string, filter: Filter) => Promise<number>
}

/** Every call throws `DocumentsUnavailable` when the store cannot be reached or its build has not caught up since the start. */
export const createReader = (documents: Documents, serving: Serving): Reader => ({
  get: (collection, id) => whileHeld(serving, collection, (name) => documents.get(name, id)),
  find: (collection, filter, options) =>
    held(serving, collection, (name) => documents.find(name, filter, options)),
  count: (collection, filter) => whileHeld(serving, collection, (name) => documents.count(name, filter)),
})

const whileHeld = async <T>(
  serving: Serving,
  collection: string,
  read: (physical: string) => Promise<T>,
): Promise<T> => {
  const physical = serving.physical(collection)
  const release = serving.hold(physical)
  try {
    return await read(physical)
  } finally {
    release()
  }
}

async function* held(
  serving: Serving,
  collection: string,
  find: (physical: string) => AsyncIterable<readonly Document[]>,
): AsyncIterable<readonly Document[]> {
  const physical = serving.physical(collection)
  const release = serving.hold(physical)
  try {
    yield* find(physical)
  } finally {
    release()
  }
}
