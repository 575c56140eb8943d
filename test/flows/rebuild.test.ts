/**
 * Proves that the documents come from the history alone (case 59 of rightech 10): rebuilt while the server serves, and made anew after their
 * files were deleted, they show the same bytes and versions; and that the operators' scripts work beside, without and on a copy of a server.
 */
import { cp, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { STORES } from '../../src/domain/stores/registry.ts'
import { isObject, type JsonObject } from '../../src/json.ts'
import { PROJECTIONS } from '../../projections/registry.ts'
import { makeBelow } from '../support/below.ts'
import { asText, clientOf } from '../support/client.ts'
import { about, connectSocketIo } from '../support/sockets.ts'
import {
  create,
  newMember,
  newToken,
  PASSWORD,
  signIn,
  signInAdmin,
  type Member,
} from '../support/members.ts'
import { differences, pictureOf } from '../support/pictures.ts'
import { cleanUp, freshDirectory, runScript, startServer, type RunningServer } from '../support/server.ts'
import { until } from '../support/stores-clients.ts'

let server: RunningServer | undefined
let admin: Member
test.before(async () => {
  server = await startServer()
  admin = await signInAdmin(server.url)
})
test.after.always(() => cleanUp(server))

const NAMES = PROJECTIONS.map(({ name }) => name)
const directory = (): string => server?.dataDir ?? ''

/** Entities of every store in two groups, changed and deleted. */
const someHistory = async (): Promise<Member> => {
  const member = await newMember(admin)
  const child = await newMember(member)
  for (const from of [member, child]) {
    for (const { path, operations } of Object.values(STORES)) {
      if (!operations.includes('post')) continue
      const made: string[] = []
      for (let n = 0; n < 3; n += 1)
        made.push((await create(from, path, { n, description: 'made' })).entity._id)
      if (operations.includes('patch'))
        await from.patch(`/${path}/${made[0] ?? ''}`, { n: 10, more: { a: { b: null } } })
      await from.delete(`/${path}/${made[1] ?? ''}`)
    }
    await makeBelow(from)
  }
  return member
}

/** The status as soon as nothing is behind: jobs may still write what nobody waits for. */
const caughtUp = () =>
  until(
    () => runScript('status', ['--json'], directory()),
    ({ output }) => !/"lag":"[1-9]/.test(output),
  )

const lines = (output: string): readonly JsonObject[] =>
  output.split('\n').flatMap((line) => {
    if (!line.startsWith('{')) return []
    const value: unknown = JSON.parse(line)
    return isObject(value) ? [value] : []
  })

test.serial('59: a rebuild beside the serving server changes nothing that a client sees', async (t) => {
  const member = await someHistory()
  const token = await newToken(member, ['GET /*'])
  const before = await pictureOf(member)
  const socket = await connectSocketIo(t, member)
  const load = writing(admin)
  const rebuilt = await runScript('rebuild', [], directory())
  const checked = await runScript('rebuild', ['--check', '--json'], directory())
  const written = await load.stop()

  t.is(rebuilt.code, 0, rebuilt.output)
  for (const name of NAMES) {
    t.regex(rebuilt.output, new RegExp(`^${name}: ${name}@\\d+\\.\\d+ serves now$`, 'm'))
    const progress = `^${name}: 100 % \\(\\d+ of \\d+\\), \\d+ events/s, 0 s left$`
    t.regex(rebuilt.output, new RegExp(progress, 'm'))
  }
  t.is(checked.code, 0, checked.output)
  const compared = lines(checked.output)[0]?.results as readonly JsonObject[]
  t.deepEqual(
    compared.map(({ projection, outcome, differences: count }) => [projection, outcome, count]),
    NAMES.map((name) => [name, 'compared', 0]),
  )
  // Only the stores have been written to, which counts for Afrodite's versions too, and the first start makes an application.
  const touched = compared.filter((one) => Number(one.compared) > 0).map(({ projection }) => projection)
  t.deepEqual(
    touched,
    NAMES.filter(
      (name) => name.startsWith('stores') || /^(afrodite-sync-counts|cc-applications)$/.test(name),
    ),
  )

  t.deepEqual(differences(before, await pictureOf(member)), [])
  t.is((await token.get('/labels')).status, 200)
  t.true(written.length > 0)
  const shown = new Set((await admin.get('/labels?nolimit=true&only=name')).list().map(({ _id }) => _id))
  const lost = written.filter((id) => !shown.has(id))
  t.deepEqual(lost, [])
  const { entity } = await create(member, 'labels')
  await socket.next(about(entity._id, 'label-insert'))
})

test.serial('scripts: beside the running server', async (t) => {
  const { entity } = await create(admin, 'users', { phone: '+49 1234567' })
  await admin.patch(`/users/${entity._id}`, { locale: 'de' })
  const stream = `stores.users-${entity._id}`
  const [status, history, nothing, unknown, usage] = await Promise.all([
    caughtUp(),
    runScript('history', [stream, '--json'], directory()),
    runScript('history', ['stores.users-nobody'], directory()),
    runScript('rebuild', ['nothing'], directory()),
    runScript('history', ['--nothing'], directory()),
  ])
  t.is(status.code, 0, status.output)
  const [{ stores, head, projections } = {}] = lines(status.output)
  t.deepEqual<unknown, JsonObject>(stores, { kind: 'embedded', directory: directory() })
  t.regex(asText(head), /^[1-9]\d*$/)
  t.deepEqual(
    (projections as readonly JsonObject[]).map(({ projection, state, lag }) => [projection, state, lag]),
    NAMES.map((name) => [name, 'serving', '0']),
  )

  t.is(history.code, 0, history.output)
  const events = lines(history.output)
  t.deepEqual(
    events.map(({ type, revision, stream: of }) => [type, revision, of]),
    [
      ['EntityCreated', '0', stream],
      ['PasswordSet', '1', stream],
      ['EntityChanged', '2', stream],
    ],
  )
  t.false(history.output.includes('1234567'), 'sealed fields stay sealed')
  t.is((events[0]?.meta as JsonObject).actor, `stores:user:${admin.user}`)
  t.is(nothing.code, 1)
  t.is(unknown.code, 2)
  for (const known of ['nothing', ...NAMES]) t.true(unknown.output.includes(known), known)
  t.is(usage.code, 2)
})

test.serial('59: without its documents a server makes the same ones from the history', async (t) => {
  const member = await someHistory()
  const before = await pictureOf(member)
  const exit = await server?.stop('SIGTERM')
  t.is(exit?.code, 0, exit?.output)
  const documents = (await readdir(directory())).filter((name) => name.startsWith('documents'))
  t.true(documents.length > 0)
  for (const name of documents) await rm(join(directory(), name), { recursive: true })
  server = await startServer({ dataDir: directory() })
  t.deepEqual(differences(before, await pictureOf(clientOf(server.url, member.headers))), [])
  admin = await signInAdmin(server.url)
  t.is((await signIn(server.url, member.login, PASSWORD)).user, member.user)
})

test.serial(
  'scripts: on the directory of a killed server, and on a copy with a stale lock and socket',
  async (t) => {
    const member = await newMember(admin)
    const before = await pictureOf(member)
    await server?.kill()
    const copy = await freshDirectory()
    await cp(directory(), copy, { recursive: true, filter: (path) => !path.endsWith('.sock') })
    // What a copy of a running server's directory brings along.
    await writeFile(join(copy, 'lock'), '1\n')
    await writeFile(join(copy, 'admin.sock'), '')
    await Promise.all(
      [directory(), copy].map(async (path) => {
        const status = await runScript('status', [], path)
        t.is(status.code, 0, status.output)
        for (const name of NAMES) {
          t.regex(status.output, new RegExp(`^${name}@\\d+\\.\\d+: serving, position \\d+, 0 behind$`, 'm'))
        }
        const parameters = [`stores.users-${member.user}`, '--limit', '1', '--backwards']
        const history = await runScript('history', parameters, path)
        t.regex(history.output, /^\d+ {2}SessionOpened {2}position \d+ {2}\d{4}-/)
        for (const parameter of ['--check', NAMES[0] ?? '']) {
          const rebuilt = await runScript('rebuild', [parameter], path)
          t.is(rebuilt.code, 0, rebuilt.output)
        }
      }),
    )
    for (const dataDir of [copy, directory()]) {
      server = await startServer({ dataDir })
      t.deepEqual(differences(before, await pictureOf(clientOf(server.url, member.headers))), [])
      t.is((await server.stop('SIGTERM')).code, 0)
    }
  },
)

test.serial('scripts: without a directory they say so', async (t) => {
  const nowhere = join(directory(), 'nowhere')
  const scripts = [['status'], ['history', 'x']] as const
  await Promise.all(
    scripts.map(async ([script, ...parameters]) => {
      const { code, output } = await runScript(script, parameters, nowhere)
      t.is(code, 2, output)
      t.regex(output, /nowhere/)
      t.notRegex(output, /\n\s+at /, 'no stack')
    }),
  )
})

/** Clients that create and change and look at it, until told; answers what they created. */
const writing = (member: Member) => {
  const stopping = new AbortController()
  const written: string[] = []
  const client = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const { entity } = await create(member, 'labels')
      written.push(entity._id)
      const changed = (await member.patch(`/labels/${entity._id}`, { color: 'red' })).entity()
      const read = (await member.get(`/labels/${entity._id}`)).entity()
      if (read.color !== changed.color) throw new Error('a write was not shown')
    }
  }
  const running = Promise.all([client(), client(), client(), client()])
  return {
    stop: async () => {
      stopping.abort()
      await running
      return written
    },
  }
}
