/**
 * Proves that scripts as they are found in the wild work unmodified (rightech 7): by device id, with parameters in the query, by socket with
 * the token in the address, and with `socket.io-client` 2.
 */
import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import type { JsonObject } from '../../src/json.ts'
import { asText } from '../support/client.ts'
import { create, newMember, signInAdmin, signInByCookie, type Member } from '../support/members.ts'
import { cleanUp, startServer, type RunningServer } from '../support/server.ts'
import { accepted, connectFrames, connectSocketIo } from '../support/sockets.ts'
import { asObject, newPump, NOBODY, readArray, readObject, texts } from '../support/stores-clients.ts'

let server: RunningServer | undefined
let admin: Member
test.before(async () => {
  server = await startServer()
  admin = await signInAdmin(server.url)
})
test.after.always(() => cleanUp(server))

test('scripts: the device id in the path, parameters in the query, one value, a slash at the end', async (t) => {
  const { member, object, device, at } = await newPump(admin)

  const packet = readObject(await member.post(`/objects/${device}/packets`, { payload: 'on', topic: 'a/b' }))
  t.is(packet._oid, object._id)
  const history = readArray(await member.get(`/objects/${device}/packets?limit=10`))
  t.deepEqual(texts(history, '_id'), [asText(packet._id)])

  const sent = readObject(await member.post(`${at}/commands/led-on?topic=base%2Frelay%2Fled2&payload=5`))
  t.deepEqual(sent.params, { topic: 'base/relay/led2', payload: '5' })
  const both = readObject(await member.post(`${at}/commands/led-off?payload=5&mode=slow`, { payload: 6 }))
  t.deepEqual(both.params, { topic: 'base/relay/led1', payload: 6, mode: 'slow' })

  const value = readObject(await member.get(`/objects/${device}?only=state.payload`))
  t.deepEqual(value, { _id: object._id, state: { payload: 'on' }, success: true })
  const values = readArray(await member.get('/objects?only=state.payload'))
  t.deepEqual(values, [{ _id: object._id, state: { payload: 'on' } }])

  const listed = readArray(await member.get('/objects/'))
  t.deepEqual(listed, readArray(await member.get('/objects')))
  for (const path of [`${at}/`, `${at}/packets/`, `${at}/model/`, '/events/org/', '/models/base/'])
    t.is((await member.get(path)).text, (await member.get(path.slice(0, -1))).text, path)
  t.is((await member.post(`${at}/packets/`, { payload: 'off' })).status, 200)
})

test('scripts: a device id with : + @ is percent-encoded', async (t) => {
  const { member, object } = await newPump(admin, { object: { id: `wialon:+12@${Date.now()}` } })
  const plain = asText(object.id)
  for (const id of [plain, encodeURIComponent(plain)]) {
    t.is(readObject(await member.get(`/objects/${id}`))._id, object._id, id)
    t.is(readObject(await member.post(`/objects/${id}/packets`, { a: 1 }))._oid, object._id, id)
    t.is(readObject(await member.get(`/objects/${id}/state`)).a, 1, id)
  }
  // A name of 24 hexadecimal digits is an identifier first, and a device's own id second.
  const hex = 'abcdef0123456789abcdef01'
  const second = (await create(member, 'objects', { model: object.model ?? null, id: hex })).entity
  t.is(readObject(await member.get(`/objects/${hex}`))._id, second._id)
  const third = (await create(member, 'objects', { model: object.model ?? null, id: second._id })).entity
  t.is(readObject(await member.get(`/objects/${second._id}`))._id, second._id)
  t.is(readObject(await member.get(`/objects/${third._id}`))._id, third._id)
})

test('scripts: messages are read, newest first, and cleared', async (t) => {
  const { member, object } = await newPump(admin)
  const other = await newMember(admin)
  await create(other, 'messages')
  t.deepEqual(readObject(await member.delete('/messages/clear')), { sucess: true, success: true, count: 0 })
  for (const text of ['one', 'two', 'three']) {
    await create(member, 'messages', { 'message-body': text, id: object._id })
    await pause(2)
  }
  const messages = readArray(await member.get('/messages'))
  t.deepEqual(texts(messages, 'message-body'), ['three', 'two', 'one'])
  t.deepEqual(readObject(await member.delete('/messages/clear')), { sucess: true, success: true, count: 3 })
  t.deepEqual(readArray(await member.get('/messages')), [])
  t.is((await member.get(`/messages/${asText(messages[0]?._id)}`)).status, 404)
  t.is(readArray(await other.get('/messages')).length, 1)
})

test('scripts: /events/stream with the token in the address', async (t) => {
  const { member, object, at } = await newPump(admin)
  const basic = { Authorization: `Basic ${Buffer.from(`${member.token}:`).toString('base64')}` }
  const opened = await Promise.all([
    connectFrames(t, member.url, `/events/stream?accessToken=${member.token}`),
    connectFrames(t, member.url, `/api/v1/events/stream?accessToken=${member.token}`),
    connectFrames(t, member.url, '/events/stream', { headers: basic }),
  ])
  const streams = opened.map(accepted)
  streams[0]?.socket.send('ignored')
  const packet = readObject(await member.post(`${at}/packets`, { temperature: 21 }))
  const log = readArray(await member.get(`${at}/events?events=object-online,object-packet`))
  for (const { until } of streams) {
    const events = (await until(2)).map((frame) => JSON.parse(frame) as JsonObject)
    t.deepEqual(texts(events, 'event'), ['object-online', 'object-packet'])
    const [, told = {}] = events
    const { success, ...stored } = packet
    t.true(success)
    t.deepEqual(told.data, stored)
    t.is(told._oid, object._id)
    // The packet is in `data` and nowhere else.
    t.is(told.temperature, undefined)
    t.deepEqual(
      log.map(({ _id, ...event }) => [typeof _id, event]),
      events.map((event) => ['string', event]),
    )
  }
})

test('scripts: socket.io-client 2 listens for object-packet, by cookie and by token', async (t) => {
  const { member, object, device } = await newPump(admin)
  const web = await signInByCookie(member)
  for (const client of [member, web]) {
    const socket = await connectSocketIo(t, client)
    const listening = socket.next(({ name }) => name === 'object-packet')
    const packet = readObject(await member.post(`/objects/${device}/packets`, { temperature: 22 }))
    const { payload } = await listening
    t.is(payload._oid, object._id)
    t.is(payload._ts, packet._ts)
    t.is(payload.temperature, 22)
    t.is(asObject(payload.data)._ts, packet._ts)
    t.is(payload.event, 'object-packet')
  }
  t.is((await member.get(`/objects/${NOBODY}/packets`)).status, 404)
})
