/**
 * Proves that no client can cost the server more than its bounds (one-port 4), that nothing a client sends ends the process, and that
 * the doors close in time: with raw sockets against real servers.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { connect as connectTcp } from 'node:net'
import { randomBytes } from 'node:crypto'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { TIMELIMIT_CLIENT_FRAMES_PER_SECOND, TIMELIMIT_CLIENT_SECONDS } from '../../../src/limits.ts'
import { ask, open } from '../../support/http.ts'
import { calm, connect, frames, KINDS, makeWorld, member, until } from './timelimit-live-rig.ts'
import { turns } from '../../support/waiting.ts'

const WEBSOCKET = 'EIO=4&transport=websocket'
/** A client has to wait for the server's word before it says more. */
const joined = async (t: ExecutionContext, port: number) => {
  const socket = await frames(t, port, WEBSOCKET)
  socket.send('40')
  await until(() => socket.got.length === 2)
  return socket
}
const POLLING = '/socket.io/?EIO=4&transport=polling'
const handshake = async (port: number, version = 4): Promise<string> => {
  const { body } = await ask(port, `/socket.io/?EIO=${version}&transport=polling`)
  return /"sid":"([^"]+)"/.exec(body)?.[1] ?? ''
}

test('a client that reads nothing is closed, and the others hear everything', async (t) => {
  const world = makeWorld(t)
  world.addDevice('famA', 'slow01')
  world.addDevice('famA', 'quick1')
  const node = await world.start({ times: { mergeMs: 0 } })
  const quick = await member(t, node, 'famA', 'quick1')
  const slow = await member(t, node, 'famA', 'slow01', KINDS[1])
  slow.close()
  await until(() => node.live.clients() === 1)
  // A client of polling that never polls again: nothing is taken from the server's buffer.
  const sid = await handshake(node.port)
  const post = (body: string) => ask(node.port, `${POLLING}&sid=${sid}`, { method: 'POST', body })
  t.is((await post('40')).body, 'ok')
  t.is((await post('42["devicelogin","token of famA slow01"]')).body, 'ok')
  await turns(20)
  t.is(node.live.clients(), 2)
  for (let n = 0; n < 990; n++) await node.live.signOut('famA', 'slow01')
  t.is(node.live.clients(), 2)
  for (let n = 0; n < 20; n++) await node.live.signOut('famA', 'slow01')
  t.is(node.live.clients(), 1)
  await world.happen('famA', { level: 2 })
  await until(() => quick.heard.length === 1)
  t.is((await ask(node.port, `${POLLING}&sid=${sid}`)).status, 400)
})

test('bytes that wait are bounded as well: a WebSocket that is not read is closed', async (t) => {
  const world = makeWorld(t)
  const big = 'x'.repeat(900_000)
  world.addDevice('famA', big, true)
  world.addDevice('famA', 'slow01')
  const node = await world.start()
  const slow = await joined(t, node.port)
  slow.send('42["devicelogin","token of famA slow01"]')
  await turns(30)
  slow.socket.pause()
  const closed = (): boolean => node.live.clients() === 0
  // Each coming of the other device is 900 KB for this one; the operating system may take some 40 MB of it.
  for (let n = 0; n < 100 && !closed(); n++) {
    const other = await joined(t, node.port)
    other.send(`42["devicelogin","token of famA ${big}"]`)
    await until(() => other.got.length === 3)
    other.socket.terminate()
    await other.closed
    await pause(10)
  }
  t.true(closed(), 'while it still did not read')
  slow.socket.resume()
  t.true([1013, 1006].includes(await slow.closed))
})

test('whoever floods is closed: frames, pings, polls and what is in their bodies', async (t) => {
  const node = await makeWorld(t).start()
  const bystander = await connect(t, node.port)
  const allowed = TIMELIMIT_CLIENT_FRAMES_PER_SECOND * TIMELIMIT_CLIENT_SECONDS
  const first = await frames(t, node.port, 'EIO=3&transport=websocket')
  for (let n = 0; n < allowed - 20; n++) first.send('2')
  await turns(100)
  t.is(first.socket.readyState, first.socket.OPEN, 'a burst is allowed')
  for (let n = 0; n < 3 * allowed; n++) first.send('2')
  t.is(await first.closed, 1008)
  const second = await frames(t, node.port, WEBSOCKET)
  for (let n = 0; n < 3 * allowed; n++) second.socket.ping('x')
  // What still comes may reset the connection before the client has read why.
  t.true([1008, 1006].includes(await second.closed))
  const sid = await handshake(node.port, 3)
  const flood = await ask(node.port, `/socket.io/?EIO=3&transport=polling&sid=${sid}`, {
    method: 'POST',
    body: '1:2'.repeat(3 * allowed),
  }).catch(() => undefined)
  t.true(flood === undefined || flood.status === 200)
  await until(() => node.live.clients() === 1)
  const polled = await handshake(node.port)
  const statuses: number[] = []
  for (let n = 0; n < 20 * allowed && !statuses.includes(400); n++) {
    statuses.push((await ask(node.port, `${POLLING}&sid=${polled}`, { method: 'POST', body: '3' })).status)
  }
  t.true(statuses.includes(400))
  t.deepEqual(await bystander.login('x'), [])
})

test('messages above the limit end their connection alone', async (t) => {
  const node = await makeWorld(t).start()
  const big = await frames(t, node.port, WEBSOCKET)
  big.send(`42["devicelogin","${'x'.repeat(1_000_001)}"]`)
  t.is(await big.closed, 1009)
  const fits = await joined(t, node.port)
  fits.send(`421["devicelogin","${'x'.repeat(999_000)}"]`)
  await until(() => fits.got.includes('431[]'))
  const sid = await handshake(node.port)
  const answer = await ask(node.port, `${POLLING}&sid=${sid}`, {
    method: 'POST',
    body: 'x'.repeat(1_000_001),
  })
  t.is(answer.status, 413)
})

test('strangers are bounded, members are not', async (t) => {
  const world = makeWorld(t)
  world.addDevice('famA', 'dev001')
  const node = await world.start({ strangersMax: 2 })
  for (let n = 0; n < 4; n++) await member(t, node, 'famA', 'dev001')
  const strangers = [await frames(t, node.port, WEBSOCKET), await frames(t, node.port, WEBSOCKET)]
  const refused = await open(node.port, `/socket.io/?${WEBSOCKET}`)
  t.true('status' in refused && refused.status === 503 && refused.headers['retry-after'] !== undefined)
  t.is((await ask(node.port, POLLING)).status, 503)
  strangers[0]?.socket.terminate()
  await until(() => node.live.clients() === 5)
  await frames(t, node.port, WEBSOCKET)
  t.is(node.live.clients(), 6)
})

test('no rubbish ends the process, over either transport and version', async (t) => {
  const node = await makeWorld(t).start()
  const rubbish = [
    ...[
      '',
      '4',
      '40',
      '41',
      '42',
      '42[]',
      '42{}',
      '42["x"',
      '42[1]',
      '42[null]',
      '42["connect"]',
      '44',
      '45',
      '451-["x"]',
    ],
    ...[
      '43[]',
      '430',
      '430[]',
      '4199999999999999999999[]',
      '40/x',
      '40{"a":1}',
      '40[',
      '46',
      '5',
      '6',
      '7',
      'b',
      'bAAAA',
      '\u0000',
    ],
    ...[
      '42["devicelogin"]',
      '42["devicelogin",{"_placeholder":true,"num":0}]',
      '451-["devicelogin",{"_placeholder":true,"num":0}]',
    ],
    ...['42["__proto__"]', '42["disconnect"]', '40//', '40/?a=%', '4:::', '42/%,["x"]', '2probe', '1'],
  ]
  for (const version of [3, 4]) {
    for (const text of rubbish) {
      const { send, socket } = await frames(t, node.port, `EIO=${version}&transport=websocket`)
      send('40')
      send(text)
      socket.send(Buffer.from(text))
      socket.send(randomBytes(20))
      const sid = await handshake(node.port, version)
      for (const [body, type] of [
        [text, 'text/plain'],
        [`${text.length}:${text}`, 'text/plain;charset=UTF-8'],
        [`40\u001e${text}\u001e`, 'text/plain'],
        [Buffer.concat([Buffer.from([0, text.length, 255]), Buffer.from(text)]), 'application/octet-stream'],
        [randomBytes(40), 'application/octet-stream'],
        [`d=${text}`, 'application/x-www-form-urlencoded'],
      ] as const) {
        await ask(node.port, `/socket.io/?EIO=${version}&transport=polling&sid=${sid}`, {
          method: 'POST',
          body,
          headers: { 'content-type': type },
        }).catch(() => undefined)
      }
    }
  }
  const client = await connect(t, node.port)
  t.deepEqual(await client.login('x'), [])
})

test('closing tells everybody 1001, ends polls, and does not wait for who does not answer', async (t) => {
  const world = makeWorld(t)
  for (const device of ['dev001', 'dev002']) world.addDevice('famA', device, true)
  const node = await world.start({ isShared: true })
  const clients = await Promise.all(KINDS.map((kind) => connect(t, node.port, kind)))
  const bare = await frames(t, node.port, WEBSOCKET)
  const one = await member(t, node, 'famA', 'dev001')
  await member(t, node, 'famA', 'dev002')
  one.heard.length = 0
  const dead = connectTcp(node.port, '127.0.0.1')
  t.teardown(() => dead.destroy())
  dead.write(
    `GET /socket.io/?${WEBSOCKET} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  )
  await until(() => node.live.clients() === KINDS.length + 4)
  await calm()
  const before = performance.now()
  await node.server.close(60_000)
  t.true(performance.now() - before < 30_000, `${performance.now() - before} ms`)
  t.is(await bare.closed, 1001)
  await Promise.all(clients.map(({ disconnected }) => disconnected))
  t.deepEqual(one.heard, [], 'nobody is told that others left')
  t.is(node.live.clients(), 0)
})
