/**
 * Proves that a history opened read-only in this process follows what another process is writing to the same file, while that
 * file grows many times over, and that it writes nothing itself.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import test from 'ava'
import { openEmbeddedHistory } from '../../src/history/embedded/history.ts'
import { HistoryUnavailable } from '../../src/history/port.ts'
import { freshDirectory } from '../support/history-embedded.ts'
import { appended, collect, following, idsOf, numbered, range, refused } from '../support/history.ts'

const WRITER = 'dist/tests/support/history-writer.js'

test('a reader beside a writing process misses and repeats nothing', async (t) => {
  const path = join(await freshDirectory(t), 'history.mdb')
  const seed = openEmbeddedHistory({ path })
  await appended(seed, 'seed', 'none', numbered(3))
  await seed.close()
  const reader = openEmbeddedHistory({ path, readOnly: true })
  const writer = spawn(process.execPath, [WRITER, path, '0', '8'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const subscription = following(reader, { after: 0n })
  try {
    await subscription.count(process.env['SOAK'] === undefined ? 4_000 : 100_000)
    t.true((await reader.head()) >= 4_000n)
    t.is((await collect(reader.read('seed'))).length, 3)
  } finally {
    writer.kill('SIGKILL')
    await once(writer, 'exit')
  }
  const head = await reader.head()
  await subscription.until(() => (subscription.deliveries.at(-1)?.upTo ?? 0n) >= head)
  await subscription.stop()
  const seen = subscription.events()
  t.deepEqual(
    seen.map(({ position }) => Number(position)),
    range(1, Number(head)),
  )
  t.deepEqual(idsOf(await collect(reader.readAll({ after: 0n }))), idsOf(seen))
  await reader.close()
})

test('a history opened read-only refuses appends, and does not make a history', async (t) => {
  const path = join(await freshDirectory(t), 'history.mdb')
  t.throws(() => openEmbeddedHistory({ path, readOnly: true }), { instanceOf: HistoryUnavailable })
  const writer = openEmbeddedHistory({ path })
  await appended(writer, 'a-1', 'none', numbered(1))
  await writer.close()
  const reader = openEmbeddedHistory({ path, readOnly: true })
  t.is((await refused(reader, 'a-1', 'any', numbered(1)))._tag, 'Unavailable')
  t.is(await reader.head(), 1n)
  await reader.close()
  await t.throwsAsync(reader.head(), { instanceOf: HistoryUnavailable })
})
