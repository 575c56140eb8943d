/**
 * Proves that packets survive `kill -9`: clients send packets of a few objects while the server is killed and started again. Every acknowledged
 * packet is there once and as it was answered, `_ts` grows, each state is the fold of its packets, and rebuilt documents equal the served ones.
 */
import { Agent } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import type { JsonObject } from '../../src/json.ts'
import { BASE, clientOf, type Entity } from '../support/client.ts'
import { create, newMember, signInAdmin, type Member } from '../support/members.ts'
import { cleanUp, freshDirectory, runScript, startServer, type RunningServer } from '../support/server.ts'

const SOAK = process.env['SOAK'] !== undefined
const PACKETS = SOAK ? 20_000 : 400
const KILLS = SOAK ? 10 : 2
const CLIENTS = 64
const OBJECTS = 5

let server: RunningServer | undefined
test.after.always(() => cleanUp(server))

test(`${PACKETS} packets from ${CLIENTS} clients, ${KILLS} kills`, async (t) => {
  t.timeout(SOAK ? 30 * 60_000 : 300_000)
  const dataDir = await freshDirectory()
  const first = (server = await startServer({ dataDir }))
  const member = await newMember(await signInAdmin(first.url))
  const { _id: model } = (await create(member, 'models')).entity
  const objects: string[] = []
  while (objects.length < OBJECTS) objects.push((await create(member, 'objects', { model })).entity._id)
  const sending = send(member, objects)
  const running = sending.run(() => server)
  for (let kill = 0; kill < KILLS; kill += 1) {
    const goal = (PACKETS * (kill + Math.random())) / KILLS
    while (sending.count() < Math.min(goal, PACKETS - CLIENTS)) await pause(1)
    await pause(Math.random() * 20)
    const dying = server
    server = undefined
    await dying.kill()
    server = await startServer({ dataDir })
  }
  await running
  await server.kill()
  server = await startServer({ dataDir })

  const client = clientOf(server.url, member.headers)
  t.true(sending.acknowledged.length > 0)
  const there = new Map<string, Entity>()
  for (const object of objects) {
    const path = `/objects/${object}/packets?nolimit=true`
    const packets = (await client.get(`${path}&sortBy=_ts`)).list()
    for (const packet of packets) there.set(packet._id, packet)
    t.is(new Set(packets.map(({ _ts }) => _ts)).size, packets.length)
    const state = (await client.get(`/objects/${object}/state`)).object()
    t.deepEqual<JsonObject, JsonObject>(state, { ...folded(packets), success: true })
  }
  for (const packet of sending.acknowledged) t.deepEqual(there.get(packet._id), packet)
  t.true(there.size <= PACKETS)
  const check = await runScript('rebuild', ['--check', '--json'], dataDir)
  t.is(check.code, 0, check.output)
  t.log(`${sending.acknowledged.length} acknowledged, ${there.size} there, of ${PACKETS}`)
})

const folded = (packets: readonly Entity[]): JsonObject =>
  packets.reduce<JsonObject>(
    (state, packet) => (Number(packet.time) < Number(state.time) ? state : { ...state, ...packet }),
    {},
  )

/** Clients that send packets, each one after the other, whatever becomes of the server. */
const send = ({ headers }: Member, objects: readonly string[]) => {
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS })
  const acknowledged: Entity[] = []
  let next = 0
  const one = async ({ url }: RunningServer, n: number): Promise<void> => {
    const path = `${BASE}/objects/${objects[n % objects.length] ?? ''}/packets`
    const body = JSON.stringify({ [`k${n % 20}`]: n, time: 1_000 + (n % 7), online: n % 11 !== 0 })
    const reply = await clientOf(url, headers)
      .send('POST', path, { body, agent })
      .catch(() => undefined)
    if (reply?.status === 200) acknowledged.push(reply.entity())
  }
  const client = async (at: () => RunningServer | undefined): Promise<void> => {
    for (let n = next++; n < PACKETS; n = next++) {
      let running = at()
      while (running === undefined) {
        await pause(5)
        running = at()
      }
      await one(running, n)
    }
  }
  return {
    acknowledged,
    count: () => next,
    run: async (at: () => RunningServer | undefined): Promise<void> => {
      await Promise.all(Array.from({ length: CLIENTS }, () => client(at)))
      agent.destroy()
    },
  }
}
