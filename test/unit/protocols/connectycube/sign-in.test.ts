/** Proves what a request is taken to say about who signs in (connectycube 3.1, 3.3), by a table of bodies. Pure. */
import * as E from 'fp-ts/lib/Either.js'
import test from 'ava'
import { readClaimed } from '../../../../src/protocols/connectycube/sign-in.ts'
import type { JsonObject } from '../../../../src/json.ts'

const said = (body: JsonObject) => {
  const claimed = readClaimed(body, body)
  return E.isLeft(claimed) ? claimed.left.fields : claimed.right
}

const password = 'blue-whale-7'
const known = (credentials: object) => ({ _tag: 'Password', credentials: { ...credentials, password } })

test('an empty name, which a form sends of what nobody filled in, is none', (t) => {
  const email = 'mira@example.org'
  t.is(said({ login: '', password }), undefined)
  t.is(said({ login: ' ', email: '', password }), undefined)
  t.deepEqual(said({ login: '', email, password }), known({ email }))
  t.deepEqual(said({ login: 'mira', email, password }), known({ login: 'mira' }))
  t.deepEqual(said({ login: 'mira', password: '' }), { password: ["can't be blank"] })
})

test('a provider that cannot be read is not taken for none', (t) => {
  const invalid = { provider: ['is invalid'] }
  for (const provider of [{}, [], '', 5, 'constructor'])
    t.deepEqual(said({ provider, login: 'mira', password }), invalid, JSON.stringify(provider))
  t.deepEqual(said({ provider: null, login: 'mira', password }), known({ login: 'mira' }))
})
