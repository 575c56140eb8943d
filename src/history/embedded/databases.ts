import { existsSync } from 'node:fs'
import type { Database } from 'lmdb'
import { makeGate } from '../../embedded/lmdb-gate.ts'
import { openLmdb } from '../../embedded/lmdb.ts'
import { HistoryUnavailable } from '../port.ts'
import { positionKeys, positionValues, recordValues, REVISION_MAX, streamKey, streamKeys } from './record.ts'

/** The two databases of a history. Positions and revisions are `number` in here: 2^48 events are enough. */
export type Databases = {
  /** Position → record. */
  readonly events: Database<Buffer, number>
  /** Stream and revision → position. */
  readonly streams: Database<number, Buffer>
  /** Throws once they are closed: LMDB itself would end the process. */
  readonly assertOpen: () => void
  /** Throws `HistoryUnavailable` too if they cannot be read: to be called in each turn that reads, before it does. */
  readonly assertReadable: () => void
  /** After a refused write nothing is read any more: what is in LMDB's hands then may be damaged. */
  readonly fail: (reason: unknown) => void
  /** Lets the next read see what another process wrote meanwhile. */
  readonly refresh: () => void
  readonly close: () => Promise<void>
}

/** Throws `HistoryUnavailable` if `readOnly` finds no history. */
export const openDatabases = (path: string, readOnly: boolean): Databases => {
  if (readOnly && !existsSync(path)) throw new HistoryUnavailable(`no history in ${path}`)
  const root = openLmdb(path, readOnly ? 'readOnly' : 'durable')
  const events = root.openDB<Buffer, number>('events', {
    keyEncoder: positionKeys,
    encoder: recordValues,
  } as object) as Database<Buffer, number> | undefined
  const streams = root.openDB<number, Buffer>('streams', {
    keyEncoder: streamKeys,
    encoder: positionValues,
  } as object) as Database<number, Buffer> | undefined
  if (events === undefined || streams === undefined) {
    void root.close()
    throw new HistoryUnavailable(`no history in ${path}`)
  }
  let closed = false
  const assertOpen = (): void => {
    if (closed) throw new HistoryUnavailable('the history was closed')
  }
  const gate = makeGate(root, (cause) => new HistoryUnavailable('the history cannot be read', { cause }))
  return {
    events,
    streams,
    assertOpen,
    assertReadable: () => {
      assertOpen()
      gate.pass()
    },
    fail: gate.shut,
    refresh: () => {
      ;(root as unknown as { resetReadTxn: () => void }).resetReadTxn()
    },
    close: () => {
      closed = true
      return root.close()
    },
  }
}

/** Position of the last event, 0 if there is none. */
export const lastPosition = ({ events }: Databases): number => {
  for (const position of events.getKeys({ reverse: true, limit: 1 })) return position
  return 0
}

/** Revision of a stream's last event, -1 if there is none. A good guess costs two look-ups instead of a search. */
export const lastRevision = ({ streams }: Databases, stream: string, guess: number): number => {
  const has = (revision: number): boolean => streams.get(streamKey(stream, revision)) !== undefined
  if ((guess < 0 || has(guess)) && !has(guess + 1)) return guess
  const range = { start: streamKey(stream, REVISION_MAX), end: streamKey(stream, 0), inclusiveEnd: true }
  for (const key of streams.getKeys({ ...range, reverse: true, limit: 1 })) return revisionOf(key)
  return -1
}

/** The index's keys are written from whatever begins with them, but read back as the revision alone. */
const revisionOf = (key: unknown): number => key as number
