/**
 * Bundles the server and each script into `dist/`, so that a start loads one file and not two hundred. Does nothing if `dist/` is newer
 * than the sources; each file takes its place by a rename, so a process that starts meanwhile never reads half of one.
 */
import { mkdirSync, readdirSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { chdir, pid } from 'node:process'

chdir(join(import.meta.dirname, '..'))

const SOURCES = ['src', 'projections', 'scripts', 'package.json']
const STAMP = join('dist', 'stamp')

const newest = (path) => {
  const { mtimeMs } = statSync(path)
  if (!statSync(path).isDirectory()) return mtimeMs
  return Math.max(mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))))
}

const isFresh = () => {
  const stamp = statSync(STAMP, { throwIfNoEntry: false })
  return stamp !== undefined && SOURCES.every((path) => newest(path) <= stamp.mtimeMs)
}

const build = async () => {
  const begun = new Date()
  const scripts = readdirSync('scripts').filter((name) => name.endsWith('.ts') && name !== 'support.ts')
  const { build: bundle } = await import('esbuild')
  const { outputFiles } = await bundle({
    entryPoints: ['src/main.ts', 'scripts/bench/floors.ts', ...scripts.map((name) => join('scripts', name))],
    entryNames: '[name]',
    outdir: 'dist',
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    packages: 'external',
  })
  mkdirSync('dist', { recursive: true })
  for (const { path, contents } of outputFiles) put(path, contents)
  put(STAMP, '')
  // What is saved while this runs is newer than the stamp.
  utimesSync(STAMP, begun, begun)
}

const put = (path, contents) => {
  const aside = join('dist', `.${basename(path)}.${pid}`)
  writeFileSync(aside, contents)
  renameSync(aside, path)
}

if (!isFresh()) await build()
