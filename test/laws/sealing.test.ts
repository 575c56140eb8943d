/**
 * The laws of sealing, for any JSON and any order of appends: opening gives back what was sealed; what is stored does not show it;
 * destroying keys closes what they sealed and nothing else; appends of a stream take effect in the order of their calls.
 */
import fc from 'fast-check'
import test from 'ava'
import { open, seal } from '../../src/history/cipher.ts'
import { memoryHistory } from '../../src/history/memory/memory.ts'
import { sealedHistory, type SealTable } from '../../src/history/sealing.ts'
import type { Json, JsonObject } from '../../src/json.ts'
import { memoryKeyring } from '../../src/vault/memory/keyring.ts'
import { newEvent } from '../support/events.ts'
import { appended, collect } from '../support/history.ts'
import { slowKeyring } from '../support/sealing.ts'

const json: fc.Arbitrary<Json> = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as Json)
const runs = { numRuns: process.env['SOAK'] === undefined ? 200 : 20_000 }

const table: SealTable = {
  Sealed: {
    fields: ['secret', 'deep.secret'],
    subject: ({ data }) => (typeof data['who'] === 'string' ? data['who'] : undefined),
  },
}

test('open(seal(x)) is x, and nowhere else', (t) => {
  const key = new Uint8Array(32).fill(7)
  const property = fc.property(json, fc.string(), fc.string(), (value, place, elsewhere) => {
    const sealed = seal(value, key, place) as { readonly $sealed: string }
    t.deepEqual(open(sealed, key, place), value)
    if (elsewhere !== place) t.throws(() => open(sealed, key, elsewhere))
    t.throws(() => open(sealed, new Uint8Array(32).fill(8), place))
    t.notDeepEqual(seal(value, key, place), sealed)
  })
  fc.assert(property, runs)
})

test('a history gives back any data, and stores no text of a sealed field', async (t) => {
  const secrets = fc.stringMatching(/^[a-z]{12,20}$/)
  const data = fc.record(
    {
      who: fc.constantFrom('a', 'b'),
      secret: fc.tuple(secrets, json),
      deep: fc.dictionary(fc.string(), json),
    },
    { requiredKeys: ['who'] },
  )
  const property = fc.asyncProperty(fc.array(data, { minLength: 1, maxLength: 10 }), async (all) => {
    const raw = memoryHistory()
    const history = sealedHistory(raw, memoryKeyring(), table)
    const given = all.map((one) => JSON.parse(JSON.stringify(one)) as JsonObject)
    await appended(
      history,
      's-1',
      'none',
      given.map((one) => newEvent('Sealed', one)),
    )
    const read = (await collect(history.readAll({ after: 0n }))).map((event) => event.data)
    t.deepEqual(read, given)
    const text = JSON.stringify((await collect(raw.read('s-1'))).map((event) => event.data))
    for (const { secret } of all) if (secret !== undefined) t.false(text.includes(secret[0]))
  })
  await fc.assert(property, runs)
})

test('destroying some keys closes what they sealed and leaves the rest as it was', async (t) => {
  const whos = ['a', 'b', 'c', 'd']
  const events = fc.array(fc.tuple(fc.constantFrom(...whos), json), { maxLength: 20 })
  const property = fc.asyncProperty(events, fc.subarray(whos), async (all, erased) => {
    const keyring = memoryKeyring()
    const history = sealedHistory(memoryHistory(), keyring, table)
    const given = all.map(([who, secret]) => ({ who, secret, plain: who }))
    await appended(
      history,
      's-1',
      'any',
      given.map((one) => newEvent('Sealed', one)),
    )
    for (const who of erased) await keyring.destroy(who)
    const read = (await collect(history.read('s-1'))).map((event) => event.data)
    t.deepEqual(
      read,
      given.map((one) => (erased.includes(one.who) ? { ...one, secret: null } : one)),
    )
  })
  await fc.assert(property, runs)
})

test('appends of a stream take effect in the order of their calls, whatever their keys take', async (t) => {
  const call = fc.record({
    stream: fc.constantFrom('s-1', 's-2'),
    who: fc.constantFrom('a', 'b', 'c', undefined),
    known: fc.boolean(),
    wait: fc.boolean(),
  })
  const property = fc.asyncProperty(fc.array(call, { maxLength: 30 }), async (calls) => {
    const keyring = memoryKeyring()
    const slow = slowKeyring(keyring)
    // Some keys are in memory and some are not, from one call to the next.
    let known = false
    const mixed = { ...slow, find: (subject: string) => (known ? keyring.find(subject) : slow.find(subject)) }
    const history = sealedHistory(memoryHistory(), mixed, table)
    const answers: Promise<unknown>[] = []
    for (const [n, { stream, who, known: next, wait }] of calls.entries()) {
      known = next
      const event = who === undefined ? newEvent('Plain', { n }) : newEvent('Sealed', { n, who, secret: n })
      answers.push(history.append(stream, 'any', [event])())
      if (wait) await new Promise(setImmediate)
    }
    await Promise.all(answers)
    for (const stream of ['s-1', 's-2']) {
      const expected = calls.flatMap((one, n) => (one.stream === stream ? [n] : []))
      t.deepEqual(
        (await collect(history.read(stream))).map(({ data }) => data['n']),
        expected,
      )
    }
  })
  await fc.assert(property, runs)
})
