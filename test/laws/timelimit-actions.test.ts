/**
 * Proves that the table of actions has the 68 types of timelimit 4, each with its envelope, and that it takes what the official schemas take, for
 * random actions and for such with a member too many or too few.
 */
import test from 'ava'
import * as fc from 'fast-check'
import { ACTIONS as TABLE } from '../../src/domain/timelimit/actions/table.ts'
import { isList, isObject, type Json, type JsonObject } from '../../src/json.ts'
import { GENERATED } from '../support/timelimit-actions.ts'
import { ACTIONS as SCHEMAS, schema, schemaTest } from '../support/timelimit-schemas.ts'

const RUNS = process.env['SOAK'] ? 3_000 : 30

test('there are 16, 50 and 2 actions, each as its generator has it', (t) => {
  const count = (envelope: string): number =>
    Object.values(TABLE).filter((row) => row.envelope === envelope).length
  t.deepEqual([count('appLogic'), count('parent'), count('child')], [16, 50, 2])
  t.deepEqual(
    Object.entries(TABLE)
      .map(([type, { envelope }]) => `${type} ${envelope}`)
      .sort(),
    Object.entries(GENERATED)
      .map(([type, { envelope }]) => `${type} ${envelope}`)
      .sort(),
  )
  for (const [type, { action }] of Object.entries(GENERATED))
    fc.assert(
      fc.property(action, (one) => t.true(TABLE[type]?.codec.is(one), JSON.stringify(one))),
      {
        numRuns: 20,
      },
    )
})

/** Another member, or one less, in the action or in an object within it. */
const mutated = (value: Json, place: number, isMore: boolean): Json => {
  const objects: JsonObject[] = []
  const walk = (one: Json): void => {
    if (isList(one)) for (const each of one) walk(each)
    if (!isObject(one)) return
    objects.push(one)
    for (const each of Object.values(one)) walk(each)
  }
  walk(value)
  const target = objects[place % objects.length]
  const rebuilt = (one: Json): Json => {
    if (isList(one)) return one.map(rebuilt)
    if (!isObject(one)) return one
    const kept = Object.entries(one).map(([key, each]) => [key, rebuilt(each)] as const)
    if (one !== target) return Object.fromEntries(kept)
    if (isMore) return Object.fromEntries([...kept, ['another', true]])
    const names = Object.keys(one).filter((name) => name !== 'type')
    const gone = names[place % Math.max(1, names.length)]
    return Object.fromEntries(kept.filter(([key]) => key !== gone))
  }
  return rebuilt(value)
}

schemaTest('actions have the structure that the official schemas give them, no more and no less', (t) => {
  for (const [type, { envelope, action }] of Object.entries(GENERATED)) {
    const fault = schema(SCHEMAS[envelope] ?? '')
    const isOurs = (value: Json): boolean => TABLE[type]?.codec.is(value) === true
    fc.assert(
      fc.property(action, fc.nat(20), fc.boolean(), (one, place, isMore) => {
        t.is(fault(one), '', type)
        const other = mutated(one, place, isMore)
        t.is(isOurs(other), fault(other) === '', JSON.stringify(other))
      }),
      { numRuns: RUNS },
    )
  }
})
