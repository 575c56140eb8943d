/**
 * Proves durability by `kill -9`: 64 clients create while the server is killed at random and started again. Every acknowledged create is there
 * exactly once, nothing is there that was never sent, every list agrees with the history, and rebuilt documents equal the served ones.
 */
import { Agent, type OutgoingHttpHeaders } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import { historyPath } from '../../src/embedded/directory.ts'
import { openEmbeddedHistory } from '../../src/history/embedded/history.ts'
import type { StoredEvent } from '../../src/history/port.ts'
import { isObject, type JsonObject } from '../../src/json.ts'
import { asText, clientOf, BASE, type Entity } from '../support/client.ts'
import { newMember, signInAdmin, unique } from '../support/members.ts'
import { cleanUp, freshDirectory, runScript, startServer, type RunningServer } from '../support/server.ts'

const SOAK = process.env['SOAK'] !== undefined
const CREATES = SOAK ? 10_000 : 300
const KILLS = SOAK ? 10 : 3
const CLIENTS = 64

let server: RunningServer | undefined
test.after.always(() => cleanUp(server))

test(`${CREATES} creates from ${CLIENTS} clients, ${KILLS} kills`, async (t) => {
  t.timeout(SOAK ? 30 * 60_000 : 300_000)
  const dataDir = await freshDirectory()
  const first = (server = await startServer({ dataDir }))
  const member = await newMember(await signInAdmin(first.url))
  const attempts = creating(member.headers)
  const running = attempts.run(() => server)
  for (let kill = 0; kill < KILLS; kill += 1) {
    // Spread over the run, at random within each part.
    const goal = (CREATES * (kill + Math.random())) / KILLS
    while (attempts.sent.size < Math.min(goal, CREATES - CLIENTS)) await pause(1)
    await pause(Math.random() * 20)
    const dying = server
    server = undefined
    await dying.kill()
    server = await startServer({ dataDir })
  }
  await running
  await server.kill()
  server = await startServer({ dataDir })

  const { sent, acknowledged, refused } = attempts
  t.deepEqual(refused, [])
  t.is(sent.size, CREATES)
  t.true(acknowledged.size > 0)
  const client = clientOf(server.url, member.headers)
  const reply = await client.get('/labels?nolimit=true')
  const list = reply.list()
  const names = list.map(({ name }) => asText(name))
  t.is(new Set(names).size, names.length, 'each once')
  const strangers = names.filter((name) => !sent.has(name))
  t.deepEqual(strangers, [], 'nothing that was never sent')
  const listed = new Map(list.map((entity) => [asText(entity.name), entity]))
  for (const [name, entity] of acknowledged) t.deepEqual(listed.get(name), entity, 'what was acknowledged')
  t.deepEqual((await client.get('/labels?meta=count')).json(), { count: names.length, success: true })

  const created = await createdIn(dataDir, member.group)
  t.deepEqual(new Set(created.map(({ stream }) => stream)).size, created.length, 'created once')
  const docs = created.map(({ data }) => data.doc as JsonObject)
  const byId = docs.toSorted((a, b) => (asText(a._id) < asText(b._id) ? -1 : 1))
  t.deepEqual<readonly JsonObject[], readonly JsonObject[]>(list, byId, 'the list is the history')
  t.is(reply.headers['x-ric-version'], String(created.at(-1)?.position))

  const check = await runScript('rebuild', ['--check', '--json'], dataDir)
  t.is(check.code, 0, check.output)
  t.log(`${acknowledged.size} acknowledged, ${names.length} there, of ${CREATES}`)
})

/** Clients that create labels, each one after the other, whatever becomes of the server. */
const creating = (headers: OutgoingHttpHeaders) => {
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS })
  const sent = new Set<string>()
  const acknowledged = new Map<string, Entity>()
  const refused: string[] = []
  const create = async ({ url }: RunningServer, n: number): Promise<void> => {
    const name = unique('label')
    sent.add(name)
    const body = JSON.stringify({ name, n })
    // Cut by a kill: it may be there or not.
    const reply = await clientOf(url, headers)
      .send('POST', `${BASE}/labels`, { body, agent })
      .catch(() => undefined)
    if (reply?.status === 200) acknowledged.set(name, reply.entity())
    else if (reply !== undefined) refused.push(`${reply.status} ${reply.text}`)
  }
  const client = async (first: number, up: () => RunningServer | undefined): Promise<void> => {
    for (let n = first; n < CREATES;) {
      const at = up()
      if (at === undefined) await pause(5)
      else {
        await create(at, n)
        n += CLIENTS
      }
    }
  }
  return {
    sent,
    acknowledged,
    refused,
    run: (up: () => RunningServer | undefined) =>
      Promise.all(Array.from({ length: CLIENTS }, (_, first) => client(first, up))),
  }
}

/** The events that created a group's labels, in the order of the history. */
const createdIn = async (dataDir: string, group: string): Promise<readonly StoredEvent[]> => {
  const history = openEmbeddedHistory({ path: historyPath(dataDir), readOnly: true })
  const isOurs = ({ type, data }: StoredEvent): boolean =>
    type === 'EntityCreated' && isObject(data.doc) && data.doc.group === group
  const created: StoredEvent[] = []
  try {
    for await (const page of history.readAll({ after: 0n, prefixes: ['stores.labels-'] })) {
      created.push(...page.filter(isOurs))
    }
  } finally {
    await history.close()
  }
  return created
}
