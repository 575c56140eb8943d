import { setTimeout as pause } from 'node:timers/promises'
import { foundStores, type Founding } from '../commands/found-stores.ts'
import type { Config } from '../config.ts'
import type { Log } from '../http/log.ts'
import type { ProjectionStatus, ReadModels } from '../projecting/read-models.ts'

type FoundingParts = Pick<Founding, 'announce'> & {
  readonly config: Pick<Config, 'admin'>
  readonly log: Log
  readonly readModels: Pick<ReadModels, 'status'>
}

/**
 * The first start waits for documents that catch up, so it is tried until it is through. Nothing is begun before: documents that are ahead of
 * an empty history are those of another one.
 */
export const startFounding = (
  { config, announce, log, readModels }: FoundingParts,
  services: Omit<Founding, 'login' | 'announce'>,
  /** What else the first start makes, each as often as it takes. */
  more: readonly ((signal: AbortSignal) => Promise<void>)[] = [],
): { readonly missing: () => string | undefined; readonly stop: () => Promise<void> } => {
  const { login, password } = config.admin
  const stopping = new AbortController()
  const { signal } = stopping
  let missing: string | undefined = 'not through yet'
  const run = async (): Promise<void> => {
    while (!signal.aborted && missing !== undefined) {
      try {
        if (readModels.status().some(isBehind)) throw new Error('the documents have not caught up yet')
        await foundStores({
          ...services,
          login,
          announce,
          signal,
          ...(password === undefined ? {} : { password }),
        })
        for (const make of more) await make(signal)
        missing = undefined
      } catch (error) {
        missing = error instanceof Error ? error.message : String(error)
        log.debug({ err: error }, 'the first start is tried again')
        await pause(FOUNDING_PAUSE_MS, undefined, { signal }).catch(() => undefined)
      }
    }
  }
  const running = run()
  return {
    missing: () => missing,
    stop: () => {
      stopping.abort()
      return running
    },
  }
}

const isBehind = ({ caughtUp, stopped }: ProjectionStatus): boolean => !caughtUp && stopped === undefined

const FOUNDING_PAUSE_MS = 200
