/**
 * Proves that the stores' read models hold what the deciders' states hold, out of events that took a trip through JSON, and that closed
 * sealed fields leave documents that an erasure can find. The documents are the ones in memory.
 */
import test from 'ava'
import { PROJECTIONS } from '../../../projections/registry.ts'
import { storesLogins } from '../../../projections/stores-logins.ts'
import { storesTokens } from '../../../projections/stores-tokens.ts'
import { storesVersions } from '../../../projections/stores-versions.ts'
import { stores } from '../../../projections/stores.ts'
import { memoryDocuments } from '../../../src/documents/memory/memory.ts'
import type { Documents } from '../../../src/documents/port.ts'
import { collectionOf } from '../../../src/domain/stores/names.ts'
import { present } from '../../../src/domain/stores/present.ts'
import { STORES } from '../../../src/domain/stores/registry.ts'
import type { StoredEvent } from '../../../src/history/port.ts'
import type { Projection } from '../../../src/projecting/projection.ts'
import {
  AT,
  caller,
  created,
  hex,
  ID,
  ME,
  MINE,
  MINIMAL,
  patchCommand,
  ROOT,
  stored,
} from '../../support/stores-domain.ts'

const project = async (
  documents: Documents,
  events: readonly StoredEvent[],
  projections: readonly Projection[] = PROJECTIONS,
) => {
  for (const event of events) {
    const writes = projections.flatMap(({ on }) => on[event.type]?.(event) ?? [])
    await documents.apply(
      writes.map((write) => ({ ...write, at: event.position })),
      [],
    )
  }
}

const valueOf = async (documents: Documents, collection: string, id: string) =>
  (await documents.get(collection, id))?.value

/** As the history gives it back when the subject's key is destroyed. */
const erased = (events: readonly StoredEvent[]): readonly StoredEvent[] =>
  events.map((event) => ({
    ...event,
    data: Object.fromEntries(
      Object.entries(event.data).map(([name, value]) => [
        name,
        ['sealed', 'hash'].includes(name) ? null : value,
      ]),
    ),
  }))

/** What outlives an entity. */
const LASTING: ReadonlySet<string> = new Set(['stores_versions', 'stores_events', 'stores_event_names'])

for (const path of Object.keys(STORES)) {
  test(`${path}: the document follows the entity to its end`, async (t) => {
    const documents = memoryDocuments()
    const entity = created(path)
    const collection = collectionOf(path)
    await project(documents, stored(path, ID, entity.facts()))
    t.deepEqual(
      present(path, (await valueOf(documents, collection, ID)) ?? {}),
      present(path, entity.entity()),
    )
    const facts = entity.run(patchCommand(path, { name: 'Renamed', extra: { a: { b: [1] } } }))
    await project(documents, stored(path, ID, 'kind' in facts ? [] : facts, 5))
    t.is((await valueOf(documents, collection, ID))?.['name'], 'Renamed')
    t.deepEqual(
      present(path, (await valueOf(documents, collection, ID)) ?? {}),
      present(path, entity.entity()),
    )
    const gone = entity.run({
      type: 'DeleteEntity',
      store: path,
      id: ID,
      at: AT,
      caller: caller(),
      blocked: false,
    })
    await project(documents, stored(path, ID, 'kind' in gone ? [] : gone, 9))
    for (const each of await documents.collections()) {
      if (each.startsWith('stores_') && !LASTING.has(each)) t.is(await documents.count(each, {}), 0, each)
    }
  })
}

test('every collection of a write is declared, and each event writes a document once', (t) => {
  const user = created('users')
  user.run(patchCommand('users', { login: 'ann2', name: 'B' }))
  const token = created('tokens')
  const events = [...stored('users', ID, user.facts()), ...stored('tokens', ID, token.facts())]
  for (const event of events) {
    const writes = PROJECTIONS.flatMap(({ on, collections }) =>
      (on[event.type]?.(event) ?? []).map((write) => ({ write, declared: write.collection in collections })),
    )
    t.true(writes.every(({ declared }) => declared))
    const targets = writes.map(({ write }) => `${write.collection} ${'id' in write ? write.id : ''}`)
    t.is(new Set(targets).size, targets.length)
  }
  const all = PROJECTIONS.flatMap(({ collections }) => Object.keys(collections))
  t.is(new Set(all).size, all.length)
})

test('logins are found folded, changes too, and outlive nothing', async (t) => {
  const documents = memoryDocuments()
  const user = created('users')
  user.run(patchCommand('users', { email: 'NEW@Example.org' }))
  user.run(patchCommand('users', { locale: 'de' }))
  await project(documents, stored('users', ID, user.facts()), [storesLogins])
  t.deepEqual(await valueOf(documents, 'stores_logins', ID), {
    _id: ID,
    login: 'ann.smith',
    email: 'new@example.org',
    _s: [`stores.user-${ID}`],
  })
})

test('tokens are found by hash until they are deleted', async (t) => {
  const documents = memoryDocuments()
  const token = created('tokens')
  const hash = 'f'.repeat(64)
  await project(documents, stored('tokens', ID, token.facts()), [storesTokens])
  t.deepEqual(await valueOf(documents, 'stores_tokens_by_hash', hash), {
    _id: hash,
    token: ID,
    user: ME,
    _s: [`stores.user-${ME}`],
  })
  t.false(
    JSON.stringify(
      stores.on['EntityCreated']?.(stored('tokens', ID, token.facts())[0] as StoredEvent),
    ).includes(hash),
  )
  const gone = token.run({
    type: 'DeleteEntity',
    store: 'tokens',
    id: ID,
    at: AT,
    caller: caller(),
    blocked: false,
  })
  await project(documents, stored('tokens', ID, 'kind' in gone ? [] : gone, 9), [storesTokens])
  t.is(await valueOf(documents, 'stores_tokens_by_hash', hash), undefined)
})

test('versions are positions, one a group of the branch and store', async (t) => {
  const documents = memoryDocuments()
  await project(documents, stored('labels', ID, created('labels').facts(), 7), [storesVersions])
  await project(documents, stored('roles', hex('1'), created('roles').facts(), 8), [storesVersions])
  await project(documents, stored('labels', hex('2'), created('labels').facts(), 9), [storesVersions])
  for (const group of [ROOT, MINE]) {
    t.deepEqual(await valueOf(documents, 'stores_versions', `${group}:labels`), {
      _id: `${group}:labels`,
      version: 9,
    })
    t.like(await valueOf(documents, 'stores_versions', `${group}:roles`), { version: 8 })
  }
  t.is(await documents.count('stores_versions', {}), 4)
})

test('an erased user leaves documents without personal values that their subject finds', async (t) => {
  const documents = memoryDocuments()
  const user = created('users')
  user.run(patchCommand('users', { login: 'ann2' }))
  await project(documents, erased(stored('users', ID, user.facts())))
  for (const collection of ['stores_users', 'stores_logins']) {
    t.is(await documents.count(collection, { _s: `stores.user-${ID}` }), 1)
    t.notRegex(JSON.stringify(await valueOf(documents, collection, ID)), /Ann|ann/)
  }
  const token = erased(stored('tokens', ID, created('tokens').facts()))
  await project(documents, token)
  t.is(await documents.count('stores_tokens_by_hash', {}), 0)
})

test('an erased device password still shows as ***, as it did before', async (t) => {
  const documents = memoryDocuments()
  const object = created('objects', { ...MINIMAL['objects'], config: { auth: { password: 'pw' } } })
  const events = stored('objects', ID, object.facts())
  await project(documents, events)
  const before = await valueOf(documents, 'stores_objects', ID)
  const rebuilt = memoryDocuments()
  await project(rebuilt, erased(events))
  t.deepEqual(await valueOf(rebuilt, 'stores_objects', ID), before)
  t.like(before, { config: { auth: { password: '***' } } })
})

test('stores that have projections of their own are passed over; a malformed event stops', (t) => {
  const [event] = stored('labels', ID, created('labels').facts())
  if (!event) return t.fail()
  t.deepEqual(stores.on['EntityCreated']?.({ ...event, data: { ...event.data, store: 'tables/rows' } }), [])
  t.throws(() => stores.on['EntityCreated']?.({ ...event, data: { store: 'labels' } }), {
    instanceOf: TypeError,
  })
})
