import type { Mongo } from '../../mongodb/connection.ts'
import type { Vault } from '../port.ts'
import { blobsOf } from './blobs.ts'
import { countersOf } from './counters.ts'
import { entriesOf } from './entries.ts'

/**
 * The vault in the collections `vault.*` of a MongoDB, or of another server that speaks its protocol: each step is an operation on one
 * document. Reaches for the server at the first use. After `VaultUnavailable` a write may have been done or not; a `take` may have
 * deleted what nobody got. `now` in milliseconds since the Unix epoch: the clocks of several nodes should agree.
 */
export const openMongoVault = (mongo: Mongo, { now }: { readonly now: () => number }): Vault => {
  const { deleteEntries, sweepEntries, holding, ...entries } = entriesOf(mongo, now)
  const { deleteBlobs, sweepUploads, finishDeletions, holding: ofBlobs, ...blobs } = blobsOf(mongo, now)
  const { held, ...counters } = countersOf(mongo)
  return {
    ...entries,
    ...counters,
    ...blobs,
    deleteSubject: async (subject) => {
      await deleteEntries(subject)
      await deleteBlobs(subject)
    },
    sweep: async () => {
      await sweepUploads()
      return sweepEntries()
    },
    /**
     * Completes deletions that died in the middle. The files are the server's: WiredTiger writes over the blocks of what was deleted as it
     * needs them, `compact` would only move what lives, and oplog and backups keep it for as long as the operator set them to.
     */
    rewrite: finishDeletions,
    holding: { ...holding, counters: held, ...ofBlobs },
    /** The connection is whose who opened it. */
    close: () => Promise.resolve(),
  }
}
