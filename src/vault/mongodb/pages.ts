import type { Collection, Filter } from 'mongodb'
import { VAULT_PAGE_ENTRIES } from '../../limits.ts'
import { reaching } from './turns.ts'

/** All documents in order of `_id`, in pages that are read when they are asked for, each with a request of its own. */
export async function* pagesOf<D extends { readonly _id: string }>(
  collection: Collection<D>,
): AsyncGenerator<readonly D[], void> {
  for (let after = ''; ;) {
    // A condition on `_id` fits every document that has a text there, which the driver's types cannot tell.
    const behind = { _id: { $gt: after } } as unknown as Filter<D>
    const found = await reaching(() =>
      collection
        .find<D>(behind, { sort: { _id: 1 }, limit: VAULT_PAGE_ENTRIES, batchSize: VAULT_PAGE_ENTRIES + 1 })
        .toArray(),
    )
    if (found.length > 0) yield found
    const last = found.at(-1)
    if (last === undefined || found.length < VAULT_PAGE_ENTRIES) return
    after = last._id
  }
}
