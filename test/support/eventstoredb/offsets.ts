import type { Positions } from '../../../src/serving/eventstoredb/served.ts'

/** Positions that look like the log offsets of a real server: they grow in steps, and between them is nothing. */
export const offsets: Positions = {
  toWire: (position) => position * STEP + FIRST,
  fromWire: (offset) => {
    const distance = offset - FIRST
    return distance > 0n && distance % STEP === 0n ? distance / STEP : undefined
  },
}

const STEP = 137n
const FIRST = 41n
