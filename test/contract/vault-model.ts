/**
 * Random runs of a vault beside a Map: whatever the order of writes, takes and passing time, both say the same. Each run has a space of its
 * own in one vault.
 */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Entry, PutOptions, Vault } from '../../src/vault/port.ts'
import type { VaultCase } from './vault-cases.ts'

type Held = {
  readonly n: number
  readonly expiresAt: number | undefined
  readonly subject: string | undefined
}
type Model = { readonly entries: Map<string, Held>; readonly counters: Map<string, bigint>; now: number }
type Real = { readonly vault: Vault; readonly space: string; readonly pass: (ms: number) => void }
type Op = (model: Model, real: Real) => Promise<void>

const liveIn = (model: Model, key: string): Held | undefined => {
  const held = model.entries.get(key)
  return held?.expiresAt !== undefined && held.expiresAt <= model.now ? undefined : held
}
const numberIn = (entry: Entry | undefined) => entry?.value['n']

const keys = fc.constantFrom('a', 'b', 'ab', 'b\0c')
const number = fc.nat(1_000)
const options = fc.record(
  { ttlMs: fc.integer({ min: -1, max: 20 }), subject: fc.constantFrom('s', 't') },
  { requiredKeys: [] },
)
const setIn = (model: Model, key: string, n: number, { ttlMs, subject }: PutOptions): void => {
  model.entries.set(key, { n, expiresAt: ttlMs === undefined ? undefined : model.now + ttlMs, subject })
}

const put = fc.tuple(keys, number, options).map(([key, n, how]): Op => async (model, { vault, space }) => {
  await vault.put(space, key, { n }, subjectIn(space, how))
  setIn(model, key, n, how)
})
const get = keys.map((key): Op => async (model, { vault, space }) => {
  assert.equal(numberIn(await vault.get(space, key)), liveIn(model, key)?.n)
})
const take = keys.map((key): Op => async (model, { vault, space }) => {
  assert.equal(numberIn(await vault.take(space, key)), liveIn(model, key)?.n)
  model.entries.delete(key)
})
const remove = keys.map((key): Op => async (model, { vault, space }) => {
  assert.equal(await vault.delete(space, key), liveIn(model, key) !== undefined)
  model.entries.delete(key)
})
const set = fc
  .tuple(keys, fc.constantFrom('present', 'absent', 'stale'), fc.option(number), options)
  .map(([key, expected, n, how]): Op => async (model, { vault, space }) => {
    const version = (await vault.get(space, key))?.version
    const given = expected === 'present' ? (version ?? 'absent') : expected
    const fits = expected === 'present' || (expected === 'absent' && liveIn(model, key) === undefined)
    const next = n === null ? undefined : { value: { n }, options: subjectIn(space, how) }
    assert.equal(await vault.compareAndSet(space, key, given, next), fits)
    if (!fits) return
    if (n === null) model.entries.delete(key)
    else setIn(model, key, n, how)
  })
const next = fc.constantFrom('c', 'd').map((counter): Op => async (model, { vault, space }) => {
  const expected = (model.counters.get(counter) ?? 0n) + 1n
  assert.equal(await vault.next(`${space}-${counter}`), expected)
  model.counters.set(counter, expected)
})
const time = fc.integer({ min: 0, max: 15 }).map((ms): Op => (model, { pass }) => {
  pass(ms)
  model.now += ms
  return Promise.resolve()
})
const list = fc.constantFrom('', 'a', 'b').map((prefix): Op => async (model, { vault, space }) => {
  const found: unknown[] = []
  for await (const page of vault.list(space, prefix))
    found.push(...page.map((entry) => [entry.key, numberIn(entry)]))
  const expected = [...model.entries.keys()]
    .filter((key) => key.startsWith(prefix) && liveIn(model, key))
    .sort()
  assert.deepEqual(
    found,
    expected.map((key) => [key, liveIn(model, key)?.n]),
  )
})
const erase = fc.constantFrom('s', 't').map((subject): Op => async (model, { vault, space }) => {
  await vault.deleteSubject(`${space}-${subject}`)
  for (const [key, held] of model.entries) if (held.subject === subject) model.entries.delete(key)
})
const sweep = fc.constant<Op>(async (_, { vault }) => {
  await vault.sweep()
})

const subjectIn = (space: string, { subject, ...rest }: PutOptions): PutOptions =>
  subject === undefined ? rest : { ...rest, subject: `${space}-${subject}` }

export const modelCase: VaultCase = {
  name: 'any run of it agrees with a Map',
  run: async ({ vault, pass }) => {
    let runs = 0
    const ops = fc.array(fc.oneof(put, put, get, take, remove, set, set, next, time, list, erase, sweep), {
      maxLength: 40,
    })
    await fc.assert(
      fc.asyncProperty(ops, async (run) => {
        runs += 1
        const real: Real = { vault, pass, space: `run-${runs}` }
        const model: Model = { entries: new Map(), counters: new Map(), now: 1_000 }
        for (const op of run) await op(model, real)
      }),
      { numRuns: 100 },
    )
  },
}
