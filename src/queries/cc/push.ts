import * as t from 'io-ts'
import type { Document, Filter, FindOptions } from '../../documents/port.ts'
import { nullable } from '../../domain/cc/codec.ts'
import {
  Alert,
  Channel,
  Device,
  Environment,
  FailureReason,
  Platform,
  type Notification,
} from '../../domain/cc/push-events.ts'
import type { Reader } from '../reader.ts'
import { USERS } from './users.ts'

type Finder = Pick<Reader, 'find'>

const Subscription = t.type({
  _id: t.string,
  app: t.number,
  user: t.number,
  id: t.number,
  channel: Channel,
  platform: Platform,
  environment: Environment,
  device: Device,
})
export type SubscriptionDocument = t.TypeOf<typeof Subscription>

/** Somebody's, by number. */
export const subscriptionsOf = async (
  reader: Finder,
  app: number,
  user: number,
): Promise<readonly SubscriptionDocument[]> => {
  const found = await all(reader, SUBSCRIPTIONS, { app, user }, ['_id', ...FIELDS])
  return found.filter(Subscription.is).sort((a, b) => a.id - b.id)
}

/** On what channels each of them can be told: in their order, each once. `environment` null: all devices count. */
export const notificationsFor = async (
  reader: Finder,
  { app, environment }: { readonly app: number; readonly environment: Environment | null },
  users: readonly number[],
): Promise<readonly Notification[]> => {
  const found = new Map<string, Notification>()
  for (let from = 0; from < users.length; from += USERS_AT_ONCE) {
    const user = { $in: users.slice(from, from + USERS_AT_ONCE) }
    const filter = { app, user, ...(environment === null ? {} : { environment }) }
    for (const document of await all(reader, SUBSCRIPTIONS, filter, ['user', 'channel'])) {
      const { user: id, channel } = document
      if (typeof id === 'number' && Channel.is(channel)) found.set(`${id}-${channel}`, { user: id, channel })
    }
  }
  return [...found.values()].sort((a, b) => a.user - b.user)
}

/** The same of what the server tells by itself. Calls come on `apns_voip`; an app that shows none then is ended by the system. */
export const noticesFor = async (
  reader: Finder,
  app: number,
  users: readonly number[],
): Promise<readonly Notification[]> =>
  (await notificationsFor(reader, { app, environment: null }, users)).filter(
    ({ channel }) => channel !== 'apns_voip',
  )

/** Everybody of the application who has a device, ascending, by pages. */
export async function* usersWithDevices(reader: Finder, app: number): AsyncGenerator<readonly number[]> {
  let last = 0
  const options = { sort: [['user', 1]], fields: ['user'] } as const
  for await (const page of reader.find(SUBSCRIPTIONS, { app }, options)) {
    const users = new Set(page.flatMap(({ user }) => (typeof user === 'number' && user > last ? [user] : [])))
    if (users.size === 0) continue
    yield [...users]
    last = Math.max(...users)
  }
}

/** Whom a push is for (connectycube 9): whoever is named in any of the ways. */
export type Audience = {
  readonly ids: readonly number[]
  readonly externalIds: readonly number[]
  readonly tags?: {
    readonly any: readonly string[]
    readonly all: readonly string[]
    readonly exclude: readonly string[]
  }
}

/** Those of them who are there, ascending. */
export const recipientsOf = async (
  reader: Finder,
  app: number,
  { ids, externalIds, tags }: Audience,
): Promise<readonly number[]> => {
  const filters: readonly Filter[] = [
    ...inParts(ids).map((some) => ({ _id: { $in: some.map((id) => `${app}-${id}`) } })),
    ...inParts(externalIds).map((some) => ({ app, externalUserId: { $in: some } })),
    ...(tags === undefined ? [] : [tagged(app, tags)]),
  ]
  const users = new Set<number>()
  for (const filter of filters)
    for (const { id } of await all(reader, USERS, filter, ['id'])) if (typeof id === 'number') users.add(id)
  return [...users].sort((a, b) => a - b)
}

const Queued = t.intersection([
  t.type({
    _id: t.string,
    app: t.number,
    event: t.string,
    sender: t.number,
    environment: nullable(Environment),
    user: t.number,
    channel: Channel,
    /** Milliseconds since the Unix epoch. */
    at: t.number,
    state: t.keyof({ queued: null, delivered: null, failed: null }),
  }),
  t.partial({ message: t.string, alert: Alert, devices: t.number, reason: FailureReason, detail: t.string }),
])
/** A notification: one recipient, one channel. It has a `message`, or is an `alert` about one. */
export type QueuedPush = t.TypeOf<typeof Queued>

/** What would go out, the newest first. */
export const pushOutbox = (
  reader: Finder,
  app: number,
  page: { readonly skip: number; readonly limit: number },
): Promise<readonly QueuedPush[]> => pushes(reader, { app }, { sort: [['at', -1]], ...page })

/** Of which it is not known yet what became of them, the oldest first. `at`: when they were queued. */
export const queuedPushes = (
  reader: Finder,
  channel: Channel,
  at: Filter,
  limit: number,
): Promise<readonly QueuedPush[]> => pushes(reader, { queued: channel, at }, { sort: [['at', 1]], limit })

const OUTBOX = 'cc_push_outbox'

const pushes = async (
  reader: Finder,
  filter: Filter,
  options: FindOptions,
): Promise<readonly QueuedPush[]> => {
  const entries: Document[] = []
  for await (const some of reader.find(OUTBOX, filter, options)) entries.push(...some)
  return entries.filter(Queued.is)
}

const SUBSCRIPTIONS = 'cc_subscriptions'
const FIELDS = ['app', 'user', 'id', 'channel', 'platform', 'environment', 'device']
const USERS_AT_ONCE = 500

const inParts = (ids: readonly number[]): readonly (readonly number[])[] => {
  const parts: (readonly number[])[] = []
  for (let from = 0; from < ids.length; from += USERS_AT_ONCE)
    parts.push(ids.slice(from, from + USERS_AT_ONCE))
  return parts
}

const tagged = (app: number, { any, all: every, exclude }: NonNullable<Audience['tags']>): Filter => ({
  app,
  $and: [
    ...(any.length === 0 ? [] : [{ tags: { $in: any } }]),
    ...every.map((tag) => ({ tags: tag })),
    ...exclude.map((tag) => ({ tags: { $ne: tag } })),
  ],
})

const all = async (
  reader: Finder,
  collection: string,
  filter: Filter,
  fields: readonly string[],
): Promise<readonly Document[]> => {
  const documents: Document[] = []
  for await (const page of reader.find(collection, filter, { fields })) documents.push(...page)
  return documents
}
