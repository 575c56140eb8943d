/**
 * `npm test`: bundles the tests and the programs that they start into `dist/tests`, and lets AVA run those that the parameters name
 * (`test/flows/journey.test.ts`), or all. Otherwise each of some four hundred test processes would take the types out of hundreds of files.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { argv, exit } from 'node:process'
import { build } from 'esbuild'

/** What is started as a process of its own, or loaded into one. */
const PROGRAMS = [
  'contract/documents/writer.ts',
  'support/erasing-worker.ts',
  'support/faults/server.ts',
  'support/flush-shim/asking.ts',
  'support/following-once.ts',
  'support/history-writer.ts',
  'support/holding.ts',
  'support/keyring-reader.ts',
  'support/machine.ts',
  'support/timelimit-hurry.ts',
  'support/vault-worker.ts',
]
const BUNDLED = 'dist/tests'

rmSync(BUNDLED, { recursive: true, force: true })
const tests = readdirSync('test', { recursive: true }).filter((name) => name.endsWith('.test.ts'))
await build({
  entryPoints: [...tests, ...PROGRAMS].map((name) => join('test', name)),
  outbase: 'test',
  chunkNames: 'parts/[name]-[hash]',
  splitting: true,
  outdir: BUNDLED,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  packages: 'external',
})
const bundled = (parameter) =>
  parameter.startsWith('test/') ? join(BUNDLED, parameter.slice(5).replace(/\.ts$/, '.js')) : parameter
const { status } = spawnSync('ava', argv.slice(2).map(bundled), { stdio: 'inherit' })
exit(status ?? 1)
