/** Proves the upgrade and the bytes of a whole connection (afrodite 3.1, 8.1), with a client of bare frames on a real server. */
import test from 'ava'
import { DocumentsUnavailable } from '../../../src/documents/port.ts'
import { createInbox } from '../../../src/protocols/afrodite/inbox.ts'
import {
  CLIENT,
  frameOf,
  makeWorld,
  NEXT_ACCESS,
  NEXT_REFRESH,
  REFRESH,
  silence,
  TOKEN,
} from './afrodite-live-rig.ts'

const PROTOCOL = 'Sec-WebSocket-Protocol'

test('an upgrade is refused in the order that clients know, without a body', async (t) => {
  const { dial, asked } = await makeWorld(t)
  const refusals = [
    [405, { method: 'POST', headers: { [PROTOCOL]: undefined } }],
    [400, { headers: { 'Sec-WebSocket-Key': 'short', [PROTOCOL]: undefined } }],
    [400, { headers: { 'Sec-WebSocket-Key': undefined, [PROTOCOL]: undefined } }],
    [400, { headers: { 'Sec-WebSocket-Version': '8', [PROTOCOL]: undefined } }],
    [500, { headers: { [PROTOCOL]: undefined } }],
    [500, { headers: { [PROTOCOL]: '0, \u00e4' } }],
    [500, { headers: { [PROTOCOL]: `1, ${TOKEN}` } }],
    [500, { headers: { [PROTOCOL]: `${TOKEN}, 0` } }],
    [500, { headers: { [PROTOCOL]: '' } }],
    [500, { headers: { [PROTOCOL]: '0' } }],
    [401, { headers: { [PROTOCOL]: `0, ${'A'.repeat(43)}` } }],
    [401, { headers: { [PROTOCOL]: '0, A=B' } }],
    // Another text of the same bytes.
    [401, { headers: { [PROTOCOL]: `0, ${TOKEN.slice(0, 42)}9` } }],
    [404, { path: '/6qQZ2jQO5exMKFI2jCzGAdMysxF' }],
  ] as const
  for (const [status, options] of refusals) {
    const { head } = await dial(options)
    t.regex(head, new RegExp(`^HTTP/1.1 ${status} `), JSON.stringify(options))
    t.regex(head, /^content-length: 0\r?$/im)
  }
  t.deepEqual(asked, [])
})

test('the blank may be missing, values behind the token are ignored, and two lines are one list', async (t) => {
  const { dial } = await makeWorld(t)
  for (const value of [`0,${TOKEN}`, `0 ,\t${TOKEN} , more, more`, `0\r\n${PROTOCOL}: ${TOKEN}`]) {
    const { status, head } = await dial({ headers: { [PROTOCOL]: value } })
    t.is(status, 101, value)
    t.false(head.includes(TOKEN))
    t.regex(head, /^sec-websocket-protocol: 0$/im)
    t.notRegex(head, /extensions/i)
  }
})

test('without the documents it is 503, and nobody is let in before the lease of this node stands', async (t) => {
  let begin: () => void = () => undefined
  const ready = new Promise<void>((resolve) => (begin = resolve))
  const down = await makeWorld(t, {
    parts: { findSession: () => Promise.reject(new DocumentsUnavailable()) },
  })
  t.is((await down.dial()).status, 503)
  const waiting = await makeWorld(t, { parts: { nodes: { node: 'node 1', ready: () => ready } } })
  const dialling = waiting.dial()
  t.is(await Promise.race([dialling, silence()]), undefined)
  begin()
  t.is((await dialling).status, 101)
})

test('a whole connection goes over the wire byte for byte', async (t) => {
  const { dial, opened } = await makeWorld(t)
  const client = await dial()
  t.regex(client.head, /^Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=$/im)
  client.socket.write(Buffer.from('828837fa213d37f8203d35fa223d', 'hex'))
  await silence()
  t.is(client.frames.length, 0)
  const second = frameOf(2, REFRESH)
  t.is(second.length, 392)
  t.is(
    second.subarray(0, 28).toString('hex'),
    '82fe018037fa213d37fb233e33ff273a3ff32b363bf72f32'.concat(second.subarray(24, 28).toString('hex')),
  )
  t.is(second.subarray(-8).toString('hex'), '4f835b464b875f42')
  client.socket.write(second)
  const [third, fourth] = await client.until(2)
  t.is(third?.bytes.toString('hex'), `827e0180${NEXT_REFRESH.toString('hex')}`)
  t.is(fourth?.bytes.toString('hex'), `8220${NEXT_ACCESS.toString('hex')}`)
  client.socket.write(Buffer.from('828237fa213d3705', 'hex'))
  const told = (await client.until(6)).slice(2)
  t.deepEqual(
    told.map(({ bytes }) => bytes.subarray(0, 4).toString('hex')),
    ['817e00cd', '817e00c8', '817e00d4', '817e00d2'],
  )
  const rest = '"latest_viewed_message_changed":null,"content_processing_state_changed":null}'
  t.deepEqual(client.texts(), [
    `{"event":"AccountStateChanged","account_state":"InitialSetup","capabilities":null,"visibility":null,"account_sync_version":null,${rest}`,
    `{"event":"AccountCapabilitiesChanged","account_state":null,"capabilities":{},"visibility":null,"account_sync_version":null,${rest}`,
    `{"event":"ProfileVisibilityChanged","account_state":null,"capabilities":null,"visibility":"PendingPrivate","account_sync_version":null,${rest}`,
    `{"event":"AccountSyncVersionChanged","account_state":null,"capabilities":null,"visibility":null,"account_sync_version":{"version":0},${rest}`,
  ])
  client.socket.write(Buffer.from('828037fa213d898037fa213d', 'hex'))
  t.is((await client.until(7))[6]?.bytes.toString('hex'), '8a00')
  t.is(opened.length, 1)
  t.like(opened[0], {
    ...{ id: 'connection 1', node: 'node 1', ip: '127.0.0.1', port: client.socket.localPort },
    client: { type: 2, major: 1, minor: 2, patch: 3 },
  })
})

test('messages that come with the upgrade, all at once, are not lost', async (t) => {
  const { dial, asked } = await makeWorld(t)
  const early = [frameOf(2, CLIENT), frameOf(2, REFRESH), frameOf(2, Buffer.from('00ff', 'hex')), frameOf(2)]
  const client = await dial({ early })
  await client.until(6)
  await silence()
  t.deepEqual(
    client.frames.map(({ opcode }) => opcode),
    [2, 2, 1, 1, 1, 1],
  )
  t.is(asked.length, 1)
})

test('no more is read of a client that sends far more than a handshake has, until that is over', async (t) => {
  const socket = {
    isPaused: false,
    pause: () => void (socket.isPaused = true),
    resume: () => void (socket.isPaused = false),
  }
  const inbox = createInbox(socket, 10_000, () => t.fail())
  const message = (size: number) => ({ data: Buffer.alloc(size), isBinary: true })
  const first = inbox.next()
  for (let size = 0; size < 9; size += 1) inbox.put(message(size))
  t.false(socket.isPaused)
  inbox.put(message(9))
  t.true(socket.isPaused)
  t.is((await first)?.data.length, 0)
  t.is((await inbox.next())?.data.length, 1)
  t.deepEqual(
    inbox.close().map(({ data }) => data.length),
    [2, 3, 4, 5, 6, 7, 8, 9],
  )
  t.false(socket.isPaused)
  t.is(await inbox.next(), undefined)
})
