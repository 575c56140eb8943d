/**
 * Proves that of a push each recipient is queued once and settled once, however often a job is cut short and begins anew (decisions 19), and
 * that only the device that a gateway has forgotten is: by the deciders alone.
 */
import test from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import { pushEventDecider, type PushEventCommand } from '../../../../src/domain/cc/push-event.ts'
import type { Notification } from '../../../../src/domain/cc/push-events.ts'
import { subscriptionDecider, type SubscriptionCommand } from '../../../../src/domain/cc/subscription.ts'
import type { Decider, Fact } from '../../../../src/domain/decider.ts'
import { CC_NOTIFICATIONS_AN_EVENT } from '../../../../src/limits.ts'

const stream = <S, C>(decider: Decider<S, C>) => {
  let state = decider.initial
  return (command: C): readonly Fact[] => {
    const decided = decider.decide(command, state)
    if (E.isLeft(decided)) throw new Error(decided.left.reason)
    state = decided.right.reduce((before, fact) => decider.evolve(before, fact), state)
    return decided.right
  }
}

const queue = (notifications: readonly Notification[]): PushEventCommand => ({
  ...{ type: 'Queue', app: 1, event: 'alert-m', user: 9, environment: null, notifications },
  content: { alert: { dialog: 'd', message: 'm' } },
})
const on = (user: number, channel: Notification['channel'] = 'gcm'): Notification => ({ user, channel })
const told = (facts: readonly Fact[]) => facts.flatMap(({ data }) => data['notifications'] ?? [])

test('pages that were queued before a crash are not queued again, though their borders have moved', (t) => {
  const run = stream(pushEventDecider)
  t.deepEqual(told(run(queue([on(1), on(1, 'web'), on(2)]))), [on(1), on(1, 'web'), on(2)])
  // User 1 is gone, user 4 came: the first page is another one now.
  t.deepEqual(told(run(queue([on(2), on(3), on(4)]))), [on(3), on(4)])
  t.deepEqual(run(queue([on(2), on(3), on(4)])), [])
})

test('many recipients are several events of one append', (t) => {
  const run = stream(pushEventDecider)
  const all = Array.from({ length: 2 * CC_NOTIFICATIONS_AN_EVENT + 1 }, (_, index) => on(index + 1))
  const facts = run(queue(all))
  t.is(facts.length, 3)
  t.deepEqual(told(facts), all)
})

test('what became of a notification is noted once, and only of those that were queued', (t) => {
  const run = stream(pushEventDecider)
  run(queue([on(1), on(1, 'web'), on(2)]))
  const settle = (...results: Extract<PushEventCommand, { readonly type: 'Settle' }>['results']) =>
    run({ type: 'Settle', app: 1, event: 'alert-m', results }).map(({ type, data }) => [
      type,
      data['notifications'],
    ])
  const first = { ...on(1), devices: 2 }
  const failed = { ...on(2), reason: 'refused', detail: 'X' } as const
  t.deepEqual(settle(first, { ...on(1), reason: 'late' }, failed, { ...on(3), devices: 1 }), [
    ['PushNotificationsDelivered', [first]],
    ['PushNotificationsFailed', [failed]],
  ])
  t.deepEqual(settle(first, failed), [])
  t.deepEqual(settle({ ...on(1, 'web'), reason: 'late' }), [
    ['PushNotificationsFailed', [{ ...on(1, 'web'), reason: 'late' }]],
  ])
})

test('a device is lost only while it has the token that its gateway has forgotten', (t) => {
  const run = stream(subscriptionDecider(1, 7))
  const subscribe = (token: string): SubscriptionCommand => ({
    type: 'Subscribe',
    id: 1,
    wanted: {
      ...{ channel: 'gcm', platform: 'android', environment: 'development' },
      device: { udid: 'D', token },
    },
  })
  run(subscribe('old'))
  run(subscribe('new'))
  t.deepEqual(run({ type: 'Lose', id: 1, token: 'old' }), [])
  t.deepEqual(
    run({ type: 'Lose', id: 1, token: 'new' }).map(({ data }) => data),
    [{ app: 1, user: 7, subscription: 1, reason: 'gone' }],
  )
  t.deepEqual(run({ type: 'Lose', id: 1, token: 'new' }), [])
})
