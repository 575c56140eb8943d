/** Signs heads over the stores of a server that has stopped, at once and not after a minute. */
import { setTimeout as pause } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import { createEngine } from '../../src/commands/engine.ts'
import { createSnapshots } from '../../src/commands/snapshots.ts'
import { readConfig } from '../../src/config.ts'
import { HEADS_STREAM } from '../../src/domain/platform/heads.ts'
import type { StoredEvent } from '../../src/history/port.ts'
import { startSigningHeads } from '../../src/jobs/sign-heads.ts'
import { createTree } from '../../src/proofs/reading.ts'
import { openStores, type Stores } from '../../src/stores.ts'
import { collect } from './history.ts'
import { environment } from './server.ts'

export const openedStores = async (dataDir: string): Promise<Stores> => {
  const config = readConfig(environment(dataDir))
  if (E.isLeft(config)) throw new Error(config.left.join())
  return openStores(config.right, { onFatal: () => undefined, onRepair: () => undefined })
}

/** The event of the head, over the tree as it is stored. */
export const signHead = async (stores: Stores): Promise<StoredEvent> => {
  const { history, stored, documents, keyring, vault, isFounded } = stores
  const engine = createEngine({
    ...{ history, keyring, snapshots: createSnapshots(documents, keyring) },
    refusal: () => undefined,
    shown: () => Promise.resolve(true),
  })
  const failures: unknown[] = []
  const onFailure = (error: unknown): void => void failures.push(error)
  const tree = createTree(documents)
  const before = (await collect(stored.read(HEADS_STREAM))).length
  const job = startSigningHeads({
    ...{ engine, vault, keyring, tree, stored, isFounded, now: Date.now, everyMs: 5, onFailure },
  })
  let head: StoredEvent | undefined
  for (let tries = 0; head === undefined && tries < 6_000; tries++) {
    await pause(5)
    head = (await collect(stored.read(HEADS_STREAM)))[before]
  }
  await job.stop()
  if (head === undefined) throw new Error(`no head: ${String(failures)}`)
  return head
}
