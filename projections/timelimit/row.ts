import { dataOf, type DataOf, type FamilyEventType } from '../../src/domain/timelimit/events.ts'
import { familyOf, familyStream, versionOf } from '../../src/domain/timelimit/names.ts'
import type { StoredEvent } from '../../src/history/port.ts'
import type { Json, JsonObject } from '../../src/json.ts'
import type { ProjectedWrite } from '../../src/projecting/projection.ts'

/** What an event says to the documents of its family. */
export type Told<T extends FamilyEventType> = {
  readonly data: DataOf<T>
  readonly family: string
  /** What every scope that the event touches has as its version from now on (timelimit 9.4). */
  readonly version: string
  /** Whom the documents speak of (decisions 7). */
  readonly _s: readonly string[]
  readonly event: StoredEvent
}

export type Handlers = { readonly [eventType: string]: (event: StoredEvent) => readonly ProjectedWrite[] }

/** A handler that gets the event's data in its own shape. */
export const on =
  <T extends FamilyEventType>(type: T, write: (told: Told<T>) => readonly ProjectedWrite[]) =>
  (event: StoredEvent): readonly ProjectedWrite[] => {
    const family = familyOf(event.stream)
    const version = versionOf(event.revision)
    return write({ data: dataOf(type, event), family, version, _s: [familyStream(family)], event })
  }

/** `update` with what is absent left out. */
export const change = (
  collection: string,
  id: string,
  changes: { readonly [path: string]: Json | undefined },
  gone: readonly string[] = [],
): ProjectedWrite => ({
  collection,
  id,
  update: {
    ...(Object.keys(changes).length === 0 ? {} : { $set: present(changes) }),
    ...(gone.length === 0 ? {} : { $unset: Object.fromEntries(gone.map((path) => [path, '' as const])) }),
  },
})

/** JSON has no `undefined`. */
export const present = (values: { readonly [key: string]: Json | undefined }): JsonObject =>
  Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, Json] => entry[1] !== undefined),
  )

/** Paths below a prefix. */
export const below = (
  prefix: string,
  values: { readonly [key: string]: Json | undefined },
): { readonly [path: string]: Json | undefined } =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [`${prefix}.${key}`, value]))
