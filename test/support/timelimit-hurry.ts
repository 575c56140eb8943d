/** Loaded into a server before its own code: what would wait for a minute or more waits thousands of times shorter, so that hourly jobs run in a test. */
import timers from 'node:timers/promises'
import { syncBuiltinESMExports } from 'node:module'

const TIMES = 5_000
const { setTimeout: wait } = timers

timers.setTimeout = ((ms?: number, ...rest: readonly [value?: never, options?: never]) =>
  wait(ms !== undefined && ms >= 60_000 ? ms / TIMES : ms, ...rest)) as typeof wait
syncBuiltinESMExports()
