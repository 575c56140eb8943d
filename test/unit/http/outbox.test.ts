/** Proves the bound of what waits for a slow client, with a real `ws` connection whose reader stops. */
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { WebSocket, WebSocketServer } from 'ws'
import { createOutbox } from '../../../src/http/outbox.ts'
import { until } from '../../support/waiting.ts'

const pair = async (t: ExecutionContext) => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  const client = new WebSocket(`ws://127.0.0.1:${port}`)
  const [[serving]] = (await Promise.all([once(server, 'connection'), once(client, 'open')])) as [
    [WebSocket],
    unknown,
  ]
  t.teardown(() => {
    client.terminate()
    server.close()
  })
  return { client, serving }
}

test('a burst in one tick to a client that reads is delivered whole, in order, as text', async (t) => {
  const { client, serving } = await pair(t)
  const received: string[] = []
  client.on('message', (data: Buffer, isBinary) =>
    received.push(`${data.toString()}${isBinary ? ' binary' : ''}`),
  )
  const outbox = createOutbox(serving, { messagesMax: 10, bytesMax: 100_000 })
  const sent = Array.from({ length: 500 }, (_, index) => `message ${index} ä`)
  for (const text of sent) outbox.send(Buffer.from(text))
  await until(() => received.length >= sent.length)
  t.deepEqual(received, sent)
  t.is(client.readyState, WebSocket.OPEN)
})

const closing = async (
  t: ExecutionContext,
  limits: { messagesMax: number; bytesMax: number },
  frame: Buffer,
) => {
  const { client, serving } = await pair(t)
  client.pause()
  const outbox = createOutbox(serving, limits)
  let most = 0
  for (let sent = 0; sent < 5_000 && serving.readyState === WebSocket.OPEN; sent += 1) {
    outbox.send(frame)
    most = Math.max(most, serving.bufferedAmount)
    if (sent % 50 === 0) await wait(0)
  }
  t.not(serving.readyState, WebSocket.OPEN)
  outbox.send('nothing happens any more')
  client.resume()
  const [code] = (await once(client, 'close')) as [number]
  t.is(code, 1013)
  return most
}

test('a client that stops reading is closed with 1013 before more than the bytes wait', async (t) => {
  const most = await closing(t, { messagesMax: 1_000_000, bytesMax: 1_000_000 }, Buffer.alloc(100_000, 'x'))
  t.true(most <= 1_000_100, String(most))
})

test('a client that stops reading is closed with 1013 before more than the messages wait', async (t) => {
  const most = await closing(t, { messagesMax: 20, bytesMax: 1_000_000_000 }, Buffer.alloc(100_000, 'x'))
  t.true(most <= 21 * 100_020, String(most))
})
