/** Proves the form of identity tokens (timelimit 2.15), and that only what this server signed is believed, for as long as it should be. */
import test from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import { SignJWT } from 'jose'
import { identityToken, readIdentityToken } from '../../../src/protocols/timelimit/identity.ts'

const SECRET = 'a secret of some length'
const ABOUT = { familyId: 'abcdefghij', userId: 'pAr3nT', mail: 'anna@example.com' }
const NOW = 1_800_000_000_000
const DAY = 86_400_000
const WEEKS_4 = 28 * 86_400

test('base64 of a JWT with HS512, in lines of 32 characters', async (t) => {
  const token = await identityToken(SECRET, ABOUT, NOW)
  const lines = token.split('\n')
  t.true(lines.slice(0, -1).every((line) => line.length === 32))
  t.true(lines.length > 3 && (lines.at(-1) ?? '').length <= 32)
  const [header = '', claims = ''] = Buffer.from(lines.join(''), 'base64').toString().split('.')
  const read = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString())
  t.deepEqual(read(header), { alg: 'HS512' })
  t.deepEqual(read(claims), { purpose: 'purchase', ...ABOUT, exp: NOW / 1000 + 7 * 86_400 })
})

test('it holds for a week, with a tolerance of four weeks where that is given', async (t) => {
  const token = await identityToken(SECRET, ABOUT, NOW)
  const isGood = async (days: number, tolerance: number): Promise<boolean> =>
    E.isRight(await readIdentityToken(SECRET, token, NOW + days * DAY, tolerance))
  t.true(await isGood(6.9, 0))
  t.false(await isGood(7.1, 0))
  t.true(await isGood(34.9, WEEKS_4))
  t.false(await isGood(35.1, WEEKS_4))
})

test('it may be broken differently, but not changed, nor made by somebody else', async (t) => {
  const token = await identityToken(SECRET, ABOUT, NOW)
  const read = (text: string, secret = SECRET) => readIdentityToken(secret, text, NOW, 0)
  t.true(E.isRight(await read(` ${token.replaceAll('\n', '\r\n ')}\n`)))
  const jwt = Buffer.from(token, 'base64').toString()
  const [head = '', , signature = ''] = jwt.split('.')
  const other = Buffer.from(JSON.stringify({ purpose: 'purchase', ...ABOUT, userId: 'x', exp: 2e9 }))
  const none = Buffer.from('{"alg":"none"}').toString('base64url')
  const forged = [
    '',
    'x',
    token.slice(0, -5),
    Buffer.from(`${head}.${other.toString('base64url')}.${signature}`).toString('base64'),
    Buffer.from(`${none}.${other.toString('base64url')}.`).toString('base64'),
  ]
  for (const text of forged) t.true(E.isLeft(await read(text)), text)
  t.true(E.isLeft(await read(token, 'another secret')))
  const weaker = await new SignJWT({ purpose: 'purchase', ...ABOUT })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime(2_000_000_000)
    .sign(Buffer.from(SECRET))
  t.true(E.isLeft(await read(Buffer.from(weaker).toString('base64'))))
  const odd = await new SignJWT({ purpose: 'other', ...ABOUT })
    .setProtectedHeader({ alg: 'HS512' })
    .setExpirationTime(2_000_000_000)
    .sign(Buffer.from(SECRET))
  t.deepEqual(await read(Buffer.from(odd).toString('base64')), E.left('unexpected claims'))
})
