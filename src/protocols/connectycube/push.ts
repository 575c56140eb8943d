import * as E from 'fp-ts/lib/Either.js'
import { requestPush, subscribe, unsubscribe } from '../../commands/cc/push.ts'
import type { Subscription } from '../../domain/cc/subscription.ts'
import type { Answer } from '../../http/protocol.ts'
import type { JsonObject } from '../../json.ts'
import { alertsOf } from '../../queries/cc/alerts.ts'
import { notificationsFor, pushOutbox, recipientsOf, subscriptionsOf } from '../../queries/cc/push.ts'
import { empty, json, notFound } from './answers.ts'
import type { Call, Endpoint } from './endpoint.ts'
import { render } from './errors.ts'
import { integer, isoSeconds, paging } from './params.ts'
import { readPush, readSubscriptions, type Push } from './push-input.ts'
import type { Services } from './services.ts'

type Serve = (services: Services, call: Call) => Promise<Answer>

const add: Serve = async (services, { caller, params }) => {
  const wanted = readSubscriptions(params)
  if (E.isLeft(wanted)) return wanted.left
  const items: JsonObject[] = []
  for (const one of wanted.right) {
    const done = await subscribe(services, caller, one)
    if (E.isLeft(done)) return render(done.left)
    items.push(view(done.right))
  }
  return json(201, items)
}

const list: Serve = async ({ reader }, { caller: { app, user } }) =>
  json(200, (await subscriptionsOf(reader, app, user)).map(view))

const remove: Serve = async (services, { caller, path }) => {
  const id = integer(path['id'])
  if (id === undefined) return notFound()
  const done = await unsubscribe(services, caller, id)
  return E.isLeft(done) ? render(done.left) : empty()
}

const view = ({
  id,
  channel,
  platform,
  device: { udid },
}: Omit<Subscription, 'environment'>): JsonObject => ({
  subscription: {
    id,
    notification_channel: { name: channel },
    device: { udid, platform: { name: platform } },
  },
})

/** Each channel is an event of its own, with its own number. */
const push: Serve = async (services, { caller, params, now }) => {
  const wanted = readPush(params)
  if (E.isLeft(wanted)) return wanted.left
  const { audience, channel: asked, ...said } = wanted.right
  const { app, user } = caller
  const users = await recipientsOf(services.reader, app, audience)
  const reached = await notificationsFor(services.reader, { app, ...said }, users)
  const present = [...new Set(reached.map(({ channel }) => channel))].sort()
  const channels = asked === undefined ? (present.length === 0 ? [null] : present) : [asked]
  const items: JsonObject[] = []
  for (const channel of channels) {
    const notifications = reached.filter((one) => one.channel === channel)
    const made = await requestPush(services, { app, user }, { ...said, channel, notifications })
    if (E.isLeft(made)) return render(made.left)
    items.push({
      event: {
        id: made.right,
        ...eventView(said, now, { app, user }),
        notification_channel: { name: channel },
      },
    })
  }
  return json(201, items)
}

const eventView = (
  { message, environment }: Pick<Push, 'message' | 'environment'>,
  now: number,
  { app, user }: { readonly app: number; readonly user: number },
): JsonObject => ({
  ...{ event_type: 'one_shot', message, date: null, period: null, name: null, occured_count: 0 },
  ...{ created_at: isoSeconds(now), updated_at: isoSeconds(now), end_date: null, active: true },
  ...{ application_id: app, user_id: user, kind: 'API', environment, tag_query: null },
})

/** An alert is shown as it would go out now: null if there is nothing left to tell. */
const outbox: Serve = async ({ reader }, { caller: { app }, params }) => {
  const entries = await pushOutbox(reader, app, paging(params, { kind: 'skip', default: 100, max: 100 }))
  const alerts = await alertsOf(
    reader,
    app,
    entries.flatMap(({ alert }) => alert ?? []),
  )
  const items = entries.map(({ alert, message, ...entry }) => {
    const { _id, event, sender, environment, user, channel, state, reason = null, detail = null } = entry
    const told = alert === undefined ? undefined : alerts.get(alert.message)
    const said = told === undefined ? null : Buffer.from(JSON.stringify(told)).toString('base64')
    return {
      ...{ _id, event_id: event, sender_id: sender, user_id: user, environment },
      message: message ?? said,
      notification_channel: { name: channel },
      created_at: isoSeconds(entry.at),
      ...{ state, reason, detail },
    }
  })
  return json(200, { items })
}

/** Connectycube 9 and, of pushes, 12.4. */
export const PUSH_ENDPOINTS: readonly Endpoint[] = [
  { method: 'POST', path: '/subscriptions', level: 'user', serve: add },
  { method: 'GET', path: '/subscriptions', level: 'user', serve: list },
  { method: 'DELETE', path: '/subscriptions/:id', level: 'user', serve: remove },
  { method: 'POST', path: '/events', level: 'user', serve: push },
  { method: 'GET', path: '/admin/outbox/push', level: 'admin', serve: outbox },
]
