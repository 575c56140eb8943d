/**
 * Proves by examples what the sealing decorator does with single events: what is stored, what is opened, what a destroyed key and a forged
 * value come to, and that it costs nothing where nothing is sealed.
 */
import test from 'ava'
import { isSealed } from '../../../src/history/cipher.ts'
import { memoryHistory } from '../../../src/history/memory/memory.ts'
import { HistoryUnavailable, type History, type NewEvent, type Page } from '../../../src/history/port.ts'
import { SealBroken, sealedHistory, type SealTable } from '../../../src/history/sealing.ts'
import { isObject, type Json, type JsonObject } from '../../../src/json.ts'
import { memoryKeyring } from '../../../src/vault/memory/keyring.ts'
import { VaultUnavailable, type Keyring } from '../../../src/vault/port.ts'
import { newEvent } from '../../support/events.ts'
import { appended, collect, following, pagesOf, refused } from '../../support/history.ts'
import { slowKeyring } from '../../support/sealing.ts'

const table: SealTable = {
  PersonNamed: {
    fields: ['name', 'home.street'],
    subject: ({ data }) => (typeof data['person'] === 'string' ? data['person'] : undefined),
  },
}
const ANNA = {
  person: 'p-1',
  name: 'Anna Karenina',
  home: { street: 'Tverskaya 7', city: 'Moscow' },
  age: 28,
}
const named = (data: JsonObject = ANNA): NewEvent => newEvent('PersonNamed', data)

const setup = (keyring: Keyring = memoryKeyring()) => {
  const raw = memoryHistory()
  return { raw, keyring, history: sealedHistory(raw, keyring, table) }
}

/** The raw history with one event's data replaced, as by somebody who can write to the file. */
const forged = (raw: History, change: (data: JsonObject) => JsonObject): History => ({
  ...raw,
  read: async function* (stream, options) {
    for await (const page of raw.read(stream, options)) {
      yield page.map((event) => ({ ...event, data: change(event.data) }))
    }
  },
})

test('declared fields are stored sealed and read opened; the rest stays readable', async (t) => {
  const { raw, history } = setup()
  const event = named()
  await appended(history, 's-1', 'none', [event])
  const [stored] = await collect(raw.read('s-1'))
  t.regex(JSON.stringify(stored?.data['name']), /^\{"\$sealed":"[\w-]+"\}$/)
  t.like(stored?.data, { person: 'p-1', age: 28, home: { city: 'Moscow' } })
  t.notRegex(JSON.stringify([stored?.data, stored?.meta]), /Karenina|Tverskaya/)
  t.is(stored?.meta.subject, 'p-1')
  const [opened] = await collect(history.read('s-1'))
  t.deepEqual(opened, { ...stored, data: ANNA } as typeof opened)
  t.deepEqual(event.data, ANNA, 'the event given is left as it was')
})

test('every way of reading opens', async (t) => {
  const { history } = setup()
  await appended(history, 's-1', 'none', [named(), newEvent('Other', { name: 'readable' })])
  const following1 = following(history, { after: 0n })
  await following1.count(2)
  await following1.stop()
  for (const events of [
    await collect(history.read('s-1')),
    await collect(history.readAll({ after: 0n })),
    following1.events(),
    [...(await collect(history.read('s-1', { from: 'end', direction: 'backwards' })))].reverse(),
  ]) {
    t.deepEqual(
      events.map(({ data }) => data),
      [ANNA, { name: 'readable' }],
    )
  }
})

test('absent fields stay absent, null comes back as null', async (t) => {
  const { raw, history } = setup()
  const sparse = [
    { person: 'p-1' },
    { person: 'p-1', name: null },
    { person: 'p-1', home: 'a tent' },
    { name: null },
  ]
  await appended(history, 's-1', 'none', sparse.map(named))
  t.deepEqual(
    (await collect(history.read('s-1'))).map(({ data }) => data),
    sparse,
  )
  t.deepEqual(
    (await collect(raw.read('s-1'))).map(({ meta }) => meta.subject),
    [undefined, 'p-1', undefined, undefined],
  )
})

test('a value without a subject is refused, and nothing is written', async (t) => {
  const { raw, history } = setup()
  await t.throwsAsync(history.append('s-1', 'none', [newEvent('Other'), named({ name: 'Nobody' })])(), {
    instanceOf: TypeError,
  })
  await t.throwsAsync(history.append('s-1', 'none', [named({ name: [] })])(), { instanceOf: TypeError })
  t.is(await raw.head(), 0n)
})

test('a value that looks sealed is data like any other', async (t) => {
  const { history } = setup()
  const odd = { person: 'p-1', name: { $sealed: 'AAAA' }, other: { $sealed: 'BBBB' } }
  await appended(history, 's-1', 'none', [named(odd)])
  t.deepEqual((await collect(history.read('s-1')))[0]?.data, odd)
})

test('names of Object.prototype are event types and fields like any other', async (t) => {
  const raw = memoryHistory()
  const strange: SealTable = { Strange: { fields: ['constructor', '__proto__'], subject: () => 'p-1' } }
  const history = sealedHistory(raw, memoryKeyring(), strange)
  const own = JSON.parse('{"__proto__":{"a":1}}') as JsonObject
  await appended(history, 's-1', 'none', [
    newEvent('Strange', {}),
    newEvent('constructor', {}),
    newEvent('Strange', own),
  ])
  const data = (await collect(history.read('s-1'))).map((event) => JSON.stringify(event.data))
  t.deepEqual(data, ['{}', '{}', '{"__proto__":{"a":1}}'])
  t.regex(JSON.stringify((await collect(raw.read('s-1')))[2]?.data), /^\{"__proto__":\{"\$sealed":/)
})

test('pages in which nothing is sealed are handed on as they are', async (t) => {
  const raw = memoryHistory()
  const pages: readonly Page[] = [
    [{ ...newEvent('Other', { name: 'x' }), stream: 's-1', revision: 0n, position: 1n }],
    [{ ...newEvent('PersonNamed', { person: 'p-1' }), stream: 's-1', revision: 1n, position: 2n }],
  ]
  const given: History = {
    ...raw,
    read: async function* () {
      yield* pages
      await Promise.resolve()
    },
  }
  const read = await pagesOf(sealedHistory(given, memoryKeyring(), table).read('s-1'))
  t.is(read[0], pages[0])
  t.is(read[1], pages[1])
})

test('the hot path reaches the history in the same turn', async (t) => {
  const raw = memoryHistory()
  let begun = 0
  const counted: History = {
    ...raw,
    append: (...args) => {
      const task = raw.append(...args)
      return () => {
        begun += 1
        return task()
      }
    },
  }
  const keyring = memoryKeyring()
  await keyring.obtain('p-1')
  const history = sealedHistory(counted, keyring, table)
  const answers = [
    history.append('s-1', 'any', [newEvent('Other')])(),
    history.append('s-1', 'any', [named()])(),
  ]
  t.is(begun, 2)
  await Promise.all(answers)
})

test('a destroyed key reads as null; whose key stays reads on', async (t) => {
  for (const keyring of [memoryKeyring(), slowKeyring(memoryKeyring())]) {
    const { history } = setup(keyring)
    await appended(history, 's-1', 'none', [named(), named({ ...ANNA, person: 'p-2' })])
    await keyring.destroy('p-1')
    const [erased, kept] = await collect(history.read('s-1'))
    t.deepEqual(erased?.data, { ...ANNA, name: null, home: { street: null, city: 'Moscow' } })
    t.is(kept?.data['name'], 'Anna Karenina')
  }
})

test('what is appended for an erased subject is kept without its values', async (t) => {
  const { raw, keyring, history } = setup()
  await keyring.destroy('p-1')
  await appended(history, 's-1', 'none', [named()])
  const [stored] = await collect(raw.read('s-1'))
  t.deepEqual(stored?.data, {
    ...ANNA,
    name: { $sealed: '' },
    home: { street: { $sealed: '' }, city: 'Moscow' },
  })
  const [opened] = await collect(history.read('s-1'))
  t.deepEqual(opened?.data, { ...ANNA, name: null, home: { street: null, city: 'Moscow' } })
})

test('a value that was changed, cut off, moved or resealed is an error that names its place', async (t) => {
  const { raw, keyring, history } = setup()
  await appended(history, 's-0', 'none', [newEvent('Other')])
  await appended(history, 's-1', 'none', [named()])
  await appended(history, 's-2', 'none', [named()])
  const at = (data: JsonObject | undefined, field: string): Json => data?.[field] ?? null
  const [stored] = await collect(raw.read('s-1'))
  const [other] = await collect(raw.read('s-2'))
  const name = at(stored?.data, 'name')
  const home = at(stored?.data, 'home')
  t.true(isSealed(name) && isObject(home))
  const sealed = isSealed(name) ? name.$sealed : ''
  const flipped = (sealed.startsWith('A') ? 'B' : 'A') + sealed.slice(1)
  const forgeries = [
    { $sealed: flipped },
    { $sealed: sealed.slice(0, -4) },
    { $sealed: 'AAAA' },
    { $sealed: '!' },
    isObject(home) ? at(home, 'street') : null,
    at(other?.data, 'name'),
  ]
  for (const forgery of forgeries) {
    const read = sealedHistory(
      forged(raw, (data) => ({ ...data, name: forgery })),
      keyring,
      table,
    )
    const error = await t.throwsAsync(collect(read.read('s-1')), { instanceOf: SealBroken })
    t.is(error.position, 2n)
    t.regex(error.message, /name is broken at position 2 \(s-1, revision 0\)/)
  }
})

test('a keyring that cannot be reached refuses appends and stops reads', async (t) => {
  const keyring = memoryKeyring()
  const down = (): never => {
    throw new VaultUnavailable('down')
  }
  const raw = memoryHistory()
  await appended(sealedHistory(raw, keyring, table), 's-1', 'none', [named()])
  const rejecting: Keyring = {
    ...keyring,
    find: () => Promise.reject(new VaultUnavailable('down')),
    obtain: () => Promise.reject(new VaultUnavailable('down')),
  }
  const history = sealedHistory(raw, rejecting, table)
  t.is((await refused(history, 's-1', 0n, [named()]))._tag, 'Unavailable')
  await appended(history, 's-1', 0n, [newEvent('Other')])
  await t.throwsAsync(collect(history.read('s-1')), { instanceOf: HistoryUnavailable })
  const throwing = sealedHistory(raw, { ...keyring, find: down }, table)
  await t.throwsAsync(collect(throwing.read('s-1')), { instanceOf: HistoryUnavailable })
  t.is((await collect(raw.read('s-1'))).length, 2)
})

test('an append whose key cannot be had does not hold up those behind it', async (t) => {
  const keyring = memoryKeyring()
  const failing: Keyring = {
    ...keyring,
    find: () => undefined,
    obtain: (subject) =>
      subject === 'p-1' ? Promise.reject(new VaultUnavailable('down')) : keyring.obtain(subject),
  }
  const { history } = setup(failing)
  const answers = await Promise.all([
    history.append('s-1', 'any', [named()])(),
    history.append('s-1', 'any', [newEvent('Other')])(),
    history.append('s-1', 'any', [named({ person: 'p-2', name: 'B' })])(),
  ])
  t.deepEqual(
    answers.map(({ _tag }) => _tag),
    ['Left', 'Right', 'Right'],
  )
})
