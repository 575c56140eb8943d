import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const BLOCK = Buffer.alloc(4096, 1)
const MS = 1_000

/** Flushes of one written page a second, right now, one after the other. The disk of a shared machine moves by a factor of five. */
export const fdatasyncRate = (directory: string): number => {
  const file = openSync(join(directory, 'fdatasync'), 'w')
  const started = performance.now()
  let count = 0
  while (performance.now() - started < MS) {
    writeSync(file, BLOCK, 0, BLOCK.length, 0)
    fdatasyncSync(file)
    count++
  }
  closeSync(file)
  return count / ((performance.now() - started) / 1000)
}
