/** Proves the arithmetic of versions by the tables of afrodite 3.9, 8.2 and 9.2. */
import test from 'ava'
import { byteOf, isInStep, raised, reaction } from '../../../../src/domain/afrodite/sync-versions.ts'

test('a version grows by one, up to 255', (t) => {
  t.deepEqual([0, 7, 253, 254, 255].map(raised), [1, 8, 254, 255, 255])
})

test('a client has the same version, another one, or nothing', (t) => {
  for (const other of [3, 8, 254]) t.is(reaction(other, 7), 'send')
  t.is(reaction(7, 7), 'nothing')
  t.is(reaction(0, 0), 'nothing')
  for (const version of [0, 7, 255]) t.is(reaction(255, version), 'reset')
  t.is(reaction(254, 255), 'send')
})

test('the byte of a count leaves 255 out', (t) => {
  t.deepEqual([0, 17, 254, 255, 256, 272, 510].map(byteOf), [0, 17, 254, 0, 1, 17, 0])
})

test('equal bytes count as in step while fewer than 255 changes happened', (t) => {
  t.true(isInStep(17, 272, 272))
  t.true(isInStep(17, 272, 18))
  t.false(isInStep(17, 272, 17), 'exactly 255')
  t.false(isInStep(17, 527, 17), 'twice as many')
  t.false(isInStep(16, 272, 272))
  t.false(isInStep(17, 272, undefined))
  t.false(isInStep(17, 17, 272), 'fewer than remembered: of another scope')
  t.false(isInStep(255, 255, 255))
  t.false(isInStep(255, 510, 510))
  t.true(isInStep(0, 0, 0))
})
