/** Proves what a connection does under pressure: a real `ws` connection whose reader stops, and stores that stay away. */
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { once } from 'node:events'
import * as E from 'fp-ts/lib/Either.js'
import { WebSocket, WebSocketServer } from 'ws'
import type { Listener } from '../../../src/live/feed.ts'
import { openConnection, type Connection } from '../../../src/protocols/afrodite/connection.ts'
import { createEnds } from '../../../src/protocols/afrodite/ends.ts'
import { afroditeFeed, type News } from '../../../src/protocols/afrodite/live-feed.ts'
import { AID, eventually, makeWorld, UNAVAILABLE } from './afrodite-live-rig.ts'
import { turns } from '../../support/waiting.ts'

const SETTINGS = { keepaliveSeconds: 360, testSeconds: 0, handshakeSeconds: 10 }

type Served = {
  readonly client: WebSocket
  readonly serving: WebSocket
  readonly connection: Connection
  readonly recorded: readonly string[]
  readonly deliver: (news: News) => void
}

/** A connection whose end is never recorded, so that its close frame waits for 2 s. */
const serve = async (t: ExecutionContext, settings: Partial<typeof SETTINGS> = {}): Promise<Served> => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  const client = new WebSocket(`ws://127.0.0.1:${port}`)
  client.on('error', () => undefined)
  const [[serving]] = (await Promise.all([once(server, 'connection'), once(client, 'open')])) as [
    [WebSocket],
    unknown,
  ]
  t.teardown(() => {
    client.terminate()
    serving.terminate()
    server.close()
  })
  const recorded: string[] = []
  let deliver: (news: News) => void = () => undefined
  const connection = openConnection(
    {
      settings: { ...SETTINGS, ...settings },
      feed: afroditeFeed(),
      hub: {
        listen: <Message>(_feed: unknown, listener: Listener<Message>) => {
          deliver = (news) => listener.deliver(news as Message)
          return { setTopics: () => undefined, stop: () => undefined }
        },
      },
      ends: {
        record: (_aid, _id, cause) => {
          recorded.push(cause)
          return new Promise(() => undefined)
        },
        close: () => undefined,
      },
      refuseMalformed: () => new Promise(() => undefined),
      log: { debug: () => undefined, warn: () => undefined },
    },
    serving,
    { aid: AID, connectionId: 'connection 1' },
  )
  connection.opening(Promise.resolve(true))
  return { client, serving, connection, recorded, deliver: (news) => deliver(news) }
}

/** Until the operating system takes no more. */
const fill = (serving: WebSocket, bytes: number): void => {
  const chunk = Buffer.alloc(64 * 1024)
  for (let sent = 0; serving.bufferedAmount < bytes; sent += 1) {
    if (sent > 10_000) throw new Error('the client reads')
    serving.send(chunk)
  }
}

test('a client that cannot take what was kept for it is not tested behind its end', async (t) => {
  const { client, serving, connection, recorded, deliver } = await serve(t, { testSeconds: 0.02 })
  client.pause()
  connection.listen()
  for (let at = 1; at <= 600; at += 1)
    deliver({
      ...{ _tag: 'Told', position: BigInt(at), revision: BigInt(at) },
      frames: [Buffer.from('one'), Buffer.from('two')],
    })
  fill(serving, 1)
  connection.goLive({ position: 0n, events: 0 })
  t.true(connection.isOver())
  let tests = 0
  serving.send = () => {
    tests += 1
  }
  await eventually(() => recorded.length > 0)
  await turns(150)
  t.deepEqual(recorded, ['slow'])
  t.is(tests, 0)
})

test('an end is recorded however often that fails', async (t) => {
  let tries = 0
  const world = await makeWorld(t, {
    sessions: { end: () => Promise.resolve((tries += 1) > 8 ? E.right(undefined) : UNAVAILABLE) },
    parts: { retryMs: 1 },
  })
  const client = await world.live()
  client.send(8)
  await client.closed()
  await eventually(() => tries === 9)
  await turns(50)
  t.is(tries, 9)
})

test('what waits to be recorded when the server has stopped is left to the lease', async (t) => {
  let asked = 0
  let goOn: () => void = () => undefined
  const gate = new Promise<void>((resolve) => (goOn = resolve))
  const ends = createEnds({
    sessions: {
      end: async () => {
        asked += 1
        return E.right(await gate)
      },
    },
    log: { warn: () => undefined },
  })
  const recording = Promise.all(Array.from({ length: 200 }, (_, at) => ends.record(AID, String(at), 'lost')))
  await eventually(() => asked === 64)
  ends.close()
  goOn()
  await recording
  t.is(asked, 64)
})
