/** Proves the grammar, the matching and the covering of scopes (rightech 4.4) with cases, wrong ones included. */
import test from 'ava'
import { allows, covers, mayCall, mayGrant, SCOPE } from '../../../../src/domain/stores/scopes.ts'
import {
  caller,
  created,
  createCommand,
  fieldsOf,
  following,
  kindOf,
  patchCommand,
} from '../../../support/stores-domain.ts'

test('a scope is * or a verb and a path', (t) => {
  for (const good of ['*', 'GET /objects', 'GET /objects/*', '* /*', 'DELETE /objects/*/packets', 'GET /'])
    t.regex(good, SCOPE)
  const bad = [
    '',
    '**',
    'GET',
    'GET objects',
    'get /objects',
    'HEAD /objects',
    'PUT /x',
    'GET  /x',
    'GET /x ',
    'GET /x/',
    'GET //x',
    'GET /x?y',
    ' *',
  ]
  for (const each of bad) t.notRegex(each, SCOPE)
})

test('a final star covers the path itself and all below, a star within one segment', (t) => {
  const held = ['GET /objects/*', 'POST /objects/*/packets', '* /tasks', 'PATCH /models/*/nodes/*']
  for (const path of ['/objects', '/objects/', '/objects/X', '/objects/X/packets'])
    t.true(allows(held, 'GET', path), path)
  t.true(allows(held, 'HEAD', '/objects'))
  t.true(allows(held, 'POST', '/objects/X/packets'))
  t.true(allows(held, 'DELETE', '/tasks'))
  t.true(allows(held, 'PATCH', '/models/m/nodes'))
  for (const [verb, path] of [
    ['GET', '/objectsX'],
    ['GET', '/'],
    ['GET', '/models'],
    ['POST', '/objects'],
    ['POST', '/objects/X/Y/packets'],
    ['DELETE', '/tasks/1'],
    ['PATCH', '/models/m'],
  ] as const) {
    t.false(allows(held, verb, path), `${verb} ${path}`)
  }
  t.true(allows(['*'], 'DELETE', '/anything/at/all'))
  t.true(allows(['* /*'], 'DELETE', '/anything'))
  t.false(allows([], 'GET', '/objects'))
})

test('what is held covers what is wanted, and never less than it', (t) => {
  const yes = [
    ['*', 'GET /x'],
    ['*', '*'],
    ['GET /x', 'GET /x'],
    ['GET /x/*', 'GET /x'],
    ['GET /x/*', 'GET /x/*'],
    ['GET /x/*', 'GET /x/y/*'],
    ['* /x/*', 'GET /x/y'],
    ['* /*', '* /x/*'],
    ['GET /x/*/*', 'GET /x/y'],
    ['GET /x/*/*', 'GET /x/*/z'],
  ] as const
  const no = [
    ['GET /x', 'GET /x/*'],
    ['GET /x/*', '* /x/*'],
    ['GET /x/*', 'POST /x'],
    ['GET /x/*', 'GET /y'],
    ['GET /x/*', '*'],
    ['* /*', '*'],
    ['GET /x/*/*', 'GET /x/*'],
    ['GET /x/*/*', 'GET /x'],
    ['GET /x/y/*', 'GET /x/*/z'],
    ['GET /x/*/z', 'GET /x/y/z'],
  ] as const
  for (const [held, wanted] of yes) t.true(covers([held], wanted), `${held} covers ${wanted}`)
  for (const [held, wanted] of no) t.false(covers([held], wanted), `${held} does not cover ${wanted}`)
})

test('an API token may what both its role and its scopes allow', (t) => {
  const both = { credentials: ['GET /*'], scopes: ['* /objects/*'] }
  t.true(mayCall(both, 'GET', '/objects/1'))
  t.false(mayCall(both, 'POST', '/objects'))
  t.false(mayCall(both, 'GET', '/models'))
  t.true(mayGrant(both, 'GET /objects/x'))
  t.false(mayGrant(both, 'GET /models'))
})

test('credentials of a role: form, and nobody puts in what they lack', (t) => {
  const post = (credentials: readonly string[], credentialsOf: readonly string[] = ['*']) =>
    following('roles').run(
      createCommand('roles', { name: 'R', credentials }, { caller: caller({ credentials: credentialsOf }) }),
    )
  t.deepEqual(fieldsOf(post(['GET /x', 'nonsense', 'get /y'])), { credentials: ['format'] })
  t.is(kindOf(post(['GET /x'], ['GET /x/*'])), undefined)
  t.is(kindOf(post(['*'], ['GET /x/*'])), 'Forbidden')
  const role = created('roles', { name: 'R', credentials: ['*'] })
  const little = { caller: caller({ credentials: ['GET /*', 'PATCH /roles/*'] }) }
  t.is(kindOf(role.run(patchCommand('roles', { credentials: ['*', 'GET /x'] }, little))), undefined)
  t.is(kindOf(role.run(patchCommand('roles', { credentials: ['*', 'POST /x'] }, little))), 'Forbidden')
  t.deepEqual(fieldsOf(role.run(patchCommand('roles', { credentials: null }))), { credentials: ['required'] })
})

test('the default scopes of a token stand for the role, but are no way out of a narrow token', (t) => {
  const post = (more: object, body = {}) =>
    following('tokens').run(createCommand('tokens', body, { caller: caller(more) }))
  t.is(kindOf(post({ credentials: ['GET /*'] })), undefined)
  t.is(kindOf(post({ credentials: ['GET /*'] }, { scopes: ['*'] })), 'Forbidden')
  t.is(kindOf(post({ scopes: ['POST /tokens'] })), 'Forbidden')
  t.is(kindOf(post({ scopes: ['* /tokens/*'] }, { scopes: ['GET /tokens'] })), undefined)
})
