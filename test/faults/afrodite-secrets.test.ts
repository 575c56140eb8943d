/**
 * Proves that a token stays a secret wherever a client puts it: at the most talkative log level, after every kind of refusal, no token, no password of the
 * demo mode and no hash of a live token is in the log, in an answer, or in what the history shows.
 */
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { call, newAccount, PATHS, startAfrodite, type CallOptions, type Pair } from '../support/afrodite.ts'
import { binary, protocolLine, rawUpgrade, text, UPGRADE_LINES } from '../support/afrodite-raw.ts'
import { createSecrets, historiesOf } from '../support/afrodite-secrets.ts'
import { clientInfo, connect, open, WEB } from '../support/afrodite-sockets.ts'
import { cleanUp, freshDirectory, type RunningServer } from '../support/server.ts'

let server: RunningServer | undefined
test.after.always(() => cleanUp(server))

const DEMO = { password_stage0: 'quartz-lantern-0001', password_stage1: 'velvet-harbour-0001' }

test('no token in the log, in an answer or in the history', async (t) => {
  t.timeout(300_000)
  const dataDir = await freshDirectory()
  const file = join(dataDir, 'demo.json')
  const entry = { database_id: 1, ...DEMO, access_all_accounts: true, accessible_accounts: [] }
  await writeFile(file, JSON.stringify([entry]))
  const at = (server = await startAfrodite({ LOG_LEVEL: 'trace', AFRODITE_DEMO: file }, { dataDir }))
  const secrets = createSecrets()
  const said: string[] = []
  const ask = async (method: string, path: string, options: CallOptions): Promise<void> => {
    const { status, headers, text: body } = await call(at.url, method, path, options)
    said.push(`${status} ${JSON.stringify(headers)} ${body}`)
  }
  const [one, two, three, again] = [
    await newAccount(at),
    await newAccount(at),
    await newAccount(at),
    await newAccount(at),
  ]
  const accounts = [one, two, three, again]
  secrets.add(...accounts.map(({ pair }) => pair))
  const connected = await connect(t, at.url, one.pair, { list: [0, 255] })
  secrets.add(connected.pair)
  const live = [connected.pair, two.pair]
  for (const shown of [one.pair.access, two.pair.refresh.toString('base64'), hashOf(two.pair)])
    t.is(secrets.foundIn(`"${shown}"`, live).length, 1, 'this test can fail')

  for (const pair of live) {
    await putEverywhere(pair, ask)
    await offerEverywhere(at, pair, said)
  }

  // Handshakes that fail, over accounts that may lose their sessions, and one that is refused for the wrong token.
  const text64 = three.pair.refresh.toString('base64')
  const failing = await rawUpgrade(at.url, [protocolLine(`0, ${three.pair.access}`)])
  failing.write(binary(WEB), text(text64))
  said.push((await failing.ended).toString('latin1'))
  const wrong = await open(t, at.url, again.pair.access)
  wrong.send(clientInfo(2), Buffer.from(two.pair.refresh))
  said.push((await wrong.ending()).reason)
  await ask('POST', PATHS.demoLogin, { body: { password: DEMO.password_stage0 } })
  await ask('POST', PATHS.demoLogin, { body: { password: `${DEMO.password_stage0}x` } })
  const demo = said.slice(-2).join('\n')
  const [, demoToken = ''] = /"token":"([^"]{512})"/.exec(demo) ?? []
  t.is(demoToken.length, 512)
  await ask('POST', PATHS.demoConfirm, { body: { password: DEMO.password_stage1, token: demoToken } })

  for (const answer of said) t.deepEqual(secrets.foundIn(answer, live), [])
  await at.stop('SIGTERM')
  const output = at.output()
  t.true(output.includes('"level"'), 'it was logged')
  t.deepEqual(secrets.foundIn(output, live), [])
  for (const secret of [...Object.values(DEMO), demoToken.slice(0, 60)]) t.false(output.includes(secret))
  for (const printed of await historiesOf(dataDir, accounts)) {
    t.deepEqual(secrets.foundIn(printed, live), [])
  }
})

const hashOf = ({ refresh }: Pair): string => createHash('sha256').update(refresh).digest('hex')

type Ask = (method: string, path: string, options: CallOptions) => Promise<void>

/** In headers, bodies and queries, where they belong and where they do not. */
const putEverywhere = async ({ access, refresh }: Pair, ask: Ask): Promise<void> => {
  const r = refresh.toString('base64')
  const broken = Buffer.from(`{"token":"${r}","access":"${access}"`)
  const options: readonly CallOptions[] = [
    { token: access },
    { token: r },
    { token: `${access}é` },
    { token: access, body: broken },
    { token: access, body: broken, headers: { 'content-type': 'text/plain' } },
    { token: access, body: { value: access, token: { token: r }, aid: r, google_token: access } },
    { token: access, body: { token: r, password: access } },
    { token: access, body: Buffer.alloc(70_000, access) },
    { headers: { cookie: `sid=${access}`, authorization: `Bearer ${access}`, 'cb-token': access } },
    { headers: { 'sec-websocket-protocol': `0, ${access}` } },
  ]
  const paths = [PATHS.state, PATHS.visibility, PATHS.connect, PATHS.setDeviceToken, PATHS.demoAccounts]
  const calls = [
    ...paths.flatMap((path) => ['GET', 'POST', 'PUT'].map((method) => [method, path] as const)),
    ...[PATHS.signIn, PATHS.demoConfirm, PATHS.pendingNotification, UNKNOWN].map(
      (path) => ['POST', path] as const,
    ),
  ]
  for (const [method, path] of calls) for (const each of options) await ask(method, path, each)
  await ask('GET', `${PATHS.state}?token=${access}&accessToken=${access}`, {})
  await ask('GET', `/socket.io/?accessToken=${access}`, {})
}

const UNKNOWN = `/${'A'.repeat(27)}`

/** In upgrades that are refused. */
const offerEverywhere = async (
  { url }: RunningServer,
  { access, refresh }: Pair,
  said: string[],
): Promise<void> => {
  for (const [path, lines, upgrade] of [
    [PATHS.connect, [protocolLine(`1, ${access}`)]],
    [PATHS.connect, [protocolLine(`${access}, 0`)]],
    [PATHS.connect, [protocolLine(`0, ${access}=`)]],
    [PATHS.connect, [protocolLine(`0, ${refresh.toString('base64')}`)]],
    [PATHS.connect, [protocolLine(`0, é${access}`)]],
    [PATHS.connect, [protocolLine(`0, ${access}`)], UPGRADE_LINES.slice(0, 2)],
    [UNKNOWN, [protocolLine(`0, ${access}`)]],
    ['/elsewhere', [protocolLine(`0, ${access}`), `x-access-token: ${access}`]],
    ['/socket.io/', [protocolLine(`0, ${access}`)]],
  ] as const) {
    const raw = await rawUpgrade(url, lines, { path, ...(upgrade === undefined ? {} : { upgrade }) })
    raw.tcp.end()
    said.push(`${raw.head} ${(await raw.ended).toString('latin1')}`)
  }
}
