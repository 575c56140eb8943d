/**
 * Proves that a user's personal values and password verifier are in sealed fields of events and nowhere else, that names are claimed
 * folded, that signing in is decided by the state, and that nobody gives away rights they lack.
 */
import test from 'ava'
import { STORES_SEALED } from '../../../../src/domain/stores/events.ts'
import { storesDecider } from '../../../../src/domain/stores/decide.ts'
import { validPassword } from '../../../../src/domain/stores/validate.ts'
import type { SignIn } from '../../../../src/domain/stores/commands.ts'
import {
  AT,
  caller,
  created,
  createCommand,
  fieldsOf,
  following,
  hex,
  ID,
  isRejection,
  kindOf,
  MINIMAL,
  patchCommand,
  ROLE,
  stored,
} from '../../../support/stores-domain.ts'

const PERSONAL = ['Ann', 'Ann@example.org', 'Ann.Smith', 'Secret123', '$hash$']

test('outside the sealed fields no event has a personal value, and none anywhere has the password', (t) => {
  const user = created('users', { ...MINIMAL['users'], phone: '+1 555 01' })
  user.run(
    patchCommand(
      'users',
      { name: 'Ann Two', phone: null, password: 'Other123', locale: 'de' },
      { passwordHash: '$hash$2' },
    ),
  )
  user.run({ type: 'DeleteEntity', store: 'users', id: ID, at: AT, caller: caller(), blocked: false })
  t.deepEqual(
    user.facts().map(({ type }) => type),
    ['EntityCreated', 'PasswordSet', 'PasswordSet', 'EntityChanged', 'EntityDeleted'],
  )
  for (const { type, data, scope } of user.facts()) {
    const open = Object.fromEntries(
      Object.entries(data).filter(([name]) => !STORES_SEALED[type]?.fields.includes(name)),
    )
    const text = JSON.stringify([open, scope])
    for (const value of [...PERSONAL, '+1 555 01']) t.false(text.includes(value), `${type}: ${value}`)
    t.false(JSON.stringify(data).includes('Secret123'))
    t.false(JSON.stringify(data).includes('Other123'))
  }
})

test("sealed fields are sealed with the user's own key", (t) => {
  const user = created('users')
  for (const event of stored('users', ID, user.facts())) {
    t.is(STORES_SEALED[event.type]?.subject(event, event.stream), `stores.user-${ID}`)
  }
  const [label] = stored('labels', ID, created('labels').facts())
  t.is(label && STORES_SEALED['EntityCreated']?.subject(label, label.stream), undefined)
})

test('a change of personal values is in sealed, and evolves to the merged user', (t) => {
  const user = created('users')
  const answer = user.run(patchCommand('users', { login: 'ann2', locale: 'de', phone: '1' }))
  t.like(answer, {
    0: {
      data: { set: { locale: 'de' }, unset: [], sealed: { set: { login: 'ann2', phone: '1' }, unset: [] } },
    },
  })
  t.like(user.entity(), {
    login: 'ann2',
    locale: 'de',
    phone: '1',
    email: 'Ann@example.org',
    rights: 1.5,
    messages: true,
  })
  t.false('password' in user.entity())
})

test('a password alone sets _at; the same verifier twice is no event', (t) => {
  const user = created('users')
  const patch = patchCommand('users', { password: 'Other123' }, { passwordHash: '$hash$2' })
  t.like(user.run(patch), {
    0: { type: 'PasswordSet', data: { user: ID, hash: '$hash$2' } },
    1: { type: 'EntityChanged', data: { set: {} } },
  })
  t.is(user.state().passwordHash, '$hash$2')
  t.is(user.entity()['_at'], patch.at)
  t.deepEqual(user.run(patch), [])
  t.is(kindOf(user.run(patchCommand('users', { password: 'Third123' }))), 'Unavailable')
})

test('every broken rule of a user is told at once', (t) => {
  const body = {
    name: 5,
    role: 'nobody',
    email: 'a@b@c',
    login: 'a b',
    password: 'short',
    phone: 1,
    messages: 'yes',
    description: {},
  }
  t.deepEqual(fieldsOf(following('users').run(createCommand('users', body))), {
    name: ['type'],
    description: ['type'],
    role: ['reference'],
    email: ['format'],
    login: ['format'],
    password: ['format'],
    phone: ['type'],
    messages: ['type'],
  })
})

test('passwords need eight characters, both cases and a digit', (t) => {
  for (const good of ['Secret123', 'aaaaaaA1', 'пароль aA1\n']) t.true(validPassword(good), good)
  for (const bad of [
    'secret123',
    'SECRET123',
    'Secretabc',
    'Secre12',
    '',
    null,
    12345678,
    `aA1${'x'.repeat(1022)}`,
  ])
    t.false(validPassword(bad))
})

test('login and e-mail are claimed without regard to case, and given back on deletion', (t) => {
  const { claims } = storesDecider('users')
  const user = created('users')
  const seen = (claims?.(user.state()) ?? []).map(({ kind, value, onTaken }) => [
    kind,
    value,
    onTaken.kind,
    onTaken.fields,
  ])
  t.deepEqual(seen, [
    ['user-email', 'ann@example.org', 'Conflict', { email: ['unique'] }],
    ['user-login', 'ann.smith', 'Conflict', { login: ['unique'] }],
  ])
  user.run({ type: 'DeleteEntity', store: 'users', id: ID, at: AT, caller: caller(), blocked: false })
  t.deepEqual(claims?.(user.state()), [])
})

test('nobody deletes themselves', (t) => {
  const remove = {
    type: 'DeleteEntity',
    store: 'users',
    id: ID,
    at: AT,
    caller: caller({ user: ID }),
    blocked: false,
  } as const
  t.deepEqual(fieldsOf(created('users').run(remove)), { _id: ['in_use'] })
})

const signIn = (more: Partial<SignIn> = {}): SignIn => ({
  type: 'SignIn',
  user: ID,
  at: AT,
  method: 'cookie',
  sessionId: 's1',
  verified: true,
  expiresAt: AT + 1,
  ...more,
})

test('signing in opens a session without its secret', (t) => {
  const user = created('users')
  t.like(user.run(signIn()), {
    length: 1,
    0: { type: 'SessionOpened', data: { id: 's1', user: ID, method: 'cookie', expiresAt: AT + 1 } },
  })
  t.like(user.run({ type: 'SignOut', user: ID, sessionId: 's1', at: AT }), {
    length: 1,
    0: { type: 'SessionClosed' },
  })
})

test('who may not sign in is not told why, but for the web', (t) => {
  const refused = (body: object, more: Partial<SignIn> = {}) =>
    kindOf(created('users', { ...MINIMAL['users'], ...body }).run(signIn(more)))
  t.is(refused({}, { verified: false }), 'Unauthenticated')
  t.is(refused({ disabled: true }), 'Unauthenticated')
  t.is(refused({ webDisabled: true }, { verified: false }), 'Unauthenticated')
  t.is(refused({ webDisabled: true }), 'Forbidden')
  t.is(refused({ webDisabled: true }, { method: 'token' }), undefined)
  t.is(kindOf(following('users').run(signIn())), 'Unauthenticated')
})

test('a role that allows more than the caller may is forbidden, on POST and PATCH, for users and invites', (t) => {
  const little = caller({ credentials: ['GET /*', '* /users/*'] })
  const give = (roleCredentials: readonly string[] | undefined) => ({ caller: little, roleCredentials })
  for (const store of ['users', 'invites']) {
    t.is(kindOf(following(store).run(createCommand(store, undefined, give(['*'])))), 'Forbidden')
    t.is(kindOf(following(store).run(createCommand(store, undefined, give(undefined)))), 'Forbidden')
    t.is(
      kindOf(following(store).run(createCommand(store, undefined, give(['GET /objects', 'PATCH /users'])))),
      undefined,
    )
  }
  const user = created('users')
  t.is(kindOf(user.run(patchCommand('users', { role: hex('c2') }, give(['*'])))), 'Forbidden')
  t.false(isRejection(user.run(patchCommand('users', { role: ROLE, locale: 'de' }, give(['*'])))))
})

test('references that break are told, but not for what a PATCH leaves as it was', (t) => {
  const references = { role: ['reference'] }
  t.deepEqual(fieldsOf(following('users').run(createCommand('users', undefined, { references }))), references)
  const user = created('users')
  t.deepEqual(fieldsOf(user.run(patchCommand('users', { role: hex('c9') }, { references }))), references)
  t.false(isRejection(user.run(patchCommand('users', { role: ROLE, locale: 'de' }, { references }))))
})
