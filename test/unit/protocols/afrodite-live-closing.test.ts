/** Proves the order of an end (afrodite 3.6): the record, the close frame, the cut; what holds it up, and what is bounded; with bare frames. */
import test from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import { setTimeout as pause } from 'node:timers/promises'
import {
  change,
  CLIENT,
  eventually,
  frameOf,
  makeWorld,
  REFRESH,
  silence,
  UNAVAILABLE,
  type Client,
  type World,
} from './afrodite-live-rig.ts'
import { bytes, EXCHANGE, greet } from './afrodite-live-rows.ts'

test('the close frame comes behind the record, whoever begins to close', async (t) => {
  const begins: readonly ((client: Client, world: World) => unknown)[] = [
    (client) => client.send(8, bytes('03e8')),
    (client) => client.socket.write(bytes('82ff000000000001000137fa213d')),
    (_, world) => void world.close(),
  ]
  for (const begin of begins) {
    let finish: () => void = () => undefined
    const recorded = new Promise<void>((resolve) => (finish = resolve))
    const world = await makeWorld(t, {
      sessions: {
        end: async () => E.right(await recorded),
        refuseMalformed: async () => E.right(await recorded),
      },
    })
    const client = await world.live()
    await silence()
    begin(client, world)
    await eventually(() => world.asked.length === 2)
    await silence()
    t.is(client.frames.length, 2)
    finish()
    await client.closed()
    t.is(client.frames.length, 3)
  }
})

test('a client that malformed something is told behind the record too, and though it fails', async (t) => {
  const world = await makeWorld(t, { sessions: { refuseMalformed: () => Promise.resolve(UNAVAILABLE) } })
  const client = await world.live('fa00')
  t.is(await client.closed(), '1002')
  t.deepEqual(world.asked, [EXCHANGE, 'refuse connection 1 5', 'end connection 1 malformed'])
})

test('a record that fails is tried again, and one that hangs does not keep the connection', async (t) => {
  let fails = 2
  const failing = await makeWorld(t, {
    sessions: { end: () => Promise.resolve((fails -= 1) < 0 ? E.right(undefined) : UNAVAILABLE) },
  })
  const client = await failing.live()
  client.send(8)
  t.is(await client.closed(), 'empty')
  await eventually(() => failing.asked.length === 4)
  await pause(100)
  t.is(failing.asked.length, 4)

  const hanging = await makeWorld(t, { sessions: { end: () => new Promise(() => undefined) } })
  const other = await hanging.live()
  other.send(8)
  t.is(await other.closed(), 'empty')
})

test('of a client that closes in the same breath no token is exchanged', async (t) => {
  const world = await makeWorld(t)
  const client = await world.dial({ early: [frameOf(2, CLIENT), frameOf(2, REFRESH), frameOf(8)] })
  t.is(await client.closed(), 'empty')
  await silence()
  t.deepEqual(world.asked, [])
  t.is(world.listeners(), 0)
})

test('a connection lost while its tokens are exchanged is recorded when that is done', async (t) => {
  let finish: () => void = () => undefined
  const done = new Promise<void>((resolve) => (finish = resolve))
  const world = await makeWorld(t, {
    sessions: {
      exchange: async () => {
        await done
        const pair = { access: Buffer.alloc(32), refresh: Buffer.alloc(384) }
        return E.right({ _tag: 'Exchanged', pair, loginId: 'login 1', position: 1n })
      },
    },
  })
  const client = await world.dial()
  greet(client)
  await eventually(() => world.asked.length === 1)
  client.socket.destroy()
  await silence()
  t.is(world.asked.length, 1)
  finish()
  await eventually(() => world.asked.length === 2)
  t.is(world.asked[1], 'end connection 1 lost')
})

test('one that is replaced before its tokens were sent never gets them', async (t) => {
  let finish: () => void = () => undefined
  const done = new Promise<void>((resolve) => (finish = resolve))
  const world = await makeWorld(t, {
    sessions: {
      exchange: async () => {
        await done
        const pair = { access: Buffer.alloc(32), refresh: Buffer.alloc(384) }
        return E.right({ _tag: 'Exchanged', pair, loginId: 'login 1', position: 1n })
      },
    },
  })
  const client = await world.dial()
  greet(client)
  await eventually(() => world.listeners() === 1)
  world.connectionCloses('connection 1', 'replaced')
  finish()
  t.is(await client.closed(), '4000 replaced')
  t.is(client.frames.length, 1)
  t.is(world.asked.length, 1)
})

test('a client that takes nothing is closed with 1013, the record first, and cut when it does not answer', async (t) => {
  const world = await makeWorld(t)
  const client = await world.live()
  await silence()
  client.socket.pause()
  for (let index = 0; world.asked.length === 1; index += 1) {
    if (index > 200_000) throw new Error('nothing is bounded')
    world.happen('AccountStandingChanged', change(index))
    if (index % 100 === 0) await pause(0)
  }
  t.is(world.asked[1], 'end connection 1 slow')
  client.socket.resume()
  t.is(await client.closed(), '1013')

  const mute = await world.dial({ isMute: true })
  mute.send(1)
  await mute.until(1)
  const since = performance.now()
  await mute.closed()
  t.true(performance.now() - since > 4_000)
})

test('too much that happens before the sync list is too much for the client', async (t) => {
  const world = await makeWorld(t)
  const client = await world.shake()
  for (let index = 0; index <= 1_000; index += 1) world.happen('AccountStandingChanged', change(index))
  t.is(await client.closed(), '1013')
  t.is(world.asked[1], 'end connection 1 slow')
})

test('all connections of a server that stops are recorded, some at a time', async (t) => {
  let running = 0
  let most = 0
  const world = await makeWorld(t, {
    sessions: {
      end: async () => {
        most = Math.max(most, (running += 1))
        await pause(5)
        running -= 1
        return E.right(undefined)
      },
    },
  })
  const clients = await Promise.all(Array.from({ length: 150 }, () => world.live()))
  await world.close()
  t.is(world.asked.filter((what) => what.endsWith('server-stopped')).length, 150)
  t.is(most, 64)
  t.deepEqual(new Set(await Promise.all(clients.map((client) => client.closed()))), new Set(['1001']))
})
