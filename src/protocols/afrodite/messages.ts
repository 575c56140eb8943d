import type { AccountState } from '../../domain/afrodite/account.ts'
import type { Capability, Standing } from '../../domain/afrodite/standing.ts'
import type { JsonObject } from '../../json.ts'

/** A Text message (afrodite 3.10): always the same members in the same order, what an extension adds behind them. */
export const eventFrame = (event: string, members: JsonObject): Buffer =>
  Buffer.from(JSON.stringify({ event, ...UNUSED, ...members }))

/** What a change of the standing is told with: only what changed, in the order of afrodite 7.6. */
export const standingFrames = ({ state, capabilities, visibility }: Partial<Standing>): readonly Buffer[] => [
  ...(state === undefined ? [] : [eventFrame('AccountStateChanged', { account_state: state })]),
  ...(capabilities === undefined
    ? []
    : [eventFrame('AccountCapabilitiesChanged', { capabilities: capabilitiesJson(capabilities) })]),
  ...(visibility === undefined ? [] : [eventFrame('ProfileVisibilityChanged', { visibility })]),
]

/** The sync of type 0: one snapshot, its version last (afrodite 3.8). */
export const snapshotFrames = ({ standing, version }: AccountState): readonly Buffer[] => [
  ...standingFrames(standing),
  eventFrame('AccountSyncVersionChanged', { account_sync_version: { version } }),
]

/** The true ones, each as a member. */
const capabilitiesJson = (capabilities: readonly Capability[]): JsonObject =>
  Object.fromEntries(capabilities.map((name) => [name, true]))

const UNUSED = {
  account_state: null,
  capabilities: null,
  visibility: null,
  account_sync_version: null,
  latest_viewed_message_changed: null,
  content_processing_state_changed: null,
} as const
