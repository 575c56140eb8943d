/**
 * Proves on real servers that a backup made under load has all that was acknowledged before it, that a server on its restored copy shows the
 * same and goes on, that what the vault held is there again, and that a history moved to EventStoreDB and back is the same one.
 */
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import test from 'ava'
import { FILES } from '../../src/operating/copies/format.ts'
import { leafHash } from '../../src/proofs/leaf.ts'
import { contentsOf, copied, freshPlace, inStores, put, removePlaces, someStores } from '../support/copies.ts'
import { clientOf } from '../support/client.ts'
import { startEventStore } from '../support/eventstore.ts'
import { endMongo, freshMongoUrl, serialMongoTest } from '../support/mongodb.ts'
import { create, newMember, PASSWORD, signIn, signInAdmin, type Member } from '../support/members.ts'
import { differences, pictureOf } from '../support/pictures.ts'
import { run, type Exit } from '../support/processes.ts'
import { cleanUp, environment, startServer, type RunningServer } from '../support/server.ts'

const servers: RunningServer[] = []
test.after.always(async () => {
  await cleanUp(...servers)
  await endMongo()
  await removePlaces()
})

const script = (name: string, parameters: readonly string[], dataDir: string): Promise<Exit> =>
  run(name, parameters, environment(dataDir)).exited
const json = ({ output }: Exit): { readonly [name: string]: unknown } =>
  JSON.parse(output.split('\n').find((line) => line.startsWith('{')) ?? '{}') as {
    readonly [name: string]: unknown
  }
const started = async (dataDir: string): Promise<RunningServer> => {
  const server = await startServer({ dataDir })
  servers.push(server)
  return server
}

/** Creates labels, a few at a time, until told; counts what was acknowledged. */
const writing = (member: Member) => {
  const acknowledged: string[] = []
  let stopping = false
  const client = async (): Promise<void> => {
    while (!stopping) acknowledged.push((await create(member, 'labels')).entity._id)
  }
  const clients = Promise.all([client(), client(), client(), client()])
  return { acknowledged, stop: () => ((stopping = true), clients) }
}

test.serial(
  'a backup under load, restored elsewhere: nothing acknowledged is missing, and it goes on',
  async (t) => {
    const [dataDir, to, place] = [await freshPlace(), await freshPlace(), await freshPlace()]
    const server = await started(dataDir)
    const admin = await signInAdmin(server.url)
    const member = await newMember(admin)
    const quiet = await newMember(admin)
    await create(quiet, 'labels', { name: 'before' })
    const before = await pictureOf(quiet)
    const load = writing(member)
    while (load.acknowledged.length < 50) await new Promise((resolve) => setTimeout(resolve, 10))
    const first = [...load.acknowledged]
    const made = await script('backup', ['--to', to, '--json'], dataDir)
    await load.stop()
    t.is(made.code, 0, made.output)
    t.true(load.acknowledged.length > first.length)

    const restored = await script('restore', ['--from', to, '--json'], place)
    t.is(restored.code, 0, restored.output)
    t.is(json(restored)['root'], json(made)['root'])
    t.truthy(json(restored)['verify'])
    const again = await started(place)
    const same = await signIn(again.url, member.login, PASSWORD)
    t.is(same.user, member.user)
    const shown = new Set((await same.get('/labels?nolimit=true&only=name')).list().map(({ _id }) => _id))
    t.deepEqual(
      first.filter((id) => !shown.has(id)),
      [],
    )
    t.deepEqual(differences(before, await pictureOf(clientOf(again.url, quiet.headers))), [])
    // Claims are keyed by what came along: the same login is taken, also by who was there before.
    const taken = {
      name: 'x',
      login: member.login,
      email: 'new@example.org',
      password: PASSWORD,
      role: member.role,
    }
    const refused = await (await signInAdmin(again.url)).post('/users', taken)
    t.is(refused.status, 409, refused.text)
    await create(same, 'labels')
    const checked = await script('rebuild', ['--check', '--json'], place)
    t.is(checked.code, 0, checked.output)
    const used = await script('restore', ['--from', to], place)
    t.is(used.code, 2, 'a server has the directory')
    await again.stop('SIGTERM')
    const full = await script('restore', ['--from', to], place)
    t.is(full.code, 1, full.output)
    t.regex(full.output, /is not empty/)
  },
)

test.serial('to EventStoreDB and back: the same tree, positions above the ones there', async (t) => {
  const [source, out, secrets, back, place] = [
    await someStores(900, { firstPosition: 5n }),
    await freshPlace(),
    await freshPlace(),
    await freshPlace(),
    await freshPlace(),
  ]
  const store = await startEventStore()
  t.teardown(store.cleanUp)
  const env = { EVENTSTORE_URL: store.url }
  const { manifest } = await copied(source, out)
  const moved = await put(out, secrets, { env })
  t.is(moved.root, manifest.root)
  t.not(String(moved.lastPosition), manifest.lastPosition)
  t.is((await put(out, secrets, { env })).there, 900, 'repeated, it writes nothing')
  const { manifest: again } = await copied(secrets, back, { env })
  t.is(again.root, manifest.root)
  t.is(again.source.history, 'eventstoredb')
  const home = await put(back, place)
  t.is(home.root, manifest.root)
  t.is(home.firstPosition, BigInt(again.lastPosition) + 1n)
  const [was, is] = [await contentsOf(source), await contentsOf(place)]
  t.deepEqual(is.events.map(leafHash), was.events.map(leafHash))
  t.deepEqual({ ...is, events: [] }, { ...was, events: [] })
})

serialMongoTest('keys, entries, counters and blobs go to MongoDB and back', async (t) => {
  const [source, out, remote, back, place] = [
    await someStores(30),
    await freshPlace(),
    await freshPlace(),
    await freshPlace(),
    await freshPlace(),
  ]
  const env = { MONGODB_URL: await freshMongoUrl() }
  const { manifest } = await copied(source, out)
  await put(out, remote, { env })
  const { manifest: again } = await copied(remote, back, { env })
  t.deepEqual([again.root, again.source.vault], [manifest.root, 'mongodb'])
  t.deepEqual(
    again.parts.map(({ name }) => name),
    [FILES.history, FILES.keyring, FILES.vault],
  )
  await put(back, place)
  t.deepEqual(await contentsOf(place), await contentsOf(source))
})

test.serial('a blob and an entry of a family are found by its name, and numbers go on', async (t) => {
  const [dataDir, to, place] = [await freshPlace(), await freshPlace(), await freshPlace()]
  const content = randomBytes(2_000_000)
  const family = 'timelimit.family-1'
  const sha256 = await inStores(dataDir, async ({ history, keyring, vault }) => {
    await keyring.installation('claim')
    await vault.put('timelimit.codes', 'k', { code: 'secret' }, { subject: family, ttlMs: 3_600_000 })
    for (let n = 0; n < 7; n += 1) await vault.next('cc.users-1')
    t.is(await history.head(), 0n)
    return (await vault.putBlob(family, Readable.from([content]), content.length)).sha256
  })
  t.is((await script('backup', ['--to', to], dataDir)).code, 0)
  t.false((await readFile(join(to, FILES.manifest), 'utf8')).includes('secret'))
  const restored = await script('restore', ['--from', to], place)
  t.not(restored.code, 2, restored.output)
  await inStores(place, async ({ vault }) => {
    const blob = await vault.readBlob(family, sha256)
    t.true(blob !== undefined && (await buffer(blob)).equals(content))
    t.deepEqual((await vault.get('timelimit.codes', 'k'))?.value, { code: 'secret' })
    t.is(await vault.next('cc.users-1'), 8n)
    await vault.deleteSubject(family)
    t.is(await vault.get('timelimit.codes', 'k'), undefined)
  })
})

test.serial('scripts: wrong usage and no stores are said in a line', async (t) => {
  const nowhere = join(await freshPlace(), 'nowhere')
  for (const [name, parameters] of [
    ['export', []],
    ['backup', []],
    ['import', []],
    ['import', ['--from', 'a', '--listen', '127.0.0.1:0']],
    ['import', ['--from', 'a', '--first-position', '7']],
    ['restore', []],
    ['export', ['--to', join(await freshPlace(), 'to')]],
    ['backup', ['--to', join(await freshPlace(), 'to')]],
  ] as const) {
    const exit = await script(name, parameters, nowhere)
    t.is(exit.code, 2, exit.output)
    t.notRegex(exit.output, /\n\s+at /, 'no stack')
  }
  const noCopy = await script('import', ['--from', await freshPlace()], nowhere)
  t.is(noCopy.code, 1)
  t.regex(noCopy.output, /is no complete copy/)
})

test.serial('an empty place that listens takes a history from a copier, and then its keys', async (t) => {
  const [source, to, place] = [await someStores(300), await freshPlace(), await freshPlace()]
  await copied(source, to)
  const listening = run('import', ['--listen', '127.0.0.1:0'], environment(place))
  t.teardown(() => listening.end('SIGKILL'))
  while (listening.alive() && !listening.output().includes('esdb://'))
    await new Promise((r) => setTimeout(r, 10))
  const url = /esdb:\S+/.exec(listening.output())?.[0] ?? ''
  await put(to, await freshPlace(), { env: { EVENTSTORE_URL: url } })
  const ended = await listening.end('SIGINT')
  t.is(ended.code, 0, ended.output)
  t.regex(ended.output, /The last position is 300/)
  t.is((await put(to, place)).there, 300)
  t.deepEqual(await contentsOf(place), await contentsOf(source))
})
