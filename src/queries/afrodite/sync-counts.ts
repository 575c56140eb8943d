import { isObject } from '../../json.ts'
import type { Reader } from '../reader.ts'

/** How often each type was touched in a scope (afrodite 9.2), by its number; one that is missing never was. */
export type SyncCounts = {
  /** Position of the last event that is contained. */
  readonly at: bigint
  readonly counts: ReadonlyMap<number, number>
}

/** @param scope `groupScope` or `familyScope`; `undefined` if there is no such group or family. */
export const syncCounts = async (
  reader: Pick<Reader, 'get'>,
  scope: string,
): Promise<SyncCounts | undefined> => {
  const found = await reader.get('afrodite_sync_counts', scope)
  if (found === undefined) return undefined
  const counts = isObject(found.value['counts']) ? Object.entries(found.value['counts']) : []
  return {
    at: found.at,
    counts: new Map(counts.flatMap(([type, n]) => (typeof n === 'number' ? [[Number(type), n]] : []))),
  }
}
