/** Proves the table of sync lists of the Afrodite protocol (8.2): the version is brought to 7 and to 255 by changes over the API, as a user would. */
import test, { type ExecutionContext } from 'ava'
import {
  call,
  login,
  newAccount,
  ok,
  PATHS,
  setVisibility,
  startAfrodite,
  type Account,
  type Pair,
} from '../support/afrodite.ts'
import { four } from '../support/afrodite-events.ts'
import { assertSilent, connect, leave, upgrade } from '../support/afrodite-sockets.ts'
import { cleanUp, startServer, type RunningServer } from '../support/server.ts'

let started: RunningServer | undefined
test.before(async () => {
  started = await startAfrodite()
})
test.after.always(() => cleanUp(started))
const server = (): RunningServer => {
  if (started === undefined) throw new Error('no server')
  return started
}

/** An account after so many changes, and its visibility then. */
const changed = async (
  t: ExecutionContext,
  changes: number,
  account?: Account,
): Promise<{ readonly account: Account; readonly visibility: string }> => {
  const { aid, pair } = account ?? (await newAccount(server()))
  const connected = await connect(t, server().url, pair)
  let value = (await stateOf(connected.pair)).visibility === 'PendingPublic'
  for (let left = changes; left > 0; left -= 1) {
    value = !value
    await setVisibility(server(), connected.pair.access, value)
  }
  await connected.until(changes)
  await leave(connected)
  return { account: { aid, pair: connected.pair }, visibility: value ? 'PendingPublic' : 'PendingPrivate' }
}

const stateOf = async ({ access }: Pair) =>
  ok(await call(server().url, 'GET', PATHS.state, { token: access }))

/** Connects with this list: the version of the four messages that come, or nothing; then the version that the state shows. */
const assertList = async (
  t: ExecutionContext,
  { account, visibility }: Awaited<ReturnType<typeof changed>>,
  list: readonly number[],
  [sent, after]: readonly [sent: number | undefined, after: number],
): Promise<Pair> => {
  const connected = await connect(t, server().url, account.pair, { list })
  const expected = sent === undefined ? [] : four(sent, visibility)
  const text = Buffer.from(list).toString('hex')
  t.deepEqual(await connected.until(expected.length), expected, text)
  await assertSilent(t, connected.socket)
  t.is(connected.events().length, expected.length, text)
  t.deepEqual((await stateOf(connected.pair)).sync_version, { version: after }, text)
  await leave(connected)
  return connected.pair
}

test.serial('at 7: the lists that change nothing', async (t) => {
  const { account: first, visibility } = await changed(t, 7)
  let account = first
  for (const [list, sent] of [
    [[], undefined],
    [[0, 7], undefined],
    [[0, 3], 7],
    [[0, 8], 7],
    [[0, 0xfe], 7],
    [[0, 7, 0, 3], 7],
    [[0, 3, 5], 7],
    [[0, 7, 5, 3, 7, 255], undefined],
  ] as const) {
    const pair = await assertList(t, { account, visibility }, list, [sent, 7])
    account = { ...account, pair }
  }
})

test.serial('at 7: the lists that reset', async (t) => {
  for (const list of [
    [0, 255],
    [0, 255, 0, 0],
  ]) {
    const at = await changed(t, 7)
    const pair = await assertList(t, at, list, [0, 0])
    await assertList(t, { ...at, account: { ...at.account, pair } }, [0, 0], [undefined, 0])
  }
})

test.serial('at 7: items are handled in their order, repetitions too', async (t) => {
  const at = await changed(t, 7)
  const { pair, until, socket } = await connect(t, server().url, at.account.pair, {
    list: [0, 3, 0, 255, 0, 0, 0, 9],
  })
  const { visibility } = at
  t.deepEqual(await until(12), [...four(7, visibility), ...four(0, visibility), ...four(0, visibility)])
  await assertSilent(t, socket)
  t.deepEqual((await stateOf(pair)).sync_version, { version: 0 })
})

test.serial('at 7: fa 00 ends the session and leaves the version', async (t) => {
  const { account, visibility } = await changed(t, 7)
  const { socket, pair } = await connect(t, server().url, account.pair, { list: [0xfa, 0] })
  t.is((await socket.ending()).code, 1002)
  t.is(await upgrade(server().url, pair.access), 401)
  const again = { aid: account.aid, pair: await login(server(), account.aid) }
  await assertList(t, { account: again, visibility }, [0, 7], [undefined, 7])
})

test.serial('at 254 and at 255: it saturates, and only the client resets it', async (t) => {
  t.timeout(300_000)
  let at = await changed(t, 254)
  const step = async (list: readonly number[], expected: readonly [number | undefined, number]) => {
    const pair = await assertList(t, at, list, expected)
    at = { ...at, account: { ...at.account, pair } }
  }
  await step([0, 254], [undefined, 254])
  for (let more = 0; more < 2; more += 1) {
    at = await changed(t, 1, at.account)
    await step([0, 254], [255, 255])
  }
  await step([0, 0], [255, 255])
  const { dataDir } = server()
  if ((await server().stop('SIGTERM')).code !== 0) t.fail('the server did not stop')
  started = await startServer({ dataDir, env: { AFRODITE_BOT_LOGIN: 'true', AFRODITE_INTERNAL_PORT: '0' } })
  await step([0, 254], [255, 255])
  await step([0, 255], [0, 0])
  await step([0, 0], [undefined, 0])
  at = await changed(t, 1, at.account)
  await step([0, 1], [undefined, 1])
})
