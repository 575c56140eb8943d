/** Proves the frames of Engine.IO 3 and Socket.IO 2 byte for byte, in both directions, and that no text makes the reader throw. */
import test from 'ava'
import fc from 'fast-check'
import {
  ackFrame,
  CONNECTED_FRAME,
  eventFrame,
  invalidNamespaceFrame,
  openFrame,
  pongFrame,
  readFrame,
  transportFault,
  type ClientPacket,
} from '../../../../src/protocols/rightech/engineio.ts'
import { processorMs } from '../../../support/waiting.ts'

const FRAMES: readonly (readonly [string, ClientPacket])[] = [
  ['2', { _tag: 'Ping', text: '' }],
  ['2probe', { _tag: 'Ping', text: 'probe' }],
  ['1', { _tag: 'Close' }],
  ['41', { _tag: 'Leave' }],
  ['41/', { _tag: 'Leave' }],
  ['41/other,', { _tag: 'Nothing' }],
  ['40', { _tag: 'Nothing' }],
  ['40/', { _tag: 'Nothing' }],
  ['40/admin', { _tag: 'Join', namespace: '/admin' }],
  ['40/admin,', { _tag: 'Join', namespace: '/admin' }],
  ['40/admin?token=a,', { _tag: 'Join', namespace: '/admin' }],
  ['42["a"]', { _tag: 'Event', name: 'a', arguments: [], ack: '' }],
  ['42["a",{"b":[1]},null]', { _tag: 'Event', name: 'a', arguments: [{ b: [1] }, null], ack: '' }],
  ['420["a"]', { _tag: 'Event', name: 'a', arguments: [], ack: '0' }],
  ['4217["a",2]', { _tag: 'Event', name: 'a', arguments: [2], ack: '17' }],
  ['42/,3["a"]', { _tag: 'Event', name: 'a', arguments: [], ack: '3' }],
  ['42/other,3["a"]', { _tag: 'Nothing' }],
  ['430[]', { _tag: 'Nothing' }],
  ...['', '0', '0{}', '3', '3probe', '5', '6', '7', 'b4', 'x', '4', '44', '44"x"', '45-["a"]'].map(unknown),
  ...['451-["a",{"_placeholder":true,"num":0}]', '461-0[]', '47', '42', '42{}', '42{"a":1}', '42"a"'].map(
    unknown,
  ),
  ...[
    '42[]',
    '42[1]',
    '42[null,"a"]',
    '42["a"',
    '42[a]',
    '421',
    '42-1["a"]',
    '40{"token":"x"}',
    '4 2["a"]',
  ].map(unknown),
]

function unknown(frame: string): readonly [string, ClientPacket] {
  return [frame, { _tag: 'Unknown' }]
}

for (const [frame, packet] of FRAMES) {
  test(`${JSON.stringify(frame)} is read as ${packet._tag}`, (t) => {
    t.deepEqual(readFrame(frame), packet)
  })
}

test('what the server sends', (t) => {
  t.is(
    openFrame({ sid: 'k1', pingIntervalMs: 25_000, pingTimeoutMs: 60_000 }),
    '0{"sid":"k1","upgrades":[],"pingInterval":25000,"pingTimeout":60000}',
  )
  t.is(CONNECTED_FRAME, '40')
  t.is(pongFrame(''), '3')
  t.is(pongFrame('probe'), '3probe')
  t.is(eventFrame('object-update', '{"_v":1}'), '42["object-update",{"_v":1}]')
  t.is(ackFrame('0', '{"success":true}'), '430[{"success":true}]')
  t.is(invalidNamespaceFrame('/admin'), '44/admin,"Invalid namespace"')
})

test('who is not let in is told so as Engine.IO does', (t) => {
  t.is(transportFault('websocket', '3'), undefined)
  for (const transport of ['polling', undefined, 'WEBSOCKET', '']) {
    t.deepEqual(transportFault(transport, '3'), { code: 0, message: 'Transport unknown' })
  }
  for (const version of ['4', '2', undefined, '03']) {
    t.deepEqual(transportFault('websocket', version), { code: 5, message: 'Unsupported protocol version' })
  }
})

test('no text makes the reader throw or take long', async (t) => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^4[0-6]\/?[a-z?]*,?\d*[[{"].*$/s)), (text) => {
      t.truthy(readFrame(text)._tag)
    }),
    { numRuns: 500 },
  )
  const ms = await processorMs(() => {
    for (const filler of ['[', '/', '0', ',', '?', '42/'])
      readFrame(`42${filler.repeat(65_536 / filler.length)}`)
    readFrame(`42["subscribe",${'['.repeat(30_000)}${']'.repeat(30_000)}]`)
  })
  t.true(ms < 1_000, `${ms} ms`)
})
