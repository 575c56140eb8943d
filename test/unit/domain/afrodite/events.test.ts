/**
 * Proves that whatever an event has in `sealed` is sealed with the key of its account: a codec that the seal table does not know of is a leak.
 */
import test from 'ava'
import * as io from 'io-ts'
import {
  ACCOUNT_EVENTS,
  AFRODITE_SEALED,
  DEMO_EVENTS,
  SESSION_EVENTS,
} from '../../../../src/domain/afrodite/events.ts'
import { accountStream, sessionStream } from '../../../../src/domain/afrodite/names.ts'
import { AID } from '../../../support/afrodite-domain.ts'

const CODECS: { readonly [type: string]: io.Mixed } = { ...ACCOUNT_EVENTS, ...SESSION_EVENTS, ...DEMO_EVENTS }

const hasSealed = (codec: io.Mixed): boolean => {
  if (codec instanceof io.IntersectionType) return (codec.types as readonly io.Mixed[]).some(hasSealed)
  return (
    (codec instanceof io.InterfaceType || codec instanceof io.PartialType) &&
    Object.hasOwn(codec.props as object, 'sealed')
  )
}

test('every event with something to seal is in the seal table, with its account as the subject', (t) => {
  const sealing = Object.entries(CODECS).flatMap(([type, codec]) => (hasSealed(codec) ? [type] : []))
  t.is(sealing.length, 8)
  t.deepEqual(Object.keys(AFRODITE_SEALED).sort(), sealing.sort())
  for (const { fields, subject } of Object.values(AFRODITE_SEALED)) {
    t.deepEqual(fields, ['sealed'])
    t.is(subject(undefined, sessionStream(AID)), accountStream(AID))
    t.is(subject(undefined, accountStream(AID)), accountStream(AID))
  }
})
