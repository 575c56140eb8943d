import type { MinClient } from '../../config/decoders.ts'
import type { ClientInfo } from '../../domain/afrodite/session.ts'
import { syncType, type SyncType } from '../../domain/afrodite/sync-types.ts'

/** A message of a client, its fragments put together. */
export type Message = { readonly data: Buffer; readonly isBinary: boolean }

/** An item of the sync list: what the client has of a type. */
export type SyncItem = { readonly type: SyncType; readonly version: number }

/** Step 1 (afrodite 3.3); undefined: malformed. */
export const readClientInfo = (data: Buffer): ClientInfo | undefined => {
  if (data.length !== CLIENT_INFO_BYTES || data.readUInt8(0) !== PROTOCOL_VERSION) return undefined
  const type = data.readUInt8(1)
  if (!CLIENT_TYPES.has(type)) return undefined
  return { type, major: data.readUInt16LE(2), minor: data.readUInt16LE(4), patch: data.readUInt16LE(6) }
}

/** Step 5 (afrodite 3.7), an odd trailing byte left out; undefined: it names a type that nobody knows. */
export const readSyncList = (data: Buffer): readonly SyncItem[] | undefined => {
  const items: SyncItem[] = []
  for (let at = 0; at + 1 < data.length; at += 2) {
    const type = syncType(data.readUInt8(at))
    if (type === undefined) return undefined
    items.push({ type, version: data.readUInt8(at + 1) })
  }
  return items
}

/** Whether the operator lets a client of that version in (afrodite 3.5). */
export const isSupported = (
  { type, major, minor, patch }: ClientInfo,
  minClients: readonly MinClient[],
): boolean => {
  const least = minClients.find(({ clientType }) => clientType === type)?.version
  if (least === undefined) return true
  const [leastMajor, leastMinor, leastPatch] = least
  return (major - leastMajor || minor - leastMinor || patch - leastPatch) >= 0
}

const CLIENT_INFO_BYTES = 8
const PROTOCOL_VERSION = 0
/** Android, iOS, Web, and bots in test mode. */
const CLIENT_TYPES: ReadonlySet<number> = new Set([0, 1, 2, 255])
