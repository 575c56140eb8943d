/** Proves the ends of a handshake (afrodite 3.6, first half of the table), with bare frames on a real server. */
import { CLIENT, REFRESH, UNAVAILABLE } from './afrodite-live-rig.ts'
import { bytes, EXCHANGE, greet, testRows, type Row } from './afrodite-live-rows.ts'

const malformed = (name: string, payload: Buffer, opcode = 2): Row => ({
  name: `step 1 ${name}`,
  say: (client) => client.send(opcode, payload),
  closed: opcode === 1 ? '1003' : '1002',
  asked: ['refuse connection 1 1'],
})
const list = (name: string, payload: Buffer, opcode = 2): Row => ({
  name: `step 5 ${name}`,
  say: (client) => {
    client.send(2, CLIENT)
    client.send(2, REFRESH)
    client.send(opcode, payload)
  },
  closed: opcode === 1 ? '1003' : '1002',
  asked: [EXCHANGE, 'refuse connection 1 5'],
  frames: 2,
})
const wrong = (name: string, payload: Buffer): Row => ({
  name: `step 2 ${name}`,
  say: (client) => {
    client.send(2, CLIENT)
    client.send(2, payload)
  },
  closed: '1008 refresh',
  asked: [EXCHANGE],
})
const SHORT = { settings: { handshakeSeconds: 0.1 } }

testRows([
  malformed('as Text', CLIENT, 1),
  malformed('empty', Buffer.alloc(0)),
  malformed('of 7 bytes', CLIENT.subarray(0, 7)),
  malformed('of 9 bytes', Buffer.concat([CLIENT, bytes('00')])),
  malformed('of another protocol', bytes('0102010002000300')),
  malformed('of an unknown client', bytes('0003010002000300')),
  {
    name: 'step 2 as Text',
    say: (client) => {
      client.send(2, CLIENT)
      client.send(1, Buffer.from(REFRESH.toString('base64')))
    },
    closed: '1003',
    asked: ['refuse connection 1 2'],
  },
  wrong('of other bytes', Buffer.alloc(384)),
  wrong('cut', REFRESH.subarray(0, 383)),
  wrong('empty', Buffer.alloc(0)),
  {
    name: 'an unsupported client',
    parts: { settings: { minClients: [{ clientType: 2, version: [1, 2, 4] }] } },
    say: greet,
    closed: 'empty',
    asked: [EXCHANGE],
    frames: 1,
  },
  list('as Text', Buffer.from('00')),
  list('of an unknown type', bytes('fa00')),
  list('of an unknown type behind others', bytes('00ff07ff3000')),
  { name: 'no message 1', parts: SHORT, say: () => undefined, closed: '1008 handshake', asked: [] },
  {
    name: 'no message 2',
    parts: SHORT,
    say: (client) => client.send(2, CLIENT),
    closed: '1008 handshake',
    asked: [],
  },
  {
    name: 'no message 5',
    // Long enough for the messages before it.
    parts: { settings: { handshakeSeconds: 2 } },
    say: greet,
    closed: '1008 handshake',
    asked: [EXCHANGE, 'end connection 1 timeout'],
    frames: 2,
  },
  {
    name: 'a message of more than 64 KiB',
    say: async (client) => {
      greet(client)
      await client.until(2)
      client.socket.write(bytes('82ff000000000001000137fa213d'))
    },
    closed: '1009',
    asked: [EXCHANGE, 'end connection 1 malformed'],
    frames: 2,
  },
  {
    name: 'the append fails',
    parts: { sessions: { exchange: () => Promise.resolve(UNAVAILABLE) } },
    say: greet,
    closed: '1011',
    asked: [EXCHANGE, 'end connection 1 server-failed'],
  },
  {
    name: 'the exchange throws',
    parts: { sessions: { exchange: () => Promise.reject(new Error('no')) } },
    say: greet,
    closed: '1011',
    asked: [EXCHANGE, 'end connection 1 server-failed'],
  },
  {
    name: 'the account cannot be read in step 5',
    parts: {
      parts: {
        accounts: { load: () => Promise.reject(new Error('no')), run: () => Promise.resolve(UNAVAILABLE) },
      },
    },
    say: (client) => {
      greet(client)
      client.send(2, bytes('00ff'))
    },
    closed: '1011',
    asked: [EXCHANGE, 'end connection 1 server-failed'],
    frames: 2,
  },
  {
    name: 'a store cannot be read in step 5',
    parts: {
      parts: {
        storeChanges: {
          open: () => ({
            item: () => Promise.reject(new Error('no')),
            start: () => undefined,
            close: () => Promise.resolve(),
          }),
        },
      },
    },
    say: (client) => {
      greet(client)
      client.send(2, bytes('81ff'))
    },
    closed: '1011',
    asked: [EXCHANGE, 'end connection 1 server-failed'],
    frames: 2,
  },
])
