/**
 * Proves what a full disk does: before it is full writes are refused and reads go on; a write that the disk refuses ends the process with
 * code 75, and at the next start everything acknowledged is there and nothing by half. The disk is a limit on the size of files.
 */
import { stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { documentsPath, historyPath } from '../../src/embedded/directory.ts'
import { openEmbeddedHistory } from '../../src/history/embedded/history.ts'
import { clientOf, errorText } from '../support/client.ts'
import { append, newEvent } from '../support/events.ts'
import { startLoad, assertAcknowledged } from '../support/loading.ts'
import { create, signInAdmin } from '../support/members.ts'
import { onMachine } from '../support/on-machine.ts'
import { cleanUp, freshDirectory, runScript, startServer, type RunningServer } from '../support/server.ts'

const servers: RunningServer[] = []
test.after.always(() => cleanUp(...servers))
const start = async (options: Parameters<typeof startServer>[0]): Promise<RunningServer> => {
  const server = await startServer(options)
  servers.push(server)
  return server
}

const MIB = 1024 * 1024

/** The path of the file that is the largest, so that it is the one that cannot grow. */
const fullDisk = async (t: ExecutionContext, dataDir: string, largest: string): Promise<void> => {
  const { size } = await stat(largest)
  const full = await start({ dataDir, fileBytesMax: Math.ceil(size / 1024) * 1024 + MIB })
  const member = await signInAdmin(full.url)
  const load = startLoad(member, 16, 'x'.repeat(2_000))
  const exit = await full.exited
  await load.ended
  t.is(exit.code, 75, exit.output)
  t.regex(exit.output, /"level":"fatal".*the disk refused a write/)
  t.true(load.acknowledged.size > 0)
  t.deepEqual(
    load.refused.filter(({ status }) => status !== 503).map(({ text }) => text),
    [],
  )

  const again = await start({ dataDir })
  const client = clientOf(again.url, member.headers)
  await assertAcknowledged(t, client, load)
  const { entity } = await create({ ...member, ...client }, 'labels')
  t.is((await client.get(`/labels/${entity._id}`)).status, 200)
  t.is((await again.stop('SIGTERM')).code, 0)
  const check = await runScript('rebuild', ['--check'], dataDir)
  t.is(check.code, 0, check.output)
}

/** Events that no projection reads make the history the larger file. */
const padded = async (dataDir: string): Promise<void> => {
  const history = openEmbeddedHistory({ path: historyPath(dataDir) })
  for (let n = 0; n < 8; n += 1)
    await append(history, 'padding-1', newEvent('Padded', { text: 'x'.repeat(MIB / 2) }))
  await history.close()
}

test.serial('a history that cannot grow', async (t) => {
  const first = await start({})
  await first.stop('SIGTERM')
  await padded(first.dataDir)
  await fullDisk(t, first.dataDir, historyPath(first.dataDir))
})

test.serial('documents that cannot grow', async (t) => {
  const first = await start({})
  const member = await signInAdmin(first.url)
  // Many index entries: the documents' file grows faster than the history's.
  const load = startLoad(member, 8)
  while (load.acknowledged.size < 300) await pause(10)
  await load.stop()
  await first.stop('SIGTERM')
  const { size } = await stat(documentsPath(first.dataDir))
  t.true(size > (await stat(historyPath(first.dataDir))).size)
  await fullDisk(t, first.dataDir, documentsPath(first.dataDir))
})

test.serial('little free space: writes are refused, reads go on, and it recovers by itself', async (t) => {
  const machine = join(await freshDirectory(), 'machine.json')
  await writeFile(machine, '{}')
  const server = await start({ env: onMachine(machine) })
  const member = await signInAdmin(server.url)
  const { entity } = await create(member, 'labels')
  const ready = async (status: number): Promise<string> => {
    for (let tries = 0; tries < 1_000; tries += 1) {
      const reply = await member.send('GET', '/ready')
      if (reply.status === status) return reply.text
      await pause(50)
    }
    throw new Error(`/ready did not become ${status}`)
  }
  await writeFile(machine, JSON.stringify({ freeBytes: 255 * MIB }))
  t.regex(await ready(503), /disk: no free space/)
  const refused = [
    await member.post('/labels', { name: 'refused' }),
    await member.patch(`/labels/${entity._id}`, { color: 'red' }),
    await member.delete(`/labels/${entity._id}`),
  ]
  for (const { status, text, headers } of refused) {
    t.is(status, 503)
    t.is(text, errorText(503, 'Service Unavailable', ['error_unavailable']))
    t.is(headers['retry-after'], '5')
  }
  t.deepEqual((await member.get(`/labels/${entity._id}`)).entity(), entity)
  t.is((await member.get('/labels?nolimit=true')).list().length, 1)
  t.is((await member.send('GET', '/live')).status, 200)

  await writeFile(machine, JSON.stringify({ freeBytes: 257 * MIB }))
  await ready(200)
  t.is((await member.patch(`/labels/${entity._id}`, { color: 'red' })).entity().color, 'red')
  t.is((await server.stop('SIGTERM')).code, 0)
})
