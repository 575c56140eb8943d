/**
 * Proves what happens when two things of one Afrodite session come at once (7.2): handshakes with the same refresh token, a login or a logout against a
 * handshake, connects one upon the other. Never are there two valid pairs, and the account can always log in again.
 */
import { setTimeout as pause } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { WebSocket } from 'ws'
import {
  apiStatus,
  call,
  login,
  newAccount,
  PATHS,
  startAfrodite,
  type Account,
  type Pair,
} from '../support/afrodite.ts'
import {
  connect,
  handshake,
  leave,
  open,
  tokens,
  upgrade,
  WEB,
  type Ending,
  type Socket,
} from '../support/afrodite-sockets.ts'
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

const TIMES = 100

/** The pair of a handshake that got both tokens, and how the connection ended or that it is open. */
type Outcome = { readonly pair?: Pair; readonly ending?: Ending }

const outcomeOf = async (socket: Socket): Promise<Outcome> => {
  await Promise.race([socket.closed, socket.until(2).catch(() => undefined)])
  const ending = socket.ws.readyState === WebSocket.OPEN ? undefined : await socket.ending()
  if (socket.heard.length === 0) return ending === undefined ? {} : { ending }
  // What arrived is whole: both tokens, or none.
  return { pair: tokens(socket.heard), ...(ending === undefined ? {} : { ending }) }
}

/** How many of these pairs open a connection; at the end the account logs in anew and works. */
const assertAtMostOne = async (
  t: ExecutionContext,
  { aid }: Account,
  pairs: readonly Pair[],
): Promise<number> => {
  let valid = 0
  for (const pair of pairs) {
    const socket = await upgrade(server().url, pair.access)
    if (typeof socket === 'number') {
      t.is(socket, 401)
      continue
    }
    valid += 1
    await handshake(socket, pair)
    await leave({ socket })
  }
  t.true(valid <= 1, `${valid} valid pairs`)
  const { pair: last, socket } = await connect(t, server().url, await login(server(), aid))
  t.is(await apiStatus(server(), last.access), 200)
  await leave({ socket })
  return valid
}

test(`two handshakes with the same refresh token at once, ${TIMES} times`, async (t) => {
  t.timeout(360_000)
  let pairsSent = 0
  for (let times = 0; times < TIMES; times += 1) {
    const account = await newAccount(server())
    const { pair } = account
    const sockets = await Promise.all([1, 2].map(() => open(t, server().url, pair.access)))
    for (const socket of sockets) socket.send(WEB)
    for (const socket of sockets) socket.send(pair.refresh)
    const outcomes = await Promise.all(
      sockets.map(async (socket) => ({ ...(await outcomeOf(socket)), ending: await socket.ending() })),
    )
    const given = outcomes.flatMap((outcome) => (outcome.pair === undefined ? [] : [outcome.pair]))
    t.true(given.length <= 1, 'never two pairs')
    pairsSent += given.length
    const ends = outcomes.map(({ ending }) => `${ending.code} ${ending.reason}`).sort()
    t.deepEqual(ends, ['1008 refresh', '4001 revoked'])
    t.is(await assertAtMostOne(t, account, [pair, ...given]), 0, 'then revoked')
  }
  t.log(`the first of the two got its pair ${pairsSent} times`)
})

test('eight at once', async (t) => {
  const account = await newAccount(server())
  const { pair } = account
  const sockets = await Promise.all(Array.from({ length: 8 }, () => open(t, server().url, pair.access)))
  for (const socket of sockets) socket.send(WEB, pair.refresh, Buffer.of(0, 255))
  const outcomes = await Promise.all(sockets.map(outcomeOf))
  const codes = await Promise.all(sockets.map(async (socket) => (await socket.ending()).code))
  t.deepEqual(codes.sort(), [...Array<number>(7).fill(1008), 4001])
  t.is(await assertAtMostOne(t, account, [pair, ...outcomes.flatMap((o) => o.pair ?? [])]), 0)
})

test('a login against a handshake', async (t) => {
  const counts = new Map<string, number>()
  for (let times = 0; times < TIMES / 2; times += 1) {
    const account = await newAccount(server())
    const socket = await open(t, server().url, account.pair.access)
    socket.send(WEB)
    const loggingIn = login(server(), account.aid)
    await pause(times % 8)
    socket.send(account.pair.refresh)
    const [fresh, outcome] = await Promise.all([loggingIn, outcomeOf(socket)])
    const { code } = await socket.ending()
    t.true(code === 4001 || code === 1008, String(code))
    const given = outcome.pair === undefined ? [] : [outcome.pair]
    for (const { access } of [account.pair, ...given]) {
      t.is(await upgrade(server().url, access), 401, 'only the newest login can be good')
    }
    const valid = await assertAtMostOne(t, account, [fresh])
    t.is(valid, code === 1008 ? 0 : 1, 'a refresh token that is no longer current revokes')
    counts.set(String(code), (counts.get(String(code)) ?? 0) + 1)
  }
  t.log(Object.fromEntries(counts))
})

test('a logout against a handshake', async (t) => {
  const counts = new Map<string, number>()
  for (let times = 0; times < TIMES / 2; times += 1) {
    const account = await newAccount(server())
    const first = await connect(t, server().url, account.pair)
    const second = await open(t, server().url, first.pair.access)
    second.send(WEB)
    if (times % 2 === 0) second.send(first.pair.refresh)
    await pause(times % 6)
    const leaving = call(server().url, 'POST', PATHS.logout, { token: first.pair.access })
    if (times % 2 === 1) second.send(first.pair.refresh)
    const [{ status }, outcome] = await Promise.all([leaving, outcomeOf(second)])
    t.true(status === 200 || status === 401, String(status))
    const { code } = await first.socket.ending()
    t.true(code === 4000 || code === 4001, String(code))
    const given = outcome.pair === undefined ? [] : [outcome.pair]
    const valid = await assertAtMostOne(t, account, [account.pair, first.pair, ...given])
    if (status === 200) t.is(valid, 0, 'logged out is logged out')
    else t.is(valid, 1, 'a logout that was refused ends nothing')
    counts.set(`${status} ${valid}`, (counts.get(`${status} ${valid}`) ?? 0) + 1)
  }
  t.log(Object.fromEntries(counts))
})

test('a handshake against an earlier connection that the client is just closing', async (t) => {
  let { pair } = await newAccount(server())
  for (let times = 0; times < TIMES; times += 1) {
    const { socket, pair: next } = await connect(t, server().url, pair)
    if (times % 2 === 0) socket.ws.close(1000)
    else socket.ws.terminate()
    pair = next
  }
  const last = await connect(t, server().url, pair)
  for (let times = 0; times < 20; times += 1) t.is(await apiStatus(server(), last.pair.access), 200)
})

test('two logins at once', async (t) => {
  for (let times = 0; times < 20; times += 1) {
    const account = await newAccount(server())
    const pairs = await Promise.all([1, 2, 3].map(() => login(server(), account.aid)))
    t.is(await assertAtMostOne(t, account, [account.pair, ...pairs]), 1)
  }
})
