/** Waiting, clocks and costs that do not depend on how quick or how idle the machine is. */
import { setTimeout as pause } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'

/** Far longer than anything takes that comes at all, on a machine that does ten other things. Milliseconds. */
const COMES_MS_MAX = 60_000

/** Asks until it is so, and throws when it has not become so for far too long. */
export const until = async (
  isSo: () => boolean | Promise<boolean>,
  what = isSo.toString(),
): Promise<void> => {
  const end = performance.now() + COMES_MS_MAX
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`It did not come: ${what}`)
    await pause(2)
  }
}

/**
 * So many turns of this process' event loop, of a millisecond at least: what is under way in the process gets them too, however long the machine
 * kept all of it waiting, so that what was to come has come, and what comes afterwards was not to come.
 */
export const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await pause(1)
}

/**
 * A clock for stores in memory, in milliseconds, that stands still while this process does: no lease runs out only because whoever renews it was not
 * given the processor. It runs a little slower than others.
 */
export const loopClock = (): (() => number) => {
  let now = 1_000_000
  setInterval(() => (now += TICK_MS), TICK_MS).unref()
  return () => now
}

const TICK_MS = 5

/** Milliseconds of processor time of this process: others that use the machine meanwhile do not make it more. */
export const processorMs = async (work: () => unknown): Promise<number> => {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}

/**
 * Runs with times that are longer and longer until it passes. A defect fails with all of them; a machine that did not give the process its turns in
 * time makes only the short ones fail.
 */
export const atSomePace = async (
  t: ExecutionContext,
  run: (t: ExecutionContext, scale: number) => Promise<void>,
): Promise<void> => {
  for (const scale of SCALES) {
    const attempt = await t.try((inner) => run(inner, scale))
    if (attempt.passed || scale === SCALES.at(-1)) return attempt.commit()
    attempt.discard()
  }
}

const SCALES = [1, 4, 16]
