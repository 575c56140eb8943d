/** Who a credential stands for: read once, kept, and forgotten when something it depends on changes, also while it is being read. The reader counts and can be held up. */
import test from 'ava'
import type { Document } from '../../../../src/documents/port.ts'
import type { StoredEvent } from '../../../../src/history/port.ts'
import type { JsonObject } from '../../../../src/json.ts'
import type { Reader } from '../../../../src/queries/reader.ts'
import { createPrincipals, mayCall, SESSIONS } from '../../../../src/queries/stores-principals.ts'
import { memoryVault } from '../../../../src/vault/memory/vault.ts'
import { newEvent } from '../../../support/events.ts'

const setup = async (mayCache?: () => boolean) => {
  const documents = new Map<string, JsonObject>([
    ['stores_users/u', { role: 'r', group: 'g', branch: ['root', 'g'] }],
    ['stores_roles/r', { credentials: ['GET /objects/*'] }],
    ['stores_tokens_by_hash/api', { token: 't', user: 'u' }],
    ['stores_tokens/t', { scopes: ['*'], expiresAt: 5_000 }],
  ])
  let now = 1_000
  let reads = 0
  let held: Promise<void> = Promise.resolve()
  const reader: Reader = {
    get: async (collection, id) => {
      reads += 1
      const found = documents.get(`${collection}/${id}`)
      await held
      return found && { at: 1n, value: { ...found, _id: id } satisfies Document }
    },
    find: () => {
      throw new Error('not looked for')
    },
    count: () => Promise.resolve(0),
  }
  const vault = memoryVault({ now: () => now })
  const session = { id: 's', user: 'u', expiresAt: 3_000 }
  await vault.put(SESSIONS, 'sid', { ...session, method: 'cookie' })
  await vault.put(SESSIONS, 'tok', { ...session, method: 'token' })
  const principals = createPrincipals({ reader, vault, now: () => now, ...(mayCache ? { mayCache } : {}) })
  return {
    ...{ documents, principals, vault },
    reads: () => reads,
    at: (ms: number) => (now = ms),
    hold: (): (() => void) => {
      let release = (): void => undefined
      held = new Promise((resolve) => (release = resolve))
      return release
    },
  }
}

const event = (stream: string, type: string): StoredEvent => ({
  ...newEvent(type),
  stream,
  revision: 0n,
  position: 1n,
})

test('a cookie is no token, a token no cookie', async (t) => {
  const { principals } = await setup()
  t.like(await principals.find('cookie', 'sid'), { kind: 'cookie', id: 's', everything: false })
  t.like(await principals.find('bearer', 'tok'), {
    kind: 'token',
    caller: { user: 'u', group: 'g', role: 'r' },
  })
  t.like(await principals.find('bearer', 'api'), { kind: 'api', id: 't', caller: { scopes: ['*'] } })
  for (const hash of ['tok', 'api', 'none']) t.is(await principals.find('cookie', hash), undefined)
  for (const hash of ['sid', 'none']) t.is(await principals.find('bearer', hash), undefined)
})

test('what is known is answered at once, what many ask for is read once', async (t) => {
  const { principals, reads } = await setup()
  await Promise.all(Array.from({ length: 10 }, async () => principals.find('cookie', 'sid')))
  t.is(reads(), 2)
  const known = principals.find('cookie', 'sid')
  t.false(known instanceof Promise)
  t.is(reads(), 2)
})

test('time runs out for what is known, too', async (t) => {
  const { principals, at } = await setup()
  t.truthy(await principals.find('bearer', 'api'))
  at(5_000)
  t.is(await principals.find('bearer', 'api'), undefined)
})

test('a change of user, role or token is seen, others are not looked at', async (t) => {
  const { principals, documents, reads } = await setup()
  const rights = async () => {
    const principal = await principals.find('bearer', 'api')
    return principal && mayCall(principal, 'GET', '/labels')
  }
  t.false(await rights())
  const before = reads()
  for (const other of ['stores.users-v', 'stores.roles-q', 'stores.labels-u', 'stores.tokens-s']) {
    principals.invalidate(event(other, 'EntityChanged'))
  }
  principals.invalidate(event('stores.users-u', 'SessionOpened'))
  t.false(await rights())
  t.is(reads(), before)
  documents.set('stores_roles/r', { credentials: ['*'] })
  principals.invalidate(event('stores.roles-r', 'EntityChanged'))
  t.true(await rights())
  documents.set('stores_tokens/t', { scopes: ['GET /objects'], expiresAt: 5_000 })
  principals.invalidate(event('stores.tokens-t', 'EntityChanged'))
  t.false(await rights())
  documents.set('stores_users/u', { role: 'r', group: 'g', disabled: true })
  principals.changed('users', 'u')
  t.is(await rights(), undefined)
})

test('a session that ends is forgotten, by its event or by the request that ends it', async (t) => {
  const { principals, vault } = await setup()
  t.truthy(await principals.find('cookie', 'sid'))
  t.truthy(await principals.find('bearer', 'tok'))
  await vault.delete(SESSIONS, 'sid')
  principals.invalidate(event('stores.users-u', 'SessionClosed'))
  t.is(await principals.find('cookie', 'sid'), undefined)
  await vault.delete(SESSIONS, 'tok')
  principals.forget('tok')
  t.is(await principals.find('bearer', 'tok'), undefined)
})

test('an erased user is gone', async (t) => {
  const { principals, documents } = await setup()
  t.truthy(await principals.find('cookie', 'sid'))
  documents.delete('stores_users/u')
  principals.invalidate(event('platform.erasure-stores.user-u', 'SubjectErased'))
  t.is(await principals.find('cookie', 'sid'), undefined)
})

test('what was being read when it changed is not kept', async (t) => {
  const { principals, documents, hold } = await setup()
  const release = hold()
  const early = principals.find('cookie', 'sid')
  // Let it read the user before the change.
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
  documents.set('stores_users/u', { role: 'r', group: 'g', disabled: true })
  principals.invalidate(event('stores.users-u', 'EntityChanged'))
  const late = principals.find('cookie', 'sid')
  release()
  t.truthy(await early)
  t.is(await late, undefined)
  t.is(await principals.find('cookie', 'sid'), undefined)
})

test('nothing is kept while events may come late', async (t) => {
  let healthy = true
  const { principals, reads } = await setup(() => healthy)
  await principals.find('cookie', 'sid')
  healthy = false
  await principals.find('cookie', 'sid')
  await principals.find('cookie', 'sid')
  t.is(reads(), 6)
})
