import { dataOf, EntityCreated, EntityDeleted } from '../src/domain/stores/events.ts'
import { userSubject } from '../src/domain/stores/names.ts'
import type { Projection } from '../src/projecting/projection.ts'

/**
 * Finds an API token by the SHA-256 of what a request shows (decisions 2). No reply, list or push reads it. Nothing is written
 * of a token whose owner is erased.
 */
export const storesTokens: Projection = {
  name: 'stores-tokens',
  version: 1,
  prefixes: ['stores.tokens-'],
  collections: { stores_tokens_by_hash: { indexes: [{ keys: ['token'] }, { keys: ['_s'] }] } },
  on: {
    EntityCreated: (event) => {
      const { id, doc, sealed } = dataOf(EntityCreated, event)
      const { owner } = doc
      const hash = sealed?.['hash']
      if (typeof hash !== 'string' || typeof owner !== 'string') return []
      const put = { token: id, user: owner, _s: [userSubject(owner)] }
      return [{ collection: 'stores_tokens_by_hash', id: hash, put }]
    },
    EntityDeleted: (event) => {
      const { id } = dataOf(EntityDeleted, event)
      return [{ collection: 'stores_tokens_by_hash', where: { token: id }, delete: true }]
    },
  },
}
