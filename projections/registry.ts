import type { Projection } from '../src/projecting/projection.ts'
import { afroditeSyncCounts } from './afrodite-sync-counts.ts'
import { afrodite } from './afrodite.ts'
import { CC_PROJECTIONS } from './cc/registry.ts'
import { storesEvents } from './stores-events.ts'
import { storesLogins } from './stores-logins.ts'
import { storesRows } from './stores-rows.ts'
import { storesTokens } from './stores-tokens.ts'
import { storesVersions } from './stores-versions.ts'
import { storesPackets } from './stores-packets.ts'
import { stores } from './stores.ts'
import { timelimit } from './timelimit.ts'

/** Every read model. Collections are disjoint. */
export const PROJECTIONS: readonly Projection[] = [
  stores,
  storesVersions,
  storesLogins,
  storesTokens,
  storesEvents,
  storesPackets,
  storesRows,
  timelimit,
  afrodite,
  afroditeSyncCounts,
  ...CC_PROJECTIONS,
]
