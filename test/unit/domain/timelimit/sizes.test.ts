/** Proves that no event takes more bytes than is reckoned, as it is stored: sealed, and with all that every event carries (decisions 16). */
import test from 'ava'
import * as fc from 'fast-check'
import { eventOf } from '../../../../src/commands/facts.ts'
import type { Fact } from '../../../../src/domain/decider.ts'
import { fact } from '../../../../src/domain/timelimit/events.ts'
import { bytesOf } from '../../../../src/domain/timelimit/sizes.ts'
import { seal } from '../../../../src/history/cipher.ts'
import { lifeOf, steps, STREAM } from '../../../support/timelimit-domain.ts'

const RUNS = process.env['SOAK'] ? 2_000 : 40
const ID = '5d0b0f0a-61f5-4c2f-9d2a-7a0f6a1d0d52'
const CAUSE = {
  commandId: ID,
  correlationId: ID,
  actor: 'timelimit:device:abcdef',
  at: 1_700_000_000_000,
  via: { protocol: 'timelimit' },
}
const key = Buffer.alloc(32, 1)

const stored = (one: Fact): number => {
  const { data, meta } = eventOf(CAUSE, '0', one)
  const { sealed } = data
  const closed = sealed === undefined ? data : { ...data, sealed: seal(sealed, key, STREAM) }
  const texts = [closed, { ...meta, subject: STREAM }].map((value) => JSON.stringify(value))
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
}

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 255 }),
  fc.string({ minLength: 60, maxLength: 255 }),
  fc
    .array(fc.constantFrom('\ud800', '\u0000', '\u2028', 'é', '🦊', '"', '\\'), { maxLength: 120 })
    .map((all) => all.join('')),
)
const texts = fc.array(text, { maxLength: 30 })

test('whatever is written', (t) => {
  const via = {
    device: 'abcdef',
    sequenceNumber: Number.MAX_SAFE_INTEGER,
    auth: 'childDevice',
    user: 'abcdef',
  }
  fc.assert(
    fc.property(texts, fc.dictionary(fc.stringMatching(/^[A-Za-z0-9]{6}$/), texts), (names, movedFrom) => {
      const sealed = { names, movedFrom }
      const one = fact('CategoryAppsAssigned', {
        categoryId: 'abcdef',
        losing: Object.keys(movedFrom),
        sealed,
      })
      t.true(stored({ ...one, via }) <= bytesOf(one))
    }),
    { numRuns: RUNS },
  )
})

test('every event of random lives', (t) => {
  fc.assert(
    fc.property(steps(12), (all) => {
      for (const { type, data, meta } of lifeOf(all).events) {
        const one = meta.via === undefined ? { type, data } : { type, data, via: meta.via }
        t.true(stored(one) <= bytesOf(one), type)
      }
    }),
    { numRuns: Math.ceil(RUNS / 4) },
  )
})
