import type { Index, Write } from '../documents/port.ts'
import type { StoredEvent } from '../history/port.ts'

/**
 * A read model: a pure function from events to writes. No reads, no clock: what a handler needs is in the event, sealed fields
 * opened. At most one write for one document out of one event (see the guard in the documents port).
 */
export type Projection = {
  readonly name: string
  /** Raise it when a handler or an index changes: the new one is built beside the serving one and takes over. */
  readonly version: number
  /** Streams it reads: an event of another stream never reaches a handler. */
  readonly prefixes: readonly string[]
  readonly collections: { readonly [collection: string]: { readonly indexes: readonly Index[] } }
  readonly on: { readonly [eventType: string]: (event: StoredEvent) => readonly ProjectedWrite[] }
}

/** A write without its position, which is the event's. `collection` is the logical name, without version. */
export type ProjectedWrite = Write extends infer W ? (W extends Write ? Omit<W, 'at'> : never) : never
