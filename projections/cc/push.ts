import { userStream, wordsSubject } from '../../src/domain/cc/names.ts'
import { pushEventEvents, subscriptionEvents } from '../../src/domain/cc/push-events.ts'
import type { StoredEvent } from '../../src/history/port.ts'
import type { JsonObject } from '../../src/json.ts'
import type { ProjectedWrite, Projection } from '../../src/projecting/projection.ts'

const SUBSCRIPTIONS = 'cc_subscriptions'
const OUTBOX = 'cc_push_outbox'

const subscribed =
  (type: 'PushSubscriptionAdded' | 'PushTokenReplaced') =>
  (event: StoredEvent): readonly ProjectedWrite[] => {
    const data = subscriptionEvents.dataOf(type, event)
    const { app, user, subscription, channel, platform, environment, sealed } = data
    if (sealed === null || sealed === undefined) return []
    const put = {
      ...{ app, user, id: subscription, channel, platform, environment },
      ...{ device: sealed, _s: [userStream(app, user)] },
    }
    return [{ collection: SUBSCRIPTIONS, id: `${app}-${subscription}`, put }]
  }

type Settled = 'PushNotificationsDelivered' | 'PushNotificationsFailed'

const settled =
  (type: Settled, state: string) =>
  (stored: StoredEvent): readonly ProjectedWrite[] => {
    const { app, event, notifications } = pushEventEvents.dataOf(type, stored)
    return notifications.map(({ user, channel, ...how }) => ({
      collection: OUTBOX,
      id: `${app}-${event}-${user}-${channel}`,
      update: { $set: { state, ...how }, $unset: { queued: '' } },
    }))
  }

/**
 * Who is told what, and where (connectycube 9, 12.4): devices of users, by `<app>-<number>`; and what goes out, one entry for each recipient
 * and channel. `at` in milliseconds since the Unix epoch. `queued` is the channel until it is known what became of it, and then missing.
 */
export const ccPush: Projection = {
  name: 'cc-push',
  version: 2,
  prefixes: ['cc.push-', 'cc.pushevent-'],
  collections: {
    [SUBSCRIPTIONS]: { indexes: [{ keys: ['_s'] }, { keys: ['app', 'user'] }] },
    [OUTBOX]: { indexes: [{ keys: ['_s'] }, { keys: ['app', 'at'] }, { keys: ['queued', 'at'] }] },
  },
  on: {
    PushSubscriptionAdded: subscribed('PushSubscriptionAdded'),
    PushTokenReplaced: subscribed('PushTokenReplaced'),
    PushSubscriptionRemoved: (event) => {
      const { app, subscription } = subscriptionEvents.dataOf('PushSubscriptionRemoved', event)
      return [{ collection: SUBSCRIPTIONS, id: `${app}-${subscription}`, delete: true }]
    },
    PushNotificationsQueued: (stored) => {
      const data = pushEventEvents.dataOf('PushNotificationsQueued', stored)
      const { app, event, user: sender, environment, notifications } = data
      const content = contentOf(data)
      if (content === undefined) return []
      return notifications.map(({ user, channel }) => ({
        collection: OUTBOX,
        id: `${app}-${event}-${user}-${channel}`,
        put: {
          ...{ app, event, sender, environment, user, channel, at: stored.meta.at },
          ...{ state: 'queued', queued: channel },
          ...content,
        },
      }))
    },
    PushNotificationsDelivered: settled('PushNotificationsDelivered', 'delivered'),
    PushNotificationsFailed: settled('PushNotificationsFailed', 'failed'),
  },
}

/** An alert shows nobody's words. */
const contentOf = ({ app, user, alert, sealed }: Queued): JsonObject | undefined => {
  if (alert !== undefined) return { alert }
  return sealed === null || sealed === undefined
    ? undefined
    : { message: sealed.message, _s: [wordsSubject(app, user)] }
}

type Queued = ReturnType<typeof pushEventEvents.dataOf<'PushNotificationsQueued'>>
