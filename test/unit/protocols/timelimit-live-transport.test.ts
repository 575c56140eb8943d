/**
 * Proves the transport and the log-in of TimeLimit's sockets (timelimit 7.1, 7.2) with raw frames of both protocol versions, raw HTTP and
 * the published clients, on real servers.
 */
import test from 'ava'
import { ask, open, raw } from '../../support/http.ts'
import {
  calm,
  connect,
  connected,
  frames,
  KINDS,
  makeWorld,
  member,
  sync,
  tokenOf,
  until,
} from './timelimit-live-rig.ts'
import { turns } from '../../support/waiting.ts'

test('EIO 4: the frames of 7.1, one by one', async (t) => {
  const world = makeWorld(t)
  world.addDevice('famA', 'dev001', true)
  const { port } = await world.start()
  const { got, send } = await frames(t, port, 'EIO=4&transport=websocket')
  await until(() => got.length === 1)
  t.regex(
    got[0] ?? '',
    /^0\{"sid":"[^"]+","upgrades":\[\],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000\}$/,
  )
  send('40')
  await until(() => got.length === 2)
  t.regex(got[1] ?? '', /^40\{"sid":"[^"]+"\}$/)
  send(`420${JSON.stringify(['devicelogin', tokenOf('famA', 'dev001')])}`)
  await until(() => got.length === 4)
  t.deepEqual(got.slice(2), ['430[]', '42["connected devices",["dev001"]]'])
  await world.happen('famA', { level: 2 })
  await until(() => got.length === 5)
  t.is(got[4], '42["should sync",{"isImportant":true}]')
})

test('EIO 3: the server says 40 unasked and answers pings', async (t) => {
  const world = makeWorld(t)
  world.addDevice('famA', 'dev001')
  const { port, live } = await world.start()
  const { got, send } = await frames(t, port, 'EIO=3&transport=websocket')
  await until(() => got.length === 2)
  t.regex(got[0] ?? '', /^0\{"sid":"[^"]+","upgrades":\[\],"pingInterval":25000,"pingTimeout":20000,/)
  t.is(got[1], '40')
  send('2')
  await until(() => got.length === 3)
  t.is(got[2], '3')
  send(`420${JSON.stringify(['devicelogin', tokenOf('famA', 'dev001')])}`)
  await until(() => got.length === 4)
  t.is(got[3], '430[]')
  await turns(15)
  await live.signOut('famA', 'dev001')
  await until(() => got.length === 5)
  t.is(got[4], '42["sign out"]')
})

test('EIO 4: the server pings as often as it is told to', async (t) => {
  const { port } = await makeWorld(t).start({ pingIntervalMs: 40 })
  const { got, send } = await frames(t, port, 'EIO=4&transport=websocket')
  await until(() => got.includes('2'))
  t.true(got[0]?.includes('"pingInterval":40,'))
  send('3')
  await until(() => got.filter((frame) => frame === '2').length === 2)
  t.pass()
})

for (const kind of KINDS) {
  test(`client ${kind[0]} over ${kind[1].join(' then ')}: log-in, signals, and the way out`, async (t) => {
    const world = makeWorld(t)
    world.addDevice('famA', 'dev001', true)
    world.addDevice('famA', 'dev002', true)
    const node = await world.start()
    const one = await connect(t, node.port, kind)
    t.deepEqual(await one.login(tokenOf('famA', 'dev001')), [], 'acknowledged without arguments')
    await until(() => one.heard.length === 1)
    const two = await member(t, node, 'famA', 'dev002')
    await until(() => one.heard.length === 2)
    if (kind[1].length === 2) await until(() => one.transport() === 'websocket')
    await world.happen('famA', { level: 1 })
    await until(() => one.heard.length === 3)
    await node.live.signOut('famA', 'dev001')
    await until(() => one.heard.length === 4)
    t.deepEqual(one.heard, [connected('dev001'), connected('dev001', 'dev002'), sync(false), ['sign out']])
    t.is(node.live.clients(), 2)
    one.close()
    await until(() => two.heard.length === 3)
    t.deepEqual(two.heard, [connected('dev001', 'dev002'), sync(false), connected('dev002')])
    await until(() => node.live.clients() === 1)
  })
}

test('unknown tokens are acknowledged, what is no text is not', async (t) => {
  const world = makeWorld(t)
  world.addDevice('famA', 'dev001')
  const node = await world.start()
  const client = await connect(t, node.port)
  t.deepEqual(await client.login('nobody knows it'), [])
  t.deepEqual(await client.login(''), [])
  for (const wrong of [7, null, {}, ['x'], true]) {
    const answer = await Promise.race([client.login(wrong), turns(40).then(() => 'silence')])
    t.is(answer, 'silence', JSON.stringify(wrong))
  }
  client.emit('devicelogin')
  client.emit('no such event', 1)
  t.deepEqual(await client.login('still there'), [])
  t.is(node.warnings.length, 0)
})

test('what is no text leaves an earlier log-in as it is', async (t) => {
  const world = makeWorld(t)
  world.addDevice('famA', 'dev001')
  const node = await world.start()
  const client = await member(t, node, 'famA', 'dev001')
  client.emit('devicelogin', 5)
  await calm()
  await world.happen('famA', { level: 1 })
  await until(() => client.heard.length === 1)
  t.deepEqual(client.heard, [sync(false)])
})

test('a log-in needs no acknowledgement', async (t) => {
  const world = makeWorld(t)
  world.addDevice('famA', 'dev001', true)
  const node = await world.start()
  const client = await connect(t, node.port)
  client.emit('devicelogin', tokenOf('famA', 'dev001'))
  await until(() => client.heard.length === 1)
  t.deepEqual(client.heard, [connected('dev001')])
})

test('a second log-in drops the first, its presence too', async (t) => {
  const world = makeWorld(t)
  for (const [family, device] of [
    ['famA', 'dev001'],
    ['famA', 'dev002'],
    ['famB', 'dev003'],
  ] as const) {
    world.addDevice(family, device, true)
  }
  const node = await world.start()
  const watcher = await member(t, node, 'famA', 'dev002')
  const client = await member(t, node, 'famA', 'dev001')
  await client.login(tokenOf('famB', 'dev003'))
  await until(() => client.heard.length === 2)
  await world.happen('famA', { level: 2 })
  await world.happen('famB', { level: 1 })
  await until(() => client.heard.length === 3)
  await calm()
  t.deepEqual(client.heard, [connected('dev001', 'dev002'), connected('dev003'), sync(false)])
  t.deepEqual(watcher.heard.slice(0, 3), [
    connected('dev002'),
    connected('dev001', 'dev002'),
    connected('dev002'),
  ])
  await client.login('unknown')
  await world.happen('famB', { level: 1 })
  await calm()
  t.is(client.heard.length, 3)
})

test('of many log-ins on one connection the last counts, and look-ups do not pile up', async (t) => {
  const world = makeWorld(t)
  for (let n = 0; n < 50; n++) world.addDevice(`fam${n}`, 'dev001', true)
  const node = await world.start()
  const client = await connect(t, node.port)
  await Promise.all(Array.from({ length: 50 }, (_, n) => client.login(tokenOf(`fam${n}`, 'dev001'))))
  await calm()
  const before = client.heard.length
  for (let n = 0; n < 50; n++) await world.happen(`fam${n}`, { level: n === 49 ? 2 : 1 })
  await calm()
  t.deepEqual(client.heard.slice(before), [sync(true)])
  t.true(world.reads() <= 150, `${world.reads()} reads`)
})

test('while the documents are down a socket stays, is acknowledged, and is seated once they are back', async (t) => {
  const world = makeWorld(t)
  world.addDevice('famA', 'dev001', true)
  const node = await world.start()
  world.goDown(true)
  const client = await connect(t, node.port)
  t.deepEqual(await client.login(tokenOf('famA', 'dev001')), [])
  await turns(150)
  t.deepEqual(client.heard, [])
  world.goDown(false)
  await until(() => client.heard.length === 1)
  t.deepEqual(client.heard, [connected('dev001')])
  t.is(node.warnings.length, 1, 'one line, not one a try')
})

test('malformed requests get the answers of Engine.IO', async (t) => {
  const { port } = await makeWorld(t).start()
  const base = '/socket.io/?EIO=4&transport='
  const cases: readonly (readonly [string, string, number, string])[] = [
    ['GET', '/socket.io/', 0, 'Transport unknown'],
    ['GET', `${base}webtransport`, 0, 'Transport unknown'],
    ['GET', `${base}polling&sid=nobody`, 1, 'Session ID unknown'],
    ['GET', `${base}polling&sid=__proto__`, 1, 'Session ID unknown'],
    ['POST', `${base}polling`, 2, 'Bad handshake method'],
    ['OPTIONS', `${base}polling`, 2, 'Bad handshake method'],
    ['DELETE', `${base}polling&sid=x`, 2, 'Bad handshake method'],
    ['GET', `${base}websocket`, 3, 'Bad request'],
  ]
  for (const [method, target, code, message] of cases) {
    const answer = await ask(port, target, { method })
    t.is(answer.status, 400, target)
    t.deepEqual(JSON.parse(answer.body), { code, message }, target)
    t.truthy(answer.headers['x-request-id'])
    t.is(answer.headers['cache-control'], 'no-store')
    t.is(answer.headers['access-control-allow-origin'], undefined)
  }
  t.is((await ask(port, '/socket.io/socket.io.js')).body, 'timelimit:NotFound')
})

test('polling answers have our headers and no CORS, with and without the slash', async (t) => {
  const { port } = await makeWorld(t).start()
  for (const path of ['/socket.io', '/socket.io/', '//socket.io//']) {
    const answer = await ask(port, `${path}?EIO=4&transport=polling`, {
      headers: { origin: 'http://x.test' },
    })
    t.is(answer.status, 200, path)
    t.regex(answer.body, /^0\{"sid":"[^"]+","upgrades":\["websocket"\],"pingInterval":25000/)
    t.truthy(answer.headers['x-request-id'])
    t.is(answer.headers['cache-control'], 'no-store')
    t.is(answer.headers['access-control-allow-origin'], undefined)
    t.is(answer.headers['set-cookie'], undefined)
    t.is(answer.headers['content-type'], 'text/plain; charset=UTF-8')
  }
})

test('refused upgrades are whole answers', async (t) => {
  const { port } = await makeWorld(t).start()
  const refusal = async (query: string) => {
    const answer = await open(port, `/socket.io/?${query}`)
    if (!('status' in answer)) throw new Error('accepted')
    return [answer.status, JSON.parse(answer.body) as unknown, answer.headers.connection]
  }
  t.deepEqual(await refusal('EIO=4'), [400, { code: 0, message: 'Transport unknown' }, 'close'])
  t.deepEqual(await refusal('EIO=4&transport=polling'), [400, { code: 3, message: 'Bad request' }, 'close'])
  t.deepEqual(await refusal('EIO=4&transport=websocket&sid=x'), [
    400,
    { code: 1, message: 'Session ID unknown' },
    'close',
  ])
  const polling = await ask(port, '/socket.io/?EIO=4&transport=polling')
  const sid = /"sid":"([^"]+)"/.exec(polling.body)?.[1] ?? ''
  t.deepEqual(await refusal(`EIO=3&transport=websocket&sid=${sid}`), [
    400,
    { code: 3, message: 'Bad request' },
    'close',
  ])
  const noKey = await raw(
    port,
    'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  )
  t.regex(noKey, /^HTTP\/1\.1 400 /)
  t.regex(noKey, /X-Request-Id: /i)
  t.is((await open(port, '/socket.io/other?EIO=4&transport=websocket')) instanceof Object, true)
})

test('other namespaces are refused, in both versions', async (t) => {
  const { port } = await makeWorld(t).start()
  const four = await frames(t, port, 'EIO=4&transport=websocket')
  four.send('40/other,')
  await until(() => four.got.length === 2)
  t.is(four.got[1], '44/other,{"message":"Invalid namespace"}')
  const three = await frames(t, port, 'EIO=3&transport=websocket')
  three.send('40/other')
  await until(() => three.got.length === 3)
  t.is(three.got[2], '44/other,{"message":"Invalid namespace"}')
})
