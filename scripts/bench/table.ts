import { print } from '../support.ts'
import type { Loaded } from './http-load.ts'

export const heading = (text: string): void => print(`\n${text}`)

/** A figure, and the floor that it is a share of. */
export const row = (name: string, figure: string, more = ''): void =>
  print(`  ${name.padEnd(44)} ${figure.padStart(14)}  ${more}`)

export const perSecond = (count: number): string => `${Math.round(count).toLocaleString('en')}/s`

const share = (of: number): string => `${Math.round(of * 100)} %`

export const loadRow = (name: string, loaded: Loaded, floor?: Loaded): void =>
  row(
    name,
    perSecond(loaded.perSecond),
    [
      ...(floor === undefined ? [] : [`${(loaded.perSecond / floor.perSecond).toFixed(2)} of the floor`]),
      `p99 ${loaded.p99Ms} ms`,
      `server ${share(loaded.serverCpu)}, generator ${share(loaded.generatorCpu)} of a core`,
      ...(loaded.failed === 0 ? [] : [`${loaded.failed} FAILED`]),
    ].join(', '),
  )

export const percentile = (sorted: readonly number[], of: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * of))] ?? Number.NaN
