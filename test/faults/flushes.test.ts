/**
 * Proves what a disk does that refuses flushes or is slow with them: a shim in front of the C library lets flushes of one file fail, once or from
 * then on, with what they should have flushed kept in the system's memory or lost from it. A flush that failed is never tried again and
 * believed: the process ends with code 75, and the next start has all that was acknowledged and nothing by half. While a flush takes long,
 * reads go on, and the commands that come meanwhile share the next one.
 */
import { Agent } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import type { JsonObject } from '../../src/json.ts'
import { asText, BASE, clientOf, type Reply } from '../support/client.ts'
import { APP, objectAt, send, textAt, tokenOf } from '../support/connectycube.ts'
import { compileShim, type Shim } from '../support/flush-shim/shim.ts'
import { assertAcknowledged, startLoad } from '../support/loading.ts'
import { create, newMember, signInAdmin, signInByCookie, unique, type Member } from '../support/members.ts'
import { cleanUp, freshDirectory, runScript, startServer, type RunningServer } from '../support/server.ts'
import { within } from '../support/sockets.ts'

const SOAK = process.env['SOAK'] !== undefined
const END_MS_MAX = 90_000
const ALWAYS = 1_000_000

const found = await compileShim()
const flushTest = typeof found === 'string' ? test.serial.skip : test.serial
const shim = (): Shim => {
  if (typeof found === 'string') throw new Error(found)
  return found
}

let server: RunningServer
let dataDir: string
let member: Member
test.before(async () => {
  if (typeof found === 'string') return
  dataDir = await freshDirectory()
  await start()
  member = await newMember(await signInAdmin(server.url))
})
test.after.always(async () => {
  await cleanUp(server)
  if (typeof found !== 'string') await found.remove()
})

/** On a disk that refuses nothing, for now. */
const start = async (): Promise<void> => {
  await shim().plan()
  server = await startServer({ dataDir, env: shim().env })
}
const startAgain = async (): Promise<void> => {
  await start()
  member = { ...member, ...clientOf(server.url, member.headers) }
}

const title = (what: string): string => (typeof found === 'string' ? `SKIPPED (${found}): ${what}` : what)

/** The server ends over what the plan refuses, everybody who waits for it is told or cut off, and it is started again. */
const assertEnds = async (t: ExecutionContext, plan: string, act: () => Promise<unknown>): Promise<void> => {
  await shim().seen()
  await shim().plan(plan)
  const acting = act()
  const exit = await within(server.exited, 'the end', END_MS_MAX)
  await within(acting, 'an answer or the end of each connection', END_MS_MAX)
  const seen = await shim().seen()
  await startAgain()
  t.is(exit.code, 75, exit.output)
  t.regex(exit.output, /"level":"fatal".*the disk refused a write/)
  const first = seen.findIndex(({ refused }) => refused)
  const again = seen.slice(first + 1).filter(({ path }) => path === seen[first]?.path)
  t.deepEqual(again, [], 'what was refused is not tried again')
}

const assertSoundNow = async (t: ExecutionContext): Promise<void> => {
  for (const [script, parameters] of [
    ['verify', []],
    ['rebuild', ['--check']],
  ] as const) {
    const exit = await runScript(script, parameters, dataDir)
    t.is(exit.code, 0, exit.output)
  }
}

/** After each fault; where time is short, once after all of them. */
const assertSound = async (t: ExecutionContext): Promise<void> => {
  if (SOAK) await assertSoundNow(t)
}

const CASES = SOAK
  ? ['fdatasync', 'write'].flatMap((call) =>
      ['once', 'from then on'].flatMap((often) =>
        ['kept', 'lost'].map((fate) => [call, often, fate] as const),
      ),
    )
  : [['fdatasync', 'once', 'kept'] as const, ['write', 'from then on', 'lost'] as const]

for (const [call, often, fate] of CASES) {
  flushTest(title(`the history: a ${call} is refused ${often}, what it wrote is ${fate}`), async (t) => {
    for (const n of SOAK ? [1, 2, 3, 5, 8, 13, 21, 34, 55] : [4]) {
      const load = startLoad(member, 8)
      while (load.acknowledged.size < 8) await pause(5)
      const last = often === 'once' ? n : ALWAYS
      await assertEnds(t, `refuse ${call} history.mdb ${n} ${last} ${fate}`, () => load.ended)
      t.deepEqual(
        load.refused.filter(({ status }) => status !== 503),
        [],
      )
      await assertAcknowledged(t, member, load)
      await create(member, 'labels')
    }
    await assertSound(t)
  })
}

const SECRETS = {
  'vault.mdb': () => signInByCookie(member),
  'keyring.mdb': () => newMember(member),
} as const

for (const [part, act] of Object.entries(SECRETS)) {
  flushTest(title(`${part}: a flush is refused, and the same works after the next start`), async (t) => {
    await assertEnds(t, `refuse fdatasync ${part} 1 1 lost`, () => t.throwsAsync(act))
    await t.notThrowsAsync(act)
    await assertSound(t)
  })
}

flushTest(title('a file: its flush is refused, the client is told, and it can be sent again'), async (t) => {
  const call = (method: string, path: string, json: JsonObject, token?: string) =>
    send(method, server.url + path, { json, ...(token === undefined ? {} : { token }) })
  const token = tokenOf(await call('POST', '/session.json', APP))
  const user = { login: unique('keeper'), password: 'blue-whale-7' }
  await call('POST', '/users.json', { user }, token)
  await call('POST', '/login.json', user, token)
  const blob = { name: 'map.txt', content_type: 'text/plain' }
  const declared = objectAt((await call('POST', '/blobs.json', { blob }, token)).body, 'blob')
  const [url = '', query = ''] = textAt(objectAt(declared, 'blob_object_access'), 'params').split('?')
  const upload = (): Promise<Response> => {
    const form = new FormData()
    for (const [name = '', value = ''] of query.split('&').map((pair) => pair.split(/=(.*)/)))
      form.set(name, decodeURIComponent(value))
    form.set('file', new Blob(['five5']))
    return fetch(url, { method: 'POST', body: form })
  }
  const complete = () => call('PUT', `/blobs/${asText(declared.id)}/complete.json`, { size: 5 }, token)
  await shim().plan('refuse fsync /blobs/aside/ 1 1 lost')
  const refused = await upload()
  t.is(refused.status, 503, await refused.text())
  t.is((await complete()).status, 422)
  t.is((await upload()).status, 201)
  t.is((await complete()).status, 200)
  await shim().plan()
})

flushTest(title('the documents: a flush is refused at the end, and they are made anew'), async (t) => {
  const load = startLoad(member, 4)
  await assertEnds(t, 'refuse fdatasync documents.mdb 1 1 lost', async () => {
    while (load.acknowledged.size < 20 && load.cut() === 0) await pause(5)
    await load.stop()
    await server.stop('SIGTERM')
  })
  t.regex(server.output(), /the disk refused a flush.*made anew/)
  await assertAcknowledged(t, member, load)
  await assertSound(t)
})

flushTest(title('the documents: a flush is refused during a take-over'), async (t) => {
  const load = startLoad(member, 4)
  await assertEnds(t, `refuse fdatasync documents.mdb 2 ${ALWAYS} kept`, async () => {
    t.is((await runScript('rebuild', ['stores'], dataDir)).code, 2)
    await load.ended
  })
  t.regex(server.output(), /the disk refused a flush.*made anew/)
  await assertAcknowledged(t, member, load)
  await assertSound(t)
})

/** All at once, each on a connection of its own. */
const createAll = async (count: number): Promise<readonly Reply[]> => {
  const agent = new Agent({ keepAlive: true })
  const body = (): string => JSON.stringify({ name: unique('label') })
  const post = (): Promise<Reply> => member.send('POST', `${BASE}/labels`, { body: body(), agent })
  return Promise.all(Array.from({ length: count }, post)).finally(() => agent.destroy())
}

flushTest(title('slow flushes: 50 commands share few of them, and nothing is lost'), async (t) => {
  await shim().plan('slow history.mdb 300')
  await shim().seen()
  const created = (await createAll(50)).map((reply) => reply.entity())
  const commits = (await shim().seen()).filter(
    ({ call, path }) => call === 'write' && path.endsWith('history.mdb'),
  )
  t.log(`${commits.length} commits`)
  t.true(commits.length > 0 && commits.length < created.length / 2)
  await server.kill()
  await startAgain()
  const listed = new Map((await member.get('/labels?nolimit=true')).list().map((one) => [one._id, one]))
  for (const one of created) t.deepEqual(listed.get(one._id), one)
  await assertSound(t)
})

flushTest(title('slow flushes: whoever reads does not wait for them'), async (t) => {
  await shim().plan('slow history.mdb 6000')
  const order: string[] = []
  const writing = create(member, 'labels').then(() => order.push('written'))
  await pause(100)
  await member.get('/labels')
  order.push('read')
  await shim().plan()
  await writing
  t.deepEqual(order, ['read', 'written'])
})

flushTest(title('after all that was refused the history is whole, and the documents show it'), assertSoundNow)

flushTest(title('a first start over refused flushes is completed by the next one'), async (t) => {
  await server.stop('SIGTERM')
  const fresh = await freshDirectory()
  for (const n of SOAK ? Array.from({ length: 30 }, (_, at) => at + 1) : [1, 6, 11]) {
    await shim().plan(`refuse any .mdb ${n} ${n} ${n % 2 === 0 ? 'kept' : 'lost'}`)
    await t.throwsAsync(
      async () => {
        const begun = await startServer({ dataDir: fresh, env: shim().env })
        await begun.kill()
      },
      { message: /ended with (75|1):/ },
    )
  }
  await shim().plan()
  const completed = await startServer({ dataDir: fresh, env: shim().env })
  await signInAdmin(completed.url)
  t.is((await completed.stop('SIGTERM')).code, 0)
})
