/** Proves who is told to sync, how often, and how important (timelimit 3.5, 7.3), with real sockets and events of a history in memory. */
import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import fc from 'fast-check'
import type { Signal } from '../../../src/domain/timelimit/signals.ts'
import { sha256Hex } from '../../../src/crypto/hashes.ts'
import { createRequests, levelFor, type Recipient } from '../../../src/protocols/timelimit/live-requests.ts'
import { calm, connect, makeWorld, member, sync, tokenOf, until } from './timelimit-live-rig.ts'
import { turns } from '../../support/waiting.ts'

const hashOf = (family: string, device: string): string => sha256Hex(tokenOf(family, device))

test('one request: each device is told once, by its own level, and the pusher is not', async (t) => {
  const world = makeWorld(t)
  for (const device of ['pusher', 'plain1', 'plain2', 'target']) world.addDevice('famA', device)
  world.addDevice('famB', 'other1')
  const node = await world.start()
  const [pusher, plain, again, target, other] = [
    await member(t, node, 'famA', 'pusher'),
    await member(t, node, 'famA', 'plain1'),
    await member(t, node, 'famA', 'plain1'),
    await member(t, node, 'famA', 'target'),
    await member(t, node, 'famB', 'other1'),
  ]
  const request = 'r1'
  await world.happen('famA', { level: 1, except: 'pusher' }, { request })
  await world.happen('famA', undefined, { request })
  await world.happen('famA', { level: 0, except: 'pusher', devices: { target: 2, pusher: 2 } }, { request })
  await world.happen('famA', { level: 1, except: 'pusher' }, { request })
  await calm()
  t.deepEqual(pusher.heard, [])
  t.deepEqual(plain.heard, [sync(false)])
  t.deepEqual(again.heard, [sync(false)], 'every connection of the token')
  t.deepEqual(target.heard, [sync(true)])
  t.deepEqual(other.heard, [])
  await world.happen('famA', { level: 2, except: 'target' })
  await calm()
  t.deepEqual(plain.heard, [sync(false), sync(true)])
  t.deepEqual(pusher.heard, [sync(true)])
  t.deepEqual(target.heard, [sync(true)])
})

test('events that raise nothing tell nobody', async (t) => {
  const world = makeWorld(t)
  world.addDevice('famA', 'dev001')
  const node = await world.start()
  const client = await member(t, node, 'famA', 'dev001')
  await world.happen('famA', { level: 0 })
  await world.happen('famA', undefined)
  await world.happen('famA', { level: 0, devices: { other1: 2 } })
  await calm()
  t.deepEqual(client.heard, [])
})

test('each request is told, also when requests come at once and mixed', async (t) => {
  const world = makeWorld(t)
  world.addDevice('famA', 'dev001')
  const node = await world.start()
  const client = await member(t, node, 'famA', 'dev001')
  for (const request of ['a', 'b', 'a', 'c', 'b', 'a']) await world.happen('famA', { level: 1 }, { request })
  await calm()
  t.deepEqual(client.heard, [sync(false), sync(false), sync(false)])
})

test('what comes late of a request is not told again, unless it has become important', async (t) => {
  const world = makeWorld(t)
  world.addDevice('famA', 'dev001')
  world.addDevice('famA', 'dev002')
  const node = await world.start()
  const one = await member(t, node, 'famA', 'dev001')
  const two = await member(t, node, 'famA', 'dev002')
  const request = 'cut in two'
  await world.happen('famA', { level: 1, devices: { dev002: 2 } }, { request })
  await calm()
  await world.happen('famA', { level: 1 }, { request })
  await calm()
  t.deepEqual(one.heard, [sync(false)])
  await world.happen('famA', { level: 2 }, { request })
  await calm()
  t.deepEqual(one.heard, [sync(false), sync(true)])
  t.deepEqual(two.heard, [sync(true)])
})

test('a removed device is told important once, and nothing after that', async (t) => {
  const world = makeWorld(t)
  world.addDevice('famA', 'dev001', true)
  world.addDevice('famA', 'parent', true)
  const node = await world.start()
  const parent = await member(t, node, 'famA', 'parent')
  const removed = await member(t, node, 'famA', 'dev001')
  removed.heard.length = 0
  parent.heard.length = 0
  world.removeDevice('famA', 'dev001')
  const tokens = [hashOf('famA', 'dev001')]
  await world.happen('famA', { level: 1, tokens }, { type: 'DeviceRemoved', data: { deviceId: 'dev001' } })
  await calm()
  await world.happen('famA', { level: 2 })
  await node.live.signOut('famA', 'dev001')
  await calm()
  t.deepEqual(
    removed.heard.filter(([name]) => name !== 'connected devices'),
    [sync(true)],
  )
  t.deepEqual(
    parent.heard.filter(([name]) => name === 'should sync'),
    [sync(false), sync(true)],
  )
  t.deepEqual(
    parent.heard.filter(([name]) => name === 'connected devices'),
    [['connected devices', ['parent']]],
  )
})

test('tokens of one request do not end before another request is told', async (t) => {
  const world = makeWorld(t)
  world.addDevice('famA', 'dev001')
  const node = await world.start()
  const client = await member(t, node, 'famA', 'dev001')
  await world.happen('famA', { level: 1 }, { request: 'before' })
  // Shorter than what is merged: the first one is still to be told.
  await pause(5)
  await world.happen('famA', { level: 0, tokens: [hashOf('famA', 'dev001')] }, { request: 'removal' })
  await calm()
  t.deepEqual(client.heard, [sync(false), sync(true)])
})

test('a device that reports its removal is told nothing, and nothing after that', async (t) => {
  const world = makeWorld(t)
  world.addDevice('famA', 'dev001')
  world.addDevice('famA', 'parent')
  const node = await world.start()
  const parent = await member(t, node, 'famA', 'parent')
  const reporter = await member(t, node, 'famA', 'dev001')
  const data = { deviceId: 'dev001', tokenHash: hashOf('famA', 'dev001') }
  await world.happen('famA', { level: 1, except: 'dev001' }, { type: 'DeviceUninstallReported', data })
  await calm()
  await world.happen('famA', { level: 2 })
  await calm()
  t.deepEqual(reporter.heard, [])
  t.deepEqual(parent.heard, [sync(false), sync(true)])
})

test('a deleted family is told important, then its connections hear nothing more', async (t) => {
  const world = makeWorld(t)
  world.addDevice('famA', 'dev001')
  world.addDevice('famA', 'dev002')
  const node = await world.start()
  const clients = [await member(t, node, 'famA', 'dev001'), await member(t, node, 'famA', 'dev002')]
  const tokens = [hashOf('famA', 'dev001'), hashOf('famA', 'dev002')]
  await world.happen('famA', { level: 0, tokens }, { type: 'FamilyDeleted' })
  await calm()
  await world.happen('famA', { level: 2 })
  await calm()
  for (const { heard } of clients) t.deepEqual(heard, [sync(true)])
})

test('a token that ends while its log-in is looked up is not seated for good', async (t) => {
  const world = makeWorld(t)
  world.addDevice('famA', 'dev001', true)
  const node = await world.start()
  const key = `timelimit_devices_by_token ${hashOf('famA', 'dev001')}`
  const document = world.documents.get(key)
  let asked = 0
  world.documents.get = function (this: typeof world.documents, name: string) {
    if (name !== key) return Map.prototype.get.call(this, name) as typeof document
    asked += 1
    return asked === 1 ? document : undefined
  }
  const client = await member(t, node, 'famA', 'dev001')
  await calm()
  client.heard.length = 0
  await world.happen('famA', { level: 2 })
  await calm()
  t.is(asked, 2)
  t.deepEqual(client.heard, [])
})

test('a status message reaches everybody who logged in, after a delay each', async (t) => {
  const world = makeWorld(t)
  world.addDevice('famA', 'dev001')
  const delays = [0, 120]
  const node = await world.start({ broadcastDelayMs: () => delays.shift() ?? 0 })
  const known = await member(t, node, 'famA', 'dev001')
  const unknown = await connect(t, node.port)
  await unknown.login('nobody')
  const silent = await connect(t, node.port)
  node.live.broadcast()
  await until(() => known.heard.length === 1)
  t.deepEqual(unknown.heard, [])
  await until(() => unknown.heard.length === 1)
  t.deepEqual([known.heard, unknown.heard, silent.heard], [[sync(true)], [sync(true)], []])
})

test('after a reconnect a device is told again', async (t) => {
  const world = makeWorld(t)
  world.addDevice('famA', 'dev001')
  const node = await world.start()
  for (let round = 0; round < 3; round++) {
    const client = await member(t, node, 'famA', 'dev001')
    await world.happen('famA', { level: 1 })
    await until(() => client.heard.length === 1)
    client.close()
    await until(() => node.live.clients() === 0)
  }
  t.pass()
})

const DEVICES = ['d1', 'd2', 'd3'] as const
const signals = fc.array(
  fc
    .record({
      level: fc.constantFrom<0 | 1 | 2>(0, 1, 2),
      except: fc.option(fc.constantFrom(...DEVICES), { nil: undefined }),
      raised: fc.subarray([...DEVICES]),
      tokens: fc.subarray(DEVICES.map((device) => `hash ${device}`)),
    })
    .map(({ level, except, raised, tokens }): Signal => ({
      level,
      ...(except === undefined ? {} : { except }),
      devices: Object.fromEntries(raised.map((device) => [device, 2 as const])),
      tokens,
    })),
  { maxLength: 6 },
)

test('the level of a request is the highest of its events, whatever their order', (t) => {
  fc.assert(
    fc.property(signals, (all) => {
      for (const device of DEVICES) {
        const recipient = { device, hash: `hash ${device}` }
        const each = all.map((signal) => levelFor(recipient, [signal]))
        t.is(levelFor(recipient, all), Math.max(0, ...each) as 0 | 1 | 2)
        t.is(levelFor(recipient, [...all].reverse()), levelFor(recipient, all))
      }
    }),
    { numRuns: 200 },
  )
  t.is(levelFor({ device: 'toString', hash: '' }, [{ level: 0, devices: {} }]), 0)
})

test('a stopped room tells nobody', async (t) => {
  const told: (readonly Recipient[])[] = []
  const requests = createRequests<Recipient>({
    recipients: () => [{ device: 'd', hash: 'h' }],
    tell: (important) => void told.push(important),
    mergeMs: 1,
  })
  requests.add('a', { level: 2 })
  await turns(20)
  requests.add('b', { level: 2 })
  requests.stop()
  await turns(20)
  t.is(told.length, 1)
})
