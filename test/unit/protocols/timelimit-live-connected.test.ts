/** Proves `connected devices` (timelimit 7.4) and what crosses nodes (decisions 18): real sockets, one and two nodes over one vault. */
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { VaultUnavailable } from '../../../src/vault/port.ts'
import { calm, connected, makeWorld, member, sync, until, type World } from './timelimit-live-rig.ts'
import { turns } from '../../support/waiting.ts'

const family = (t: ExecutionContext, devices: Readonly<Record<string, boolean>>): World => {
  const world = makeWorld(t)
  for (const [device, isShown] of Object.entries(devices)) world.addDevice('famA', device, isShown)
  return world
}

test('nothing is said while there is nothing to see; each change of the set is said once', async (t) => {
  const world = family(t, { shown1: true, shown2: true, hidden: false })
  const node = await world.start()
  const hidden = await member(t, node, 'famA', 'hidden')
  await calm()
  t.deepEqual(hidden.heard, [], 'an empty set is not said after the log-in')
  const one = await member(t, node, 'famA', 'shown1')
  const again = await member(t, node, 'famA', 'shown1')
  const two = await member(t, node, 'famA', 'shown2')
  t.deepEqual(one.heard, [connected('shown1'), connected('shown1', 'shown2')])
  t.deepEqual(again.heard, [connected('shown1'), connected('shown1', 'shown2')])
  t.deepEqual(two.heard, [connected('shown1', 'shown2')])
  one.close()
  await calm()
  t.is(hidden.heard.length, 2, 'one of two connections of a device ended')
  again.close()
  two.close()
  await until(() => hidden.heard.length === 4)
  await calm()
  t.deepEqual(hidden.heard.at(-1), connected())
  t.is(hidden.heard.length, 4)
})

test('families do not see each other', async (t) => {
  const world = family(t, { dev001: true })
  world.addDevice('famB', 'dev002', true)
  const node = await world.start()
  const a = await member(t, node, 'famA', 'dev001')
  const b = await member(t, node, 'famB', 'dev002')
  t.deepEqual(a.heard, [connected('dev001')])
  t.deepEqual(b.heard, [connected('dev002')])
})

test('to share, or no longer, takes effect at once, for the device itself too', async (t) => {
  const world = family(t, { dev001: false, dev002: false })
  const node = await world.start()
  const one = await member(t, node, 'famA', 'dev001')
  const two = await member(t, node, 'famA', 'dev002')
  world.addDevice('famA', 'dev001', true)
  await world.happen('famA', { level: 1, except: 'dev002' }, { type: 'DeviceConnectionSharingChanged' })
  await until(() => one.heard.length === 2 && two.heard.length === 1)
  world.addDevice('famA', 'dev001', false)
  await world.happen('famA', undefined, { type: 'DeviceConnectionSharingChanged' })
  await calm()
  t.deepEqual(one.heard, [connected('dev001'), sync(false), connected()])
  t.deepEqual(two.heard, [connected('dev001'), connected()])
})

test('the settings are read again when the documents are back', async (t) => {
  const world = family(t, { dev001: true, dev002: false })
  const node = await world.start()
  const two = await member(t, node, 'famA', 'dev002')
  world.goDown(true)
  world.addDevice('famA', 'dev002', true)
  await world.happen('famA', undefined, { type: 'DeviceConnectionSharingChanged' })
  await turns(60)
  t.deepEqual(two.heard, [])
  world.goDown(false)
  await until(() => two.heard.length === 1)
  t.deepEqual(two.heard, [connected('dev002')])
})

test('one process alone writes nothing to the vault', async (t) => {
  const world = family(t, { dev001: true })
  const node = await world.start()
  const client = await member(t, node, 'famA', 'dev001')
  await node.live.signOut('famA', 'dev001')
  await until(() => client.heard.length === 2)
  const written: string[] = []
  for (const space of ['timelimit.presence', 'timelimit.mailbox']) {
    for await (const page of world.vault.list(space)) written.push(...page.map(({ key }) => key))
  }
  t.deepEqual(written, [])
})

test('two nodes: who is connected anywhere is seen everywhere, and who left is not', async (t) => {
  const world = family(t, { dev001: true, dev002: true, dev003: true })
  const first = await world.start({ isShared: true })
  const one = await member(t, first, 'famA', 'dev001')
  const second = await world.start({ isShared: true })
  const two = await member(t, second, 'famA', 'dev002')
  await until(
    () => one.heard.length === 2 && String(two.heard.at(-1)) === String(connected('dev001', 'dev002')),
  )
  t.deepEqual(one.heard, [connected('dev001'), connected('dev001', 'dev002')])
  const three = await member(t, second, 'famA', 'dev003')
  await until(() => one.heard.length === 3)
  t.deepEqual(three.heard, [connected('dev001', 'dev002', 'dev003')])
  three.close()
  await until(() => one.heard.length === 4)
  await second.live.close()
  await until(() => one.heard.length === 5)
  t.deepEqual(one.heard.slice(2), [
    connected('dev001', 'dev002', 'dev003'),
    connected('dev001', 'dev002'),
    connected('dev001'),
  ])
})

test('two nodes: a device that moves from one to the other stays visible in the end', async (t) => {
  const world = family(t, { dev001: true, dev002: true })
  const nodes = [await world.start({ isShared: true }), await world.start({ isShared: true })] as const
  const watcher = await member(t, nodes[0], 'famA', 'dev002')
  for (let round = 0; round < 4; round++) {
    const moving = await member(t, nodes[round % 2 === 0 ? 1 : 0], 'famA', 'dev001')
    await until(() => String(watcher.heard.at(-1)) === String(connected('dev001', 'dev002')))
    moving.close()
    await until(() => String(watcher.heard.at(-1)) === String(connected('dev002')))
  }
  t.pass()
})

test('two nodes: signals come from the history, so each node tells its own', async (t) => {
  const world = family(t, { dev001: false, dev002: false })
  const first = await world.start({ isShared: true })
  const second = await world.start({ isShared: true })
  const one = await member(t, first, 'famA', 'dev001')
  const two = await member(t, second, 'famA', 'dev002')
  await world.happen('famA', { level: 1, devices: { dev002: 2 } })
  await until(() => one.heard.length === 1 && two.heard.length === 1)
  t.deepEqual([one.heard, two.heard], [[sync(false)], [sync(true)]])
})

test('two nodes: sign out reaches each connection of the device once, wherever it is', async (t) => {
  const world = family(t, { dev001: false, dev002: false })
  const first = await world.start({ isShared: true })
  const second = await world.start({ isShared: true })
  const clients = [
    await member(t, first, 'famA', 'dev001'),
    await member(t, second, 'famA', 'dev001'),
    await member(t, second, 'famA', 'dev001'),
  ]
  const other = await member(t, second, 'famA', 'dev002')
  await first.live.signOut('famA', 'dev001')
  await until(() => clients.every(({ heard }) => heard.length === 1))
  await turns(80)
  for (const { heard } of clients) t.deepEqual(heard, [['sign out']])
  t.deepEqual(other.heard, [])
})

test('two nodes: a status message is told on both', async (t) => {
  const world = family(t, { dev001: false, dev002: false })
  const changes = { isShared: true, broadcastDelayMs: () => 0 }
  const first = await world.start(changes)
  const second = await world.start(changes)
  const one = await member(t, first, 'famA', 'dev001')
  const two = await member(t, second, 'famA', 'dev002')
  first.live.broadcast()
  await until(() => one.heard.length === 1 && two.heard.length === 1)
  await turns(80)
  t.deepEqual([one.heard, two.heard], [[sync(true)], [sync(true)]])
})

test('while the vault is down the own connections are seen, and sign out rejects after telling them', async (t) => {
  const world = family(t, { dev001: true })
  const down = (): Promise<never> => Promise.reject(new VaultUnavailable('down'))
  const list = async function* () {
    await down()
    yield []
  }
  const vault = { put: down, take: down, delete: down, list }
  const node = await world.start({ isShared: true, vault })
  const client = await member(t, node, 'famA', 'dev001')
  await until(() => client.heard.length === 1)
  await t.throwsAsync(node.live.signOut('famA', 'dev001'), { instanceOf: VaultUnavailable })
  await until(() => client.heard.length === 2)
  t.deepEqual(client.heard, [connected('dev001'), ['sign out']])
})
