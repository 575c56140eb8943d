/** Proves that a clock that jumps back, while a server runs and between two starts, costs neither an id nor an event. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { create, signInAdmin } from '../support/members.ts'
import { onMachine } from '../support/on-machine.ts'
import { cleanUp, freshDirectory, runScript, startServer, type RunningServer } from '../support/server.ts'

let server: RunningServer | undefined
test.after.always(() => cleanUp(server))

test('a clock that is set back: creates go on, ids are unique and in order', async (t) => {
  const machine = join(await freshDirectory(), 'machine.json')
  await writeFile(machine, '{}')
  const env = onMachine(machine)
  server = await startServer({ env })
  let member = await signInAdmin(server.url)
  const made: string[] = []
  const createSome = async (): Promise<void> => {
    for (let n = 0; n < 5; n += 1) made.push((await create(member, 'labels')).entity._id)
    const changed = (await member.patch(`/labels/${made[0] ?? ''}`, { n: made.length })).entity()
    t.is(changed.n, made.length)
  }
  await createSome()
  await writeFile(machine, JSON.stringify({ clockMs: -3_600_000 }))
  await createSome()
  t.deepEqual(made, made.toSorted(), 'one process: in order')
  await server.kill()
  // Started on the wrong clock: before the last events.
  server = await startServer({ dataDir: server.dataDir, env })
  member = await signInAdmin(server.url)
  await createSome()
  t.is(new Set(made).size, made.length)
  const listed = (await member.get('/labels?nolimit=true')).list().map(({ _id }) => _id)
  t.deepEqual(listed.toSorted(), made.toSorted())
  t.is((await server.stop('SIGTERM')).code, 0)
  const check = await runScript('rebuild', ['--check'], server.dataDir)
  t.is(check.code, 0, check.output)
})
