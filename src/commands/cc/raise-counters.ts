import type { Reader } from '../../queries/reader.ts'
import type { Vault } from '../../vault/port.ts'

/**
 * Numbers that a vault of an earlier time would give again are passed over at the start (decisions 11); those that no document shows any more
 * cost a few tries (see `numbers.ts`). The documents have to have caught up.
 */
export const raiseCounters = async (
  vault: Pick<Vault, 'raise'>,
  reader: Pick<Reader, 'find'>,
  app: number,
): Promise<void> => {
  for (const { counter, collection } of NUMBERED) {
    for await (const [last] of reader.find(collection, { app }, { sort: [['id', -1]], limit: 1 })) {
      const id = last?.['id']
      if (typeof id === 'number') await vault.raise(`${counter}-${app}`, BigInt(id))
    }
  }
}

/** Whose documents have an index of `app` and `id`. */
const NUMBERED = [
  { counter: 'cc.user', collection: 'cc_users' },
  { counter: 'cc.blob', collection: 'cc_blobs' },
  { counter: 'cc.subscription', collection: 'cc_subscriptions' },
] as const
