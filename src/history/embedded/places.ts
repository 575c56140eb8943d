import type { Appended, NewEvent, StoredEvent } from '../port.ts'
import { lastRevision, type Databases } from './databases.ts'
import { eventOf, streamKey } from './record.ts'

/** Where the stream ends: revision -1 at position 0 if it is missing. */
export const endOf = (databases: Databases, stream: string): Appended => {
  const revision = lastRevision(databases, stream, -1)
  const position = databases.streams.get(streamKey(stream, revision < 0 ? 0 : revision)) ?? 0
  return { revision: BigInt(revision), position: BigInt(position) }
}

/** Where these very events already are, if the stream has all their ids in a row from `firstRevision` on. */
export const placeOfRepeated = (
  databases: Databases,
  stream: string,
  firstRevision: number,
  events: readonly NewEvent[],
): Appended | undefined => {
  let last: StoredEvent | undefined
  for (const [index, { id }] of events.entries()) {
    last = eventAt(databases, stream, firstRevision + index)
    if (last?.id !== id) return undefined
  }
  return last
}

/** One event of a stream. */
const eventAt = (databases: Databases, stream: string, revision: number): StoredEvent | undefined => {
  const position = databases.streams.get(streamKey(stream, revision))
  const record = position === undefined ? undefined : databases.events.get(position)
  return position === undefined || record === undefined ? undefined : eventOf(record, position)
}
