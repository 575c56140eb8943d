/**
 * Proves what the two passwords of the demo mode open and for how long (afrodite 4.3), without HTTP: real engine, memory stores that outlive it, a
 * clock that the tests move.
 */
import { randomBytes } from 'node:crypto'
import test from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import { createEngine } from '../../../src/commands/engine.ts'
import { createSnapshots } from '../../../src/commands/snapshots.ts'
import { readDemo, type DemoEntry } from '../../../src/config/demo.ts'
import { memoryDocuments } from '../../../src/documents/memory/memory.ts'
import { demoStream } from '../../../src/domain/afrodite/names.ts'
import { memoryHistory } from '../../../src/history/memory/memory.ts'
import type { History } from '../../../src/history/port.ts'
import { DEMO_TOKEN_MS } from '../../../src/limits.ts'
import {
  createDemoMode,
  DEMO_ENTRIES,
  DEMO_TOKENS,
  type DemoAnswer,
} from '../../../src/protocols/afrodite/demo-mode.ts'
import { memoryKeyring } from '../../../src/vault/memory/keyring.ts'
import { memoryVault } from '../../../src/vault/memory/vault.ts'

const entry = (id: number, first: string, second: string): DemoEntry => {
  const passwords = { password_stage0: first, password_stage1: second }
  const all = { database_id: id, ...passwords, access_all_accounts: false, accessible_accounts: [] }
  const read = readDemo(JSON.stringify([all]), false)
  if (E.isLeft(read) || read.right[0] === undefined) throw new Error('no entry')
  return read.right[0]
}
const ENTRY = entry(1, 'first', 'second')
const OTHER = entry(2, 'third', 'fourth')
const NOTHING: DemoAnswer = { locked: false, token: null }
const LOCKED: DemoAnswer = { locked: true, token: null }

const setup = () => {
  const clock = { ms: 1_800_000_000_000 }
  const now = (): number => clock.ms
  const raw = memoryHistory()
  const state = { isDown: false }
  const history: History = {
    ...raw,
    append: (...args) =>
      state.isDown
        ? () => Promise.resolve(E.left({ _tag: 'Unavailable', reason: 'test' }))
        : raw.append(...args),
  }
  const vault = memoryVault({ now })
  const keyring = memoryKeyring()
  /** As a process that starts. */
  const start = (demo: readonly DemoEntry[] | 'unset' = [ENTRY, OTHER], delayMs = 0) => {
    const engine = createEngine({
      history,
      keyring,
      snapshots: createSnapshots(memoryDocuments(), keyring),
      refusal: () => undefined,
      shown: () => Promise.resolve(true),
    })
    const mode = createDemoMode({
      ...{ engine, vault, keyring, now, delayMs },
      random: randomBytes,
      settings: { demo: demo === 'unset' ? undefined : demo },
    })
    const login = async (password: string, address = '1.2.3.4') =>
      answerOf(await mode.login(password, address))
    const confirm = async (password: string, token: string) => answerOf(await mode.confirm(password, token))
    const tokenOf = async (password: string) => (await login(password)).token ?? ''
    const whole = async () => (await confirm('second', await tokenOf('first'))).token ?? ''
    return { ...mode, login, confirm, tokenOf, whole, refusals: mode }
  }
  return { clock, raw, vault, state, start }
}

const textOf = ({ locked, token }: DemoAnswer) => ({ locked, token: token ?? '' })

const answerOf = (answer: E.Either<unknown, DemoAnswer>): DemoAnswer => {
  if (E.isRight(answer)) return answer.right
  throw new Error(JSON.stringify(answer.left))
}

test('both passwords, one after the other, open the entry', async (t) => {
  const { login, confirm, entryOf } = setup().start()
  const { locked, token: first } = textOf(await login('first'))
  t.false(locked)
  t.regex(first, /^[A-Za-z\d+/]{512}$/)
  t.is(await entryOf(first), undefined)
  const { token: second } = textOf(await confirm('second', first))
  t.regex(second, /^[A-Za-z\d+/]{512}$/)
  t.not(second, first)
  t.like(await entryOf(second), { password_stage0: 'first' })
  t.deepEqual(await confirm('second', second), NOTHING)
  t.like(await entryOf(second), { password_stage0: 'first' }, 'it was no guess')
  t.truthy((await confirm('second', first)).token, 'a token lives its hour')
})

test('wrong first passwords and unknown tokens open nothing and lock nothing', async (t) => {
  const { login, confirm, whole, entryOf } = setup().start()
  for (const password of ['', 'second', 'firs', 'first ', 'FIRST'])
    t.deepEqual(await login(password), NOTHING, password)
  for (const token of ['', 'x', 'A'.repeat(512)]) t.deepEqual(await confirm('wrong', token), NOTHING)
  t.truthy(await entryOf(await whole()))
  t.deepEqual(await setup().start('unset').login('first'), NOTHING)
})

test('a wrong second password locks the entry and ends its tokens; a start changes nothing, other passwords do', async (t) => {
  const { start, raw } = setup()
  const { whole, tokenOf, confirm, entryOf, login } = start()
  const token = await whole()
  const again = await tokenOf('first')
  t.is(await entryOf(token), undefined, 'ended by the new login')
  t.deepEqual(await confirm('fourth', again), LOCKED)
  for (const password of ['second', 'wrong'])
    t.deepEqual(await confirm(password, again), LOCKED, 'the token is known, and no use')
  t.deepEqual(await login('first'), LOCKED)
  t.truthy((await login('third')).token, 'the other entry')
  t.deepEqual(await start().login('first'), LOCKED)
  const said: string[] = []
  for await (const page of raw.read(demoStream(1)))
    said.push(...page.map(({ type, data }) => JSON.stringify({ type, data })))
  t.is(said.length, 1)
  t.notRegex(said.join(), /first|second|fourth/)
  const changed = start([{ ...ENTRY, password_stage1: 'fifth' }])
  t.truthy(await changed.tokenOf('first'))
  t.truthy((await changed.confirm('fifth', await changed.tokenOf('first'))).token)
  t.deepEqual(await start().login('first'), LOCKED, 'the old ones are locked still')
})

test('guesses at once are one guess, also while no lock can be written', async (t) => {
  const { start, state } = setup()
  const { confirm, tokenOf, refusals, login } = start()
  const token = await tokenOf('first')
  const guesses = Array.from({ length: 30 }, (_, index) => (index === 29 ? 'second' : `guess ${index}`))
  const answers = await Promise.all(guesses.map((guess) => confirm(guess, token)))
  t.deepEqual(answers.filter(({ locked }) => locked).length, 1)
  t.true(answers.every(({ token: got }) => got === null))
  const next = start([OTHER])
  const other = await next.tokenOf('third')
  state.isDown = true
  t.like(await next.refusals.confirm('wrong', other), { _tag: 'Left', left: { kind: 'Unavailable' } })
  t.deepEqual(await next.confirm('fourth', other), NOTHING, 'the token is gone')
  state.isDown = false
  t.like(await refusals.login('first', '1.1.1.1'), { right: LOCKED })
  t.deepEqual(await login('first'), LOCKED)
})

test('a new first login ends what the entry had before, and nothing of others', async (t) => {
  const { whole, tokenOf, confirm, entryOf } = setup().start()
  const other = (await confirm('fourth', await tokenOf('third'))).token ?? ''
  const first = await tokenOf('first')
  const token = await whole()
  t.deepEqual(await confirm('second', first), NOTHING)
  t.truthy(await entryOf(token))
  await tokenOf('first')
  t.is(await entryOf(token), undefined)
  t.like(await entryOf(other), { password_stage0: 'third' })
})

test('each token lives for an hour, and the vault has hashes only', async (t) => {
  const { start, clock, vault } = setup()
  const { tokenOf, confirm, entryOf } = start()
  const first = await tokenOf('first')
  clock.ms += DEMO_TOKEN_MS - 1
  const second = (await confirm('second', first)).token ?? ''
  const seen: string[] = []
  for (const space of [DEMO_TOKENS, DEMO_ENTRIES])
    for await (const page of vault.list(space)) seen.push(JSON.stringify(page))
  t.true(seen.length > 0 && !seen.join().includes(first.slice(0, 20)))
  clock.ms += 1
  t.deepEqual(await confirm('second', first), NOTHING, 'using it does not make it live longer')
  clock.ms += DEMO_TOKEN_MS - 2
  t.truthy(await entryOf(second))
  clock.ms += 1
  t.is(await entryOf(second), undefined)
  t.deepEqual(await confirm('second', await tokenOf('first').then(() => first)), NOTHING)
})

test('with the passwords the tokens end that were got by them', async (t) => {
  const { start } = setup()
  const { whole, tokenOf } = start()
  const token = await whole()
  for (const changed of [
    { ...ENTRY, password_stage0: 'fifth' },
    { ...ENTRY, password_stage1: 'fifth' },
  ])
    t.is(await start([changed]).entryOf(token), undefined)
  t.truthy(await start().entryOf(token), 'a start alone ends nothing')
  const first = await tokenOf('first')
  const changed = start([{ ...ENTRY, password_stage1: 'fifth' }])
  t.deepEqual(await changed.confirm('fifth', first), NOTHING)
})

test('an entry that the operator took away opens nothing', async (t) => {
  const { start } = setup()
  const token = await start().whole()
  t.is(await start([OTHER]).entryOf(token), undefined)
})

test('right and wrong take their time, and few may wait for it', async (t) => {
  const { refusals } = setup().start([ENTRY], 150)
  const begun = performance.now()
  const took = async (password: string): Promise<number> => {
    await refusals.login(password, '9.9.9.9')
    return performance.now() - begun
  }
  for (const ms of await Promise.all([took('first'), took('wrong')])) t.true(ms >= 149, String(ms))
  const from = (address: string, count: number) =>
    Array.from({ length: count }, () => refusals.login('wrong', address))
  const tooMany = (answers: readonly E.Either<unknown, unknown>[]): number => answers.filter(E.isLeft).length
  t.is(tooMany(await Promise.all(from('1.1.1.1', 12))), 2)
  t.is(tooMany(await Promise.all(from('1.1.1.1', 10))), 0, 'there is room again')
  const many = await Promise.all(Array.from({ length: 11 }, (_, index) => from(`2.2.2.${index}`, 10)).flat())
  t.is(tooMany(many), 10)
  t.like(many.find(E.isLeft), { left: { kind: 'TooMany', retryAfterSeconds: 1 } })
})
