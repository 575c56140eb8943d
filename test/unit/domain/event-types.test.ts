/**
 * Proves that the table of event types is whole: every type that a projection handles, live clients are told of, or a decider makes is in it, none
 * belongs to two contexts, and all sealed fields are of known types.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { PROJECTIONS } from '../../../projections/registry.ts'
import { AFRODITE_EVENTS } from '../../../src/domain/afrodite/events.ts'
import { EVENT_TYPES } from '../../../src/domain/event-types.ts'
import { CLAIM_EVENTS, ERASURE_EVENTS } from '../../../src/domain/platform/events.ts'
import { toldTypes } from '../../../src/domain/stores/platform-events.ts'
import { STORES_EVENTS } from '../../../src/domain/stores/events.ts'
import { FAMILY_EVENT_TABLE } from '../../../src/domain/timelimit/events.ts'
import { SEALED } from '../../../src/stores.ts'

const unknown = (types: readonly string[]): readonly string[] =>
  types.filter((type) => !EVENT_TYPES.has(type))

test('whatever is projected, told or sealed is known', (t) => {
  t.deepEqual(unknown(PROJECTIONS.flatMap(({ on }) => Object.keys(on))), [])
  t.deepEqual(unknown(toldTypes()), [])
  t.deepEqual(unknown(Object.keys(SEALED)), [])
})

test('whatever the sources make facts of is known', (t) => {
  const made = ['src/domain', 'src/commands', 'src/jobs'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) => {
        const text = readFileSync(join(folder, name), 'utf8')
        return [
          // A fact has a type and data, and nothing else is written so; `fact('…'` and `event: '…'` are the tables' ways.
          ...text.matchAll(/\btype: '([A-Z]\w+)',\s*data\b/g),
          ...text.matchAll(/\bfact\(\s*'([A-Z]\w+)'/g),
          ...text.matchAll(/\bevent: '([A-Z]\w+)'/g),
        ].map(([, type = '']) => type)
      }),
  )
  t.true(new Set(made).size > 60, 'the pattern still finds them')
  t.deepEqual(unknown(made), [])
})

test('a type is of one context', (t) => {
  const tables = [STORES_EVENTS, AFRODITE_EVENTS, FAMILY_EVENT_TABLE, CLAIM_EVENTS, ERASURE_EVENTS]
  const all = tables.flatMap((table) => Object.keys(table))
  t.is(new Set(all).size, all.length)
})
