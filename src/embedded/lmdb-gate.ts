import type { RootDatabase } from 'lmdb'

/** Every turn's first look into an LMDB file goes through it. */
export type Gate = {
  /** Throws if nothing can be read. What is read after it in the same turn is of one snapshot, and complete. */
  readonly pass: () => void
  /** After a refused write: whoever comes now is refused. The first reason stays. */
  readonly shut: (reason: unknown) => void
}

/**
 * After a refused write of its root LMDB lets nobody begin to read, also before the writer is told. lmdb-js then answers a range whose cursor
 * is used again as if nothing were in it, and the text of LMDB's error grows with each further try until it damages the heap. A look-up tells
 * the truth, so one is made first, and none after it was refused.
 */
export const makeGate = (
  root: RootDatabase<Buffer, Buffer>,
  unavailable: (cause: unknown) => Error,
): Gate => {
  let shut: { readonly reason: unknown } | undefined
  return {
    pass: () => {
      if (shut !== undefined) throw unavailable(shut.reason)
      try {
        root.get(NO_KEY)
      } catch (reason) {
        shut = { reason }
        throw unavailable(reason)
      }
    },
    shut: (reason) => void (shut ??= { reason }),
  }
}

/** Of no database. */
const NO_KEY = Buffer.from([0])
