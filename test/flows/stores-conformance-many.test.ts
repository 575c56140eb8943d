/**
 * Proves the cases 35 and 59 of rightech 10: a history of many packets is read whole, in order and without being held in memory; and what
 * an object did is shown to the byte as before after the documents were rebuilt.
 */
import { readFile } from 'node:fs/promises'
import test from 'ava'
import { asText } from '../support/client.ts'
import { create, signInAdmin, type Member } from '../support/members.ts'
import { cleanUp, runScript, startServer, type RunningServer } from '../support/server.ts'
import {
  getRaw,
  likeLibrary,
  newPump,
  readArray,
  readChunks,
  readObject,
  texts,
  until,
} from '../support/stores-clients.ts'

let server: RunningServer | undefined
let admin: Member
test.before(async () => {
  server = await startServer()
  admin = await signInAdmin(server.url)
})
test.after.always(() => cleanUp(server))

const isSoak = process.env['SOAK'] !== undefined
const COUNT = isSoak ? 12_000 : 120
const PAGE = 10_000
/** What reading the whole history may add to the process (issue 7). */
const GROWTH_MIB_MAX = 50

test.serial('35: many packets, a page of them and all', async (t) => {
  const { member, at } = await newPump(admin)
  const start = Date.now() - COUNT
  for (let from = 0; from < COUNT; from += 40) {
    const batch = Array.from({ length: 40 }, (_, n) => ({
      n: from + n,
      time: start + from + n,
      pad: 'x'.repeat(500),
    }))
    const replies = await Promise.all(batch.map((body) => member.post(`${at}/packets`, body)))
    for (const reply of replies) t.is(reply.status, 200, reply.text)
  }
  const numbers = Array.from({ length: COUNT }, (_, n) => String(n))
  t.deepEqual(texts(readArray(await member.get(`${at}/packets`)), 'n'), numbers.slice(0, PAGE))
  t.deepEqual(texts(readArray(await member.get(`${at}/packets?limit=99999`)), 'n'), numbers.slice(0, PAGE))
  t.deepEqual(texts(readArray(await member.get(`${at}/packets?nolimit=true`)), 'n'), numbers)
  t.deepEqual(texts(readArray(await member.get(`${at}/packets?offset=${COUNT - 3}`)), 'n'), numbers.slice(-3))

  const library = likeLibrary(member)
  const read = async () => getRaw(library, `${at}/packets?streamed=true&nolimit=true`)
  await read()
  const idle = await residentMiB()
  let highest = idle
  let isReading = true
  const watching = until(
    async () => (highest = Math.max(highest, await residentMiB())),
    () => !isReading,
    60_000,
  )
  const raws = [await read(), ...(await Promise.all(Array.from({ length: 4 }, read)))]
  isReading = false
  await watching
  for (const raw of raws) {
    t.is(raw.headers.get('transfer-encoding'), 'chunked')
    t.deepEqual(texts(readChunks(raw.chunks()), 'n'), numbers)
  }
  t.log(`${idle} MiB grew to ${highest} MiB`)
  // Of few packets the process's own ups and downs are more.
  if (isSoak) t.true(highest - idle < GROWTH_MIB_MAX)
})

const residentMiB = async (): Promise<number> => {
  const status = await readFile(`/proc/${server?.pid ?? 0}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024
}

test.serial('59: what an object did is the same after a rebuild', async (t) => {
  const { member, model, at, device } = await newPump(admin)
  const automaton = (await create(member, 'automatons', { model: model._id })).entity
  for (const body of [
    { a: 1, time: 2_000 },
    { b: 2, time: 1_000 },
    { online: false, c: { d: null } },
  ])
    readObject(await member.post(`/objects/${device}/packets`, body))
  readObject(await member.post(`${at}/commands/led-on`, { payload: 5 }))
  const run = `${at}/automatons/${automaton._id}`
  for (const call of ['start', 'stop', 'start']) readObject(await member.post(`${run}/${call}`))
  readObject(await member.post(`/models/${model._id}/nodes`, { id: 'n', type: 'event', name: 'N' }))
  await create(member, 'messages', { importance: 'critical' })
  const table = (await create(member, 'tables')).entity
  const row = readObject(await member.post(`/tables/${table._id}/rows`, { data: { name: 'x' } }))
  readObject(await member.patch(`/tables/${table._id}/rows/${asText(row._id)}`, { data: { name: 'y' } }))
  const report = (await create(member, 'reports')).entity
  const body = { period: { from: 0, to: 1 }, objectIds: [at.slice('/objects/'.length)] }
  const build = readObject(await member.post(`/reports/${report._id}/build`, body))
  const built = `/reports/builds/${asText(build._id)}`
  await until(
    async () => readObject(await member.get(built)),
    ({ status }) => status === 'completed',
  )

  const paths = ['', '/packets', '/state', '/model', '/events', '/automatons', '/packets?meta=true'].map(
    (path) => at + path,
  )
  paths.push(
    '/events',
    '/events/org',
    '/events?withChildGroups=true',
    '/objects',
    '/models',
    '/messages',
    '/tables',
  )
  paths.push(`/tables/${table._id}/rows`, '/reports/builds', built, `${built}/export`, `/models/${model._id}`)
  const picture = async () =>
    Promise.all(
      paths.map(async (path) => {
        const { status, text, headers } = await member.get(path)
        return [path, status, headers['x-ric-version'], text] as const
      }),
    )
  const before = await picture()
  for (const [path, status] of before) t.is(status, 200, path)
  t.is(readArray(await member.get(`${at}/events`)).length, 14)
  const rebuilt = await runScript('rebuild', [], server?.dataDir ?? '')
  t.is(rebuilt.code, 0, rebuilt.output)
  t.deepEqual(await picture(), before)
})
