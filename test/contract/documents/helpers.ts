import type { ExecutionContext } from 'ava'
import type { JsonObject } from '../../../src/json.ts'
import type {
  Document,
  Documents,
  Filter,
  FindOptions,
  Scanned,
  Update,
  Write,
} from '../../../src/documents/port.ts'

/** One promise of the port. The collection is the case's own; checkpoints are to be named after it. */
export type Case = readonly [
  name: string,
  run: (t: ExecutionContext, documents: Documents, collection: string) => Promise<void>,
]

export const put = (collection: string, id: string, at: number, value: JsonObject): Write => ({
  collection,
  id,
  at: BigInt(at),
  put: value,
})

export const update = (collection: string, id: string, at: number, changes: Update): Write => ({
  collection,
  id,
  at: BigInt(at),
  update: changes,
})

export const remove = (collection: string, id: string, at: number): Write => ({
  collection,
  id,
  at: BigInt(at),
  delete: true,
})

/** Stores documents in the order given, each at a position of its own. */
export const fill = async (
  documents: Documents,
  collection: string,
  values: readonly (JsonObject & { readonly _id: string })[],
  from = 1,
): Promise<void> =>
  documents.apply(
    values.map((value, index) => put(collection, value._id, from + index, value)),
    [],
  )

export const found = async (
  documents: Documents,
  collection: string,
  filter: Filter = {},
  options: FindOptions = {},
): Promise<readonly Document[]> => {
  const all: Document[] = []
  for await (const page of documents.find(collection, filter, options)) all.push(...page)
  return all
}

export const ids = async (
  documents: Documents,
  collection: string,
  filter: Filter = {},
  options: FindOptions = {},
): Promise<readonly string[]> => (await found(documents, collection, filter, options)).map(({ _id }) => _id)

export const scanned = async (
  documents: Documents,
  collection: string,
  after?: string,
): Promise<readonly Scanned[]> => {
  const all: Scanned[] = []
  for await (const page of documents.scan(collection, after)) all.push(...page)
  return all
}
