/**
 * Loaded into a server before its own code (`NODE_OPTIONS`): a machine whose clock is wrong and whose disk is full, as the JSON in the file
 * `MACHINE` says at each moment.
 */
import { readFileSync } from 'node:fs'
import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'

type Machine = { readonly freeBytes?: number; readonly clockMs?: number }

let last: Machine = {}

/** A file that is being written says nothing for a moment: then it is as it was. */
const machine = (): Machine => {
  const text = readFileSync(process.env['MACHINE'] ?? '', 'utf8')
  if (text.endsWith('}')) last = JSON.parse(text) as Machine
  return last
}

const { now } = Date
Date.now = () => now() + (machine().clockMs ?? 0)

const { statfs } = promises
promises.statfs = (async (path: string) => {
  const { freeBytes } = machine()
  const real = await statfs(path)
  return freeBytes === undefined ? real : Object.assign(real, { bsize: 1, bavail: freeBytes })
}) as typeof statfs
syncBuiltinESMExports()
