import { PROJECTIONS } from '../../projections/registry.ts'
import type { Fact } from '../../src/domain/decider.ts'
import { CLAIM_EVENTS } from '../../src/domain/platform/events.ts'
import { isTold } from '../../src/domain/stores/platform-events.ts'
import { signalOf } from '../../src/domain/timelimit/signals.ts'
import type { StoredEvent } from '../../src/history/port.ts'
import { afroditeFeed } from '../../src/protocols/afrodite/live-feed.ts'
import { storeFeed } from '../../src/protocols/afrodite/store-feed.ts'
import type { StreamKind } from './folding.ts'

/** Who does something with the events of a type, by what he is. */
export type Readers = { readonly [kind: string]: readonly string[] }

/** @param known an example of every type */
export const readersOf = (
  event: StoredEvent,
  kinds: readonly StreamKind[],
  known: readonly Fact[],
): Readers => ({
  projections: PROJECTIONS.filter(({ on }) => Object.hasOwn(on, event.type)).map(({ name }) => name),
  deciders: [
    ...new Set(
      kinds.flatMap(({ decider }) =>
        decider === undefined || !decider.folds(known, event.type) ? [] : [decider.name],
      ),
    ),
    ...(Object.hasOwn(CLAIM_EVENTS, event.type) ? ['holderOf'] : []),
  ],
  'live feeds': LIVE.filter(([, hears]) => hears(event)).map(([name]) => name),
})

const [accounts, stores] = [afroditeFeed(), storeFeed()]

/** The feeds of the live hub, each asked itself. */
const LIVE: readonly (readonly [name: string, hears: (event: StoredEvent) => boolean])[] = [
  ['storesFeed', ({ type }) => isTold(type)],
  ['familyFeed', (event) => signalOf(event) !== undefined],
  ['afroditeFeed', (event) => accounts.topics(event).length > 0],
  ['storeFeed', (event) => stores.topics(event).length > 0],
]
