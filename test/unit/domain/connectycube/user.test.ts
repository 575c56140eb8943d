/** What a user may be called and decide about himself (connectycube 4), given, when, then: facts folded, a command decided, what came of it. */
import test from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import * as fc from 'fast-check'
import { userDecider } from '../../../../src/domain/cc/user-decide.ts'
import { userEvents, type Profile } from '../../../../src/domain/cc/user-events.ts'
import { missingIn, readUserFields } from '../../../../src/domain/cc/user-fields.ts'
import type { UserCommand } from '../../../../src/domain/cc/user.ts'
import type { JsonObject } from '../../../../src/json.ts'
import { after, decided } from '../../../support/afrodite-domain.ts'

const decider = userDecider(1)
const user = { app: 1, user: 7 }
const signedUp = (profile: Partial<Profile>, verifier: string | null = 'v') =>
  userEvents.fact('UserSignedUp', { ...user, sealed: { profile, verifier } })
const MIRA = signedUp({ login: 'Mira', email: 'Mira@Example.org' })
const DELETED = userEvents.fact('UserDeleted', user)
const order = { mail: 'm', params: {} }

test('a number is given once', (t) => {
  const command: UserCommand = {
    type: 'SignUp',
    user,
    isGuest: false,
    profile: { login: 'x' },
    verifier: 'v',
  }
  t.deepEqual(decided(decider, [], command), [
    ['UserSignedUp', { ...user, sealed: { profile: { login: 'x' }, verifier: 'v' } }],
  ])
  t.is(decided(decider, [MIRA], command), 'Conflict user_exists')
  t.is(decided(decider, [MIRA, DELETED], command), 'Conflict user_exists')
})

test('mails of the sign-up go to its address, and to none without one', (t) => {
  const command = { type: 'SignUp', user, isGuest: false, verifier: 'v', welcome: order } as const
  const mail = { app: 1, user: 7, kind: 'welcome', mail: 'm', sealed: { to: 'a@b.c', params: {} } }
  const found = decided(decider, [], { ...command, profile: { email: 'a@b.c' } })
  t.deepEqual(found[1], ['MailRequested', mail])
  t.is(decided(decider, [], { ...command, profile: { login: 'abc' } }).length, 1)
})

test('only what differs is a fact', (t) => {
  const changes = { login: 'Mira', tags: [], timezone: 120 }
  t.deepEqual(decided(decider, [MIRA], { type: 'Change', user, changes }), [
    ['UserProfileChanged', { ...user, sealed: { timezone: 120 } }],
  ])
  t.deepEqual(decided(decider, [MIRA], { type: 'Change', user, changes: { login: 'Mira' } }), [])
  t.is(decided(decider, [], { type: 'Change', user, changes }), 'NotFound no_user')
})

test('a password needs the old one, and somebody who has one a name to sign in by', (t) => {
  const change = (isProven: boolean): UserCommand => ({
    type: 'Change',
    user,
    changes: {},
    password: { verifier: 'w', isProven },
  })
  t.is(decided(decider, [MIRA], change(false)), 'Unprocessable invalid_fields')
  t.deepEqual(decided(decider, [MIRA], change(true)), [
    ['UserPasswordChanged', { ...user, by: 'old-password', sealed: { verifier: 'w' } }],
  ])
  const clear: UserCommand = { type: 'Change', user, changes: { login: null, email: null } }
  t.is(decided(decider, [MIRA], clear), 'Unprocessable invalid_fields')
  t.is(decided(decider, [signedUp({ login: 'x' }, null)], clear).length, 1)
})

test('a new password goes to the address that the user has, five times an hour', (t) => {
  const ask = (email: string, at = 0): UserCommand => ({ type: 'RequestReset', user, email, at, order })
  t.deepEqual(decided(decider, [MIRA], ask('other@example.org')), [])
  t.deepEqual(decided(decider, [MIRA], ask('mira@example.org'))[1], [
    'MailRequested',
    { app: 1, user: 7, kind: 'password-reset', mail: 'm', sealed: { to: 'Mira@Example.org', params: {} } },
  ])
  const asked = [1, 2, 3, 4, 5].map((at) =>
    userEvents.fact('UserPasswordResetRequested', { ...user, mail: 'm', at }),
  )
  t.deepEqual(decided(decider, [MIRA, ...asked], ask('mira@example.org', 3_600_000)), [])
  t.is(decided(decider, [MIRA, ...asked], ask('mira@example.org', 3_600_001)).length, 2)
  const moved = userEvents.fact('UserProfileChanged', { ...user, sealed: { email: 'new@example.org' } })
  const reset: UserCommand = { type: 'ResetPassword', user, email: 'mira@example.org', verifier: 'w' }
  t.is(decided(decider, [MIRA, moved], reset), 'Gone other_address')
})

test('an address that changes is not confirmed any more', (t) => {
  const confirm: UserCommand = { type: 'ConfirmEmail', user, email: 'Mira@Example.org' }
  const confirmed = userEvents.fact('UserEmailConfirmed', user)
  t.deepEqual(decided(decider, [MIRA], confirm), [['UserEmailConfirmed', user]])
  t.deepEqual(decided(decider, [MIRA, confirmed], confirm), [])
  const moved = userEvents.fact('UserProfileChanged', { ...user, sealed: { email: 'new@example.org' } })
  t.false(after(decider, [MIRA, confirmed, moved]).isConfirmed)
})

test('who is deleted claims nothing, and is deleted once', (t) => {
  const claims = (facts: Parameters<typeof after>[1]) =>
    decider.claims?.(after(decider, facts)).map(({ kind, value }) => `${kind} ${value}`)
  t.deepEqual(claims([MIRA]), ['cc.login 1:mira', 'cc.email 1:mira@example.org'])
  t.deepEqual(claims([MIRA, DELETED]), [])
  t.deepEqual(decided(decider, [MIRA, DELETED], { type: 'Delete', user }), [])
})

test('an erased user is nobody whose password fits', (t) => {
  const erased = userEvents.fact('UserSignedUp', { ...user, sealed: null })
  const state = after(decider, [erased, userEvents.fact('UserProfileChanged', { ...user, sealed: null })])
  t.is(state.verifier, null)
  t.deepEqual(decider.claims?.(state), [])
})

/** Fields, and the text that names what is broken; none if they are in order. */
const FIELDS: readonly (readonly [JsonObject, string, string | undefined])[] = [
  [{ login: 'ab' }, 'login', 'is too short (minimum is 3 characters)'],
  [{ login: 'x'.repeat(71) }, 'login', 'is too long (maximum is 70 characters)'],
  [{ login: '\u{1F40B}\u{1F40B}\u{1F40B}' }, 'login', undefined],
  [{ login: {} }, 'login', 'is invalid'],
  [{ email: 'mira' }, 'email', 'is invalid'],
  [{ email: 'a b@c.de' }, 'email', 'is invalid'],
  [{ email: `${'x'.repeat(250)}@e.de` }, 'email', 'is too long (maximum is 254 characters)'],
  [{ password: 'short' }, 'password', 'is too short (minimum is 8 characters)'],
  [{ password: 'x'.repeat(41) }, 'password', 'is too long (maximum is 40 characters)'],
  [{ password: null }, 'password', "can't be blank"],
  [{ full_name: '  ' }, 'full_name', 'is too short (minimum is 1 characters)'],
  [{ full_name: 'x'.repeat(256) }, 'full_name', 'is too long (maximum is 255 characters)'],
  [{ phone: '1'.repeat(41) }, 'phone', 'is too long (maximum is 40 characters)'],
  [{ custom_data: 'x'.repeat(5_001) }, 'custom_data', 'is too long (maximum is 5000 characters)'],
  [{ avatar: 'x'.repeat(513) }, 'avatar', 'is too long (maximum is 512 characters)'],
  [{ tag_list: 'a,b,c,d,e,f' }, 'tag_list', 'is invalid'],
  [{ tag_list: ['x'.repeat(51)] }, 'tag_list', 'is too long (maximum is 50 characters)'],
  [{ tag_list: ['a,b'] }, 'tag_list', 'is invalid'],
  [{ external_user_id: 'x' }, 'external_user_id', 'is invalid'],
  [{ external_user_id: '12' }, 'external_user_id', undefined],
  [{ timezone: 1.5 }, 'timezone', 'is invalid'],
  [{ full_name: 'half \ud83d' }, 'full_name', 'is invalid'],
]
for (const [fields, name, fault] of FIELDS)
  test(`${JSON.stringify(fields).slice(0, 40)} of ${JSON.stringify(fields).length}: ${fault ?? 'in order'}`, (t) => {
    const read = readUserFields(fields)
    t.deepEqual(E.isLeft(read) ? read.left : {}, fault === undefined ? {} : { [name]: [fault] })
  })

test('fields are stored as the table says', (t) => {
  const read = readUserFields({
    website: 'example.org',
    custom_data: { a: 1 },
    tag_list: ' b , a ,b',
    phone: '',
    full_name: ' Jane ',
    login: null,
    unknown: 1,
  })
  t.deepEqual(
    read,
    E.right({
      changes: {
        login: null,
        fullName: 'Jane',
        phone: null,
        website: 'http://example.org',
        customData: '{"a":1}',
        tags: ['b', 'a'],
      },
    }),
  )
  t.deepEqual(missingIn({ changes: {} }), { login: ["can't be blank"], password: ["can't be blank"] })
  t.is(missingIn({ changes: { email: 'a@b' }, password: 'x' }), undefined)
})

test('whatever a client sends is read or refused field by field', (t) => {
  const names = [
    'login',
    'email',
    'password',
    'full_name',
    'tag_list',
    'custom_data',
    'external_user_id',
    'website',
  ]
  const input = fc.dictionary(fc.constantFrom(...names), fc.jsonValue()) as fc.Arbitrary<JsonObject>
  fc.assert(
    fc.property(input, (fields) => {
      const read = readUserFields(fields)
      const command: UserCommand = {
        ...{ type: 'SignUp', user, isGuest: false, verifier: 'v' },
        profile: E.isRight(read) ? read.right.changes : {},
      }
      const facts = decider.decide(command, decider.initial)
      return E.isRight(facts) && after(decider, facts.right).life === 'there'
    }),
  )
  t.pass()
})
