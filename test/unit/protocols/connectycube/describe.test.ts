/**
 * Proves that a handler cannot take what `/openapi.json` does not name: the parameters that the document has of each row are those that the
 * router lets through to it, and it lets nothing else through.
 */
import assert from 'node:assert/strict'
import test from 'ava'
import { asDescribed, describeConnectycube } from '../../../../src/protocols/connectycube/describe.ts'
import { ROWS } from '../../../../src/protocols/connectycube/protocol.ts'
import { only } from '../../../../src/protocols/connectycube/routes.ts'
import { object } from '../../../support/openapi.ts'

const { operations } = describeConnectycube(ROWS)

test('each row is described once, in its place', (t) => {
  t.deepEqual(
    operations.map(({ method, path }) => `${method} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
    ROWS.map(({ method, path }) => `${method} ${path}`),
  )
  t.is(new Set(operations.map(({ method, path }) => `${method} ${path}`)).size, ROWS.length)
})

test('what is let through is what is described, and of rows with names of the client’s own all', (t) => {
  let open = 0
  for (const [index, row] of ROWS.entries()) {
    const { parameters, body } = operations[index] ?? assert.fail()
    const inBody = Object.keys(object(body?.schema['properties']))
    const inQuery = (parameters ?? []).map(({ name }) => name)
    const { takes } = asDescribed(row)
    if (takes === undefined) open += 1
    else t.deepEqual([...takes].sort(), [...inBody, ...inQuery].sort(), `${row.method} ${row.path}`)
  }
  t.is(open, 9)
})

test('who may call is what the level says', (t) => {
  for (const [index, { level, path }] of ROWS.entries()) {
    const { security } = operations[index] ?? assert.fail()
    const isSigned = path.startsWith('/storage/files/')
    t.is(security.length === 0, level === 'none' && !isSigned, path)
    t.is(security.includes('connectycube.adminKey'), level.endsWith('admin'), path)
    t.is(security.includes('connectycube.user'), level.startsWith('user'), path)
  }
})

test('nothing else is let through', (t) => {
  const sent = { a: 1, b: { c: 2 }, d: null }
  t.deepEqual(only(new Set(['a', 'd', 'x']))(sent), { a: 1, d: null })
  t.deepEqual(only(new Set())(sent), {})
  t.is(only(undefined)(sent), sent)
})
