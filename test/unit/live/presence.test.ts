/**
 * Proves presence over nodes that share a vault in memory (decisions 18): what is seen here at once and elsewhere within a poll, what ends
 * with a node, what a broken vault does, and how little is read for it.
 */
import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import fc from 'fast-check'
import { startPresence, type Presence, type PresenceParts } from '../../../src/live/presence.ts'
import { memoryVault } from '../../../src/vault/memory/vault.ts'
import { VaultUnavailable, type Vault } from '../../../src/vault/port.ts'
import { settled } from './rig.ts'
import { loopClock, turns, until } from '../../support/waiting.ts'

const SPACE = 'test.presence'
const TIMES = { pollMs: 5, renewMs: 10, leaseMs: 100 }

const start = (
  t: ExecutionContext,
  vault: PresenceParts['vault'],
  node: string,
  changes: Partial<PresenceParts> = {},
): Presence & { readonly warnings: string[] } => {
  const warnings: string[] = []
  const presence = startPresence({
    vault,
    space: SPACE,
    node,
    isShared: true,
    subjectOf: (group) => `subject ${group}`,
    log: { warn: (_details, message) => void warnings.push(message) },
    times: TIMES,
    ...changes,
  })
  t.teardown(() => presence.close())
  return { ...presence, warnings }
}
const newVault = (): Vault => memoryVault({ now: loopClock() })
const members = (presence: Presence, group: string): readonly string[] => [...presence.members(group)].sort()

test('here: at once, counted, and only changes are told', (t) => {
  const presence = start(t, newVault(), 'a', { isShared: false })
  let changes = 0
  const stop = presence.watch('g', () => {
    changes++
  })
  const first = presence.enter('g', 'm')
  const second = presence.enter('g', 'm')
  const other = presence.enter('g', 'n')
  presence.enter('h', 'x')
  t.deepEqual([members(presence, 'g'), changes], [['m', 'n'], 2])
  first()
  first()
  t.deepEqual([members(presence, 'g'), changes], [['m', 'n'], 2])
  second()
  t.deepEqual([members(presence, 'g'), changes], [['n'], 3])
  stop()
  other()
  t.deepEqual([members(presence, 'g'), changes], [[], 3])
})

test('elsewhere: seen within a poll, told once, and gone when left', async (t) => {
  const vault = newVault()
  const a = start(t, vault, 'a')
  const b = start(t, vault, 'b')
  let changes = 0
  b.watch('g/with slash', () => {
    changes++
  })
  const leave = a.enter('g/with slash', 'm')
  a.enter('other', 'm')
  await settled(() => members(b, 'g/with slash').length === 1)
  t.deepEqual([members(b, 'g/with slash'), changes], [['m'], 1])
  b.enter('g/with slash', 'n')
  await settled(() => members(a, 'g/with slash').length === 2)
  leave()
  await settled(() => members(b, 'g/with slash').length === 1)
  t.deepEqual([members(b, 'g/with slash'), members(a, 'g/with slash')], [['n'], ['n']])
  t.is(changes, 3)
  t.deepEqual([await a.others(), await b.others()], [['b'], ['a']])
})

test('a node that comes late sees what was there', async (t) => {
  const vault = newVault()
  const a = start(t, vault, 'a')
  for (let n = 0; n < 600; n++) a.enter(`g${n}`, 'm')
  await pause(30)
  const b = start(t, vault, 'b')
  await settled(() => b.members('g599').size === 1)
  for (let n = 0; n < 600; n++) t.is(b.members(`g${n}`).size, 1)
})

test('a node that closes is gone at once, one that dies with its lease', async (t) => {
  const vault = newVault()
  const watcher = start(t, vault, 'w')
  const closing = start(t, vault, 'c')
  closing.enter('g', 'm')
  await settled(() => watcher.members('g').size === 1)
  let told = 0
  watcher.watch('g', () => {
    told++
  })
  await closing.close()
  await settled(() => watcher.members('g').size === 0)
  t.deepEqual([watcher.members('g').size, told], [0, 1])

  let isDead = false
  const dying: Vault = { ...vault, put: (...args) => (isDead ? pause(10) : vault.put(...args)) }
  start(t, dying, 'd').enter('g', 'm')
  await settled(() => watcher.members('g').size === 1)
  isDead = true
  await pause(TIMES.leaseMs / 2)
  t.is(watcher.members('g').size, 1)
  await settled(() => watcher.members('g').size === 0)
  t.is(watcher.members('g').size, 0)
})

test('a vault that is down for a while costs nothing but time', async (t) => {
  const vault = newVault()
  let isDown = false
  const guard = (): void => {
    if (isDown) throw new VaultUnavailable('down')
  }
  const fragile: PresenceParts['vault'] = {
    put: async (...args) => (guard(), vault.put(...args)),
    delete: async (...args) => (guard(), vault.delete(...args)),
    list: async function* (...args) {
      guard()
      yield* vault.list(...args)
    },
  }
  const a = start(t, fragile, 'a')
  const b = start(t, vault, 'b')
  const leave = a.enter('g', 'm')
  await settled(() => b.members('g').size === 1)
  isDown = true
  leave()
  a.enter('g', 'n')
  await settled(() => b.members('g').size === 0)
  t.is(b.members('g').size, 0, 'the lease ran out')
  await t.throwsAsync(a.others(), { instanceOf: VaultUnavailable })
  isDown = false
  await settled(() => b.members('g').size === 1)
  t.deepEqual(members(b, 'g'), ['n'])
  t.is(a.warnings.length, 2, 'one line a trouble, not one a round')
})

test('what is written speaks of its subject and goes with it', async (t) => {
  const vault = newVault()
  start(t, vault, 'a').enter('g', 'm')
  const keys = async (): Promise<readonly string[]> => {
    const found: string[] = []
    for await (const page of vault.list(SPACE, 'at/')) found.push(...page.map(({ key }) => key))
    return found
  }
  await until(async () => (await keys()).length === 1)
  await vault.deleteSubject('subject g')
  t.is((await keys()).length, 0)
})

test('a quiet poll lists the leases and nothing else; a change costs its bucket', async (t) => {
  const vault = newVault()
  const lists: string[] = []
  const counting: Vault = {
    ...vault,
    list: (space, prefix = '') => {
      lists.push(prefix)
      return vault.list(space, prefix)
    },
  }
  const a = start(t, vault, 'a')
  for (let n = 0; n < 1_000; n++) a.enter(`g${n}`, 'm')
  const b = start(t, counting, 'b')
  await settled(() => b.members('g999').size === 1)
  // What `a` has written behind that is read too.
  await turns(100)
  lists.length = 0
  await until(() => lists.length > 3)
  t.deepEqual([...new Set(lists)], ['nodes/'])
  a.enter('g5', 'n')
  await settled(() => b.members('g5').size === 2)
  t.is(lists.filter((prefix) => prefix !== 'nodes/').length, 1)
})

test('whatever comes and goes, nodes agree in the end', async (t) => {
  const steps = fc.array(
    fc.record({ node: fc.nat(2), group: fc.nat(3), member: fc.nat(3), leaves: fc.boolean() }),
    { maxLength: 40 },
  )
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const vault = newVault()
      const nodes = ['a', 'b', 'c'].map((node) => start(t, vault, node))
      const there: { readonly group: string; readonly member: string; readonly leave: () => void }[] = []
      for (const { node, group, member, leaves } of all) {
        if (leaves) there.shift()?.leave()
        else {
          const place = { group: `g${group}`, member: `m${member}` }
          const leave = nodes[node]?.enter(place.group, place.member)
          if (leave !== undefined) there.push({ ...place, leave })
        }
        if (member === 0) await pause(1)
      }
      const expected = (group: string): string =>
        String([...new Set(there.filter((one) => one.group === group).map((one) => one.member))].sort())
      const agree = (): boolean =>
        nodes.every((node) => ['g0', 'g1', 'g2', 'g3'].every((g) => String(members(node, g)) === expected(g)))
      await settled(agree)
      const agreed = agree()
      await Promise.all(nodes.map((node) => node.close()))
      return agreed
    }),
    { numRuns: 15 },
  )
  t.pass()
})

test('a vault that never answers does not hold up the end', async (t) => {
  const vault = newVault()
  const never = (): Promise<never> => new Promise(() => undefined)
  const presence = start(t, { ...vault, put: never }, 'a')
  presence.enter('g', 'm')
  await pause(10)
  const before = performance.now()
  await presence.close()
  t.true(performance.now() - before < 10_000)
})
