/**
 * Proves what an account's deletion leaves (afrodite 4.5, 7.1; decisions 8): nothing. Given an account with everything that one can have, when its
 * time has come by the server's clock, then its socket is closed, its tokens are dead, what it held is free, and no file has what was its own.
 */
import { createHash } from 'node:crypto'
import { readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { openEmbeddedDocuments } from '../../src/documents/embedded/documents.ts'
import { blobsPath, documentsPath, vaultPath } from '../../src/embedded/directory.ts'
import { openEmbeddedVault } from '../../src/vault/embedded/vault.ts'
import {
  apiStatus,
  botsUrl,
  call,
  newAccount,
  ok,
  PATHS,
  startAfrodite,
  type Account,
} from '../support/afrodite.ts'
import { connect, leave, upgrade, type Connected } from '../support/afrodite-sockets.ts'
import { asText } from '../support/client.ts'
import { newMember, signIn, signInAdmin, type Member } from '../support/members.ts'
import { onMachine } from '../support/on-machine.ts'
import { cleanUp, freshDirectory, runScript, type RunningServer } from '../support/server.ts'

const DAY = 86_400_000
const LINK = '/ZO8ITaid1_2-LDnSvqWobknPkoo'
/** The files of one process are looked into. */
const isShared = process.env['STORES'] === 'shared'
const EMAIL = 'somebody.to.forget@example.org'
const PUSH = 'push-token-of-somebody-to-forget'

let server: RunningServer | undefined
test.after.always(() => cleanUp(server))

type Hurried = {
  readonly env: { readonly [name: string]: string }
  readonly days: (days: number) => Promise<void>
}

/** A machine whose clock can be moved, and whose jobs do not wait for minutes. */
const hurried = async (): Promise<Hurried> => {
  const file = join(await freshDirectory(), 'machine.json')
  const days = async (count: number): Promise<void> => {
    await writeFile(`${file}.new`, JSON.stringify({ clockMs: count * DAY }))
    await rename(`${file}.new`, file)
  }
  await days(0)
  const machine = onMachine(file)
  const hurry = pathToFileURL('dist/tests/support/timelimit-hurry.js').href
  return { env: { ...machine, NODE_OPTIONS: `${machine['NODE_OPTIONS'] ?? ''} --import=${hurry}` }, days }
}

const until = async (what: string, passes: () => Promise<boolean>): Promise<void> => {
  const deadline = performance.now() + 60_000
  while (!(await passes())) {
    if (performance.now() > deadline) throw new Error(`${what} did not happen`)
    await pause(50)
  }
}

type Full = { readonly aid: string; readonly connected: Connected; readonly secrets: readonly string[] }

/** Everything that an account can have: a mail address, a push token, a link, a login's counts in the vault, and an open connection. */
const everything = async (
  t: ExecutionContext,
  { url }: RunningServer,
  { aid, pair }: Account,
  member: Member,
): Promise<Full> => {
  const first = await connect(t, url, pair)
  const token = first.pair.access
  const send = async (path: string, body: object) => {
    const { status, text } = await call(url, 'POST', path, { token, body })
    t.is(status, 200, `${path} ${text}`)
  }
  await send(PATHS.data, { email: EMAIL })
  await send(PATHS.setup, { birthdate: '1987-06-05', is_adult: true })
  await send(PATHS.setDeviceToken, { token: PUSH })
  await send(LINK, { protocol: 'rightech', token: member.token })
  await leave(first)
  const connected = await connect(t, url, first.pair, { list: [0x00, 0xff, 0x81, 0xff] })
  await connected.until(5)
  const hashes = [first.pair, connected.pair].flatMap(({ access, refresh }) =>
    [Buffer.from(access, 'base64url'), refresh].map((bytes) =>
      createHash('sha256').update(bytes).digest('hex'),
    ),
  )
  return { aid, connected, secrets: [EMAIL, PUSH, '1987-06-05', ...hashes] }
}

/** Which of these stand in which files of the directory. */
const found = async (directory: string, secrets: readonly string[]): Promise<readonly string[]> => {
  const files = await readdir(directory, { recursive: true, withFileTypes: true })
  const all = await Promise.all(
    files
      .filter((one) => one.isFile())
      .map(async ({ parentPath, name }) => {
        // A running server may have done with it meanwhile.
        const bytes = await readFile(join(parentPath, name)).catch(() => Buffer.alloc(0))
        return secrets.filter((secret) => bytes.includes(secret)).map((secret) => `${secret} in ${name}`)
      }),
  )
  return all.flat()
}

const isOf =
  (aid: string) =>
  ({ id, value }: { readonly id: string; readonly value?: unknown }): boolean =>
    value !== undefined && `${id} ${JSON.stringify(value)}`.includes(aid)

/** What the vault and the documents have of the account. */
const entriesOf = async (dataDir: string, aid: string): Promise<readonly string[]> => {
  const entries: string[] = []
  const vault = await openEmbeddedVault({
    path: vaultPath(dataDir),
    blobsPath: blobsPath(dataDir),
    now: Date.now,
  })
  for (const space of ['afrodite.push', 'afrodite.push-pending', 'afrodite.remembered', 'platform.erasures'])
    for await (const page of vault.list(space)) entries.push(...page.map(({ key }) => `${space} ${key}`))
  await vault.close()
  const documents = await openEmbeddedDocuments({ path: documentsPath(dataDir) })
  const names = ['accounts', 'sessions', 'connections'].map((name) => `afrodite_${name}@1`)
  for (const name of [...names, 'platform_snapshots'])
    for await (const page of documents.scan(name)) {
      const own = page.filter(isOf(aid))
      entries.push(...own.map(({ id }) => `${name} ${id}`))
    }
  await documents.close()
  return entries
}

test('an account whose time has come is gone, with everything', async (t) => {
  t.timeout(300_000)
  const { env, days } = await hurried()
  server = await startAfrodite(env)
  const { url, dataDir } = server
  const member = await newMember(await signInAdmin(url))
  const { aid, connected, secrets } = await everything(t, server, await newAccount(server), member)
  if (!isShared)
    for (const secret of secrets.slice(0, 2)) t.not((await found(dataDir, [secret])).length, 0, secret)
  const witness = await newAccount(server)
  const other = await connect(t, url, witness.pair)
  const token = connected.pair.access
  const before = server.output().length
  const asked = Date.now()
  t.is((await call(url, 'PUT', PATHS.delete, { token })).status, 200)
  const { delete_date: date } = ok(await call(url, 'GET', PATHS.delete, { token }))
  const deleteAt = Date.parse(asText(date))
  t.true(Math.abs(deleteAt - asked - 30 * DAY) < 60_000)

  await days(29)
  await pause(1_000)
  t.is(await apiStatus(server, token), 200, 'not yet')
  t.is(connected.socket.ws.readyState, connected.socket.ws.OPEN)
  await days(31)
  t.is((await connected.socket.ending()).code, 4001)
  t.is(await apiStatus(server, token), 401)
  t.is(await upgrade(url, token), 401)
  const login = async () =>
    (await call(botsUrl(server as RunningServer), 'POST', '/account_api/login', { body: { aid } })).status
  t.not(await login(), 200)
  t.is(await apiStatus(server, other.pair.access), 200)

  const erasure = `platform.erasure-afrodite.account-${aid}`
  const types = async (stream: string): Promise<readonly string[]> =>
    (await runScript('history', [stream, '--json'], dataDir)).output
      .split('\n')
      .flatMap((line) => (line.startsWith('{') ? [(JSON.parse(line) as { readonly type: string }).type] : []))
  await until('the erasure', async () => (await types(erasure)).includes('ErasureCompleted'))
  t.deepEqual(await types(erasure), ['ErasureRequested', 'SubjectErased', 'ErasureCompleted'])
  t.deepEqual((await types(`afrodite.account-${aid}`)).slice(-2), ['DeletionRequested', 'AccountDeleted'])
  t.deepEqual((await types(`afrodite.session-${aid}`)).slice(-2), ['ConnectionClosed', 'SessionRevoked'])
  for (const stream of [`afrodite.account-${aid}`, `afrodite.session-${aid}`]) {
    const { output } = await runScript('history', [stream], dataDir)
    for (const secret of [...secrets, member.user, '127.0.0.1']) t.false(output.includes(secret), secret)
  }

  const heir = await newAccount(server)
  const free = await connect(t, url, heir.pair)
  // The session of a month ago has ended too.
  const { token: live } = await signIn(url, member.login, member.password)
  const body = { protocol: 'rightech', token: live }
  t.is((await call(url, 'POST', LINK, { token: free.pair.access, body })).status, 200, 'the link is free')
  t.notRegex(server.output().slice(before), /"level":"error"|a job failed/)
  t.is((await server.stop('SIGTERM')).code, 0)
  if (!isShared) {
    t.deepEqual(await entriesOf(dataDir, aid), [])
    t.deepEqual(await found(dataDir, secrets), [])
  }
  const check = await runScript('rebuild', ['--check'], dataDir)
  t.is(check.code, 0, check.output)

  server = await startAfrodite(env, { dataDir })
  t.is(await upgrade(server.url, token), 401)
  t.not(await login(), 200)
})
