/**
 * Proves that a secret is good for one command (decisions 9), with a vault in memory: whoever comes second, at once or after a crash, is either
 * the same request, which gets the same random values, or refused.
 */
import test from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import { OUTCOME_UNKNOWN } from '../../../src/commands/append.ts'
import { createOneTimeTokens, usingUp } from '../../../src/commands/one-time.ts'
import { createAddDeviceCodes } from '../../../src/commands/timelimit/add-device-codes.ts'
import { rejection } from '../../../src/domain/rejection.ts'
import { TIMELIMIT_TOKEN_MS } from '../../../src/limits.ts'
import { memoryVault } from '../../../src/vault/memory/vault.ts'

const SPACE = 'timelimit.mail-auths'
const START = 1_800_000_000_000

const setup = () => {
  const clock = { now: START }
  const now = (): number => clock.now
  const vault = memoryVault({ now })
  let seed = 0
  const random = (bytes: number): Uint8Array => new Uint8Array(bytes).fill(++seed)
  const tokens = createOneTimeTokens({ vault, now, random, ttlMs: TIMELIMIT_TOKEN_MS })
  return { clock, vault, tokens, codes: createAddDeviceCodes(vault, tokens) }
}

test('the same request gets the same command, time and random values; another one nothing', async (t) => {
  const { clock, tokens } = setup()
  await tokens.issue(SPACE, 'token', { mail: 'a@b' })
  const first = await tokens.reserve(SPACE, 'token', 'one')
  clock.now += 1_000
  const again = await tokens.reserve(SPACE, 'token', 'one')
  t.is(await tokens.reserve(SPACE, 'token', 'two'), undefined)
  t.is(await tokens.reserve(SPACE, 'unknown', 'one'), undefined)
  if (first === undefined || again === undefined) return t.fail('not reserved')
  t.is(first.content['mail'], 'a@b')
  t.is(again.commandId, first.commandId)
  t.deepEqual([first.at, again.at], [START, START])
  const drawn = [first.random(8), first.random(8)]
  t.deepEqual([again.random(8), again.random(8)], drawn)
  t.notDeepEqual(drawn[0], drawn[1])
})

test('random values depend on the secret and on what the vault has for it', async (t) => {
  const { tokens } = setup()
  for (const token of ['x', 'y']) await tokens.issue(SPACE, token, {})
  const drawn = async (token: string) => (await tokens.reserve(SPACE, token, 'one'))?.random(16)
  const [x, y] = [await drawn('x'), await drawn('y')]
  t.is(x?.length, 16)
  t.notDeepEqual(x, y)
  await tokens.issue(SPACE, 'x', {})
  t.notDeepEqual(await drawn('x'), x)
  t.deepEqual(await drawn('y'), y)
})

test('of many different requests at once one gets it', async (t) => {
  const { tokens } = setup()
  await tokens.issue(SPACE, 'token', {})
  const tries = Array.from({ length: 20 }, (_, index) => tokens.reserve(SPACE, 'token', String(index)))
  const got = (await Promise.all(tries)).filter((use) => use !== undefined)
  t.is(got.length, 1)
})

test('done, it is spent; refused, it is free again; maybe done, it stays with its request', async (t) => {
  const { tokens } = setup()
  const outcomes = [
    [E.right('done'), false, false],
    [E.left(rejection('Conflict', 'mail_taken')), true, true],
    [E.left(rejection('Unavailable', 'contention')), true, true],
    [E.left(rejection('Unavailable', OUTCOME_UNKNOWN)), true, false],
    [E.left(rejection('Unavailable', 'documents_late')), true, false],
  ] as const
  for (const [outcome, same, other] of outcomes) {
    await tokens.issue(SPACE, 'token', {})
    const use = await tokens.reserve(SPACE, 'token', 'one')
    if (use === undefined) return t.fail('not reserved')
    t.is(await usingUp([use], () => Promise.resolve(outcome)), outcome)
    const name = JSON.stringify(outcome)
    t.is((await tokens.reserve(SPACE, 'token', other ? 'two' : 'one')) !== undefined, same, name)
    t.is((await tokens.reserve(SPACE, 'token', 'two')) !== undefined, other, name)
  }
  await tokens.issue(SPACE, 'token', {})
  const use = await tokens.reserve(SPACE, 'token', 'one')
  if (use === undefined) return t.fail('not reserved')
  await t.throwsAsync(usingUp([use], () => Promise.reject(new Error('down'))))
  t.is(await tokens.reserve(SPACE, 'token', 'two'), undefined)
  t.not(await tokens.reserve(SPACE, 'token', 'one'), undefined)
})

test('reserving and releasing it does not lengthen its life', async (t) => {
  const { clock, tokens } = setup()
  await tokens.issue(SPACE, 'token', {})
  clock.now += TIMELIMIT_TOKEN_MS - 1_000
  await (await tokens.reserve(SPACE, 'token', 'one'))?.release()
  t.not(await tokens.find(SPACE, 'token'), undefined)
  clock.now += 1_001
  t.is(await tokens.find(SPACE, 'token'), undefined)
})

test('what is reserved goes with its family, too', async (t) => {
  const { vault, codes } = setup()
  await codes.issue('a b c', 'famA', 'dev001')
  t.not(await codes.reserve('a b c', 'one'), undefined)
  await vault.deleteSubject('timelimit.family-famA')
  t.is(await codes.reserve('a b c', 'one'), undefined)
})

test('of a family only the newest code for a device is good, in any case, and blanks count', async (t) => {
  const { codes } = setup()
  await codes.issue('Alpha Beta', 'famA', 'dev001')
  await codes.issue('gamma delta', 'famA', 'dev002')
  await codes.issue('epsilon zeta', 'famB', 'dev003')
  t.is(await codes.reserve('Alpha Beta', 'one'), undefined)
  t.is(await codes.reserve('gamma  delta', 'one'), undefined)
  t.is((await codes.reserve('GAMMA Delta', 'one'))?.content['deviceId'], 'dev002')
  t.is((await codes.reserve('epsilon zeta', 'one'))?.content['family'], 'famB')
})
