/**
 * Builds the MongoDB stand-in into `dist/` if Go is here and its sources are newer; says so and does nothing if Go is missing. The first
 * build takes a minute, so whoever starts while another one builds waits for that one.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { pid, stdout } from 'node:process'
import { setTimeout as pause } from 'node:timers/promises'

const HERE = import.meta.dirname
const DIST = join(HERE, '..', '..', '..', 'dist')
const BINARY = join(DIST, 'ferretdb')
const LOCK = join(DIST, '.ferretdb.lock')
const LOCK_MS_MAX = 10 * 60_000

const changed = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs
const isFresh = () => {
  const built = changed(BINARY)
  return (
    built !== undefined && ['main.go', 'go.mod', 'go.sum'].every((name) => changed(join(HERE, name)) <= built)
  )
}

const build = () => {
  const aside = join(DIST, `.ferretdb.${pid}`)
  execFileSync('go', ['build', '-trimpath', '-ldflags=-s -w', '-o', aside, '.'], {
    cwd: HERE,
    stdio: 'inherit',
  })
  renameSync(aside, BINARY)
}

const locked = async (work) => {
  for (;;) {
    try {
      closeSync(openSync(LOCK, 'wx'))
      break
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
      const since = changed(LOCK)
      if (since !== undefined && Date.now() - since > LOCK_MS_MAX) rmSync(LOCK, { force: true })
      await pause(200)
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
