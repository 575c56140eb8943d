/** Proves that an entry of the demo mode is locked once, and only under the passwords that it was locked with (afrodite 4.3). */
import test from 'ava'
import { demoDecider } from '../../../../src/domain/afrodite/demo.ts'
import { fact } from '../../../../src/domain/afrodite/events.ts'
import { after, decided } from '../../../support/afrodite-domain.ts'

test('locked once, until the passwords are others', (t) => {
  const locked = fact('DemoLocked', { entry: 3, passwords: 'p1' })
  const lock = (passwords: string) => ({ type: 'LockDemo', entry: 3, passwords }) as const
  t.deepEqual(decided(demoDecider, [], lock('p1')), [['DemoLocked', { entry: 3, passwords: 'p1' }]])
  t.deepEqual(decided(demoDecider, [locked], lock('p1')), [])
  t.deepEqual(decided(demoDecider, [locked], lock('p2')), [['DemoLocked', { entry: 3, passwords: 'p2' }]])
  t.is(after(demoDecider, []), null)
  t.is(after(demoDecider, [locked, { type: 'FromTheFuture', data: {} }]), 'p1')
})
