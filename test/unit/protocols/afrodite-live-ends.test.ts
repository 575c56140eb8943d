/** Proves how connections end that were open (afrodite 3.6, second half of the table), with bare frames on a real server. */
import { setTimeout as pause } from 'node:timers/promises'
import { CLIENT, frameOf, silence } from './afrodite-live-rig.ts'
import { bytes, EXCHANGE, greet, testRows, type Row } from './afrodite-live-rows.ts'

testRows([
  {
    name: 'another connection takes over',
    say: async (client, world) => {
      greet(client)
      await client.until(2)
      world.connectionCloses('connection 0', 'revoked')
      world.connectionCloses('connection 1', 'replaced')
    },
    closed: '4000 replaced',
    asked: [EXCHANGE],
    frames: 2,
  },
  ...(
    [
      ['revoked', '4001 revoked'],
      ['node-lost', '1011'],
      ['malformed', '1011'],
    ] as const
  ).map(([cause, closed]): Row => ({
    name: `somebody else records ${cause}`,
    say: async (client, world) => {
      greet(client)
      await client.until(2)
      client.send(2)
      await silence()
      world.connectionCloses('connection 1', cause)
    },
    closed,
    asked: [EXCHANGE],
    frames: 2,
  })),
  {
    name: 'a flood of frames',
    say: async (client) => {
      greet(client)
      client.send(2)
      await client.until(2)
      client.socket.write(Buffer.concat(Array.from({ length: 600 }, () => frameOf(1, Buffer.from('x')))))
    },
    closed: '1008 rate',
    asked: [EXCHANGE, 'end connection 1 flood'],
    frames: 2,
  },
  {
    name: 'a flood of pings after the handshake',
    say: async (client) => {
      greet(client)
      client.send(2)
      await client.until(2)
      const pings = Buffer.concat(Array.from({ length: 50 }, () => frameOf(9)))
      for (let sent = 0; sent < 5_000 && !client.socket.destroyed; sent += 50) {
        client.socket.write(pings)
        await pause(5)
      }
    },
    closed: '1008 rate',
    asked: [EXCHANGE, 'end connection 1 flood'],
    frames: 'any',
  },
  {
    name: 'keepalive over',
    parts: { settings: { keepaliveSeconds: 0.1 } },
    say: (client) => {
      greet(client)
      client.send(2)
    },
    closed: '4008 timeout',
    asked: [EXCHANGE, 'end connection 1 timeout'],
    frames: 2,
  },
  {
    name: 'the server stops',
    say: async (client, world) => {
      greet(client)
      await client.until(2)
      await world.close()
    },
    closed: '1001',
    asked: [EXCHANGE, 'end connection 1 server-stopped'],
    frames: 2,
  },
  {
    name: 'the server stops during the handshake',
    say: async (client, world) => {
      client.send(2, CLIENT)
      await silence()
      await world.close()
    },
    closed: '1001',
    asked: [],
  },
  {
    name: 'the client closes',
    say: async (client) => {
      greet(client)
      await client.until(2)
      client.send(8, bytes('0fa178'))
    },
    closed: '4001 x',
    asked: [EXCHANGE, 'end connection 1 client'],
    frames: 2,
  },
  {
    name: 'the client closes during the handshake',
    say: (client) => {
      client.send(2, CLIENT)
      client.send(8)
    },
    closed: 'empty',
    asked: [],
  },
  {
    name: 'the connection is lost',
    say: async (client) => {
      greet(client)
      await client.until(2)
      client.socket.destroy()
    },
    closed: 'none',
    asked: [EXCHANGE, 'end connection 1 lost'],
    frames: 2,
  },
  {
    name: 'the connection is lost during the handshake',
    say: async (client) => {
      client.send(2, CLIENT)
      await silence()
      client.socket.destroy()
    },
    closed: 'none',
    asked: [],
  },
])
