/**
 * Proves that documents forget the packets that came too long ago and no others, in pieces, that the history keeps all of them, and that
 * nothing is recorded when there is nothing to forget. Engine and projections are real, in memory.
 */
import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import { startExpiringPackets } from '../../../src/jobs/expire-packets.ts'
import { asText } from '../../support/client.ts'
import { startStack } from '../protocols/rightech/stack.ts'

const DAY_MS = 24 * 60 * 60_000

test('old packets go in pieces; newer ones and the state stay', async (t) => {
  const stack = await startStack(t)
  const token = await stack.signIn()
  const post = async (path: string, body: object) =>
    (await stack.call(token, `POST /api/v1/${path}`, Buffer.from(JSON.stringify(body)))).entity
  const model = (await post('models', { name: 'M', base: 'mqtt' }))['_id']
  const object = asText((await post('objects', { name: 'O', id: 'o', model }))['_id'])
  for (let n = 0; n < 5; n++) await post(`objects/${object}/packets`, { n, time: n })
  stack.move(2 * DAY_MS)
  const late = await stack.signIn()
  const send = (n: number, time: number) =>
    stack.call(late, `POST /api/v1/objects/${object}/packets`, { n, time })
  // By when it came, not by what it says of itself.
  await send(5, 5)
  await send(6, 1)

  const failures: unknown[] = []
  const job = startExpiringPackets({
    ...stack.services,
    ...{ days: 1, everyMs: 5, atOnce: 2 },
    onFailure: (error) => failures.push(error),
  })
  const left = () => stack.services.reader.count('stores_packets', {})
  for (let tries = 0; tries < 6_000 && (await left()) > 2; tries++) await pause(5)
  await pause(50)
  await job.stop()
  t.deepEqual(failures, [])
  const list = await stack.call(late, `GET /api/v1/objects/${object}/packets`)
  t.deepEqual(
    (list.json as readonly { readonly n: number }[]).map(({ n }) => n),
    [6, 5],
  )
  t.like((await stack.call(late, `GET /api/v1/objects/${object}/state`)).entity, { n: 5, time: 5 })

  const types: string[] = []
  for await (const page of stack.history.readAll({ after: 0n, prefixes: ['stores.packets-'] }))
    for (const { type } of page) types.push(type)
  t.is(types.filter((type) => type === 'PacketReceived').length, 7)
  t.is(types.filter((type) => type === 'PacketsExpired').length, 3)
})
