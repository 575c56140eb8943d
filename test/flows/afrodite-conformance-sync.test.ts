/** Proves the cases AF-29 to AF-36 and AF-51 of the Afrodite protocol (8.3): the sync list, its versions, and the live event of a change. */
import test, { type ExecutionContext } from 'ava'
import { apiStatus, newAccount, setVisibility, startAfrodite, type Pair } from '../support/afrodite.ts'
import { four, versionIn, visibilityChanged } from '../support/afrodite-events.ts'
import { assertSilent, connect, leave, type Message } from '../support/afrodite-sockets.ts'
import { cleanUp, type RunningServer } from '../support/server.ts'

let started: RunningServer | undefined
test.before(async () => {
  started = await startAfrodite()
})
test.after.always(() => cleanUp(started))
const server = (): RunningServer => {
  if (started === undefined) throw new Error('no server')
  return started
}

/** Connects with a list, waits for so many messages and then for silence; the next pair, after leaving. */
const synced = async (
  t: ExecutionContext,
  pair: Pair,
  list: readonly number[],
  expected: readonly Message[],
): Promise<Pair> => {
  const connected = await connect(t, server().url, pair, { list })
  t.deepEqual(await connected.until(expected.length), expected)
  await assertSilent(t, connected.socket)
  t.is(await apiStatus(server(), connected.pair.access), 200)
  await leave(connected)
  return connected.pair
}

test('AF-29 the list 00 ff', async (t) => {
  const { pair } = await newAccount(server())
  await synced(t, pair, [0, 255], four(0))
})

test('AF-30 reconnect with the version just received', async (t) => {
  const { pair } = await newAccount(server())
  const { pair: next, until, socket } = await connect(t, server().url, pair, { list: [0, 255] })
  const version = versionIn(await until(4))
  await leave({ socket })
  await synced(t, next, [0, version], [])
})

test('AF-31 reconnect with another version', async (t) => {
  const { pair } = await newAccount(server())
  const next = await synced(t, pair, [0, 255], four(0))
  const then = await synced(t, next, [0, 1], four(0))
  const last = await synced(t, then, [0, 254], four(0))
  await synced(t, last, [0, 0], [])
})

test('AF-32 the empty list', async (t) => {
  const { pair } = await newAccount(server())
  await synced(t, pair, [], [])
})

test('AF-33 the list 00 ff 07', async (t) => {
  const { pair } = await newAccount(server())
  await synced(t, pair, [0, 255, 7], four(0))
})

test('AF-33 one odd byte alone', async (t) => {
  const { pair } = await newAccount(server())
  await synced(t, pair, [0xfa], [])
})

test('AF-34 the list 00 ff 00 00', async (t) => {
  const { pair } = await newAccount(server())
  await synced(t, pair, [0, 255, 0, 0], four(0))
})

test('AF-35 a change while connected, and what the next connect shows', async (t) => {
  const { pair } = await newAccount(server())
  const connected = await connect(t, server().url, pair, { list: [0, 255] })
  await connected.until(4)
  await setVisibility(server(), connected.pair.access, true)
  t.deepEqual((await connected.until(5)).slice(4), [visibilityChanged('PendingPublic')])
  await assertSilent(t, connected.socket)
  await setVisibility(server(), connected.pair.access, true)
  await assertSilent(t, connected.socket)
  t.is(connected.events().length, 5, 'nothing changed, nothing is told')
  await leave(connected)
  const next = await synced(t, connected.pair, [0, 0], four(1, 'PendingPublic'))
  await synced(t, next, [0, 1], [])
})

test('AF-36 two changes, reconnect with 00 ff, then with 00 00', async (t) => {
  const { pair } = await newAccount(server())
  const connected = await connect(t, server().url, pair)
  await setVisibility(server(), connected.pair.access, true)
  await setVisibility(server(), connected.pair.access, false)
  t.deepEqual(await connected.until(2), [
    visibilityChanged('PendingPublic'),
    visibilityChanged('PendingPrivate'),
  ])
  await leave(connected)
  const next = await synced(t, connected.pair, [0, 255], four(0))
  await synced(t, next, [0, 0], [])
})

test('AF-51 the types 1 to 10 and 255, all with version 0', async (t) => {
  const { pair } = await newAccount(server())
  const types = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255]
  const next = await synced(
    t,
    pair,
    types.flatMap((type) => [type, 0]),
    [],
  )
  const then = await synced(t, next, [...types.flatMap((type) => [type, 0]), 0, 255], four(0))
  await synced(
    t,
    then,
    [8, 9, 10, 255].flatMap((type) => [type, 255]),
    [],
  )
})
