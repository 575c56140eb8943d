/**
 * Proves with a process that is really killed (SIGKILL at random, again and again on the same file) that every acknowledged
 * append is there completely and none is there by half; and with a file that may not grow (as on a full disk) that the process
 * stops taking writes after the first refused one, says so, and leaves a history that opens.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { openEmbeddedHistory } from '../../src/history/embedded/history.ts'
import type { StoredEvent } from '../../src/history/port.ts'
import { freshDirectory } from '../support/history-embedded.ts'
import { appended, collect, numbered, range } from '../support/history.ts'

type Line = {
  readonly stream?: string
  readonly append?: number
  readonly revision?: number
  readonly failed?: { readonly _tag: string }
  readonly fatal?: string
  readonly after?: { readonly _tag: string }
}

const WRITER = 'dist/tests/support/history-writer.js'
const SOAK = process.env['SOAK'] !== undefined

test('every acknowledged append survives SIGKILL, whole', async (t) => {
  const path = join(await freshDirectory(t), 'history.mdb')
  const acknowledged: Line[] = []
  for (const round of range(0, SOAK ? 40 : 4)) {
    acknowledged.push(...(await killed(path, `${round}`)))
    const history = openEmbeddedHistory({ path })
    const all = await collect(history.readAll({ after: 0n }))
    t.deepEqual(
      all.map(({ position }) => Number(position)),
      range(1, all.length),
    )
    assertWhole(t, all)
    assertThere(t, all, acknowledged)
    const streams = new Set(all.map(({ stream }) => stream))
    for (const stream of streams) {
      t.deepEqual(
        await collect(history.read(stream)),
        all.filter((event) => event.stream === stream),
      )
    }
    await appended(history, 'between', 'any', numbered(1))
    await history.close()
  }
  t.true(acknowledged.length >= 4 * ACKNOWLEDGED_MIN)
})

test('after a refused write nothing more is written, and the history opens again', async (t) => {
  const path = join(await freshDirectory(t), 'history.mdb')
  // A limit on the size of files makes the disk refuse a write in the middle of a transaction.
  const child = spawn('bash', ['-c', `trap '' XFSZ; ulimit -f 4000; exec "$0" "$@"`, ...command(path, '0')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const trouble = text(child.stderr)
  const lines: Line[] = []
  for await (const line of createInterface(child.stdout)) lines.push(JSON.parse(line) as Line)
  t.is(child.exitCode ?? (await once(child, 'exit'))[0], 75, await trouble)
  const written = lines.filter(({ revision }) => revision !== undefined)
  const failed = lines.filter((line) => line.failed !== undefined)
  t.true(written.length > 0)
  t.is(failed.length, WRITERS)
  t.true(failed.every((line) => line.failed?._tag === 'Unknown'))
  t.is(lines.at(-1)?.after?._tag, 'Unavailable')
  const history = openEmbeddedHistory({ path })
  t.teardown(history.close)
  const all = await collect(history.readAll({ after: 0n }))
  assertWhole(t, all)
  assertThere(t, all, written)
  t.is((await appended(history, 'later', 'none', numbered(1))).revision, 0n)
})

const WRITERS = 8
const ACKNOWLEDGED_MIN = 15

const command = (path: string, run: string): readonly string[] => [
  process.execPath,
  WRITER,
  path,
  run,
  `${WRITERS}`,
]

/** What a writer acknowledged until it was killed. */
const killed = async (path: string, run: string): Promise<readonly Line[]> => {
  const [node = '', ...args] = command(path, run)
  const child = spawn(node, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines: Line[] = []
  for await (const line of createInterface(child.stdout)) {
    if (line.endsWith('}')) lines.push(JSON.parse(line) as Line)
    if (lines.length === ACKNOWLEDGED_MIN) setTimeout(() => child.kill('SIGKILL'), Math.random() * 400)
  }
  return lines
}

/** Every append's events are all there, in a row. */
const assertWhole = (t: ExecutionContext, all: readonly StoredEvent[]): void => {
  const appends = new Map<string, StoredEvent[]>()
  for (const event of all) {
    if (event.type !== 'Written') continue
    const append = `${event.stream} ${JSON.stringify(event.data['append'])}`
    appends.set(append, [...(appends.get(append) ?? []), event])
  }
  for (const events of appends.values()) {
    const [first] = events
    t.deepEqual(
      events.map(({ data }) => data['index']),
      range(0, Number(first?.data['of'])),
    )
    t.is(Number((events.at(-1)?.position ?? 0n) - (first?.position ?? 0n)), events.length - 1)
  }
}

const assertThere = (
  t: ExecutionContext,
  all: readonly StoredEvent[],
  acknowledged: readonly Line[],
): void => {
  const there = new Map(
    all.map((event) => [`${event.stream} ${event.revision.toString()}`, event.data['append']]),
  )
  for (const { stream = '', append, revision = -1 } of acknowledged)
    t.is(there.get(`${stream} ${revision}`), append)
}
