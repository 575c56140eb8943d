/**
 * Proves that whatever an event has in `sealed` is sealed with the key of its family: a codec in which the table would not see it is a leak.
 */
import test from 'ava'
import { TIMELIMIT_SEALED } from '../../../../src/domain/timelimit/events.ts'
import { SAMPLES } from '../../../support/timelimit-samples.ts'

test('every event with something to seal is in the seal table, with its stream as the subject', (t) => {
  const sealing = Object.entries(SAMPLES).flatMap(([type, data]) => ('sealed' in data ? [type] : []))
  t.true(sealing.length > 10)
  t.deepEqual(Object.keys(TIMELIMIT_SEALED).sort(), sealing.sort())
  for (const { fields, subject } of Object.values(TIMELIMIT_SEALED)) {
    t.deepEqual(fields, ['sealed'])
    t.is(subject(undefined, 'timelimit.family-abc'), 'timelimit.family-abc')
  }
})
