/**
 * The life of the server's keys for a device (timelimit 1.4, 8.4), by a clock that the tests set: when one is made, when it ends, that many at once
 * make one, and that what may not be used any more leaves the vault.
 */
import { createECDH, randomBytes } from 'node:crypto'
import test from 'ava'
import { createDhKeys, DH_KEYS } from '../../../src/commands/timelimit/dh-keys.ts'
import { isList } from '../../../src/json.ts'
import { memoryVault } from '../../../src/vault/memory/vault.ts'
import type { Vault } from '../../../src/vault/port.ts'

const HOUR = 3_600_000
const QUARTER = HOUR / 4
const START = 500_000 * HOUR
/** 47 minutes past an hour. */
const NOW = START + 47 * 60_000
const OF = { family: 'family', device: 'device' }
const KEY = 'family/device'

const setup = (inner?: Vault) => {
  const clock = { now: START }
  const vault = inner ?? memoryVault({ now: () => clock.now })
  const keys = createDhKeys(vault, randomBytes)
  const kept = async (): Promise<number | undefined> => {
    const list = (await vault.get(DH_KEYS, KEY))?.value['keys']
    return isList(list) ? list.length : undefined
  }
  return { clock, vault, keys, kept }
}
/** By the formula of the text. */
const endOf = (now: number): number => Math.floor((now + 2 * HOUR) / QUARTER) * QUARTER + QUARTER

test('the first pull makes a key; it stays for a day from its full hour', async (t) => {
  const { keys } = setup()
  const first = await keys.current(OF, NOW)
  t.true(first.isNew)
  t.regex(first.v, /^[A-Za-z0-9]{4}$/)
  t.deepEqual(await keys.current(OF, NOW), { ...first, isNew: false })
  t.deepEqual(await keys.current(OF, START + 24 * HOUR - 1), { ...first, isNew: false })
  const next = await keys.current(OF, START + 24 * HOUR)
  t.true(next.isNew)
  t.not(next.v, first.v)
  t.not(next.k, first.k)
})

test('the public key is that of the private one', async (t) => {
  const { keys } = setup()
  const { v, k } = await keys.current(OF, NOW)
  t.is(Buffer.from(k, 'base64').length, 91)
  const key = (await keys.usable(OF, NOW))[v]
  t.is(key?.publicKey, k)
  const ecdh = createECDH('prime256v1')
  ecdh.setPrivateKey(key?.privateKey ?? '', 'base64')
  t.deepEqual(ecdh.getPublicKey(), Buffer.from(k, 'base64').subarray(-65))
})

test('a key from the future is replaced', async (t) => {
  const { keys } = setup()
  const first = await keys.current(OF, NOW)
  t.false((await keys.current(OF, START)).isNew)
  const other = await keys.current(OF, START - 1)
  t.true(other.isNew)
  t.not(other.v, first.v)
})

test('a used key ends two hours later at a full quarter; the next pull hands out another', async (t) => {
  const { keys } = setup()
  const { v } = await keys.current(OF, NOW)
  await keys.use(OF, v, NOW)
  await keys.use(OF, v, NOW + HOUR)
  const end = endOf(NOW)
  t.is(end, START + 3 * HOUR)
  t.true(v in (await keys.usable(OF, end - 1)))
  t.false(v in (await keys.usable(OF, end)), 'the second use does not prolong it')
  const next = await keys.current(OF, NOW)
  t.true(next.isNew)
  t.deepEqual(Object.keys(await keys.usable(OF, NOW)).sort(), [v, next.v].sort())
  t.false((await keys.current(OF, NOW)).isNew)
})

test('a key that is replaced for its age may be used for some time', async (t) => {
  const { keys } = setup()
  const { v } = await keys.current(OF, NOW)
  const later = NOW + 30 * HOUR
  t.true((await keys.current(OF, later)).isNew)
  t.true(v in (await keys.usable(OF, endOf(later) - 1)))
  t.false(v in (await keys.usable(OF, endOf(later))))
})

test('using what is not there changes nothing', async (t) => {
  const { keys, vault } = setup()
  await keys.use(OF, 'none', NOW)
  t.is(await vault.get(DH_KEYS, KEY), undefined)
  await keys.current(OF, NOW)
  const before = await vault.get(DH_KEYS, KEY)
  await keys.use(OF, 'none', NOW)
  t.deepEqual(await vault.get(DH_KEYS, KEY), before)
})

test('a device has eight keys at most, the oldest goes', async (t) => {
  const { keys } = setup()
  const made: string[] = []
  for (let count = 0; count < 9; count++) {
    const { v } = await keys.current(OF, NOW)
    made.push(v)
    await keys.use(OF, v, NOW)
  }
  t.is(new Set(made).size, 9)
  t.deepEqual(Object.keys(await keys.usable(OF, NOW)).sort(), made.slice(1).sort())
})

test('a version that is taken is drawn again', async (t) => {
  const draws = [1, 1, 2]
  const { vault } = setup()
  const keys = createDhKeys(vault, (bytes) => new Uint8Array(bytes).fill(draws.shift() ?? 9))
  const { v } = await keys.current(OF, NOW)
  await keys.use(OF, v, NOW)
  t.deepEqual([v, (await keys.current(OF, NOW)).v], ['1111', '2222'])
})

test('devices have keys of their own, and the family takes them along', async (t) => {
  const { keys, vault } = setup()
  const one = await keys.current(OF, NOW)
  const other = await keys.current({ ...OF, device: 'tablet' }, NOW)
  t.not(one.k, other.k)
  t.deepEqual(Object.keys(await keys.usable(OF, NOW)), [one.v])
  await vault.deleteSubject('timelimit.family-family')
  t.deepEqual(await keys.usable(OF, NOW), {})
})

test('many pulls and uses at once leave one current key', async (t) => {
  const inner = memoryVault({ now: () => NOW })
  let raced = 0
  const { keys } = setup({
    ...inner,
    compareAndSet: async (...args) => {
      await new Promise(setImmediate)
      const isSet = await inner.compareAndSet(...args)
      if (!isSet) raced += 1
      return isSet
    },
  })
  const pulls = (count: number) => Array.from({ length: count }, () => keys.current(OF, NOW))
  const all = await Promise.all(pulls(6))
  t.is(all.filter(({ isNew }) => isNew).length, 1)
  t.is(new Set(all.map(({ v }) => v)).size, 1)
  t.true(raced > 0)
  const { v = '' } = all[0] ?? {}
  await Promise.all([keys.use(OF, v, NOW), keys.use(OF, v, NOW), ...pulls(3)])
  const { v: next } = await keys.current(OF, NOW)
  t.deepEqual(Object.keys(await keys.usable(OF, NOW)).sort(), [v, next].sort())
})

test('a vault that never keeps up is an error, not a key that nobody has', async (t) => {
  const { keys } = setup({
    ...memoryVault({ now: () => NOW }),
    compareAndSet: () => Promise.resolve(false),
  })
  await t.throwsAsync(keys.current(OF, NOW), { name: 'VaultUnavailable' })
})

test('a used key of a device that does not come again goes at its end', async (t) => {
  const { clock, keys, kept } = setup()
  const { v } = await keys.current(OF, clock.now)
  await keys.use(OF, v, clock.now)
  clock.now += 2 * HOUR
  t.deepEqual(Object.keys(await keys.usable(OF, clock.now)), [v])
  clock.now += HOUR / 4
  t.deepEqual(await keys.usable(OF, clock.now), {})
  t.is(await kept(), undefined)
})

test('beside a current key, an ended one goes with the next pull', async (t) => {
  const { clock, keys, kept } = setup()
  const used = await keys.current(OF, clock.now)
  await keys.use(OF, used.v, clock.now)
  const next = await keys.current(OF, clock.now)
  t.not(next.v, used.v)
  t.is(await kept(), 2)
  t.false((await keys.current(OF, clock.now)).isNew)
  t.is(await kept(), 2)
  clock.now += 3 * HOUR
  t.deepEqual(await keys.current(OF, clock.now), { ...next, isNew: false })
  t.is(await kept(), 1)
  clock.now += 24 * HOUR
  t.deepEqual(Object.keys(await keys.usable(OF, clock.now)), [next.v], 'the current one stays')
})
