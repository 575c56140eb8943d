import { ACCOUNT_PREFIX, aidOf } from '../../domain/afrodite/names.ts'
import { touchesOf, type Touch } from '../../domain/afrodite/touches.ts'
import { erasureStream } from '../../domain/platform/erasure.ts'
import { FAMILY_PREFIX, familyOf } from '../../domain/timelimit/names.ts'
import type { StoredEvent } from '../../history/port.ts'
import type { Feed } from '../../live/feed.ts'

/** What connections that follow stores hear of an event. */
export type Change = {
  readonly position: bigint
  /** Scopes that it touches (`groupScope`, `familyScope`), and whose rights have to be looked at again. */
  readonly topics: readonly string[]
  readonly touches: readonly Touch[]
}

/** The topics that a change of somebody's rights has. */
export const accountTopic = (aid: string): string => `account:${aid}`
export const entityTopic = (store: string, id: string): string => `entity:${store}-${id}`
export const subjectTopic = (subject: string): string => `subject:${subject}`
export const membersTopic = (family: string): string => `members:${family}`

/** One value for all connections: an event is rendered once. */
export const storeFeed = (): Feed<Change> => ({
  prefixes: ['stores.', FAMILY_PREFIX, ACCOUNT_PREFIX, erasureStream('')],
  topics: (event) => [...touchesOf(event).scopes, ...rightsTopics(event)],
  render: (event) => {
    const { scopes, touches } = touchesOf(event)
    return [{ position: event.position, topics: [...scopes, ...rightsTopics(event)], touches }]
  },
})

const rightsTopics = (event: StoredEvent): readonly string[] => RIGHTS[event.type]?.(event) ?? []

type TopicsOf = (event: StoredEvent) => readonly string[]
const ofAccount: TopicsOf = ({ stream }) => [accountTopic(aidOf(stream))]
const ofFamily: TopicsOf = ({ stream }) => [membersTopic(familyOf(stream))]
const ofEntity: TopicsOf = ({ data: { store, id } }) =>
  (store === 'users' || store === 'roles') && typeof id === 'string' ? [entityTopic(store, id)] : []

const RIGHTS: { readonly [eventType: string]: TopicsOf } = {
  EntityChanged: ofEntity,
  EntityDeleted: ofEntity,
  DeviceRemoved: ofFamily,
  DeviceUninstallReported: ofFamily,
  FamilyDeleted: ofFamily,
  IdentityLinked: ofAccount,
  IdentityUnlinked: ofAccount,
  AccountDeleted: ofAccount,
  SubjectErased: ({ data: { subject } }) => (typeof subject === 'string' ? [subjectTopic(subject)] : []),
}
