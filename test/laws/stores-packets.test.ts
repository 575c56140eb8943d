/**
 * Laws of packets, for any bodies: the documents are what a naive fold of the history says, however it is cut into batches and if batches come
 * twice; `_ts` only grows; and what a snapshot kept goes on like what was never put away.
 */
import * as E from 'fp-ts/lib/Either.js'
import test from 'ava'
import * as fc from 'fast-check'
import { storesPackets } from '../../projections/stores-packets.ts'
import { stores } from '../../projections/stores.ts'
import { memoryDocuments } from '../../src/documents/memory/memory.ts'
import type { Write } from '../../src/documents/port.ts'
import type { Fact } from '../../src/domain/decider.ts'
import { packetsDecider, packetStream, type PacketsState } from '../../src/domain/stores/packets.ts'
import type { StoredEvent } from '../../src/history/port.ts'
import type { Json, JsonObject } from '../../src/json.ts'
import { AT, created, hex, ID, stored } from '../support/stores-domain.ts'

const RUNS = process.env['SOAK'] ? 10_000 : 300
const OBJECT = { ...created('objects').entity(), _id: ID }

const value: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json>(null, true, 1, 'x', { a: { b: 1 } }, { a: null }, [1, { c: 2 }], {}),
)
const body: fc.Arbitrary<JsonObject> = fc.record(
  {
    time: fc.constantFrom<Json>(1, 2, 3, 2.5, -1, 'never'),
    online: fc.constantFrom<Json>(true, false, null),
    ...{ a: value, '0': value, length: value, toString: value },
  },
  { requiredKeys: [], noNullPrototype: true },
)
const sending = fc.array(fc.record({ body, at: fc.integer({ min: AT - 3, max: AT + 3 }) }), { maxLength: 12 })

const isLate = (state: JsonObject | undefined, packet: JsonObject): boolean =>
  state !== undefined && Number(packet['time']) < Number(state['time'])

test('documents are the fold of the history', async (t) => {
  await fc.assert(
    fc.asyncProperty(sending, fc.integer({ min: 1, max: 5 }), async (sent, batch) => {
      const facts: Fact[] = []
      let state: PacketsState = packetsDecider.initial
      for (const [n, { body: wanted, at }] of sent.entries()) {
        // As a snapshot gives it back.
        if (n % 2 === 1) state = JSON.parse(JSON.stringify(state)) as PacketsState
        const packetId = hex(n + 1)
        const command = { type: 'ReceivePacket', object: OBJECT, body: wanted, packetId, at } as const
        const decided = packetsDecider.decide(command, state)
        if (E.isLeft(decided)) throw new Error(decided.left.reason)
        facts.push(...decided.right)
        state = decided.right.reduce(packetsDecider.evolve, state)
      }
      const packets = facts.map(({ data }) => data['packet'] as JsonObject)
      const folded = packets.reduce<JsonObject | undefined>(
        (before, packet) => (isLate(before, packet) ? before : { ...before, ...packet }),
        undefined,
      )
      packets.forEach((packet, n) =>
        t.true(n === 0 || Number(packet['_ts']) > Number(packets[n - 1]?.['_ts'])),
      )
      t.deepEqual(state.state, folded)

      const documents = memoryDocuments()
      const events: readonly StoredEvent[] = [
        ...stored('objects', ID, created('objects').facts()),
        ...stored('packets', ID, facts, 2).map((event) => ({ ...event, stream: packetStream(ID) })),
      ]
      for (let from = 0; from < events.length; from += batch) {
        const writes = events
          .slice(from, from + batch)
          .flatMap((event) =>
            [stores, storesPackets].flatMap(({ on }) =>
              (on[event.type]?.(event) ?? []).map((write): Write => ({ ...write, at: event.position })),
            ),
          )
        await documents.apply(writes, [])
        await documents.apply(writes, [])
      }
      t.deepEqual((await documents.get('stores_objects', ID))?.value['state'], folded)
      const found: JsonObject[] = []
      for await (const page of documents.find('stores_packets', {}))
        for (const { _e, _to, ...packet } of page) found.push(packet)
      t.deepEqual<readonly JsonObject[], readonly JsonObject[]>(found, packets)
    }),
    { numRuns: RUNS },
  )
})
