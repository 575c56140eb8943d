import { dataOf, PacketReceived, PacketsExpired } from '../src/domain/stores/events.ts'
import { concernOf, packetEntry } from '../src/domain/stores/platform-events.ts'
import { eventTopics } from '../src/domain/stores/topics.ts'
import type { Projection } from '../src/projecting/projection.ts'

/**
 * Every packet (rightech 3.3). It is the log's `object-packet` too: `_e` has what an entry has beside the packet, `_to` who may read it.
 * Packets of a deleted object stay until they expire; nobody can reach them under the object.
 */
export const storesPackets: Projection = {
  name: 'stores-packets',
  version: 1,
  prefixes: ['stores.packets-'],
  collections: {
    stores_packets: {
      indexes: [
        { keys: ['_oid', 'time', '_ts'] },
        // For the log, whose order is that of `_e._id`.
        { keys: ['_oid', '_e._id'] },
        { keys: ['_to', '_e._id'] },
      ],
    },
  },
  on: {
    PacketReceived: (event) => {
      const { packet, became } = dataOf(PacketReceived, event)
      const concern = concernOf(event)
      if (concern === undefined || typeof packet['_id'] !== 'string') return []
      const entry = packetEntry({ ...concern, event }, became === undefined ? 0 : 1)
      const put = { ...packet, _e: entry, _to: eventTopics(concern.scope, concern.def) }
      return [{ collection: 'stores_packets', id: packet['_id'], put }]
    },
    PacketsExpired: (event) => {
      const { before } = dataOf(PacketsExpired, event)
      return [{ collection: 'stores_packets', where: { _id: { $lt: before } }, delete: true }]
    },
  },
}
