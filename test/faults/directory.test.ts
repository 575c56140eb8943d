/** Proves that one directory has one server, and that a copy of a running one's directory is a directory like any other. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import { clientOf } from '../support/client.ts'
import { startLoad } from '../support/loading.ts'
import { create, newMember, signInAdmin } from '../support/members.ts'
import { cleanUp, freshDirectory, runScript, startServer, type RunningServer } from '../support/server.ts'

const servers: RunningServer[] = []
test.after.always(() => cleanUp(...servers))

test('a second server on the same directory says who has it, and harms nothing', async (t) => {
  const server = await startServer()
  servers.push(server)
  const member = await newMember(await signInAdmin(server.url))
  const seconds = await Promise.all([1, 2, 3].map(() => runScript('main', [], server.dataDir)))
  for (const { code, output } of seconds) {
    t.is(code, 1, output)
    t.true(output.includes(`${server.dataDir} is in use by process ${server.pid}`), output)
    t.notRegex(output, /\n\s+at /, 'no stack')
  }
  const { entity } = await create(member, 'labels')
  t.deepEqual((await member.get(`/labels/${entity._id}`)).entity(), entity)
  const check = await runScript('rebuild', ['--check'], server.dataDir)
  t.is(check.code, 0, 'the scripts still reach the first one')
})

test('of two servers that start at once on a fresh directory one serves', async (t) => {
  const dataDir = await freshDirectory()
  const started = await Promise.allSettled([startServer({ dataDir }), startServer({ dataDir })])
  const up = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  servers.push(...up)
  t.is(up.length, 1)
  await signInAdmin(up[0]?.url ?? '')
})

test('a copy made while the server writes can be read at once', async (t) => {
  const server = await startServer()
  servers.push(server)
  const member = await newMember(await signInAdmin(server.url))
  const { entity } = await create(member, 'labels')
  const load = startLoad(clientOf(server.url, member.headers), 8)
  while (load.acknowledged.size < 50) await pause(5)
  const copy = join(await freshDirectory(), 'copy')
  await promisify(execFile)('cp', ['-r', server.dataDir, copy])
  await load.stop()
  const status = await runScript('status', [], copy)
  t.is(status.code, 0, status.output)
  t.regex(status.output, /^stores@/m)
  const history = await runScript('history', [`stores.labels-${entity._id}`], copy)
  t.is(history.code, 0, history.output)
  t.regex(history.output, /EntityCreated/)
  t.is((await server.stop('SIGTERM')).code, 0)
})
