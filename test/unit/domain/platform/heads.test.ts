/** Given, when, then: a head is signed for news, and heads alone are none. */
import * as E from 'fp-ts/lib/Either.js'
import test from 'ava'
import { headsDecider, type HeadSigned, type HeadsState } from '../../../../src/domain/platform/heads.ts'

const head = (size: number): HeadSigned => ({ origin: 'o', size, root: `r${size}`, note: 'n', key: 'k' })
const given = (...sizes: readonly number[]): HeadsState =>
  sizes.reduce<HeadsState>(
    (state, size) => headsDecider.evolve(state, { type: 'HeadSigned', data: head(size) }),
    headsDecider.initial,
  )
const decided = (state: HeadsState, size: number) =>
  headsDecider.decide({ type: 'SignHead', ...head(size) }, state)
const signed = (size: number) => E.right([{ type: 'HeadSigned', data: head(size) }])
const nothing = E.right([])

test('the first head is of anything but nothing', (t) => {
  t.deepEqual(decided(given(), 0), nothing)
  t.deepEqual(decided(given(), 1), signed(1))
})

test('what the last head itself adds is no news; one event more is', (t) => {
  t.deepEqual(decided(given(5), 5), nothing)
  t.deepEqual(decided(given(5), 6), nothing)
  t.deepEqual(decided(given(5), 7), signed(7))
  t.deepEqual(decided(given(5, 7), 8), nothing)
})

test('a shorter tree is not signed', (t) => t.deepEqual(decided(given(5, 9), 7), nothing))

test('other events leave the state alone', (t) => {
  t.deepEqual(headsDecider.evolve(given(5), { type: 'Other', data: head(9) }), given(5))
})
