// Proves the limits of timelimit 8.2 with a clock of its own and a vault in memory: windows that slide, shared and global
// counters, several nodes at once.
import { hash } from 'node:crypto'
import test from 'ava'
import { openMailRates } from '../../../src/mail/rate.ts'
import type { MailRates } from '../../../src/mail/rate.ts'
import type { MailKind } from '../../../src/mail/texts.ts'
import { memoryVault } from '../../../src/vault/memory/vault.ts'
import type { Vault } from '../../../src/vault/port.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const START = 1_800_000_000_000

const key = () => Promise.resolve(new Uint8Array(32))

const setup = () => {
  const clock = { now: START }
  const now = (): number => clock.now
  const vault = memoryVault({ now })
  return { clock, now, vault, rates: openMailRates(vault, now, key) }
}

/** How many of so many are admitted. */
const admitted = async (rates: MailRates, kind: MailKind, addresses: readonly string[]): Promise<number> => {
  let count = 0
  for (const address of addresses) if (await rates.admit(kind, address)) count += 1
  return count
}
const times = (count: number, address = 'anna@example.com'): readonly string[] =>
  Array.from({ length: count }, () => address)
const people = (count: number, from = 0): readonly string[] =>
  Array.from({ length: count }, (_, index) => `p${from + index}@example.com`)

const entriesOf = async (vault: Vault) => {
  const entries = []
  for await (const page of vault.list('timelimit.mail-rates')) entries.push(...page)
  return entries
}

test('login codes: 2 in any 5 minutes, 6 in any day', async (t) => {
  const { clock, rates } = setup()
  t.true(await rates.admit('login-code', 'anna@example.com'))
  clock.now += MINUTE
  t.true(await rates.admit('login-code', 'anna@example.com'))
  t.is(await admitted(rates, 'login-code', times(3)), 0)
  t.true(await rates.admit('login-code', 'eve@example.com'))
  clock.now = START + 5 * MINUTE - 1
  t.false(await rates.admit('login-code', 'anna@example.com'))
  clock.now = START + 5 * MINUTE
  t.is(await admitted(rates, 'login-code', times(3)), 1)
  clock.now = START + HOUR
  t.is(await admitted(rates, 'login-code', times(3)), 2)
  clock.now = START + 2 * HOUR
  t.is(await admitted(rates, 'login-code', times(3)), 1)
  clock.now = START + DAY - 1
  t.is(await admitted(rates, 'login-code', times(3)), 0)
  clock.now = START + DAY
  t.is(await admitted(rates, 'login-code', times(3)), 1)
})

test('an address counts once, in capitals too', async (t) => {
  const { rates } = setup()
  t.is(await admitted(rates, 'login-code', ['anna@example.com', 'Anna@example.com', 'ANNA@EXAMPLE.COM']), 2)
})

test('login codes of all: 100 in any minute, 500 in any hour, 1,000 in any day', async (t) => {
  const { clock, rates } = setup()
  let seen = 0
  const minute = async (): Promise<number> => {
    seen += 120
    const count = await admitted(rates, 'login-code', people(120, seen))
    clock.now += MINUTE
    return count
  }
  const hour: number[] = []
  for (let index = 0; index < 6; index += 1) hour.push(await minute())
  t.deepEqual(hour, [100, 100, 100, 100, 100, 0])
  clock.now = START + HOUR
  t.is(await minute(), 100)
  clock.now = START + 3 * HOUR
  const later: number[] = []
  for (let index = 0; index < 5; index += 1) later.push(await minute())
  t.deepEqual(later, [100, 100, 100, 100, 0])
  clock.now = START + DAY
  t.is(await minute(), 100)
})

test('who was refused because of all others has not used his own', async (t) => {
  const { clock, rates } = setup()
  t.is(await admitted(rates, 'login-code', people(100)), 100)
  t.is(await admitted(rates, 'login-code', times(5)), 0)
  clock.now += MINUTE
  t.is(await admitted(rates, 'login-code', times(3)), 2)
})

test('warnings of both kinds share: 2 in any minute, 20 in any day', async (t) => {
  const { clock, rates } = setup()
  t.true(await rates.admit('manipulation', 'anna@example.com'))
  t.true(await rates.admit('uninstall', 'anna@example.com'))
  t.false(await rates.admit('manipulation', 'anna@example.com'))
  t.false(await rates.admit('uninstall', 'anna@example.com'))
  let count = 2
  for (let index = 0; index < 20; index += 1) {
    clock.now += MINUTE
    count += await admitted(rates, 'uninstall', times(3))
  }
  t.is(count, 20)
  t.is(await admitted(rates, 'manipulation', people(500)), 500)
})

test('task done: 1 in a minute, 3 in 5 minutes, 5 in an hour, 10 in a day', async (t) => {
  const { clock, rates } = setup()
  const at = async (minutes: number): Promise<number> => {
    clock.now = START + minutes * MINUTE
    return admitted(rates, 'task-done', times(2))
  }
  const counts: number[] = []
  for (const minutes of [0, 1, 2, 3, 4, 5, 6, 7, 59, 60, 61, 62, 120, 121, 122, 180, 181, 1_439, 1_440])
    counts.push(await at(minutes))
  t.deepEqual(counts, [1, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1])
})

test('the others have no limit and leave no trace', async (t) => {
  const { rates, vault } = setup()
  for (const kind of ['password-reset', 'device-linked', 'account-deleted'] as const)
    t.is(await admitted(rates, kind, times(200)), 200)
  t.deepEqual(await entriesOf(vault), [])
})

test('restarts do not forget, addresses are not written down, and all ends with its window', async (t) => {
  const { clock, now, vault, rates } = setup()
  t.is(await admitted(rates, 'login-code', times(2)), 2)
  t.is(await admitted(openMailRates(vault, now, key), 'login-code', times(2)), 0)
  const entries = await entriesOf(vault)
  t.is(entries.length, 2)
  t.notRegex(JSON.stringify(entries), /anna|example/)
  for (const { expiresAt } of entries) t.is(expiresAt, START + DAY)
  clock.now += DAY
  t.deepEqual(await entriesOf(vault), [])
})

test('many at once, on several nodes: no more than allowed, and not less', async (t) => {
  const { now, vault } = setup()
  const nodes = [1, 2, 3].map(() => openMailRates(vault, now, key))
  const all = nodes.flatMap((rates, node) =>
    people(100, node * 100).map((to) => rates.admit('login-code', to)),
  )
  t.is((await Promise.all(all)).filter((one) => one).length, 100)
  const same = nodes.flatMap((rates) =>
    times(20, 'eve@example.com').map((to) => rates.admit('uninstall', to)),
  )
  t.is((await Promise.all(same)).filter((one) => one).length, 2)
})

test('a vault that always changes underneath refuses in the end', async (t) => {
  const { now, vault } = setup()
  const rates = openMailRates({ ...vault, compareAndSet: () => Promise.resolve(false) }, now, key)
  t.false(await rates.admit('uninstall', 'anna@example.com'))
})

test('a failure of the vault reaches all who wait, and is over with it', async (t) => {
  const { now, vault } = setup()
  const broken = { is: true }
  const get: Vault['get'] = (space, key) =>
    broken.is ? Promise.reject(new Error('away')) : vault.get(space, key)
  const rates = openMailRates({ ...vault, get }, now, key)
  const tried = await Promise.allSettled(times(5).map((to) => rates.admit('uninstall', to)))
  t.true(tried.every(({ status }) => status === 'rejected'))
  broken.is = false
  t.true(await rates.admit('uninstall', 'anna@example.com'))
})

test('a clock that was far ahead does not lock anybody out', async (t) => {
  const { clock, now, vault, rates } = setup()
  clock.now += 400 * DAY
  t.is(await admitted(rates, 'login-code', times(3)), 2)
  clock.now = START
  t.is(await admitted(openMailRates(vault, now, key), 'login-code', times(3)), 2)
})

test('whose counters they are is not to be told from their names without the key', async (t) => {
  const { vault, now, rates } = setup()
  t.true(await rates.admit('task-done', 'anna@example.com'))
  const names = async () => (await entriesOf(vault)).map(({ key: name }) => name)
  const [name = ''] = await names()
  t.regex(name, /^task-done\/[0-9a-f]{64}$/)
  t.false(name.includes(hash('sha256', 'anna@example.com', 'hex')))
  const other = openMailRates(vault, now, () => Promise.resolve(new Uint8Array(32).fill(1)))
  t.true(await other.admit('task-done', 'anna@example.com'))
  t.is((await names()).length, 2)
})
