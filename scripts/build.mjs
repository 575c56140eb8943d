/**
 * Bundles the server and each script into `dist/`, so that a start loads a few files and not two hundred. Does nothing if `dist/` is newer
 * than the sources; each file takes its place by a rename, so a process that starts meanwhile never reads half of one.
 */
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { chdir, pid } from 'node:process'

chdir(join(import.meta.dirname, '..'))

/** The last one is what npm writes whenever it changes a package: those are in the bundle too. */
const SOURCES = ['src', 'projections', 'scripts', 'package.json', join('node_modules', '.package-lock.json')]
const STAMP = join('dist', 'stamp')
/** Packages with machine code, or loaded by few starts. All others are in the bundle: four hundred files of theirs took a third of a start. */
const OUTSIDE = [
  '@eventstore/*',
  '@grpc/*',
  '@node-rs/*',
  'fs-native-extensions',
  'google-protobuf',
  'lmdb',
  'mongodb',
]
/** What packages of the older kind expect to find around them. */
const COMMONJS = [
  `import { createRequire as requireFrom } from 'node:module'`,
  `const require = requireFrom(import.meta.url)`,
  `const { filename: __filename, dirname: __dirname } = import.meta`,
].join('\n')

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
  const development = Object.keys(JSON.parse(readFileSync('package.json', 'utf8')).devDependencies)
  const { build: bundle } = await import('esbuild')
  const { outputFiles } = await bundle({
    entryPoints: ['src/main.ts', 'scripts/bench/floors.ts', ...scripts.map((name) => join('scripts', name))],
    entryNames: '[name]',
    chunkNames: 'parts/[name]-[hash]',
    splitting: true,
    outdir: 'dist',
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    external: [...OUTSIDE, ...development],
    banner: { js: COMMONJS },
  })
  mkdirSync('dist/parts', { recursive: true })
  // What is loaded first comes last, so that all it loads is there.
  const parts = ({ path }) => (dirname(path).endsWith('parts') ? 0 : 1)
  for (const { path, contents } of outputFiles.sort((one, other) => parts(one) - parts(other)))
    put(path, contents)
  for (const name of readdirSync('dist/parts')) forgetOld(join('dist/parts', name))
  put(STAMP, '')
  // What is saved while this runs is newer than the stamp.
  utimesSync(STAMP, begun, begun)
}

const put = (path, contents) => {
  const aside = join('dist', `.${basename(path)}.${pid}`)
  writeFileSync(aside, contents)
  renameSync(aside, path)
}

/** A process that was started from an earlier build may still load its parts. */
const forgetOld = (path) => {
  if (Date.now() - statSync(path).mtimeMs > DAY_MS) rmSync(path, { force: true })
}
const DAY_MS = 24 * 60 * 60_000

if (!isFresh()) await build()
