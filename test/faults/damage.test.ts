/**
 * Proves what a start makes of files that were damaged, exchanged or taken away while the server was stopped: documents are made anew from
 * the history and show the same as before, and say so in the log; a history or keyring that is damaged or gone is never begun anew.
 */
import { cp, open, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { PROJECTIONS } from '../../projections/registry.ts'
import { openEmbeddedDocuments } from '../../src/documents/embedded/documents.ts'
import type { Documents } from '../../src/documents/port.ts'
import { documentsPath, historyPath, keyringPath, vaultPath } from '../../src/embedded/directory.ts'
import { physicalName } from '../../src/projecting/build.ts'
import { clientOf } from '../support/client.ts'
import { create, newMember, signInAdmin, type Member } from '../support/members.ts'
import { differences, pictureOf } from '../support/pictures.ts'
import { cleanUp, freshDirectory, runScript, startServer, type RunningServer } from '../support/server.ts'

type Moment = { readonly dataDir: string; readonly picture: ReadonlyMap<string, string> }

let server: RunningServer | undefined
let member: Member
/** Two moments of the same server, stopped: each a directory and what the member saw. */
let earlier: Moment
let later: Moment
test.before(async () => {
  server = await startServer()
  const { dataDir } = server
  member = await newMember(await signInAdmin(server.url))
  for (const store of ['labels', 'objects', 'users']) await create(member, store, { n: 1 })
  earlier = await momentOf(dataDir)
  server = await startServer({ dataDir })
  member = { ...member, ...clientOf(server.url, member.headers) }
  const labels = (await member.get('/labels')).list()
  await member.patch(`/labels/${labels[0]?._id ?? ''}`, { n: 2 })
  for (const store of ['labels', 'objects', 'tasks']) await create(member, store, { n: 3 })
  await member.delete(`/labels/${labels[0]?._id ?? ''}`)
  later = await momentOf(dataDir)
})
test.after.always(() => cleanUp(server))

const momentOf = async (dataDir: string): Promise<Moment> => {
  const picture = await pictureOf(member)
  const exit = await server?.stop('SIGTERM')
  if (exit?.code !== 0) throw new Error(exit?.output)
  return { dataDir: await copyOf(dataDir), picture }
}

const copyOf = async (dataDir: string): Promise<string> => {
  const copy = await freshDirectory()
  await cp(dataDir, copy, { recursive: true })
  return copy
}

/** What the next start shows, and does to a write, is what the history says. */
const assertRight = async (
  t: ExecutionContext,
  dataDir: string,
  picture: Moment['picture'],
  log?: RegExp,
): Promise<void> => {
  server = await startServer({ dataDir })
  const client = clientOf(server.url, member.headers)
  t.deepEqual(differences(picture, await pictureOf(client)), [])
  const { entity } = await create({ ...member, ...client }, 'labels')
  t.is((await client.get(`/labels/${entity._id}`)).status, 200)
  const { code, output } = await server.stop('SIGTERM')
  t.is(code, 0, output)
  if (log !== undefined) t.regex(output, log)
  else t.notRegex(output.replaceAll(HARMLESS, ''), /"level":"(warn|error|fatal)"/)
  const check = await runScript('rebuild', ['--check'], dataDir)
  t.is(check.code, 0, check.output)
}

/** That it is asked for before it has caught up, and that a busy machine answers after more than a second. */
const HARMLESS = /^.*(?:"path":"\/ready"|"status":[1-4]\d\d,"ms":\d+,"msg":"request").*$/gm

const damaged = async (path: string, at: number, bytes: Buffer): Promise<void> => {
  const file = await open(path, 'r+')
  await file.write(bytes, 0, bytes.length, at)
  await file.close()
}

const half = async (path: string): Promise<void> => truncate(path, Math.floor((await stat(path)).size / 2))
const GARBAGE = Buffer.from('not what was written here '.repeat(1_000))

const DAMAGES: {
  readonly [what: string]: { readonly damage: (path: string) => Promise<unknown>; readonly log: RegExp }
} = {
  truncated: { damage: half, log: /its file has \d+ of \d+ bytes.*made anew/ },
  'of no length': { damage: (path) => truncate(path, 0), log: /its file is empty.*made anew/ },
  'without their first page': {
    damage: (path) => damaged(path, 0, Buffer.alloc(4_096)),
    log: /not an LMDB file.*made anew/,
  },
  'without their second page': {
    damage: (path) => damaged(path, 4_096, Buffer.alloc(4_096)),
    log: /not an LMDB file.*made anew/,
  },
  garbage: { damage: (path) => writeFile(path, GARBAGE), log: /not an LMDB file.*made anew/ },
  'of nobody knows what end': {
    damage: (path) => rm(`${path}-state`),
    log: /nothing tells how it was closed.*made anew/,
  },
  'over which a start died': {
    damage: (path) => writeFile(`${path}-state`, 'opening\n'),
    log: /the last start ended while it was opened.*made anew/,
  },
  gone: { damage: (path) => rm(path), log: /they are gone.*made anew/ },
}

for (const [what, { damage, log }] of Object.entries(DAMAGES)) {
  test.serial(`documents ${what} are made anew from the history`, async (t) => {
    const dataDir = await copyOf(later.dataDir)
    await damage(documentsPath(dataDir))
    await assertRight(t, dataDir, later.picture, log)
  })
}

/** Puts the documents of another moment beside the history. */
const exchange = async (from: string, to: string): Promise<void> => {
  for (const ending of ['', '-state']) await cp(documentsPath(from) + ending, documentsPath(to) + ending)
}

test.serial('documents of an earlier moment catch up', async (t) => {
  const dataDir = await copyOf(later.dataDir)
  await exchange(earlier.dataDir, dataDir)
  await assertRight(t, dataDir, later.picture)
})

test.serial('documents of a later moment than the history give way', async (t) => {
  const dataDir = await copyOf(earlier.dataDir)
  await exchange(later.dataDir, dataDir)
  await assertRight(t, dataDir, earlier.picture, /ahead of the history.*made anew/)
})

/** Changes where the documents say that each projection is. */
const checkpoints = async (
  dataDir: string,
  change: (documents: Documents, name: string, position: bigint) => Promise<unknown>,
): Promise<void> => {
  const documents = await openEmbeddedDocuments({ path: documentsPath(dataDir) })
  for (const { name, version } of PROJECTIONS) {
    const checkpoint = physicalName(name, version, 0)
    await change(documents, checkpoint, (await documents.checkpoint(checkpoint)) ?? 0n)
  }
  await documents.close()
}

test.serial('documents without a checkpoint see the whole history again and stay as they are', async (t) => {
  const dataDir = await copyOf(later.dataDir)
  await checkpoints(dataDir, (documents, name) => documents.forgetCheckpoint(name))
  await assertRight(t, dataDir, later.picture)
})

test.serial('documents with an older checkpoint see some events twice and stay as they are', async (t) => {
  const dataDir = await copyOf(later.dataDir)
  await checkpoints(dataDir, async (documents, name, position) => {
    await documents.forgetCheckpoint(name)
    await documents.apply([], [{ name, position: position / 2n }])
  })
  await assertRight(t, dataDir, later.picture)
})

test.serial('documents with a checkpoint behind the end of the history give way', async (t) => {
  const dataDir = await copyOf(later.dataDir)
  await checkpoints(dataDir, (documents, name, position) =>
    documents.apply([], [{ name, position: position + 100n }]),
  )
  await assertRight(t, dataDir, later.picture, /ahead of the history.*made anew/)
})

const FAULTS: readonly (readonly [string, (path: string) => Promise<unknown>, RegExp])[] = [
  ['truncated', half, /is damaged: its file has \d+ of \d+ bytes/],
  ['garbage', (path) => writeFile(path, GARBAGE), /is damaged: it is not an LMDB file/],
  [
    'of no length',
    (path) => truncate(path, 0),
    /put the (history|keyring) back|is damaged: its file is empty/,
  ],
  ['gone', (path) => rm(path), /put the (history|keyring) back|no history to read/],
]
const PARTS = [
  ['a history', historyPath],
  ['a keyring', (dataDir: string) => join(keyringPath(dataDir), '1.mdb')],
] as const

for (const [part, pathOf] of PARTS) {
  for (const [what, damage, message] of FAULTS) {
    test.serial(`${part} ${what}: a clear end, and nothing is begun anew`, async (t) => {
      const dataDir = await copyOf(later.dataDir)
      await damage(pathOf(dataDir))
      const before = await readFile(pathOf(dataDir)).catch(() => undefined)
      const exit = await runScript('main', [], dataDir)
      t.is(exit.code, 1, exit.output)
      t.regex(exit.output, message)
      t.notRegex(exit.output, /\n\s+at /, 'no stack')
      if (part === 'a history') {
        const status = await runScript('status', [], dataDir)
        t.is(status.code, 2, status.output)
        t.regex(status.output, message)
      }
      t.deepEqual(await readFile(pathOf(dataDir)).catch(() => undefined), before, 'untouched')
    })
  }
}

test.serial('a history that was gone is served again when it is put back', async (t) => {
  const dataDir = await copyOf(later.dataDir)
  await rm(historyPath(dataDir))
  t.is((await runScript('main', [], dataDir)).code, 1)
  await cp(historyPath(later.dataDir), historyPath(dataDir))
  await assertRight(t, dataDir, later.picture)
})

test.serial('a damaged vault: a clear end', async (t) => {
  const dataDir = await copyOf(later.dataDir)
  await half(join(vaultPath(dataDir), '1.mdb'))
  const exit = await runScript('main', [], dataDir)
  t.is(exit.code, 1, exit.output)
  t.regex(exit.output, /vault\.mdb.* is damaged: its file has \d+ of \d+ bytes/)
})
