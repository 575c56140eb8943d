/**
 * Proves what tokens of ConnectyCube withstand, and how its application gets its keys, with a real engine on everything in memory: sliding at
 * most once a minute, a guest's fixed day, the end of all tokens of a user, changes at once; random keys announced once, known ones replaced.
 */
import { randomBytes } from 'node:crypto'
import test from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { provisionApplication, type Provisioning } from '../../../src/commands/cc/provision-application.ts'
import {
  createSessions,
  tokenHashOf,
  type Opened,
  type SigningIn,
} from '../../../src/commands/cc/sessions.ts'
import { createEngine } from '../../../src/commands/engine.ts'
import { createSnapshots } from '../../../src/commands/snapshots.ts'
import { memoryDocuments } from '../../../src/documents/memory/memory.ts'
import { applicationDecider } from '../../../src/domain/cc/application.ts'
import type { ApplicationKeys } from '../../../src/domain/cc/application-events.ts'
import { APPLICATION_SEALED } from '../../../src/domain/cc/application-events.ts'
import { applicationStream } from '../../../src/domain/cc/names.ts'
import { plainText } from '../../../src/json.ts'
import { memoryHistory } from '../../../src/history/memory/memory.ts'
import { sealedHistory } from '../../../src/history/sealing.ts'
import { rejection, type Rejection } from '../../../src/domain/rejection.ts'
import { memoryKeyring } from '../../../src/vault/memory/keyring.ts'
import { memoryVault } from '../../../src/vault/memory/vault.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

const sessionsRig = () => {
  const clock = { now: 1_800_000_000_000 }
  const now = (): number => clock.now
  const vault = memoryVault({ now })
  const noted: string[] = []
  const gone = new Set<number>()
  let seen = 0
  const sessions = createSessions({
    ...{ vault, random: randomBytes, now },
    note: (_app, user, { type, data }) => {
      if (gone.has(user)) return Promise.resolve(E.left(rejection('NotFound', 'no_user')))
      noted.push(`${type} ${user} ${plainText(data['method'] ?? data['cause'])}`)
      return Promise.resolve(E.right(undefined))
    },
    seen: () => {
      seen += 1
      return Promise.resolve()
    },
  })
  const open = async (user?: SigningIn): Promise<Opened> =>
    right(await sessions.open(1, user === undefined ? {} : { user }))
  const isLive = async ({ token }: Opened): Promise<boolean> =>
    (await sessions.find(tokenHashOf(token))) !== undefined
  return { clock, vault, sessions, noted, gone, open, isLive, seen: () => seen }
}

const right = <A>(answer: Either<Rejection, A>): A => {
  if (E.isLeft(answer)) throw new Error(answer.left.reason)
  return answer.right
}

const ANN: SigningIn = { id: 7, method: 'password' }

test('a token slides, written at most once a minute', async (t) => {
  const { clock, open, isLive, seen, vault } = sessionsRig()
  const opened = await open(ANN)
  const version = async () => (await vault.get('cc.sessions', tokenHashOf(opened.token)))?.version
  const first = await version()
  clock.now += MINUTE - 1
  t.true(await isLive(opened))
  t.is(await version(), first)
  clock.now += 1
  t.true(await isLive(opened))
  t.not(await version(), first)
  t.is(seen(), 2, 'when he signed in, and a minute later')
  clock.now += 2 * HOUR - 1
  t.true(await isLive(opened))
  clock.now += 2 * HOUR
  t.false(await isLive(opened))
})

test("a guest's token ends a day after its sign-in, however it is used", async (t) => {
  const { clock, open, isLive } = sessionsRig()
  const opened = await open({ id: 8, method: 'guest', isGuest: true })
  for (let hour = 0; hour < 24; hour++) {
    t.true(await isLive(opened), String(hour))
    clock.now += HOUR
  }
  t.false(await isLive(opened))
})

test("all tokens of a user end, and nobody else's, and each is said", async (t) => {
  const { sessions, open, isLive, noted } = sessionsRig()
  const mine = [await open(ANN), await open(ANN), await open()]
  right(await sessions.login(tokenHashOf(mine[2]?.token ?? ''), ANN))
  const others = [await open(), await open({ id: 70, method: 'password' })]
  const kept = await open(ANN)
  right(await sessions.closeAllOf(1, 7, tokenHashOf(kept.token)))
  t.deepEqual(await Promise.all(mine.map(isLive)), [false, false, false])
  t.deepEqual(await Promise.all([...others, kept].map(isLive)), [true, true, true])
  t.is(noted.filter((line) => line === 'UserSignedOut 7 ended').length, 3)
  right(await sessions.closeAllOf(1, 7))
  t.false(await isLive(kept))
})

test('whoever is deleted while he signs in gets no token, and keeps none', async (t) => {
  const { sessions, vault, open, gone } = sessionsRig()
  const { token } = await open()
  gone.add(ANN.id)
  for (const refused of [
    await sessions.login(tokenHashOf(token), ANN),
    await sessions.open(1, { user: ANN }),
  ])
    t.like(refused, { left: { kind: 'Unauthenticated' } })
  t.is((await sessions.find(tokenHashOf(token)))?.user, 0)
  const live: unknown[] = []
  for await (const page of vault.list('cc.sessions')) live.push(...page)
  t.is(live.length, 1, 'that of the application')
})

test('a user whose tokens were taken over or given up has them no more', async (t) => {
  const { sessions, open, isLive, noted } = sessionsRig()
  const [taken, left] = [await open(ANN), await open(ANN)]
  right(await sessions.login(tokenHashOf(taken.token), { id: 9, method: 'password' }))
  right(await sessions.logout(tokenHashOf(left.token)))
  right(await sessions.closeAllOf(1, 7))
  t.deepEqual(await Promise.all([taken, left].map(isLive)), [true, true])
  t.deepEqual(noted.slice(2), [
    'UserSignedOut 7 switched',
    'UserSignedIn 9 password',
    'UserSignedOut 7 logout',
  ])
})

test('an end wins over everything that happens at the same time', async (t) => {
  const { clock, sessions, open, isLive } = sessionsRig()
  for (let round = 0; round < 20; round++) {
    const opened = await open(ANN)
    const hash = tokenHashOf(opened.token)
    clock.now += MINUTE
    await Promise.all([
      sessions.find(hash),
      sessions.login(hash, { id: 9, method: 'password' }),
      sessions.close(hash),
      sessions.find(hash),
      sessions.logout(hash),
    ])
    t.false(await isLive(opened))
  }
})

test('the vault has no token, and an erasure of its user takes it along', async (t) => {
  const { vault, open, isLive } = sessionsRig()
  const opened = await open(ANN)
  const held: string[] = []
  for await (const page of vault.holding.entries()) held.push(JSON.stringify(page))
  t.true(held.join().includes(tokenHashOf(opened.token)))
  t.false(held.join().includes(opened.token))
  await vault.deleteSubject('cc.user-1-7')
  t.false(await isLive(opened))
})

const KNOWN = { authKey: 'dev-auth-key', authSecret: 'dev-auth-secret', adminKey: 'dev-admin-key' }

const provisioningRig = () => {
  const keyring = memoryKeyring()
  const stored = memoryHistory()
  const engine = createEngine({
    ...{ keyring, refusal: () => undefined, shown: () => Promise.resolve(true) },
    history: sealedHistory(stored, keyring, APPLICATION_SEALED),
    snapshots: createSnapshots(memoryDocuments(), keyring, 0),
  })
  const vault = memoryVault({ now: Date.now })
  const announced: Partial<ApplicationKeys>[] = []
  const provide = (more: Pick<Provisioning, 'keys' | 'known'>): Promise<void> =>
    provisionApplication({
      ...{ engine, vault, now: Date.now, random: randomBytes, app: 3, ...more },
      announce: (_app, keys) => announced.push(keys),
    })
  const keysNow = async (): Promise<ApplicationKeys | null> =>
    (await engine.load(applicationStream(3), applicationDecider)).state.keys
  return { stored, provide, announced, keysNow }
}

test('keys that nobody set are random, announced once, and sealed', async (t) => {
  const { stored, provide, announced, keysNow } = provisioningRig()
  await Promise.all([provide({ keys: {}, known: KNOWN }), provide({ keys: {}, known: KNOWN })])
  await provide({ keys: {}, known: KNOWN })
  const keys = await keysNow()
  t.deepEqual(announced, [keys])
  t.is(new Set(Object.values(keys ?? {})).size, 3)
  t.true(Object.values(keys ?? {}).every((key) => key.length === 32))
  const pages: string[] = []
  for await (const page of stored.readAll({ after: 0n }))
    pages.push(JSON.stringify(page.map(({ data }) => data)))
  t.is(pages.join().match(/"app":3/g)?.length, 1)
  t.false(Object.values(keys ?? {}).some((key) => pages.join().includes(key)))
})

test('keys that are set win, and those that everybody knows go', async (t) => {
  const { provide, announced, keysNow } = provisioningRig()
  await provide({ keys: KNOWN, known: {} })
  t.deepEqual(await keysNow(), KNOWN)
  await provide({ keys: { authKey: 'own' }, known: KNOWN })
  const keys = await keysNow()
  t.is(keys?.authKey, 'own')
  t.deepEqual(announced, [{ authSecret: keys?.authSecret ?? '', adminKey: keys?.adminKey ?? '' }])
  t.false(Object.values(KNOWN).includes(keys?.adminKey ?? ''))
  await provide({ keys: {}, known: KNOWN })
  t.deepEqual(await keysNow(), keys)
})
