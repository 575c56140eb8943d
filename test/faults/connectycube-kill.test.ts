/**
 * Proves that a kill costs ConnectyCube's apps nothing (issue 9): people write, read and react in one group, change arrays of records and upload
 * files slowly, while the server is killed again and again. What was answered is there, once and in order; unread counters and read marks are those
 * that the events give when they are counted one by one; of a file that broke off nothing is served and nothing left; and a rebuild finds no difference.
 */
import { createHash, randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { blobsPath } from '../../src/embedded/directory.ts'
import { isList, isObject, type Json, type JsonObject } from '../../src/json.ts'
import { chatAt, field, idOf, items, type User } from '../support/cc-chat.ts'
import { ADMIN, objectAt, send, textAt } from '../support/connectycube.ts'
import { viewsIn, type Views } from '../support/connectycube-oracle.ts'
import { withHistory } from '../support/connectycube-fill.ts'
import { cleanUp, runScript, startServer, type RunningServer } from '../support/server.ts'

const SOAK = process.env['SOAK'] !== undefined
const PEOPLE = 6
const KILLS = SOAK ? 30 : 3
const FILE_BYTES = 300_000

const isShared = process.env['STORES'] === 'shared'

let server: RunningServer
test.after.always(() => cleanUp(server))
const { ask, newcomer, group, say, list, unread } = chatAt(() => server.url)

/** What somebody was answered, and what he asked and was not. */
type Client = {
  readonly user: User
  readonly record: string
  /** Ids in the order of the answers. */
  readonly sent: string[]
  readonly read: Set<string>
  /** By message and kind: given, taken back, or nobody knows. */
  readonly reactions: Map<string, boolean | 'unknown'>
  readonly pushed: number[]
  readonly unsure: Set<number>
  increments: number
  incrementsUnsure: number
  next: number
  /** By uid: the MD5 of what was completed; null: not answered. */
  readonly files: Map<string, string | null>
}

/** Whether it was answered; `undefined`: the server went. */
const settled = async (work: Promise<{ readonly status: number }>): Promise<boolean | undefined> => {
  const reply = await work.catch(() => undefined)
  if (reply === undefined || reply.status === 503) return undefined
  if (reply.status >= 400) throw new Error(`refused: ${reply.status}`)
  return true
}

type Act = (client: Client, dialog: string) => Promise<void>

const write: Act = async ({ user, sent }, dialog) => {
  const reply = await say(user, dialog, `${user.id} wrote ${sent.length}`).catch(() => undefined)
  if (reply?.status === 201) sent.push(idOf(reply.body))
}

const readPage: Act = async ({ user, read }, dialog) => {
  const page = await list(user, dialog, '&sort_desc=date_sent&limit=5').catch(() => undefined)
  if (page?.status === 200) for (const one of items(page)) read.add(idOf(one))
}

const react: Act = async ({ user, sent, reactions, next }) => {
  const message = sent[Math.floor(Math.random() * sent.length)]
  if (message === undefined) return
  const kind = `k${next % 8}`
  const key = `${message} ${kind}`
  const isGiven = reactions.get(key) === true
  reactions.set(key, 'unknown')
  const path = `/chat/Message/${message}/reactions.json`
  const done = await settled(ask(user, 'PUT', path, isGiven ? { remove: kind } : { add: kind }))
  if (done === true) reactions.set(key, !isGiven)
}

const changeRecord: Act = async (client) => {
  const { user, record, pushed, unsure } = client
  const value = client.next
  unsure.add(value)
  client.incrementsUnsure += 1
  const change = { push: { tags: [value] }, inc: { n: 1 } }
  if ((await settled(ask(user, 'PUT', `/data/Ship/${record}.json`, change))) !== true) return
  unsure.delete(value)
  pushed.push(value)
  client.incrementsUnsure -= 1
  client.increments += 1
}

/** In pieces, with pauses in which the server may go. */
async function* slowly(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    for (let from = 0; from < part.length; from += 64 * 1024) {
      yield part.subarray(from, from + 64 * 1024)
      await pause(3)
    }
  }
}

const upload: Act = async ({ user, files }) => {
  const blob = { name: 'chart.bin', content_type: 'application/octet-stream', public: true }
  const declared = await ask(user, 'POST', '/blobs.json', { blob }).catch(() => undefined)
  const made = objectAt(declared?.body ?? null, 'blob')
  const uid = textAt(made, 'uid')
  if (uid === '') return
  files.set(uid, null)
  const bytes = randomBytes(FILE_BYTES)
  const [url = '', query = ''] = textAt(objectAt(made, 'blob_object_access'), 'params').split('?')
  const fields = query.split('&').map((pair) => pair.split('=').map(decodeURIComponent))
  const form = fields.map(
    ([name, value]) => `--X\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  )
  const head = `${form.join('')}--X\r\nContent-Disposition: form-data; name="file"\r\n\r\n`
  const body = slowly([Buffer.from(head), bytes, Buffer.from('\r\n--X--\r\n')])
  const headers = { 'Content-Type': 'multipart/form-data; boundary=X' }
  const sent = fetch(url, { method: 'POST', headers, body: ReadableStream.from(body), duplex: 'half' })
  if ((await sent.catch(() => undefined))?.status !== 201) return
  const size = { size: FILE_BYTES }
  if ((await settled(ask(user, 'PUT', `/blobs/${Number(made['id'])}/complete.json`, size))) === true)
    files.set(uid, createHash('md5').update(bytes).digest('hex'))
}

const ACTS: readonly Act[] = [write, write, readPage, react, changeRecord, changeRecord, upload]

/** Until the server is gone. */
const live = async (
  client: Client,
  dialog: string,
  isOver: () => boolean,
  done: () => void,
): Promise<void> => {
  while (!isOver()) {
    client.next += 1
    await ACTS[Math.floor(Math.random() * ACTS.length)]?.(client, dialog)
    done()
  }
}

const startClient = async (user: User): Promise<Client> => {
  const record = idOf((await ask(user, 'POST', '/data/Ship.json', { n: 0, tags: [] })).body)
  return {
    ...{ user, record, sent: [], pushed: [], next: 0, increments: 0, incrementsUnsure: 0 },
    ...{ read: new Set(), reactions: new Map(), unsure: new Set(), files: new Map() },
  }
}

test(`${PEOPLE} people, ${KILLS} kills: nothing that was answered is lost, and all counters are exact`, async (t) => {
  t.timeout(SOAK ? 30 * 60_000 : 600_000)
  server = await startServer()
  const fields = { n: 'Integer', tags: 'Integer[]' }
  const defined = { headers: ADMIN, json: { class_name: 'Ship', fields } }
  t.is((await send('POST', `${server.url}/admin/data/classes`, defined)).status, 201)
  const users = await Promise.all(Array.from({ length: PEOPLE }, newcomer))
  const [owner, ...others] = users
  if (owner === undefined) return t.fail()
  const dialog = await group(owner, others)
  const clients = await Promise.all(users.map(startClient))
  let acts = 0
  for (let kill = 0; kill < KILLS; kill++) {
    let isOver = false
    const goal = acts + 60 + Math.random() * 120
    const living = clients.map((client) =>
      live(
        client,
        dialog,
        () => isOver,
        () => (acts += 1),
      ),
    )
    while (acts < goal) await pause(2)
    await pause(Math.random() * 20)
    await server.kill()
    isOver = true
    await Promise.all(living)
    server = await startServer({ dataDir: server.dataDir })
  }
  const shown = await showing(owner, dialog)
  for (const client of clients) {
    checkMessages(t, client, shown)
    await checkReactions(t, client)
    await checkRecord(t, client)
    await checkFiles(t, client)
  }
  const counted = await Promise.all(users.map((user) => unread(user, dialog)))
  await server.stop('SIGTERM')
  if (!isShared) {
    const views = await withHistory(server.dataDir, (history) => viewsIn(history, dialog))
    checkCounts(t, views, { shown, dialog, users, counted })
    await checkFilesLeft(t, clients)
  }
  const check = await runScript('rebuild', ['--check', '--json'], server.dataDir)
  t.is(check.code, 0, check.output)
  const files = clients.flatMap((client) => [...client.files.values()])
  t.log(
    `${acts} acts, ${shown.length} messages, ${files.filter((md5) => md5 !== null).length} of ${files.length} files`,
  )
})

/** All of the dialog, in its order. */
const showing = async (by: User, dialog: string): Promise<readonly JsonObject[]> => {
  const all: JsonObject[] = []
  for (let skip = 0; ; skip += 1_000) {
    const page = items(await list(by, dialog, `&mark_as_read=0&limit=1000&skip=${skip}`))
    all.push(...page)
    if (page.length < 1_000) return all
  }
}

const numbers = (value: Json | undefined): readonly number[] => (isList(value) ? value.map(Number) : [])

const checkMessages = (
  t: ExecutionContext,
  { user, sent, read }: Client,
  shown: readonly JsonObject[],
): void => {
  const known = new Set(sent)
  const mine = shown.map(idOf).filter((id) => known.has(id))
  t.deepEqual(mine, sent, 'all that was answered, once, in order')
  const readBy = new Map(shown.map((one) => [idOf(one), numbers(one['read_ids'])]))
  for (const id of read) t.true(readBy.get(id)?.includes(user.id), 'what he was shown he has read')
}

const checkReactions = async (t: ExecutionContext, { user, reactions, sent }: Client): Promise<void> => {
  for (const message of sent) {
    const known = [...reactions].filter(([key]) => key.startsWith(message))
    if (known.length === 0) continue
    const { body } = await ask(user, 'GET', `/chat/Message/${message}/reactions.json`)
    for (const [key, isGiven] of known) {
      if (isGiven === 'unknown') continue
      const by = isObject(body) ? numbers(body[key.slice(message.length + 1)]) : []
      t.is(by.includes(user.id), isGiven, key)
    }
  }
}

const checkRecord = async (t: ExecutionContext, client: Client): Promise<void> => {
  const { user, record, pushed, unsure, increments, incrementsUnsure } = client
  const { body } = await ask(user, 'GET', `/data/Ship/${record}.json`)
  const list = field(body, 'items')
  const [found] = isList(list) ? list.filter(isObject) : []
  const tags = numbers(found?.['tags'])
  t.deepEqual(
    tags.filter((tag) => !unsure.has(tag)),
    pushed,
  )
  t.is(new Set(tags).size, tags.length)
  t.is(Number(found?.['n']), tags.length, 'both or none of one change')
  t.true(tags.length >= increments && tags.length <= increments + incrementsUnsure)
}

const checkFiles = async (t: ExecutionContext, { files }: Client): Promise<void> => {
  for (const [uid, md5] of files) {
    const reply = await fetch(`${server.url}/blobs/${uid}`)
    const bytes = Buffer.from(await reply.arrayBuffer())
    if (md5 === null && reply.status === 404) continue
    t.is(reply.status, 200)
    t.is(bytes.length, FILE_BYTES, 'whole or not at all')
    if (md5 !== null) t.is(createHash('md5').update(bytes).digest('hex'), md5)
  }
}

/** None that broke off. What was whole when the server died before it said so may be left, but nobody gets it. */
const checkFilesLeft = async (t: ExecutionContext, clients: readonly Client[]): Promise<void> => {
  const directory = blobsPath(server.dataDir)
  t.deepEqual(await readdir(join(directory, 'aside')), [])
  const left = (await readdir(directory, { recursive: true })).filter((name) => /[0-9a-f]{64}$/.test(name))
  const uploads = clients.flatMap(({ files }) => [...files.keys()]).length
  t.true(left.length <= uploads + PEOPLE)
}

type Counting = {
  readonly shown: readonly JsonObject[]
  readonly dialog: string
  readonly users: readonly User[]
  readonly counted: readonly Json[]
}

const checkCounts = (
  t: ExecutionContext,
  views: Views,
  { shown, dialog, users, counted }: Counting,
): void => {
  t.deepEqual(
    shown.map(idOf),
    views.messages.map(({ id }) => id),
  )
  for (const [at, { id: user }] of users.entries()) {
    const missed = views.unread(user)
    t.deepEqual(counted[at], { total: missed, [dialog]: missed })
    for (const [n, one] of shown.entries())
      t.is(
        numbers(one['read_ids']).includes(user),
        views.hasRead(user, n + 1),
        `${user} and message ${n + 1}`,
      )
  }
}
