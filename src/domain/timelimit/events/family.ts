import * as t from 'io-ts'
import { event, sealed } from './event.ts'

/** `until`: end of the first premium time. */
export const FamilyCreated = t.type({ familyId: t.string, until: t.number })
/** `until` and `debts` are what stands afterwards (timelimit 2.17). */
export const PremiumExtended = t.type({
  service: t.string,
  type: t.string,
  at: t.number,
  until: t.number,
  debts: t.number,
  isFull: t.boolean,
  sealed: sealed({ transactionId: t.string }),
})
export const PremiumExpired = t.type({})
/** The hashes are in the clear: the tokens are dead, and have to be known after the family's key is gone (decisions 22). */
export const FamilyDeleted = t.type({ reason: t.string, tokenHashes: t.readonlyArray(t.string) })
/** A mail for the outbox. `params` as its template wants them. */
export const MailQueued = t.type({
  kind: t.string,
  at: t.number,
  sealed: sealed({ to: t.string, locale: t.string, params: t.record(t.string, t.string) }),
})
/**
 * An action that left no other trace: it changed nothing, or was refused for the reason given (timelimit 3.2, 4.0.2).
 * `told`: its level all the same
 */
export const DeviceSequenceAdvanced = t.partial({
  action: t.string,
  refused: t.string,
  told: t.union([t.literal(1), t.literal(2)]),
})
export const ForceSyncRequested = t.type({})

export const FAMILY_EVENTS = {
  FamilyCreated: event(FamilyCreated, () => ['users', 'devices', 'u2f'], 0),
  PremiumExtended: event(PremiumExtended, () => [], 2),
  PremiumExpired: event(PremiumExpired, () => [], 2),
  FamilyDeleted: event(
    FamilyDeleted,
    () => [],
    ({ tokenHashes }) => ({ level: 0, tokens: tokenHashes }),
  ),
  MailQueued: event(MailQueued, () => [], 0),
  DeviceSequenceAdvanced: event(
    DeviceSequenceAdvanced,
    () => [],
    ({ told }) => told ?? 0,
  ),
  ForceSyncRequested: event(ForceSyncRequested, () => [], 2),
} as const
