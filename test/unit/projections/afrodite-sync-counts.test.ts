/**
 * Proves that the counts of the extension types are what a plain count over the history gives, however the events were applied: all at once,
 * one by one, or again. The groups and the families are random ones.
 */
import test from 'ava'
import * as fc from 'fast-check'
import { afroditeSyncCounts } from '../../../projections/afrodite-sync-counts.ts'
import { memoryDocuments } from '../../../src/documents/memory/memory.ts'
import type { Documents, Write } from '../../../src/documents/port.ts'
import { groupScope, touchesOf } from '../../../src/domain/afrodite/touches.ts'
import type { StoredEvent } from '../../../src/history/port.ts'
import type { JsonObject } from '../../../src/json.ts'
import { createBuild, projectInto } from '../../../src/projecting/build.ts'
import { syncCounts } from '../../../src/queries/afrodite/sync-counts.ts'
import {
  caller,
  created,
  hex,
  patchCommand,
  ROOT,
  stored as storedEntity,
} from '../../support/stores-domain.ts'
import { FAMILY_ID, lifeOf, stored, steps, STREAM } from '../../support/timelimit-domain.ts'
import { FAMILY } from '../../support/timelimit-family.ts'

const COLLECTION = 'afrodite_sync_counts'

const writesOf = (event: StoredEvent): readonly Write[] => {
  const writes: Write[] = []
  projectInto(writes, createBuild(afroditeSyncCounts, 0), event)
  return writes.map((write) => ({ ...write, collection: COLLECTION }))
}
const contentsOf = async (documents: Documents): Promise<JsonObject> => {
  const found: Record<string, JsonObject> = {}
  for await (const page of documents.scan(COLLECTION))
    for (const { id, at, value } of page) if (value !== undefined) found[id] = { at: Number(at), value }
  return found
}
/** Applied in pieces of that size, each twice. */
const after = async (events: readonly StoredEvent[], size = events.length): Promise<Documents> => {
  const documents = memoryDocuments()
  for (let from = 0; from < events.length; from += size) {
    const writes = events.slice(from, from + size).flatMap(writesOf)
    await documents.apply(writes, [])
    await documents.apply(writes, [])
  }
  return documents
}
const naive = (events: readonly StoredEvent[], scope: string): ReadonlyMap<number, number> => {
  const counts = new Map<number, number>()
  for (const { scopes, touches } of events.map(touchesOf))
    if (scopes.includes(scope)) for (const { type } of touches) counts.set(type, (counts.get(type) ?? 0) + 1)
  return new Map([...counts].sort(([a], [b]) => a - b))
}

/** A tree of groups, and entities that come and change in any of them, in any order. */
const happenings = fc.array(
  fc.record({
    group: fc.nat({ max: 5 }),
    store: fc.constantFrom('labels', 'roles', 'groups', 'tokens', 'files'),
    change: fc.boolean(),
  }),
  { maxLength: 40 },
)
type Happening = { readonly group: number; readonly store: string; readonly change: boolean }

const storesLife = (all: readonly Happening[]): readonly StoredEvent[] => {
  const root = created('groups', { name: 'Root' }, { id: ROOT, group: { _id: ROOT, branch: [] } })
  const events = [...storedEntity('groups', ROOT, root.facts(), 1)]
  const groups: { readonly _id: string; readonly branch: readonly string[] }[] = [
    { _id: ROOT, branch: [ROOT] },
  ]
  for (const [index, { group, store, change }] of all.entries()) {
    const id = hex(1000 + index)
    const into = groups[group % groups.length] ?? { _id: ROOT, branch: [ROOT] }
    const entity = created(store, undefined, { id, group: into, caller: caller() })
    if (change) entity.run({ ...patchCommand(store, { description: 'new' }), id })
    events.push(...storedEntity(store, id, entity.facts(), events.length + 1))
    if (store === 'groups') groups.push({ _id: id, branch: [...into.branch, id] })
  }
  return events
}

test('groups: what is counted is what the history has, however it was applied', async (t) => {
  await fc.assert(
    fc.asyncProperty(happenings, fc.integer({ min: 1, max: 7 }), async (all, size) => {
      const events = storesLife(all)
      const documents = await after(events, size)
      t.deepEqual(await contentsOf(documents), await contentsOf(await after(events)))
      const groups = events.flatMap(({ type, data: { store, id } }) =>
        type === 'EntityCreated' && store === 'groups' && typeof id === 'string' ? [id] : [],
      )
      t.is(await documents.count(COLLECTION, {}), groups.length)
      for (const group of groups) {
        const scope = groupScope(group)
        const last = events.findLast((event) => touchesOf(event).scopes.includes(scope))
        t.deepEqual(await syncCounts(documents, scope), {
          at: last?.position ?? 0n,
          counts: naive(events, scope),
        })
      }
    }),
    { numRuns: 40 },
  )
})

test('families: what is counted is what the history has, however it was applied', async (t) => {
  await fc.assert(
    fc.asyncProperty(steps(10), fc.integer({ min: 1, max: 7 }), async (all, size) => {
      const events = lifeOf(all).events
      const documents = await after(events, size)
      t.deepEqual(await contentsOf(documents), await contentsOf(await after(events)))
      const scope = `timelimit:${FAMILY_ID}`
      const last = events.findLast((event) => touchesOf(event).scopes.length > 0)
      t.deepEqual(await syncCounts(documents, scope), {
        at: last?.position ?? 0n,
        counts: naive(events, scope),
      })
    }),
    { numRuns: 15 },
  )
})

test('an event writes a document once, and nothing of other streams is counted', (t) => {
  const events = [...storesLife([{ group: 0, store: 'groups', change: true }]), ...stored(FAMILY)]
  for (const event of events) {
    const ids = writesOf(event).map((write) => ('id' in write ? write.id : '?'))
    t.is(new Set(ids).size, ids.length, event.type)
    t.deepEqual(writesOf({ ...event, stream: 'cc.dialog-1' }), [])
  }
})

test('the erasure of a family leaves nothing', async (t) => {
  const scope = `timelimit:${FAMILY_ID}`
  const [erased] = stored([{ type: 'SubjectErased', data: { subject: STREAM } }], 1_000)
  if (erased === undefined) throw new Error('no event')
  t.truthy(await syncCounts(await after(stored(FAMILY)), scope))
  const receipt = { ...erased, stream: `platform.erasure-${STREAM}` }
  t.is(await syncCounts(await after([...stored(FAMILY), receipt]), scope), undefined)
})

test('a group that was deleted keeps its counts: what is in it may go on', async (t) => {
  const group = created('groups', { name: 'North' }, { id: hex(7), group: { _id: ROOT, branch: [] } })
  group.run({ type: 'DeleteEntity', store: 'groups', id: hex(7), at: 1, caller: caller(), blocked: false })
  const label = created('labels', undefined, { group: { _id: hex(7), branch: [hex(7)] } })
  const events = [
    ...storedEntity('groups', hex(7), group.facts(), 1),
    ...storedEntity('labels', hex(8), label.facts(), 3),
  ]
  t.deepEqual(
    (await syncCounts(await after(events, 1), groupScope(hex(7))))?.counts,
    naive(events, groupScope(hex(7))),
  )
  t.deepEqual(
    [...naive(events, groupScope(hex(7)))],
    [
      [132, 1],
      [137, 2],
    ],
  )
})
