import { DocumentsUnavailable } from '../port.ts'
import { catalogueText, loadCatalogue, saveCatalogue, type Catalogue, type Collection } from './catalogue.ts'
import { createHot, type Hot } from './hot.ts'
import type { Store } from './store.ts'

/** What every operation works on. */
export type Engine = {
  readonly store: Store
  readonly readOnly: boolean
  readonly onFatal: ((error: Error) => void) | undefined
  /** Beside a process that writes: goes on in the file that a rewrite put there. */
  readonly follow: (() => void) | undefined
  /** Only the process that writes knows that what it has read is still so. */
  readonly hot: Hot
  catalogue: Catalogue
  /** Why nothing more can be done: it was closed, or a commit failed. */
  ended: Error | undefined
  isClosed: boolean
  /** Batches that take more than one turn, and those behind them. Never rejects. */
  applying: Promise<void> | undefined
  /** Removal of dropped collections, one after the other. */
  purging: Promise<void>
  /** Flushes that are under way: the file must not be closed under them. */
  flushing: Promise<unknown>
  /** Never rejects. */
  rewriting: Promise<void>
}

export type EngineOptions = Pick<Engine, 'readOnly' | 'onFatal' | 'follow'>

export const engineOn = (store: Store, options: EngineOptions): Engine => ({
  store,
  ...options,
  hot: createHot(),
  catalogue: loadCatalogue(store),
  ended: undefined,
  isClosed: false,
  applying: undefined,
  purging: Promise.resolve(),
  flushing: Promise.resolve(),
  rewriting: Promise.resolve(),
})

/** To be called before every reading. Throws `DocumentsUnavailable` after the end. */
export const refuseEnded = ({ ended, follow }: Engine): void => {
  if (ended) throw new DocumentsUnavailable(ended.message, { cause: ended })
  follow?.()
}

/** To be called between the turns of a longer work. Throws `DocumentsUnavailable` also when it is being closed. */
export const refuseStopped = (engine: Engine): void => {
  refuseEnded(engine)
  if (engine.isClosed) throw new DocumentsUnavailable('the documents are closed')
}

/** The collection as it is now; another process may have changed the catalogue. */
export const collectionNow = (engine: Engine, name: string): Collection | undefined => {
  refuseEnded(engine)
  if (engine.readOnly && catalogueText(engine.store) !== engine.catalogue.text) {
    engine.catalogue = loadCatalogue(engine.store)
  }
  return engine.catalogue.collections.get(name)
}

/**
 * Runs everything, changes of the catalogue included, in one transaction, which becomes visible and outlives the process as a whole or not at
 * all. What throws leaves nothing behind. After a commit that failed nothing more is written: LMDB is not to be trusted then.
 */
export const transact = <T>(engine: Engine, work: (catalogue: Catalogue) => T): T => {
  refuseEnded(engine)
  const { store } = engine
  const done = { work: false }
  try {
    return store.root.transactionSync(() => {
      const result = work(engine.catalogue)
      if (engine.catalogue.dirty) saveCatalogue(store, engine.catalogue)
      done.work = true
      return result
    })
  } catch (error) {
    if (done.work) return fail(engine, 'a commit failed', error)
    engine.catalogue = loadCatalogue(store)
    engine.hot.clear()
    throw error
  }
}

/** Ends the work on this store: the disk refused something. Throws. */
export const fail = (engine: Engine, what: string, cause: unknown): never => {
  const error = new DocumentsUnavailable(`${what}: ${String(cause)}`, { cause })
  engine.ended ??= error
  engine.onFatal?.(error)
  throw error
}
