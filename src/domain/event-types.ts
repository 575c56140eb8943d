import type * as t from 'io-ts'
import { AFRODITE_EVENTS, AFRODITE_UPCASTERS } from './afrodite/events.ts'
import { CC_EVENTS, CC_UPCASTERS } from './cc/events.ts'
import { CLAIM_EVENTS, ERASURE_EVENTS, PLATFORM_UPCASTERS } from './platform/events.ts'
import { HeadSigned } from './platform/heads.ts'
import { STORES_EVENTS, STORES_UPCASTERS } from './stores/events.ts'
import { StoresFounded } from './stores/founding.ts'
import {
  FAMILY_EVENT_TABLE,
  MailSettled,
  StatusMessageChanged,
  TIMELIMIT_UPCASTERS,
} from './timelimit/events.ts'
import type { Upcasters } from './upcasters.ts'

/** A type of event that this version writes and reads. */
export type EventType = {
  readonly context: Context
  /** Of its data at the current schema, sealed fields opened. */
  readonly codec: t.Mixed
  /** The number of the shape that its data have now. */
  readonly schema: number
}

/** Begins the name of every stream of ours (decisions 3, 22); `claim-…` belongs to all of them. */
export const CONTEXTS = ['stores', 'timelimit', 'afrodite', 'cc', 'platform'] as const
export type Context = (typeof CONTEXTS)[number]

/** What the names of our streams begin with: events of other streams are not ours. */
export const OUR_PREFIXES: readonly string[] = [...CONTEXTS.map((context) => `${context}.`), 'claim-']

export const isOurStream = (stream: string): boolean =>
  OUR_PREFIXES.some((prefix) => stream.startsWith(prefix))

export const UPCASTERS: Upcasters = {
  ...PLATFORM_UPCASTERS,
  ...STORES_UPCASTERS,
  ...TIMELIMIT_UPCASTERS,
  ...AFRODITE_UPCASTERS,
  ...CC_UPCASTERS,
}

/** Grows with every step: what was folded from events is as of so many. */
export const UPCASTERS_COUNT = Object.values(UPCASTERS).reduce((sum, steps) => sum + steps.length, 0)

const ofContext = (
  context: Context,
  codecs: Readonly<Record<string, t.Mixed>>,
): readonly (readonly [string, EventType])[] =>
  Object.entries(codecs).map(([type, codec]) => [
    type,
    { context, codec, schema: (UPCASTERS[type]?.length ?? 0) + 1 },
  ])

const familyCodecs = Object.fromEntries(
  Object.entries(FAMILY_EVENT_TABLE).map(([type, { codec }]) => [type, codec]),
)

/** Every type by its name, which is one context's alone. */
export const EVENT_TYPES: ReadonlyMap<string, EventType> = new Map([
  ...ofContext('platform', { ...ERASURE_EVENTS, ...CLAIM_EVENTS, StoresFounded, HeadSigned }),
  ...ofContext('stores', STORES_EVENTS),
  ...ofContext('timelimit', { ...familyCodecs, StatusMessageChanged, MailSettled }),
  ...ofContext('afrodite', AFRODITE_EVENTS),
  ...ofContext('cc', CC_EVENTS),
])
