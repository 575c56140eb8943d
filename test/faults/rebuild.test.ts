/**
 * Proves that a rebuild, or its check, may die on either side at any moment: the server goes on when the script is killed, and after the
 * server is killed the next start shows the same as before, a new rebuild comes to its end and nothing is left of the broken one.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { documentsPath, historyPath } from '../../src/embedded/directory.ts'
import { openEmbeddedDocuments } from '../../src/documents/embedded/documents.ts'
import { openEmbeddedHistory } from '../../src/history/embedded/history.ts'
import { append, newEvent } from '../support/events.ts'
import { clientOf } from '../support/client.ts'
import { create, newMember, signInAdmin, type Member } from '../support/members.ts'
import { differences, pictureOf } from '../support/pictures.ts'
import {
  cleanUp,
  environment,
  freshDirectory,
  runScript,
  startServer,
  type RunningServer,
} from '../support/server.ts'

const SOAK = process.env['SOAK'] !== undefined
const ROUNDS = SOAK ? 30 : 1
/** Enough for a rebuild to be killed in the middle of it. */
const EVENTS = SOAK ? 50_000 : 4_000
const MIDDLE_MS = SOAK ? 2_000 : 150

let server: RunningServer | undefined
let dataDir: string
let member: Member
let before: ReadonlyMap<string, string>
test.before(async () => {
  dataDir = await freshDirectory()
  server = await startServer({ dataDir })
  member = await newMember(await signInAdmin(server.url))
  await server.stop('SIGTERM')
  const history = openEmbeddedHistory({ path: historyPath(dataDir) })
  const elsewhere = { branch: ['f'.repeat(24)] }
  for (let n = 0; n < EVENTS; n += 500) {
    const page = Array.from(
      { length: 500 },
      (_, k) => `stores.labels-${(n + k).toString(16).padStart(24, '0')}`,
    )
    await Promise.all(
      page.map((stream) => {
        const id = stream.slice(-24)
        const doc = { _id: id, _at: 1, name: id, group: 'f'.repeat(24), access: [] }
        return append(
          history,
          stream,
          newEvent('EntityCreated', { store: 'labels', id, doc }, { scope: elsewhere }),
        )
      }),
    )
  }
  await history.close()
  server = await startServer({ dataDir })
  member = { ...member, ...clientOf(server.url, member.headers) }
  for (let n = 0; n < 3; n += 1) await create(member, 'labels', { n })
  before = await pictureOf(member)
})
test.after.always(() => cleanUp(server))

/** A rebuild that is under way, and how to kill it. */
const startRebuild = async (parameters: readonly string[]) => {
  const child = spawn(process.execPath, ['dist/rebuild.js', ...parameters], {
    env: environment(dataDir),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = once(child, 'close')
  await Promise.race([once(child.stdout, 'data'), ended])
  return { child, ended }
}

const assertSame = async (t: ExecutionContext): Promise<void> => {
  const client = clientOf(server?.url ?? '', member.headers)
  t.deepEqual(differences(before, await pictureOf(client)), [])
}

/** A rebuild ends well, and only the serving build of each collection is there. */
const assertClean = async (t: ExecutionContext): Promise<void> => {
  const rebuilt = await runScript('rebuild', [], dataDir)
  t.is(rebuilt.code, 0, rebuilt.output)
  const checked = await runScript('rebuild', ['--check'], dataDir)
  t.is(checked.code, 0, checked.output)
  await assertSame(t)
  const documents = await openEmbeddedDocuments({ path: documentsPath(dataDir), readOnly: true })
  const names = (await documents.collections()).map((name) => name.replace(/@.*$/, ''))
  await documents.close()
  t.deepEqual(names.toSorted(), [...new Set(names)].toSorted(), 'one build of each')
}

for (const parameters of [[], ['--check']]) {
  const what = `rebuild ${parameters.join(' ')}`.trim()
  test.serial(`${what}: the script is killed`, async (t) => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { child, ended } = await startRebuild(parameters)
      await pause(Math.random() * MIDDLE_MS)
      child.kill('SIGKILL')
      await ended
      await create(member, 'roles')
    }
    before = await pictureOf(member)
    await assertClean(t)
  })

  test.serial(`${what}: the server is killed`, async (t) => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { ended } = await startRebuild(parameters)
      await pause(Math.random() * MIDDLE_MS)
      await server?.kill()
      const [code] = (await ended) as readonly unknown[]
      t.true(code === 2 || code === 0, String(code))
      server = await startServer({ dataDir })
      await assertSame(t)
    }
    member = { ...member, ...clientOf(server?.url ?? '', member.headers) }
    await assertClean(t)
  })

  test.serial(`${what}: the script is killed without a server`, async (t) => {
    t.is((await server?.stop('SIGTERM'))?.code, 0)
    for (let round = 0; round < ROUNDS; round += 1) {
      const { child, ended } = await startRebuild(parameters)
      await pause(Math.random() * MIDDLE_MS)
      child.kill('SIGKILL')
      await ended
    }
    server = await startServer({ dataDir })
    member = { ...member, ...clientOf(server.url, member.headers) }
    await assertSame(t)
    await assertClean(t)
  })
}
