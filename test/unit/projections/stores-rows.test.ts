/**
 * Proves that the documents of rows hold what was decided, go with their table whatever comes late, and do not depend on how the history is
 * cut. The documents are the ones in memory.
 */
import test from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import fc from 'fast-check'
import { storesRows } from '../../../projections/stores-rows.ts'
import { memoryDocuments } from '../../../src/documents/memory/memory.ts'
import type { Documents } from '../../../src/documents/port.ts'
import type { Fact } from '../../../src/domain/decider.ts'
import { rowsDecider, type RowCommand } from '../../../src/domain/stores/rows.ts'
import type { StoredEvent } from '../../../src/history/port.ts'
import type { JsonObject } from '../../../src/json.ts'
import { asText } from '../../support/client.ts'
import { AT, caller, created, hex, stored } from '../../support/stores-domain.ts'

const TABLES = [hex('7a'), hex('7b')]
const tables = TABLES.map((id) => created('tables', { name: 'T' }, { id }))
const deleteTable = (index: number): readonly Fact[] => {
  const table = created('tables', { name: 'T' }, { id: TABLES[index] ?? '' })
  const gone = table.run({
    ...{ type: 'DeleteEntity', store: 'tables', id: TABLES[index] ?? '', at: AT },
    ...{ caller: caller(), blocked: false },
  })
  if ('kind' in gone) throw new Error(gone.kind)
  return gone
}

type Step = {
  readonly row: number
  readonly table: number
  readonly what: 'put' | 'delete' | 'table'
  readonly name: string
}
const step: fc.Arbitrary<Step> = fc.record({
  row: fc.nat({ max: 3 }),
  table: fc.nat({ max: 1 }),
  what: fc.constantFrom('put', 'put', 'put', 'delete', 'table'),
  name: fc.constantFrom('a', 'b'),
})

/** Nothing if it is refused. */
const decided = (given: readonly Fact[], command: RowCommand): readonly Fact[] => {
  const answer = rowsDecider.decide(command, given.reduce(rowsDecider.evolve, rowsDecider.initial))
  return E.isLeft(answer) ? [] : answer.right
}

/** A history of rows and the end of their tables, and what of it is left. */
const historyOf = (steps: readonly Step[]) => {
  const rows = new Map<string, { facts: readonly Fact[]; entity: JsonObject | undefined }>()
  const events: StoredEvent[] = []
  const gone = new Set<number>()
  for (const { row, table, what, name } of steps) {
    if (gone.has(table)) continue
    if (what === 'table') {
      gone.add(table)
      events.push(...stored('tables', TABLES[table] ?? '', deleteTable(table), events.length + 1))
      continue
    }
    const id = hex(`${table}${row}`)
    const known = rows.get(id)?.facts ?? []
    const common = { id, table: tables[table]?.entity(), at: AT + events.length, caller: caller() }
    const facts = decided(
      known,
      what === 'delete'
        ? { ...common, type: 'DeleteRow' }
        : { ...common, type: known.length === 0 ? 'CreateRow' : 'PatchRow', body: { data: { name } } },
    )
    const all = [...known, ...facts]
    rows.set(id, { facts: all, entity: all.reduce(rowsDecider.evolve, rowsDecider.initial).entity })
    events.push(...stored('tables/rows', id, facts, events.length + 1))
  }
  const left = [...rows.values()].flatMap(({ entity }) =>
    entity === undefined || gone.has(TABLES.indexOf(asText(entity.table))) ? [] : [entity],
  )
  return { events, left }
}

const apply = (documents: Documents, events: readonly StoredEvent[]): Promise<void> =>
  documents.apply(
    events.flatMap((event) =>
      (storesRows.on[event.type]?.(event) ?? []).map((write) => ({ ...write, at: event.position })),
    ),
    [],
  )

const contents = async (documents: Documents): Promise<readonly unknown[]> => {
  const found: unknown[] = []
  for await (const page of documents.scan('stores_rows')) found.push(...page)
  return found
}

test('law: documents show what is left, however the history is cut and however often a batch comes', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), fc.nat({ max: 20 }), async (steps, at) => {
      const { events, left } = historyOf(steps)
      const whole = memoryDocuments()
      await whole.apply([], [])
      await apply(whole, events)
      const cut = memoryDocuments()
      await apply(cut, events.slice(0, at))
      await apply(cut, events.slice(Math.max(0, at - 3)))
      t.deepEqual(await contents(cut), await contents(whole))
      const shown: unknown[] = []
      for await (const page of whole.find('stores_rows', {})) shown.push(...page)
      const byId = (one: unknown, other: unknown): number =>
        asText((one as JsonObject)._id) < asText((other as JsonObject)._id) ? -1 : 1
      t.deepEqual(shown, [...left].sort(byId))
    }),
    { numRuns: process.env['SOAK'] ? 5_000 : 150 },
  )
})

test('only rows and the end of tables concern it', (t) => {
  const label = stored('labels', hex('1'), created('labels').facts())
  const table = stored('tables', TABLES[0] ?? '', tables[0]?.facts() ?? [])
  for (const event of [...label, ...table]) t.deepEqual(storesRows.on[event.type]?.(event), [])
  const [event] = table
  t.throws(() => storesRows.on['EntityCreated']?.({ ...(event as StoredEvent), data: {} }), {
    instanceOf: TypeError,
  })
})
