import { readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { kill, pid, platform } from 'node:process'
import type { JsonObject } from '../json.ts'

/** Where a process is, so that another one on the same machine can tell whether it is still there. */
export type Whereabouts = { readonly host: string; readonly pid: number; readonly pids: string }

/** Of this process. */
export const whereabouts = (): Whereabouts => (here ??= { host: hostname(), pid, pids: numberSpace() })

/** `unknown`: it is or was on another machine, in another container, or says nothing of itself. */
export type Standing = 'alive' | 'dead' | 'unknown'

export const standingOf = (value: JsonObject): Standing => {
  const { host, pids } = whereabouts()
  if (value['host'] !== host || value['pids'] !== pids || typeof value['pid'] !== 'number') return 'unknown'
  return isRunning(value['pid']) ? 'alive' : 'dead'
}

/** Whether there is a process of that number. */
export const isRunning = (number: number): boolean => {
  try {
    kill(number, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

let here: Whereabouts | undefined

/** Containers of one machine may share its name and not its numbers of processes. */
const numberSpace = (): string => {
  if (platform !== 'linux') return platform
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return `unknown to ${pid}`
  }
}
