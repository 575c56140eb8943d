/** The calendar, for tests that compare with today. */
import { setTimeout as pause } from 'node:timers/promises'

const DAY_MS = 86_400_000

/** Waits until it is past midnight (UTC) if that is nearer than a minute: what begins now ends on the same day. At most 61 s. */
export const awayFromMidnight = async (): Promise<void> => {
  const leftMs = DAY_MS - (Date.now() % DAY_MS)
  if (leftMs < 60_000) await pause(leftMs + 1_000)
}
