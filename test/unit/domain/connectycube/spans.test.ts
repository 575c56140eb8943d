/** Proves the arithmetic of spans, for any numbers in any order, and that they stay few where people read as they do. */
import test from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import * as fc from 'fast-check'
import { covering, covers } from '../../../../src/domain/cc/spans.ts'
import { viewDecider } from '../../../../src/domain/cc/view-decide.ts'
import { NO_VIEW } from '../../../../src/domain/cc/view-evolve.ts'
import { APP, createWorld, DIALOG, placeOf } from '../../../support/cc-dialogs.ts'

test('spans cover what they were given, and never touch', (t) => {
  const seqs = fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 40 })
  fc.assert(
    fc.property(seqs, seqs, seqs, (a, b, mine) => {
      const spans = covering(covering([], a), b, { mine })
      const all = new Set([...a, ...b, ...mine])
      for (let seq = 0; seq <= 61; seq++) t.is(covers(spans, seq), all.has(seq))
      t.true(spans.every(({ from }, index) => index === 0 || from > (spans[index - 1]?.to ?? 0) + 1))
      t.is(
        spans.reduce((sum, { n }) => sum + n, 0),
        new Set([...a, ...b]).size,
      )
    }),
    { numRuns: 100 },
  )
})

test('reading newest pages for years leaves one span, whatever stays unread below', (t) => {
  let state = NO_VIEW
  const dialog = { ...createWorld().state(), app: APP, dialog: DIALOG, life: 'there' as const }
  for (let seq = 1_000; seq < 3_000; seq += 2) {
    const at = placeOf({ ...dialog, seq, sent: {} }, 1)
    const seqs = [seq - 1, seq]
    const decided = viewDecider.decide({ ...at, action: { type: 'Read', seqs } }, state)
    state = E.isRight(decided) ? decided.right.reduce(viewDecider.evolve, state) : state
  }
  t.deepEqual(state.spans, [{ from: 999, to: 2_998, n: 2_000, others: 2_000 }])
})
