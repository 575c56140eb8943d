/**
 * Loaded into a server before its own code (`NODE_OPTIONS`): a machine whose clock is wrong and whose disk is full, as the JSON in the file
 * `MACHINE` says at each moment.
 */
import { readFileSync } from 'node:fs'
import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'

type Machine = { readonly freeBytes?: number; readonly clockMs?: number }

const machine = (): Machine => JSON.parse(readFileSync(process.env['MACHINE'] ?? '', 'utf8')) as Machine

const { now } = Date
Date.now = () => now() + (machine().clockMs ?? 0)

const { statfs } = promises
promises.statfs = (async (path: string) => {
  const { freeBytes } = machine()
  const real = await statfs(path)
  return freeBytes === undefined ? real : Object.assign(real, { bsize: 1, bavail: freeBytes })
}) as typeof statfs
syncBuiltinESMExports()
