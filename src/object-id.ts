/**
 * Ids of 24 hexadecimal digits (rightech 1.2): 4 bytes of seconds, 5 random ones for the process, 3 of a counter. On one process they
 * sort in the order in which they were made, also when its clock is set back.
 */
export type ObjectIds = (atMs: number) => string

export const objectIds = (processRandom: Uint8Array): ObjectIds => {
  const process = Buffer.from(processRandom.subarray(0, 5)).toString('hex')
  let seconds = 0
  let counter = 0
  return (atMs) => {
    const now = Math.floor(atMs / 1000)
    if (now > seconds || counter === COUNTER_MAX) {
      seconds = Math.max(now, seconds + 1)
      counter = 0
    } else {
      counter += 1
    }
    return seconds.toString(16).padStart(8, '0') + process + counter.toString(16).padStart(6, '0')
  }
}

/** Every id made in that second or later is at least this one, and every earlier one is less. */
export const lowestIdAt = (atMs: number): string =>
  Math.max(0, Math.floor(atMs / 1000))
    .toString(16)
    .padStart(8, '0')
    .padEnd(24, '0')

const COUNTER_MAX = 0xffffff
