import type { FAMILY_EVENTS } from '../events/family.ts'
import { NO_FAMILY } from '../state.ts'
import { unchanged, type Rows } from './rows.ts'

export const FAMILY_ROWS: Rows<keyof typeof FAMILY_EVENTS> = {
  FamilyCreated: (state, { until }) => ({
    ...state,
    status: 'active',
    premium: { until, isFull: true, debts: 0 },
  }),
  PremiumExtended: (state, { service, type, at, until, debts, isFull, sealed }) => ({
    ...state,
    premium: { until, isFull, debts },
    purchases:
      sealed === null
        ? state.purchases
        : { ...state.purchases, [`${service} ${sealed.transactionId}`]: { type, at } },
  }),
  PremiumExpired: (state) => ({ ...state, premium: { ...state.premium, isFull: false } }),
  FamilyDeleted: () => ({ ...NO_FAMILY, status: 'deleted' }),
  MailQueued: unchanged,
  DeviceSequenceAdvanced: unchanged,
  ForceSyncRequested: unchanged,
}
