import type { FamilyState, Premium } from './state.ts'

const DAY = 86_400_000
/** Milliseconds that a purchase is worth (timelimit 2.17). */
const WORTH = { month: 31 * DAY, year: 366 * DAY } as const
const UNPAID = 14 * DAY
const UNPAID_DEBTS_MAX = 21 * DAY
/** What a new family has for nothing. */
export const TRIAL_MS = 14 * DAY
/** Nothing can be bought that begins later. */
const BUY_AHEAD_MS = 31 * DAY

export type PurchaseType = keyof typeof WORTH | 'unpaid14'

/** The premium after a purchase; `undefined` if it would change nothing. */
export const afterPurchase = (before: Premium, type: PurchaseType, now: number): Premium | undefined => {
  const { debts } = before
  const from = Math.max(before.until, now)
  if (type === 'unpaid14') {
    const owed = Math.min(UNPAID_DEBTS_MAX, debts + UNPAID)
    return owed <= debts ? undefined : { until: from + owed - debts, debts: owed, isFull: true }
  }
  const worth = WORTH[type]
  return worth > debts
    ? { until: from + worth - debts, debts: 0, isFull: true }
    : { ...before, debts: debts - worth }
}

/** Whether another purchase would begin soon enough. */
export const mayBuy = ({ premium: { until, debts } }: FamilyState, now: number): boolean =>
  until - debts < now + BUY_AHEAD_MS
