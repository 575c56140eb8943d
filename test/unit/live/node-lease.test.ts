/**
 * Proves how nodes that share a vault in memory see who of them is alive: at once if asked for, gone with the lease or a proper end, how little
 * is asked of the vault for it, and what a broken vault does.
 */
import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { startNodeLease, type NodeLease, type NodeLeaseParts } from '../../../src/live/node-lease.ts'
import { memoryVault } from '../../../src/vault/memory/vault.ts'
import { VaultUnavailable, type Vault } from '../../../src/vault/port.ts'
import { settled } from './rig.ts'
import { loopClock, until } from '../../support/waiting.ts'

const SPACE = 'test.nodes'
const LEASE_MS = 300
/** So long that nothing is renewed or looked for while a test runs. */
const LONG_MS = 600_000

const start = (
  t: ExecutionContext,
  vault: NodeLeaseParts['vault'],
  node: string,
  changes: Partial<NodeLeaseParts> = {},
): NodeLease & { readonly warnings: string[] } => {
  const warnings: string[] = []
  const log = { warn: (_details: object, message: string) => void warnings.push(message) }
  const parts = { vault, space: SPACE, node, isShared: true, leaseMs: LEASE_MS, log }
  const lease = startNodeLease({ ...parts, ...changes })
  t.teardown(() => lease.close())
  return { ...lease, warnings }
}
const newVault = (): Vault => memoryVault({ now: loopClock() })

/** A vault that notes what is asked of it, and fails while it is down. */
const watched = (vault: Vault) => {
  const calls: string[] = []
  let isDown = false
  const call = (name: string): void => {
    calls.push(name)
    if (isDown) throw new VaultUnavailable('down')
  }
  const parts: NodeLeaseParts['vault'] = {
    put: async (...args) => (call('put'), vault.put(...args)),
    get: async (...args) => (call('get'), vault.get(...args)),
    delete: async (...args) => (call('delete'), vault.delete(...args)),
    list: async function* (...args) {
      call('list')
      yield* vault.list(...args)
    },
  }
  return { parts, calls, setDown: (down: boolean) => void (isDown = down) }
}
const count = (calls: readonly string[], name: string): number => calls.filter((one) => one === name).length

test('alone: only this node is alive, and the vault hears nothing of it', async (t) => {
  const { parts, calls } = watched(newVault())
  const lease = start(t, parts, 'a', { isShared: false })
  await lease.ready()
  t.deepEqual([lease.node, lease.isAlive('a'), lease.isAlive('b')], ['a', true, false])
  t.deepEqual([...(await lease.alive())], ['a'])
  await pause(LEASE_MS / 2)
  await lease.close()
  t.deepEqual(calls, [])
})

test('ready only when the lease stands in the vault', async (t) => {
  const vault = newVault()
  const { parts, setDown } = watched(vault)
  setDown(true)
  const lease = start(t, parts, 'a')
  let isReady = false
  const ready = lease.ready().then(() => (isReady = true))
  await pause(LEASE_MS)
  t.false(isReady)
  t.true(lease.isAlive('a'), 'this node always is')
  setDown(false)
  await ready
  t.not(await vault.get(SPACE, 'a'), undefined)
})

test('a lease that ran out is waited for again', async (t) => {
  const { parts, setDown } = watched(newVault())
  const lease = start(t, parts, 'a')
  await lease.ready()
  setDown(true)
  await pause(LEASE_MS * 1.5)
  let isReady = false
  const ready = lease.ready().then(() => (isReady = true))
  await pause(LEASE_MS / 2)
  t.false(isReady)
  setDown(false)
  await ready
  t.pass()
})

test('another node is alive as soon as it is ready, though nobody has looked since', async (t) => {
  const vault = newVault()
  const a = start(t, vault, 'a', { leaseMs: LONG_MS })
  await a.ready()
  await pause(10)
  const b = start(t, vault, 'b', { leaseMs: LONG_MS })
  await b.ready()
  t.true(await a.isAlive('b'))
  t.deepEqual([...(await a.alive())].sort(), ['a', 'b'])
})

test('after a look the answer is there at once', async (t) => {
  const vault = newVault()
  const a = start(t, vault, 'a')
  start(t, vault, 'b')
  let answer: boolean | Promise<boolean> = false
  await settled(() => (answer = a.isAlive('b')) === true)
  t.is(answer, true)
})

test('a node keeps its lease as long as it runs, and is gone at the next look once it ends', async (t) => {
  const vault = newVault()
  const a = start(t, vault, 'a')
  const b = start(t, vault, 'b')
  for (let n = 0; n < 10; n++) {
    await pause(LEASE_MS / 3)
    t.true((await a.alive()).has('b'))
  }
  await b.close()
  t.is(await vault.get(SPACE, 'b'), undefined)
  t.false((await a.alive()).has('b'))
  await until(async () => !(await a.isAlive('b')))
  t.pass()
})

test('a node that dies is gone when its lease has run out', async (t) => {
  const vault = newVault()
  const a = start(t, vault, 'a')
  let isDead = false
  const dying: Vault = { ...vault, put: (...args) => (isDead ? pause(10) : vault.put(...args)) }
  start(t, dying, 'd')
  await settled(() => a.isAlive('d') === true)
  isDead = true
  await pause(LEASE_MS / 4)
  t.true(await a.isAlive('d'))
  await until(async () => !(await a.alive()).has('d'))
  await until(async () => !(await a.isAlive('d')))
})

test('many who ask for an unknown node ask the vault once, also one after the other', async (t) => {
  const { parts, calls } = watched(newVault())
  const lease = start(t, parts, 'a', { leaseMs: LONG_MS })
  await pause(10)
  t.deepEqual([count(calls, 'put'), count(calls, 'list')], [1, 1])
  const answers = await Promise.all(Array.from({ length: 100 }, async () => lease.isAlive('gone')))
  t.deepEqual([...new Set(answers)], [false])
  t.false(await lease.isAlive('gone'))
  t.is(count(calls, 'get'), 1)
  t.false(await lease.isAlive('other'))
  t.is(count(calls, 'get'), 2)
})

test('without a look, that a node is gone is asked again a third of a lease later', async (t) => {
  const { parts, calls } = watched(newVault())
  const list: NodeLeaseParts['vault']['list'] = async function* () {
    yield await new Promise<never>(() => undefined)
  }
  const lease = start(t, { ...parts, list }, 'a')
  t.false(await lease.isAlive('late'))
  await parts.put(SPACE, 'late', {})
  await pause(LEASE_MS / 2)
  t.true(await lease.isAlive('late'))
  t.is(count(calls, 'get'), 2)
})

test('what was last seen counts for a lease, then the vault is asked, and a failure is not kept', async (t) => {
  const vault = newVault()
  const { parts, setDown } = watched(vault)
  const lease = start(t, parts, 'a')
  await vault.put(SPACE, 'b', {})
  await until(() => lease.isAlive('b') === true)
  setDown(true)
  t.is(lease.isAlive('b'), true)
  await pause(LEASE_MS * 1.5)
  await t.throwsAsync(async () => lease.isAlive('b'), { instanceOf: VaultUnavailable })
  await t.throwsAsync(lease.alive(), { instanceOf: VaultUnavailable })
  setDown(false)
  t.true(await lease.isAlive('b'))
  t.is(lease.warnings.length, 2, 'one line a trouble, not one a round')
})

test('a vault that never answers does not hold up the end', async (t) => {
  const never = (): Promise<never> => new Promise(() => undefined)
  const lease = start(t, { ...newVault(), put: never }, 'a')
  const before = performance.now()
  await lease.close()
  t.true(performance.now() - before < 10_000)
})
