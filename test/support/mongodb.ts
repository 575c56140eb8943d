/**
 * A MongoDB for tests: the one that `MONGODB_URL` names, with databases of the test's own, or else FerretDB as a process of this file's
 * own. Where neither is, tests say SKIPPED and why.
 */
import { randomUUID } from 'node:crypto'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestFn } from 'ava'
import { lastingPort } from './ports.ts'

const BINARY = 'dist/ferretdb'
const given = process.env['MONGODB_URL']

/** Why tests on MongoDB cannot run; `undefined` if they can. */
export const noMongo: string | undefined =
  given === undefined && !existsSync(BINARY)
    ? 'neither MONGODB_URL nor Go, which builds the stand-in, is here'
    : undefined

/** Runs it, or skips it and says why in its title. */
const skippable = (declare: TestFn | TestFn['serial']): TestFn =>
  ((title: string, ...rest: readonly unknown[]) => {
    const run = noMongo === undefined ? declare : declare.skip
    const named = noMongo === undefined ? title : `SKIPPED (${noMongo}): ${title}`
    // Whatever `test` takes behind the title.
    ;(run as (...all: readonly unknown[]) => void)(named, ...rest)
  }) as TestFn

/** `test`, where a MongoDB is. */
export const mongoTest = skippable(test)

/** `test.serial`, where a MongoDB is. */
export const serialMongoTest = skippable(test.serial)

/** A server that can be stopped and started again at the same place. */
export type MongoServer = {
  /** Of the whole server, with `/` at its end. */
  readonly url: string
  readonly port: number
  readonly stop: (signal?: 'SIGTERM' | 'SIGKILL') => Promise<void>
  /** Again, with the same files at the same port. */
  readonly start: () => Promise<void>
  readonly freeze: () => void
  readonly thaw: () => void
}

/** A FerretDB of the test's own, removed by `endMongo`. */
export const startFerret = async (): Promise<MongoServer> => {
  const directory = await mkdtemp(join(tmpdir(), 'headwater-ferretdb-'))
  directories.push(directory)
  let running = await launch(`127.0.0.1:${await lastingPort()}`, directory)
  const { url } = running
  const { port } = new URL(url)
  return {
    url,
    port: Number(port),
    stop: (signal = 'SIGTERM') => end(running.child, signal),
    start: async () => {
      running = await launch(`127.0.0.1:${port}`, directory)
    },
    freeze: () => void running.child.kill('SIGSTOP'),
    thaw: () => void running.child.kill('SIGCONT'),
  }
}

/** URL of a database that nothing else uses. */
export const freshMongoUrl = async (): Promise<string> => {
  const name = `headwater_test_${randomUUID().slice(0, 13)}`
  const url = new URL(given ?? (await shared()))
  url.pathname = `/${name}`
  return url.href
}

/** For `test.after.always`. */
export const endMongo = async (): Promise<void> => {
  await Promise.all([...children].map((child) => end(child, 'SIGKILL')))
  await Promise.all(directories.splice(0).map((path) => rm(path, { recursive: true, force: true })))
}

const directories: string[] = []
const children = new Set<ChildProcess>()
let server: Promise<MongoServer> | undefined

const shared = async (): Promise<string> => {
  server ??= startFerret()
  return (await server).url
}

const launch = async (
  address: string,
  directory: string,
): Promise<{ readonly url: string; readonly child: ChildProcess }> => {
  const child = spawn(BINARY, [address, directory], { stdio: ['pipe', 'pipe', 'ignore'] })
  children.add(child)
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('mongodb:')) return { url: line.trim(), child }
  }
  throw new Error('FerretDB ended before it listened')
}

const end = async (child: ChildProcess, signal: NodeJS.Signals): Promise<void> => {
  children.delete(child)
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill(signal)
  await gone
}

process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})
