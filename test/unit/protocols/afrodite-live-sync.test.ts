/** Proves the sync list, what is told live behind it, and the keepalive (afrodite 3.7 to 3.12), with bare frames. */
import test, { type ExecutionContext } from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import { setTimeout as pause } from 'node:timers/promises'
import { isObject } from '../../../src/json.ts'
import { change, eventually, makeWorld, silence, type Client, type World } from './afrodite-live-rig.ts'
import { atSomePace } from '../../support/waiting.ts'

const SNAPSHOT = [
  'AccountStateChanged',
  'AccountCapabilitiesChanged',
  'ProfileVisibilityChanged',
  'AccountSyncVersionChanged',
]
const parsed = (client: Client) => client.texts().map((text) => JSON.parse(text) as Record<string, unknown>)
const names = (client: Client): readonly unknown[] => parsed(client).map(({ event }) => event)
const versions = (client: Client): readonly unknown[] =>
  parsed(client).flatMap(({ account_sync_version: told }) => (isObject(told) ? [told.version] : []))
const raise = (world: World, times: number): void => {
  for (let index = 0; index < times; index += 1) world.fold('AccountStandingChanged', change(index))
}

test('each list gets what the table of 8.2 says, and leaves the version that it says', async (t) => {
  const rows = [
    [7, '', [], 7],
    [7, '0007', [], 7],
    [7, '0003', [7], 7],
    [7, '0008', [7], 7],
    [7, '00fe', [7], 7],
    [7, '00ff', [0], 0],
    [7, '00ff0000', [0], 0],
    [7, '00ff00ff', [0, 0], 0],
    [7, '00070003', [7], 7],
    [7, '000305', [7], 7],
    [7, '0007050307ff', [], 7],
    [7, '08000900 0a00ff0001000200'.replace(' ', ''), [], 7],
    [255, '00ff', [0], 0],
    [255, '00fe', [255], 255],
    [300, '00fe', [255], 255],
    [0, '00ff', [0], 0],
  ] as const
  for (const [before, list, sent, after] of rows) {
    const world = await makeWorld(t)
    raise(world, before)
    const { events } = world.account()
    const client = await world.live(list)
    await client.until(2 + 4 * sent.length)
    await silence()
    t.deepEqual(versions(client), sent, list)
    t.deepEqual(
      names(client),
      sent.flatMap(() => SNAPSHOT),
    )
    t.is(world.account().version, after)
    t.is(client.frames.length, 2 + 4 * sent.length)
    // A reset is one fact, and none where there is nothing to reset.
    t.is(world.account().events - events, before !== after && after === 0 ? 1 : 0)
  }
})

test('a list is judged before any of it is answered or written', async (t) => {
  const world = await makeWorld(t)
  raise(world, 7)
  const client = await world.live('00fffa00')
  t.is(await client.closed(), '1002')
  t.deepEqual(client.texts(), [])
  t.is(world.account().version, 7)
})

test('a list of full size is bounded by what the client takes', async (t) => {
  const world = await makeWorld(t)
  const client = await world.live('00ff'.repeat(200))
  await client.until(802)
  await silence()
  t.is(client.frames.length, 802)
})

test('what happens after the exchange comes behind the sync, but not what the sync contains', async (t) => {
  const world = await makeWorld(t)
  raise(world, 3)
  const late = world.fold('AccountStandingChanged', { visibility: 'Private' })
  const client = await world.shake()
  world.happen('AccountStandingChanged', { visibility: 'Public' })
  client.send(2, Buffer.from('00fe', 'hex'))
  await client.until(6)
  // What was there before the snapshot may also be told late.
  late()
  world.happen('AccountStandingChanged', { capabilities: ['admin_view_private_info'], state: 'Normal' })
  await client.until(8)
  await silence()
  t.deepEqual(names(client), [...SNAPSHOT, 'AccountStateChanged', 'AccountCapabilitiesChanged'])
  t.is(parsed(client)[2]?.visibility, 'Public')
  t.deepEqual(versions(client), [5])
  t.deepEqual(parsed(client)[5]?.capabilities, { admin_view_private_info: true })
})

test('of what happens while the list is handled only what came after the snapshot is told, in order', async (t) => {
  const closed: string[] = []
  const world: World = await makeWorld(t, {
    parts: {
      storeChanges: {
        open: (_who, send) => ({
          item: () => {
            world.happen('AccountStandingChanged', { visibility: 'Public' })
            world.happen('DeletionRequested', { previousState: 'Normal', deleteAt: 1 })
            send('{"event":"a store"}')
            return Promise.resolve()
          },
          start: () => closed.push('started'),
          close: () => Promise.resolve(void closed.push('closed')),
        }),
      },
    },
  })
  const client = await world.live('00fe8100')
  await client.until(9)
  t.deepEqual(names(client), [...SNAPSHOT, 'a store', 'ProfileVisibilityChanged', 'AccountStateChanged'])
  t.deepEqual(closed, ['started'])
  client.socket.destroy()
  await eventually(() => closed.length === 2)
})

test('without type 0 in the list everything behind the exchange is told, and nothing before it', async (t) => {
  const world = await makeWorld(t)
  const before = world.fold('AccountStandingChanged', { visibility: 'Private' })
  const client = await world.shake()
  before()
  world.happen('AccountStandingChanged', { visibility: 'Public' })
  world.happen('EmailSet', { sealed: { email: null } })
  world.happen('DeletionRequested', { previousState: 'InitialSetup', deleteAt: 1 })
  client.send(2)
  world.happen('DeletionCancelled', { state: 'InitialSetup' })
  await client.until(5)
  await silence()
  t.deepEqual(
    parsed(client).map((told) => told.visibility ?? told.account_state),
    ['Public', 'PendingDeletion', 'InitialSetup'],
  )
})

test('of the extension types only those that this server has are asked for, in the order of the list', async (t) => {
  const asked: string[] = []
  const world = await makeWorld(t, {
    parts: {
      storeChanges: {
        open: ({ aid, loginId }) => {
          asked.push(`open ${aid.length} ${loginId}`)
          return {
            item: async (type, version) => {
              await pause(type.number === 129 ? 20 : 0)
              asked.push(`${type.number} ${version}`)
            },
            start: () => asked.push('start'),
            close: () => Promise.resolve(),
          }
        },
      },
    },
  })
  await world.live('810341ff8101 20ff 60ff'.replaceAll(' ', ''))
  await eventually(() => asked.includes('start'))
  t.deepEqual(asked, ['open 36 login 1', '129 3', '65 255', '129 1', 'start'])
})

test.serial(
  'the keepalive begins behind the list; pings and empty Binary restart it, and nothing else',
  (t) => atSomePace(t, keepsAlive),
)

const keepsAlive = async (t: ExecutionContext, scale: number): Promise<void> => {
  const world = await makeWorld(t, { settings: { keepaliveSeconds: 0.4 * scale } })
  const client = await world.shake()
  await pause(600 * scale)
  t.is(client.frames.length, 2)
  client.send(2)
  for (let index = 0; index < 4; index += 1) {
    await pause(200 * scale)
    client.send(index % 2 === 0 ? 9 : 2)
  }
  t.is(client.frames.filter(({ opcode }) => opcode === 8).length, 0)
  const since = performance.now()
  for (const opcode of [1, 2, 10]) {
    await pause(100 * scale)
    client.send(opcode, Buffer.from('x'))
  }
  t.is(await client.closed(), '4008 timeout')
  const ms = performance.now() - since
  t.true(ms > 300 * scale && ms < 650 * scale, `${ms} ms`)
}

test.serial('connection tests are empty Binary, and begin behind the handshake', async (t) => {
  const world = await makeWorld(t, { settings: { testSeconds: 0.05 } })
  const client = await world.shake()
  await pause(150)
  t.is(client.frames.length, 2)
  client.send(2)
  const frames = await client.until(5)
  t.deepEqual(new Set(frames.slice(2).map(({ bytes }) => bytes.toString('hex'))), new Set(['8200']))
})

test('an account without a socket here costs nothing, and one that has ended is left', async (t) => {
  const world = await makeWorld(t, { sessions: { end: () => Promise.resolve(E.right(undefined)) } })
  t.is(world.listeners(), 0)
  const client = await world.dial()
  await silence()
  t.is(world.listeners(), 0, 'a stranger does not listen')
  client.socket.destroy()
  const other = await world.live()
  await eventually(() => world.listeners() === 1)
  other.socket.destroy()
  await eventually(() => world.listeners() === 0)
})
