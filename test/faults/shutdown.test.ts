/**
 * Proves a stop under load: while 64 clients create, SIGTERM ends the process with code 0 in time, every request is answered or cut and
 * none hangs, and every acknowledged create is there afterwards.
 */
import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import { clientOf, errorText } from '../support/client.ts'
import { assertAcknowledged, startLoad } from '../support/loading.ts'
import { newMember, signInAdmin } from '../support/members.ts'
import { EXIT_MS_MAX } from '../support/processes.ts'
import { cleanUp, freshDirectory, runScript, startServer, type RunningServer } from '../support/server.ts'

const ROUNDS = process.env['SOAK'] === undefined ? 2 : 20

let server: RunningServer | undefined
test.after.always(() => cleanUp(server))

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test.serial(`${signal} while 64 clients create`, async (t) => {
    const dataDir = await freshDirectory()
    server = await startServer({ dataDir })
    const member = await newMember(await signInAdmin(server.url))
    const acknowledged = new Map()
    for (let round = 0; round < ROUNDS; round += 1) {
      const load = startLoad(clientOf(server.url, member.headers), 64)
      while (load.acknowledged.size < 200) await pause(5)
      const exit = await server.stop(signal)
      t.is(exit.code, 0, exit.output)
      t.true(exit.ms < EXIT_MS_MAX, `${exit.ms} ms`)
      t.notRegex(exit.output, /"level":"(error|fatal)"/)
      const hung = await Promise.race([load.ended.then(() => false), pause(30_000, true, { ref: false })])
      t.false(hung, 'every request has ended')
      for (const { status, text, headers } of load.refused) {
        t.is(status, 503)
        t.is(text, errorText(503, 'Service Unavailable', ['error_unavailable']))
        t.is(headers.connection, 'close')
      }
      for (const [name, entity] of load.acknowledged) acknowledged.set(name, entity)
      server = await startServer({ dataDir })
      await assertAcknowledged(t, clientOf(server.url, member.headers), { acknowledged })
    }
    t.is((await server.stop(signal)).code, 0)
    const check = await runScript('rebuild', ['--check'], dataDir)
    t.is(check.code, 0, check.output)
  })
}

test.serial('SIGTERM right after the start, and twice', async (t) => {
  const dataDir = await freshDirectory()
  server = await startServer({ dataDir, unready: true })
  void server.stop('SIGTERM')
  const exit = await server.stop('SIGTERM')
  t.true(exit.code === 0 || exit.signal === 'SIGTERM', exit.output)
  t.true(exit.ms < EXIT_MS_MAX)
  server = await startServer({ dataDir })
  await signInAdmin(server.url)
})
