/** Proves which leases are released: those of a process that is gone from this machine, or any by force, and never one that was renewed meanwhile. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import test from 'ava'
import { createLease, LEASES } from '../../../src/commands/lease.ts'
import { whereabouts } from '../../../src/commands/whereabouts.ts'
import { isObject, type JsonObject } from '../../../src/json.ts'
import { allReleased, unlockJob, unlockTexts } from '../../../src/operating/unlock.ts'
import { memoryVault } from '../../../src/vault/memory/vault.ts'
import type { Vault } from '../../../src/vault/port.ts'

const TTL_MS = 60_000

/** The number of a process that is no more. */
const deadPid = async (): Promise<number> => {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' })
  await once(child, 'close')
  return child.pid ?? 0
}

const vaultWithLeases = async (): Promise<Vault> => {
  const vault = memoryVault({ now: Date.now })
  await createLease(vault, 'alive', TTL_MS).hold()
  const put = (key: string, value: JsonObject) => vault.put(LEASES, key, value, { ttlMs: TTL_MS })
  await put('dead', { holder: 'a', ...whereabouts(), pid: await deadPid() })
  await put('elsewhere', { holder: 'b', ...whereabouts(), host: 'another' })
  await put('old', { holder: 'c' })
  await vault.put('afrodite.nodes', 'node', { ...whereabouts(), pid: await deadPid() }, { ttlMs: TTL_MS })
  return vault
}

const ask = (vault: Vault, input: JsonObject): Promise<JsonObject> =>
  unlockJob(vault)(input, { tell: () => undefined, signal: new AbortController().signal })

const standings = ({ leases }: JsonObject): readonly unknown[] =>
  Array.isArray(leases) ? leases.filter(isObject).map(({ lease, holder }) => [lease, holder]) : []

test('it tells the living from the dead, and does nothing unless asked', async (t) => {
  const vault = await vaultWithLeases()
  const shown = await ask(vault, {})
  t.deepEqual(standings(shown), [
    ['alive', 'alive'],
    ['dead', 'dead'],
    ['elsewhere', 'unknown'],
    ['old', 'unknown'],
    ['afrodite-node/node', 'dead'],
  ])
  t.deepEqual(standings(await ask(vault, {})), standings(shown))
  t.regex(unlockTexts(shown).join('\n'), /elsewhere: process \d+ on another, perhaps alive/)
})

test('--all-dead releases the dead alone, so that another process has it at once', async (t) => {
  const vault = await vaultWithLeases()
  t.false(await createLease(vault, 'dead', TTL_MS).hold())
  const result = await ask(vault, { allDead: true })
  t.deepEqual(result['released'], ['dead', 'afrodite-node/node'])
  t.true(allReleased(result))
  t.true(await createLease(vault, 'dead', TTL_MS).hold())
  t.false(await createLease(vault, 'elsewhere', TTL_MS).hold())
})

test('by name: nobody who may be alive, unless it is forced; one that nobody holds is free', async (t) => {
  const vault = await vaultWithLeases()
  const names = ['alive', 'elsewhere', 'dead', 'nobody']
  const refused = await ask(vault, { release: names })
  t.false(allReleased(refused))
  t.deepEqual([refused['released'], refused['free']], [['dead'], ['nobody']])
  const forced = await ask(vault, { release: names, force: true })
  t.true(allReleased(forced))
  t.deepEqual(forced['released'], ['alive', 'elsewhere'])
  t.true(await createLease(vault, 'elsewhere', TTL_MS).hold())
})

test('one that somebody has taken since is his', async (t) => {
  const vault = await vaultWithLeases()
  const racing: Vault = {
    ...vault,
    compareAndSet: async (space, key, expected, next) => {
      await vault.put(space, key, { holder: 'another' }, { ttlMs: TTL_MS })
      return vault.compareAndSet(space, key, expected, next)
    },
  }
  t.false(allReleased(await ask(racing, { release: ['dead'] })))
  t.is((await vault.get(LEASES, 'dead'))?.value['holder'], 'another')
})
