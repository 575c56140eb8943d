/** Proves PATCH as a deep merge (rightech 1.4), the keys that no body may have at any depth, and the limits of an entity. */
import test from 'ava'
import { ENTITY_BYTES_MAX } from '../../../../src/limits.ts'
import type { JsonObject } from '../../../../src/json.ts'
import {
  AT,
  created,
  createCommand,
  fieldsOf,
  following,
  isRejection,
  kindOf,
  patchCommand,
} from '../../../support/stores-domain.ts'

const parse = (text: string): JsonObject => JSON.parse(text) as JsonObject
const label = (more: JsonObject = {}) => created('labels', { name: 'L', ...more })

test('objects merge, arrays and scalars replace, null is kept', (t) => {
  const entity = label({ config: { a: { x: 1, y: [1, 2] }, b: 1, c: { d: 1 } } })
  const answer = entity.run(
    patchCommand('labels', { config: { a: { y: [3], z: null }, b: { e: 1 }, c: null } }),
  )
  t.deepEqual(entity.entity()['config'], { a: { x: 1, y: [3], z: null }, b: { e: 1 }, c: null })
  t.like(answer, {
    0: {
      data: {
        set: { 'config.a.y': [3], 'config.a.z': null, 'config.b': { e: 1 }, 'config.c': null },
        unset: [],
      },
    },
  })
})

test('equal values in another order of keys are no change', (t) => {
  const entity = label({ config: { a: 1, b: { c: [1, { d: 2, e: 3 }] } } })
  t.deepEqual(entity.run(patchCommand('labels', { config: { b: { c: [1, { e: 3, d: 2 }] }, a: 1 } })), [])
  t.is(entity.entity()['_at'], undefined)
})

test('an empty key is a key, changed with the object that has it', (t) => {
  const entity = label({ config: { deep: { '': 1, a: 1 } } })
  const answer = entity.run(patchCommand('labels', { config: { deep: { '': 2 } } }))
  t.like(answer, { 0: { data: { set: { 'config.deep': { '': 2, a: 1 } } } } })
  t.deepEqual(entity.entity()['config'], { deep: { '': 2, a: 1 } })
  entity.run(patchCommand('labels', { config: { deep: { a: 5 } } }))
  t.deepEqual(entity.entity()['config'], { deep: { '': 2, a: 5 } })
  t.like(entity.run(patchCommand('labels', { config: { deep: { '': { x: 1 } } } })), {
    0: { data: { set: { 'config.deep': { '': { x: 1 }, a: 5 } } } },
  })
  t.deepEqual(fieldsOf(entity.run(patchCommand('labels', { '': 1 }))), { '': ['format'] })
})

test('names that every object inherits are fields like others', (t) => {
  const entity = label({ toString: { a: 1 }, config: { hasOwnProperty: 1 } })
  entity.run(
    patchCommand('labels', { toString: { b: 2 }, valueOf: { c: 3 }, config: { toString: { d: 4 } } }),
  )
  t.deepEqual(
    Object.entries(entity.entity()).filter(([name]) => ['toString', 'valueOf', 'config'].includes(name)),
    [
      ['toString', { a: 1, b: 2 }],
      ['config', { hasOwnProperty: 1, toString: { d: 4 } }],
      ['valueOf', { c: 3 }],
    ],
  )
})

test('forbidden keys at any depth break format on their top-level field, together with other rules', (t) => {
  for (const key of ['$where', 'a.b', 'a\\u0000b', '__proto__', 'constructor', 'prototype']) {
    for (const inner of [`{"${key}":1}`, `{"x":{"${key}":1}}`, `[[{"${key}":{}}]]`]) {
      const body = parse(`{"color":5,"extra":${inner}}`)
      t.deepEqual(fieldsOf(following('labels').run(createCommand('labels', body))), {
        name: ['required'],
        color: ['type'],
        extra: ['format'],
      })
      t.deepEqual(fieldsOf(label().run(patchCommand('labels', parse(`{"extra":${inner}}`)))), {
        extra: ['format'],
      })
    }
    const top = fieldsOf(label().run(patchCommand('labels', parse(`{"${key}":{"polluted":1}}`))))
    t.deepEqual(Object.entries(top ?? {}), [[JSON.parse(`"${key}"`), ['format']]])
  }
  t.is(({} as JsonObject)['polluted'], undefined)
})

test('what JSON text cannot carry unchanged breaks format', (t) => {
  t.deepEqual(
    fieldsOf(
      label().run(patchCommand('labels', parse('{"a":1e999,"b":["\\ud800"],"c":{"\\udc00":1},"d":"😀"}'))),
    ),
    {
      a: ['format'],
      b: ['format'],
      c: ['format'],
    },
  )
})

test('required breaks on PATCH only where the patch empties it', (t) => {
  for (const name of ['', null])
    t.deepEqual(fieldsOf(label().run(patchCommand('labels', { name }))), { name: ['required'] })
  t.deepEqual(fieldsOf(label().run(patchCommand('labels', { name: 'x'.repeat(1025), color: 1 }))), {
    name: ['max'],
    color: ['type'],
  })
  t.false(isRejection(label().run(patchCommand('labels', { name: 'x'.repeat(1024), color: null }))))
})

test("immutable fields are the client's on POST and ignored on PATCH", (t) => {
  const token = created('tokens', { expiresAt: AT + 5 })
  t.like(token.entity(), { expiresAt: AT + 5, issuedAt: AT, type: 'access', scopes: ['*'] })
  t.deepEqual(
    token.run(patchCommand('tokens', { expiresAt: AT + 9, token: 'x', hash: 'y', issuedAt: 1 })),
    [],
  )
})

test('an entity is at most 900,000 bytes of UTF-8, made or patched', (t) => {
  const post = (text: string) => kindOf(following('labels').run(createCommand('labels', { name: 'L', text })))
  t.is(post('x'.repeat(ENTITY_BYTES_MAX - 1000)), undefined)
  t.is(post('x'.repeat(ENTITY_BYTES_MAX)), 'TooLarge')
  t.is(post('я'.repeat(ENTITY_BYTES_MAX / 2)), 'TooLarge')
  t.is(post('я'.repeat(ENTITY_BYTES_MAX / 2 - 1000)), undefined)
  const entity = label({ a: 'x'.repeat(ENTITY_BYTES_MAX / 2) })
  t.is(kindOf(entity.run(patchCommand('labels', { b: 'x'.repeat(ENTITY_BYTES_MAX / 2) }))), 'TooLarge')
  t.is(entity.entity()['b'], undefined)
})
