import { dataOf, type CloseCause } from '../../domain/afrodite/events.ts'
import { ACCOUNT_PREFIX, aidOf, SESSION_PREFIX } from '../../domain/afrodite/names.ts'
import type { StoredEvent } from '../../history/port.ts'
import type { Feed } from '../../live/feed.ts'
import { standingFrames } from './messages.ts'

/** What an account's socket hears of an event; each is made once for the whole node. */
export type News =
  /** `revision` is that of the account's stream. */
  | {
      readonly _tag: 'Told'
      readonly position: bigint
      readonly revision: bigint
      readonly frames: readonly Buffer[]
    }
  /** The connection is not the account's current one any more, whoever brought that about. */
  | { readonly _tag: 'Closed'; readonly connectionId: string; readonly cause: CloseCause }

/** Both streams of all accounts, by account (afrodite 7.6). */
export const afroditeFeed = (): Feed<News> => ({
  prefixes: [ACCOUNT_PREFIX, SESSION_PREFIX],
  topics: ({ type, stream }) => (NEWS.has(type) ? [aidOf(stream)] : []),
  render: (event) => {
    const news = NEWS.get(event.type)?.(event)
    return news === undefined ? [] : [news]
  },
})

type Rendering = (event: StoredEvent) => News

const told =
  (framesOf: (event: StoredEvent) => readonly Buffer[]): Rendering =>
  (event) => ({
    _tag: 'Told',
    position: event.position,
    revision: event.revision,
    frames: framesOf(event),
  })

/** By the types of the history's events. */
const NEWS: ReadonlyMap<string, Rendering> = new Map([
  ['AccountStandingChanged', told((event) => standingFrames(dataOf('AccountStandingChanged', event)))],
  ['DeletionRequested', told(() => standingFrames({ state: 'PendingDeletion' }))],
  ['DeletionCancelled', told((event) => standingFrames({ state: dataOf('DeletionCancelled', event).state }))],
  ['ConnectionClosed', (event) => ({ _tag: 'Closed', ...dataOf('ConnectionClosed', event) })],
])
