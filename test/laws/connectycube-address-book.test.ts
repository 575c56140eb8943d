/**
 * Laws of address books (connectycube 5.1), for random uploads: the events fold to what a plain model of the rules holds, the counts are those
 * of the model, and an upload that is repeated says nothing new. One that no append can hold is done in parts. Pure.
 */
import test from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import * as fc from 'fast-check'
import { addressBookDecider, planImport, type Import } from '../../src/domain/cc/address-book.ts'
import { readContacts } from '../../src/domain/cc/contact-input.ts'
import { APPEND_BYTES_MAX, CC_CONTACTS_AN_APPEND, CC_CONTACTS_MAX } from '../../src/limits.ts'
import { processorMs } from '../support/waiting.ts'

const RUNS = process.env['SOAK'] === undefined ? 300 : 20_000

const phone = fc.constantFrom('4911111111', '4922222222', '4933333333', '4944444444')
const contact = fc.record({ phone, name: fc.constantFrom('Ann', 'Bob', 'Cid') }, { requiredKeys: ['phone'] })
const upload: fc.Arbitrary<Import> = fc.record(
  {
    contacts: fc.array(contact, { maxLength: 6 }),
    force: fc.boolean(),
    udid: fc.constantFrom('d1', '__proto__'),
  },
  { requiredKeys: ['contacts', 'force'] },
)

/** Entries as `device phone` → name. */
type Model = Map<string, string>

/** The rules as the specification says them, entry by entry. */
const applied = (model: Model, { contacts, force, udid }: Import) => {
  const counts = { created: 0, updated: 0, deleted: 0 }
  const inScope = (key: string): boolean => udid === undefined || key.startsWith(`${udid} `)
  const places = (of: string): string[] =>
    [...model.keys()].filter((key) => inScope(key) && key.endsWith(` ${of}`))
  const last = new Map(contacts.map(({ phone: of, name }) => [of, name]))
  const forget = (of: string): number => places(of).filter((key) => model.delete(key)).length
  const gone = force ? [...model.keys()].filter(inScope).map((key) => key.split(' ')[1] ?? '') : []
  for (const of of new Set(gone.filter((one) => !last.has(one)))) counts.deleted += Math.min(forget(of), 1)
  for (const [of, name] of last) {
    const found = places(of)
    if (name === undefined) counts.deleted += Math.min(forget(of), 1)
    else {
      counts[found.length === 0 ? 'created' : 'updated'] += 1
      for (const key of found.length === 0 ? [`${udid ?? ''} ${of}`] : found) model.set(key, name)
    }
  }
  return counts
}

const decider = addressBookDecider(1, 7)

test('books and counts are those of the model, and a repetition changes nothing', (t) => {
  fc.assert(
    fc.property(fc.array(upload, { maxLength: 12 }), (uploads) => {
      const model: Model = new Map()
      let book = decider.initial
      for (const one of uploads) {
        const { created, updated, deleted } = planImport(book, one)
        const decision = decider.decide({ app: 1, user: 7, import: one }, book)
        if (E.isLeft(decision)) throw new Error(decision.left.reason)
        book = decision.right.reduce(decider.evolve, book)
        const counts = applied(model, one)
        if (JSON.stringify({ created, updated, deleted }) !== JSON.stringify(counts)) return false
        const held = Object.entries(book).flatMap(([udid, entries]) =>
          Object.entries(entries).map(([of, name]) => `${udid} ${of}=${name}`),
        )
        const wanted = [...model].map(([key, name]) => `${key}=${name}`)
        if (held.sort().join() !== wanted.sort().join()) return false
        const again = decider.decide({ app: 1, user: 7, import: one }, book)
        if (E.isLeft(again) || again.right.length > 0) return false
      }
      return true
    }),
    { numRuns: RUNS },
  )
  t.pass()
})

test('what one append cannot hold is done in parts, and counted as one', (t) => {
  const udid = 'd'.repeat(64)
  const named = (from: number, to: number, name: string) =>
    Array.from({ length: to - from }, (_, n) => ({ phone: String(20_000_000_000 + from + n), name }))
  const steps: readonly (readonly [upload: Import, counts: readonly number[], entries: number])[] = [
    [{ udid, force: false, contacts: named(0, 8_000, 'x') }, [8_000, 0, 0], 8_000],
    [{ udid, force: false, contacts: named(0, 8_000, 'x') }, [0, 8_000, 0], 8_000],
    [{ force: false, contacts: named(7_000, 9_000, '\u{1f41e}'.repeat(255)) }, [1_000, 1_000, 0], 9_000],
    [{ udid, force: true, contacts: named(100, 200, 'y') }, [0, 100, 7_900], 1_100],
    [{ force: true, contacts: [] }, [0, 0, 1_100], 0],
  ]
  let book = decider.initial
  for (const [whole, wanted, entries] of steps) {
    const counts = [0, 0, 0]
    const done = new Set<string>()
    for (let isAll = false; !isAll;) {
      const asked = { ...whole, done }
      const part = planImport(book, asked)
      const decision = decider.decide({ app: 1, user: 7, import: asked }, book)
      if (E.isLeft(decision)) throw new Error(decision.left.reason)
      t.true(Buffer.byteLength(JSON.stringify(decision.right)) < (APPEND_BYTES_MAX * 3) / 4 - 1_000)
      book = decision.right.reduce(decider.evolve, book)
      for (const [index, of] of [part.created, part.updated, part.deleted].entries())
        counts[index] = (counts[index] ?? 0) + of
      for (const of of part.phones) done.add(of)
      isAll = part.isAll
    }
    t.deepEqual(counts, wanted)
    t.is(Object.values(book).flatMap((names) => Object.keys(names)).length, entries)
  }
})

test('an upload costs no more where each contact is of another device', async (t) => {
  const COUNT = 10_000
  const phones = Array.from({ length: COUNT }, (_, n) => String(20_000_000_000 + n))
  const one = { '': Object.fromEntries(phones.map((of) => [of, 'x'])) }
  const many = Object.fromEntries(phones.map((of, n) => [`d${n}`, { [of]: 'x' }]))
  const whole: Import = {
    force: true,
    contacts: phones.map((of, n) => ({ phone: n % 2 === 0 ? of : `4${of}`, name: 'x' })),
  }
  const cost = (book: typeof decider.initial) =>
    processorMs(() => {
      const { created, deleted, growth } = planImport(book, whole)
      t.deepEqual([created, deleted, growth], [CC_CONTACTS_AN_APPEND, 0, 0])
    })
  const [ofOne, ofMany] = [await cost(one), await cost(many)]
  t.true(ofMany < Math.max(ofOne, 10) * 50, `${ofOne} and ${ofMany} ms`)
})

test('who has as many contacts as one may have can rename them all', (t) => {
  const names = Object.fromEntries(
    Array.from({ length: CC_CONTACTS_MAX }, (_, n) => [String(20_000_000_000 + n), 'x']),
  )
  const decided = (name: string, from: number) =>
    decider.decide(
      {
        ...{ app: 1, user: 7 },
        import: { force: false, contacts: [{ phone: String(20_000_000_000 + from), name }] },
      },
      { '': names },
    )
  t.true(E.isRight(decided('y', 5)))
  t.true(E.isLeft(decided('y', CC_CONTACTS_MAX)))
})

test('an entry of an upload is in order, or told what is wrong, by its index', (t) => {
  const read = readContacts([
    { name: 'Mira', phone: '+49 170 1234567' },
    { name: 'X', phone: '12' },
    { name: '', phone: '1' },
    { phone: '4917012345678', destroy: '1' },
    { phone: '4917012345678' },
    { name: 'X', phone: '4917012345678', age: 3 },
    'text',
    { name: 'x'.repeat(256), phone: '1234567890' },
    { name: 'X', phone: '1'.repeat(16) },
    { name: 'half a bug \ud83d', phone: '1234567890' },
    { name: 'X\0', phone: '1234567890' },
  ])
  const PHONE = "Length of 'phone' field should be min: 10 and max: 15."
  const NAME = "Length of 'name' field should be min: 1 and max: 255."
  const FIELDS = 'Invalid fields set'
  t.deepEqual(read, {
    contacts: [{ phone: '491701234567', name: 'Mira' }, { phone: '4917012345678' }],
    rejected: {
      ...{ 1: [PHONE], 2: [PHONE, NAME], 4: [FIELDS], 5: [FIELDS], 6: [FIELDS], 7: [NAME], 8: [PHONE] },
      ...{ 9: [FIELDS], 10: [FIELDS] },
    },
  })
})
