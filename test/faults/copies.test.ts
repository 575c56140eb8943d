/**
 * Proves that export, import and restore outlive a kill at any moment and a full disk: the same command goes on, ends with the whole copy and
 * code 0, and before that neither looks like one; run as the scripts that operators run.
 */
import { createHash } from 'node:crypto'
import { createReadStream, readFileSync, statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import { FILES } from '../../src/operating/copies/format.ts'
import { contentsOf, freshPlace, removePlaces, someStores } from '../support/copies.ts'
import { run, type Exit } from '../support/processes.ts'
import { environment } from '../support/server.ts'

test.after.always(removePlaces)

const isSoak = process.env['SOAK'] !== undefined
const COUNT = isSoak ? 200_000 : 12_000
let source: string
test.before(async () => {
  source = await someStores(COUNT)
})

const script = (name: string, parameters: readonly string[], dataDir: string, fileBytesMax?: number) =>
  run(name, parameters, environment(dataDir), fileBytesMax)

/** Kills it when it has written more than the last time, again and again, until it ends by itself. */
const killedOften = async (
  start: () => ReturnType<typeof script>,
  written: () => number,
): Promise<{ readonly exit: Exit; readonly kills: number }> => {
  let kills = 0
  for (;;) {
    const before = written()
    const running = start()
    // Each time a little later, so that it is killed at other places; in the end it is let go.
    while (running.alive() && kills < KILLS && written() <= before + kills) await pause(1)
    if (kills >= KILLS) return { exit: await running.exited, kills }
    await pause(kills * 7)
    const { signal, ...exit } = await running.end('SIGKILL')
    if (signal === null) return { exit: { signal, ...exit }, kills }
    kills += 1
  }
}
const KILLS = 4

/** Again, in a fresh place, until what is done meanwhile has hit it under way: on a busy machine it may be through before one looks. */
const underWay = async <A>(attempt: (place: string) => Promise<A | undefined>): Promise<A> => {
  for (let tries = 0; tries < ATTEMPTS; tries += 1) {
    const found = await attempt(await freshPlace())
    if (found !== undefined) return found
  }
  throw new Error(`it was through each of ${ATTEMPTS} times`)
}
const ATTEMPTS = 12

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0
const json = ({ output }: Exit): { readonly [name: string]: unknown } =>
  JSON.parse(output.split('\n').find((line) => line.startsWith('{')) ?? '{}') as {
    readonly [name: string]: unknown
  }

test.serial('a killed backup goes on, and so does its restore', async (t) => {
  const { to, ...made } = await underWay(async (place) => {
    const { exit, kills } = await killedOften(
      () => script('backup', ['--to', place, '--json'], source),
      () => sizeOf(join(place, `${FILES.history}.part`)),
    )
    return kills > 0 ? { to: place, exit } : undefined
  })
  t.is(made.exit.code, 0, made.exit.output)
  t.is(json(made.exit)['events'], COUNT)
  t.deepEqual((await readdir(to)).sort(), [
    FILES.blobs,
    FILES.history,
    FILES.keyring,
    FILES.manifest,
    FILES.vault,
  ])

  const { place, ...put } = await underWay(async (fresh) => {
    const { exit, kills } = await killedOften(
      () => script('import', ['--from', to, '--json'], fresh),
      () => sizeOf(join(fresh, 'history.mdb')),
    )
    return kills > 0 ? { place: fresh, exit } : undefined
  })
  t.is(put.exit.code, 0, put.exit.output)
  t.is(json(put.exit)['root'], json(made.exit)['root'])
  const [was, is] = [await contentsOf(source), await contentsOf(place)]
  t.deepEqual(is.events, was.events)
  t.deepEqual(is.keys, was.keys)
})

test.serial('out into a fresh place and out of that again is the same, byte for byte', async (t) => {
  const from = isSoak ? await someStores(1_000_000) : source
  const [out, place, back] = [await freshPlace(), await freshPlace(), await freshPlace()]
  const steps = [
    ['export', ['--to', out], from],
    ['import', ['--from', out], place],
    ['export', ['--to', back], place],
  ] as const
  const roots = new Set<unknown>()
  for (const [name, parameters, dataDir] of steps) {
    const since = performance.now()
    const exit = await script(name, [...parameters, '--json'], dataDir).exited
    t.is(exit.code, 0, exit.output)
    roots.add(json(exit)['root'])
    t.log(name, Math.round(performance.now() - since), 'ms')
  }
  t.is(roots.size, 1)
  t.is(await fingerprintOf(join(back, FILES.history)), await fingerprintOf(join(out, FILES.history)))
})

const fingerprintOf = async (path: string): Promise<string> => {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

test.serial('a disk that fills up is said in a line, and afterwards the same command goes on', async (t) => {
  const to = await freshPlace()
  const full = await script('export', ['--to', to], source, 512 * 1024).exited
  t.is(full.code, 2, full.output)
  t.regex(full.output, /^The disk is full: make room/m)
  t.notRegex(full.output, /\n\s+at /, 'no stack')
  t.false((await readdir(to)).includes(FILES.manifest))
  const exit = await script('export', ['--to', to, '--json'], source).exited
  t.is(exit.code, 0, exit.output)
  t.true(Number(json(exit)['kept']) > 0)

  const place = await freshPlace()
  const stopped = await script('import', ['--from', to], place, 1024 * 1024).exited
  t.is(stopped.code, 2, stopped.output)
  t.regex(stopped.output, /^The disk is full: make room/m)
  const gone = await script('import', ['--from', to, '--json'], place).exited
  t.is(gone.code, 0, gone.output)
  t.deepEqual((await contentsOf(place)).events, (await contentsOf(source)).events)
})

test.serial(
  'one who is told to end leaves what can be gone on with, and no server starts on half an import',
  async (t) => {
    const to = await freshPlace()
    t.is((await script('export', ['--to', to], source).exited).code, 0)
    const { place, ended } = await underWay(async (fresh) => {
      const running = script('import', ['--from', to], fresh)
      while (running.alive() && sizeOf(join(fresh, 'history.mdb')) < 1024 * 1024) await pause(1)
      const exit = await running.end('SIGINT')
      return exit.code === 0 ? undefined : { place: fresh, ended: exit }
    })
    t.is(ended.code, 2, ended.output)
    t.regex(ended.output, /^Interrupted; the same command goes on/m)
    const server = await script('main', [], place).exited
    t.is(server.code, 1, server.output)
    t.is((await script('import', ['--from', to], place).exited).code, 0)
  },
)

test.serial(
  'two exports into one directory: the second is refused, and no secret is ever printed',
  async (t) => {
    const { to, first } = await underWay(async (place) => {
      const part = join(place, `${FILES.history}.part`)
      const running = script('backup', ['--to', place], source)
      t.teardown(() => running.end('SIGKILL'))
      while (running.alive() && sizeOf(part) === 0) await pause(1)
      if (!running.alive()) return undefined
      process.kill(running.pid, 'SIGSTOP')
      // It stands still by now.
      await pause(100)
      if (sizeOf(part) > 0) return { to: place, first: running }
      process.kill(running.pid, 'SIGCONT')
      return undefined
    })
    const second = await script('backup', ['--to', to], source).exited
    process.kill(first.pid, 'SIGCONT')
    t.is(second.code, 1, second.output)
    t.regex(second.output, /another process writes in/)
    const made = await first.exited
    t.is(made.code, 0, made.output)
    for (const line of readFileSync(join(to, FILES.keyring), 'utf8').split('\n')) {
      const key = /"key":"([^"]+)"/.exec(line)?.[1]
      if (key !== undefined) t.false(made.output.includes(key))
    }
  },
)
