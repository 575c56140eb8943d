/** Proves what a packet becomes, decision by decision (rightech 3.3), and that documents forget old packets in pieces and only those. */
import * as E from 'fp-ts/lib/Either.js'
import test from 'ava'
import type { Fact } from '../../../../src/domain/decider.ts'
import { packetExpiryDecider } from '../../../../src/domain/stores/packet-expiry.ts'
import { packetsDecider, type PacketsState } from '../../../../src/domain/stores/packets.ts'
import type { Rejection } from '../../../../src/domain/rejection.ts'
import type { JsonObject } from '../../../../src/json.ts'
import { STORES_STATE_BYTES_MAX } from '../../../../src/limits.ts'
import { AT, created, hex, ID, ME, MINE, ROOT } from '../../../support/stores-domain.ts'

const OBJECT = { ...created('objects').entity(), _id: ID }

const given = (...bodies: readonly JsonObject[]) => {
  let state: PacketsState = packetsDecider.initial
  let made = 0
  const receive = (body: JsonObject, at = AT): readonly Fact[] | Rejection => {
    const packetId = hex(++made)
    const decided = packetsDecider.decide(
      { type: 'ReceivePacket', object: OBJECT, body, packetId, at },
      state,
    )
    if (E.isLeft(decided)) return decided.left
    state = decided.right.reduce(packetsDecider.evolve, state)
    return decided.right
  }
  bodies.forEach((body) => receive(body))
  return {
    receive,
    /** What the fact says, but for the packet. */
    told: (body: JsonObject, at?: number): JsonObject => {
      const answer = receive(body, at)
      if ('kind' in answer) throw new Error(answer.reason)
      const { packet: _packet, ...rest } = answer[0]?.data ?? {}
      return rest
    },
    state: () => state,
  }
}

const ADDED = {
  ...{
    _ts: AT * 1000,
    time: AT,
    online: true,
    _oid: ID,
    _mid: hex('e1'),
    _gid: MINE,
    id: 'pump-1',
    _web: true,
  },
}

test('a first packet is the state, and the object comes online', (t) => {
  const { receive, state } = given()
  const packet = { _id: hex(1), ...ADDED, temperature: 1 }
  t.deepEqual(receive({ temperature: 1, _own: 1, _id: 'x', id: 'other', success: 1, sucess: 1 }), [
    {
      type: 'PacketReceived',
      data: { object: ID, packet, became: 'online' },
      scope: {
        ...{ store: 'objects', owner: ME, group: MINE, branch: [ROOT, MINE], access: [] },
        ...{ object: ID, model: hex('e1') },
      },
    },
  ])
  t.deepEqual<PacketsState, PacketsState>(state(), { state: packet, lastTs: AT * 1000 })
})

test('connectivity is told when it changes, against the state before', (t) => {
  t.deepEqual(given().told({ online: false }), { object: ID })
  t.deepEqual(given({}).told({}), { object: ID })
  t.deepEqual(given({}).told({ online: false }), { object: ID, became: 'offline' })
  t.deepEqual(given({ online: false }).told({ online: 'yes' }), { object: ID, became: 'online' })
  t.deepEqual(given({ time: 5 }).told({ time: 4, online: false }), { object: ID, late: true })
})

test('a late packet leaves all but the last _ts; one of the same time is not late', (t) => {
  const { told, state } = given({ time: 5, a: 1 })
  const before = state().state
  t.deepEqual(told({ time: 4.5, a: 2, b: 2 }), { object: ID, late: true })
  t.deepEqual<PacketsState, PacketsState>(state(), { state: before, lastTs: AT * 1000 + 1 })
  t.deepEqual(told({ time: 5, b: 3 }), { object: ID })
  t.deepEqual([state().state?.['a'], state().state?.['b']], [1, 3])
})

test('_ts grows also when the clock stands still or goes back', (t) => {
  const { told, state } = given({}, {})
  told({}, AT - 60_000)
  t.is(state().lastTs, AT * 1000 + 2)
  told({}, AT + 1)
  t.is(state().lastTs, (AT + 1) * 1000)
})

test('a state grows up to its limit, by its bytes', (t) => {
  const half = 'ä'.repeat(STORES_STATE_BYTES_MAX / 4)
  const { receive, state } = given({ a: half })
  const before = state()
  t.like(receive({ b: half }), { kind: 'TooLarge' })
  t.like(receive({ a: half, b: 1, time: 'ä'.repeat(1_000) }), [{ type: 'PacketReceived' }])
  t.not(state(), before)
  t.like(given({ time: 9 }).receive({ time: 1, a: half + half }), { kind: 'TooLarge' })
})

test('keys that no document can have are refused by name, at any depth', (t) => {
  const body = JSON.parse(
    '{"$a":1,"b":[{"c.d":1}],"__proto__":{},"ok":{"x":1},"e":{"constructor":1}}',
  ) as JsonObject
  t.deepEqual(given().receive(body), {
    ...{ kind: 'Invalid', reason: 'validation', about: 'objects' },
    fields: { $a: ['format'], b: ['format'], ['__proto__']: ['format'], e: ['format'] },
  })
})

test('packets expire once, and never come back', (t) => {
  const decide = (before: string, state: string) =>
    packetExpiryDecider.decide({ type: 'ExpirePackets', before }, { before: state })
  const expired = E.right([{ type: 'PacketsExpired', data: { before: hex(2) } }])
  t.deepEqual(decide(hex(2), ''), expired)
  t.deepEqual(decide(hex(2), hex(1)), expired)
  for (const state of [hex(2), hex(3)]) t.deepEqual(decide(hex(2), state), E.right([]))
})
