/**
 * Proves that the JSON Schema of a codec takes what the codec takes, for every codec that a document is made of: examples that were made from
 * the schema, or as devices push them, and each of them with one member, at any depth, gone or another value in its place.
 */
import Ajv from 'ajv'
import test from 'ava'
import * as fc from 'fast-check'
import * as io from 'io-ts'
import { exampleOf } from '../../../scripts/events/example.ts'
import { EVENT_TYPES } from '../../../src/domain/event-types.ts'
import { ACTIONS } from '../../../src/domain/timelimit/actions/table.ts'
import { isList, isObject, type Json, type JsonObject } from '../../../src/json.ts'
import { schemaOf } from '../../../src/openapi/schema.ts'
import { ENDPOINTS as AFRODITE } from '../../../src/protocols/afrodite/protocol.ts'
import { SignInBody } from '../../../src/protocols/rightech/codecs.ts'
import { ENDPOINTS as TIMELIMIT } from '../../../src/protocols/timelimit/routes.ts'
import { GENERATED } from '../../support/timelimit-actions.ts'

const ajv = new Ajv({ logger: false })

/** Each member gone, and each value another. */
const changesOf = (value: Json): readonly Json[] => {
  const others: readonly Json[] = [null, 7, -1.5, '', 'x', true, [], {}]
  if (isObject(value))
    return [
      ...others,
      { ...value, strange: 1 },
      ...Object.entries(value).flatMap(([key, member]) => {
        const { [key]: _gone, ...rest } = value
        return [rest, ...changesOf(member).map((changed) => ({ ...value, [key]: changed }))]
      }),
    ]
  const [first] = isList(value) ? value : []
  return first === undefined ? others : [...others, ...changesOf(first).map((changed) => [changed])]
}

const bodies = [...TIMELIMIT, ...AFRODITE].flatMap((endpoint): [string, io.Mixed][] =>
  endpoint.codec === undefined ? [] : [['name' in endpoint ? endpoint.name : endpoint.path, endpoint.codec]],
)
const events = [...EVENT_TYPES].map(([type, { codec }]): [string, io.Mixed] => [type, codec])
const actions = Object.entries(ACTIONS).map(([type, { codec }]): [string, io.Mixed] => [type, codec])

/** As a device pushes it, without the type, by which its codec was found. */
const actionOf = (type: string): JsonObject => {
  const [{ type: _type, ...action } = NOTHING] = fc.sample(GENERATED[type]?.action ?? fc.constant(NOTHING), {
    numRuns: 1,
    seed: 8,
  })
  return action
}
const NOTHING: JsonObject = {}

const FAMILIES = { events, bodies: [...bodies, ['sign-in', SignInBody] as const], actions }

for (const [of, codecs] of Object.entries(FAMILIES)) {
  test(`what a codec takes, its schema takes: ${of}`, (t) => {
    t.true(codecs.length > 30)
    for (const [name, codec] of codecs) {
      const schema = schemaOf(codec)
      const validate = ajv.compile(schema)
      const example = of === 'actions' ? actionOf(name) : exampleOf(schema)
      t.true(validate(example) === true && codec.is(example), `${name} ${JSON.stringify(example)}`)
      let refused = 0
      for (const changed of changesOf(example)) {
        const takes = codec.decode(changed)._tag === 'Right'
        const isTaken = validate(changed) === true
        refused += isTaken ? 0 : 1
        // Those of the events are io-ts' own: their schemas refuse no less.
        if (isTaken !== takes && (takes || of === 'events')) t.fail(`${name} ${JSON.stringify(changed)}`)
      }
      t.true(refused > 0, name)
    }
  })
}

test('codecs of io-ts are turned exactly', (t) => {
  const turned: readonly (readonly [io.Mixed, Json])[] = [
    [strict.text, { type: 'string' }],
    [strict.nullable, { type: ['string', 'null'] }],
    [strict.oneOf, { enum: ['a', 'b', 3] }],
    [strict.named, { type: 'string', enum: ['a', 'b'] }],
    [strict.list, { type: 'array', items: { type: 'number' } }],
    [
      strict.pair,
      { type: 'array', prefixItems: [{ type: 'string' }, { type: 'number' }], minItems: 2, maxItems: 2 },
    ],
    [strict.map, { type: 'object', additionalProperties: { type: 'boolean' } }],
    [
      strict.both,
      { type: 'object', properties: { a: { type: 'string' }, b: { type: 'number' } }, required: ['a'] },
    ],
    [
      strict.absent,
      { type: 'object', properties: { a: { type: 'string' }, b: { const: 1 } }, required: ['b'] },
    ],
    [
      strict.exact,
      { type: 'object', properties: { a: { type: 'null' } }, required: ['a'], additionalProperties: false },
    ],
    [strict.either, { anyOf: [{ type: 'string' }, { type: 'number' }] }],
  ]
  for (const [codec, schema] of turned) t.deepEqual(schemaOf(codec), schema, codec.name)
})

const strict = {
  text: io.readonly(io.string),
  nullable: io.union([io.string, io.null]),
  oneOf: io.union([io.literal('a'), io.literal('b'), io.literal(3)]),
  named: io.keyof({ a: null, b: null }),
  list: io.readonlyArray(io.number),
  pair: io.tuple([io.string, io.number]),
  map: io.record(io.string, io.boolean),
  both: io.intersection([io.type({ a: io.string }), io.partial({ b: io.number })]),
  absent: io.type({ a: io.union([io.string, io.undefined]), b: io.literal(1) }),
  exact: io.exact(io.type({ a: io.null })),
  either: io.union([io.string, io.number]),
}

test('of a codec that nobody has described nothing is said', (t) => {
  const made = new io.Type<string, string, unknown>('made', io.string.is, io.string.validate, io.identity)
  t.throws(() => schemaOf(made), { message: /nothing is known of the shape of the codec made/ })
})
