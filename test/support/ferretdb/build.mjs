/**
 * Builds the MongoDB stand-in into `dist/` if its sources are newer. Without Go, or without the modules, it says so and tests on MongoDB
 * say SKIPPED. The first build takes a minute, so whoever starts while another one builds waits for that one.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { kill, pid, stdout } from 'node:process'
import { setTimeout as pause } from 'node:timers/promises'

const HERE = import.meta.dirname
const DIST = join(HERE, '..', '..', '..', 'dist')
const BINARY = join(DIST, 'ferretdb')
const LOCK = join(DIST, '.ferretdb.lock')

const changed = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs
const isFresh = () => {
  const built = changed(BINARY)
  return (
    built !== undefined && ['main.go', 'go.mod', 'go.sum'].every((name) => changed(join(HERE, name)) <= built)
  )
}

const build = () => {
  const aside = join(DIST, `.ferretdb.${pid}`)
  const { status } = spawnSync('go', ['build', '-trimpath', '-ldflags=-s -w', '-o', aside, '.'], {
    cwd: HERE,
    stdio: 'inherit',
  })
  if (status === 0) renameSync(aside, BINARY)
  else stdout.write('FerretDB could not be built: tests on MongoDB are skipped\n')
}

/** Whoever died while building holds nothing. */
const isHeld = () => {
  try {
    return kill(Number(readFileSync(LOCK, 'utf8')), 0)
  } catch {
    return false
  }
}

const locked = async (work) => {
  for (;;) {
    try {
      writeFileSync(LOCK, String(pid), { flag: 'wx' })
      break
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
      await pause(200)
      if (!isHeld()) rmSync(LOCK, { force: true })
    }
  }
  try {
    if (!isFresh()) work()
  } finally {
    rmSync(LOCK, { force: true })
  }
}

if (spawnSync('go', ['version']).status !== 0) stdout.write('Go is missing: tests on MongoDB are skipped\n')
else if (!isFresh()) {
  mkdirSync(DIST, { recursive: true })
  await locked(build)
}
