/** Proves what a mailed code withstands (timelimit 2.3), with a vault in memory: three attempts in all, also at once, and one success. */
import test from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import { createMailCodes } from '../../../src/commands/timelimit/mail-codes.ts'
import { TIMELIMIT_TOKEN_MS } from '../../../src/limits.ts'
import { memoryVault } from '../../../src/vault/memory/vault.ts'

const PROOF = { mail: 'anna@example.com', locale: 'de' }

const setup = () => {
  const clock = { now: 1_800_000_000_000 }
  const now = (): number => clock.now
  const vault = memoryVault({ now })
  const codes = createMailCodes(vault, (bytes) => new Uint8Array(bytes).fill(7), now)
  const kindOf = async (token: string, code: string): Promise<string> => {
    const answer = await codes.redeem(token, code)
    return E.isLeft(answer) ? answer.left.kind : 'right'
  }
  return { clock, vault, codes, kindOf }
}

test('blanks, stars and capitals do not matter; the right code works once', async (t) => {
  const { codes, kindOf } = setup()
  await codes.store('token', 'mone Lawo zudo', PROOF)
  t.deepEqual(await codes.redeem('token', ' *MONElawo* zudo '), E.right(PROOF))
  t.is(await kindOf('token', 'mone lawo zudo'), 'Gone')
  t.is(await kindOf('nobody', 'mone lawo zudo'), 'Gone')
})

test('the third wrong attempt ends it', async (t) => {
  const { codes, kindOf } = setup()
  await codes.store('token', 'mone lawo zudo', PROOF)
  const kinds: string[] = []
  for (const code of ['', 'mone-lawo-zudo', 'x', 'mone lawo zudo']) kinds.push(await kindOf('token', code))
  t.deepEqual(kinds, ['Forbidden', 'Forbidden', 'Gone', 'Gone'])
  await codes.store('other', 'mone lawo zudo', PROOF)
  for (const code of ['a', 'b']) await kindOf('other', code)
  t.is(await kindOf('other', 'mone lawo zudo'), 'right', 'the third may be right')
})

test('guesses at once are no more than three, and of two right ones one counts', async (t) => {
  const { codes, kindOf } = setup()
  await codes.store('token', 'mone lawo zudo', PROOF)
  const kinds = await Promise.all(Array.from({ length: 50 }, (_, guess) => kindOf('token', String(guess))))
  t.is(kinds.filter((kind) => kind === 'Forbidden').length, 2)
  t.is(kinds.filter((kind) => kind === 'Gone').length, 48)
  await codes.store('other', 'mone lawo zudo', PROOF)
  const both = await Promise.all([1, 2].map(() => kindOf('other', 'mone lawo zudo')))
  t.deepEqual(both.sort(), ['Gone', 'right'])
})

test('it lives for its time, however it is used, and the vault has it as a hash', async (t) => {
  const { clock, vault, codes, kindOf } = setup()
  await codes.store('token', 'mone lawo zudo', PROOF)
  const seen: string[] = []
  for await (const page of vault.list('timelimit.mail-logins')) seen.push(JSON.stringify(page))
  t.true(seen.length > 0 && !/mone|lawo|zudo|token/.test(seen.join()))
  clock.now += TIMELIMIT_TOKEN_MS - 1
  t.is(await kindOf('token', 'x'), 'Forbidden')
  clock.now += 2
  t.is(await kindOf('token', 'mone lawo zudo'), 'Gone')
})
