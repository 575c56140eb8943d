/**
 * Proves what an event does that a projection cannot take (put into the history while the server was stopped): the server starts, says so
 * everywhere an operator looks, goes on reading and refuses only writes that could not be shown; and once an operator holds it in quarantine,
 * everything goes on but its stream, through starts, rebuilds and a release that comes too early.
 */
import test, { type ExecutionContext } from 'ava'
import { historyPath } from '../../src/embedded/directory.ts'
import { openEmbeddedHistory } from '../../src/history/embedded/history.ts'
import { clientOf, errorText, type Client } from '../support/client.ts'
import { append, newEvent } from '../support/events.ts'
import { create, newMember, signInAdmin } from '../support/members.ts'
import { differences, pictureOf } from '../support/pictures.ts'
import { until } from '../support/steady-load.ts'
import { cleanUp, runScript, startServer, type RunningServer } from '../support/server.ts'

let server: RunningServer | undefined
test.after.always(() => cleanUp(server))

test.serial('a malformed event stops what reads it, visibly, and nothing else', async (t) => {
  t.timeout(300_000)
  server = await startServer()
  const { dataDir } = server
  const member = await newMember(await signInAdmin(server.url))
  const { entity } = await create(member, 'labels')
  const before = await pictureOf(member)
  await server.stop('SIGTERM')

  const history = openEmbeddedHistory({ path: historyPath(dataDir) })
  const stream = `stores.labels-${entity._id}`
  const poison = await append(history, stream, newEvent('EntityChanged', { store: 'labels', id: 7 }))
  await history.close()

  for (const round of ['at the first start', 'at the next start']) {
    server = await startServer({ dataDir, unready: true })
    const client = clientOf(server.url, member.headers)
    const stopped = new RegExp(`projection stores: stopped at EntityChanged at position ${poison}`)
    let ready = await client.send('GET', '/ready')
    while (!stopped.test(ready.text)) ready = await client.send('GET', '/ready')
    t.is(ready.status, 503, round)
    t.regex(
      ready.text,
      new RegExp(`projection stores-versions: stopped at EntityChanged at position ${poison}`),
    )
    t.false(ready.text.includes('stores-logins'), 'other projections go on')
    t.is((await client.send('GET', '/live')).status, 200)

    t.deepEqual(differences(before, await pictureOf(client)), [], 'reads go on')
    const unavailable = errorText(503, 'Service Unavailable', ['error_unavailable'])
    for (const refused of [
      await client.post('/labels', { name: 'refused' }),
      await client.patch(`/labels/${entity._id}`, { color: 'red' }),
      await client.delete(`/labels/${entity._id}`),
    ]) {
      t.is(refused.status, 503)
      t.is(refused.text, unavailable)
      t.is(refused.headers['retry-after'], '5')
    }
    const metrics = (await client.send('GET', '/metrics')).text
    t.regex(metrics, /headwater_projection_stopped\{projection="stores"\} 1/)
    t.regex(metrics, /headwater_projection_stopped\{projection="stores-logins"\} 0/)

    const status = await runScript('status', [], dataDir)
    t.is(status.code, 1, status.output)
    t.regex(status.output, new RegExp(`^stores@.*stopped.*EntityChanged at ${poison} in ${stream}`, 'm'))
    t.regex(status.output, /^stores-logins@.*serving/m)
    const rebuilt = await runScript('rebuild', ['stores'], dataDir)
    t.is(rebuilt.code, 1, rebuilt.output)
    t.regex(rebuilt.output, new RegExp(`stops at position ${poison}, EntityChanged in ${stream}`))
    t.deepEqual(differences(before, await pictureOf(client)), [], 'a rebuild that stops takes nothing over')
    const exit = await server.stop('SIGTERM')
    t.is(exit.code, 0, exit.output)
    t.regex(exit.output, /"projection":"stores".*projection stopped/)
  }
})

test.serial('an operator holds it, and everything goes on but its stream', async (t) => {
  t.timeout(300_000)
  server = await startServer()
  const { dataDir } = server
  const member = await newMember(await signInAdmin(server.url))
  const [{ entity: odd }, { entity: sound }] = [
    await create(member, 'labels'),
    await create(member, 'labels'),
  ]
  await server.stop('SIGTERM')
  const history = openEmbeddedHistory({ path: historyPath(dataDir) })
  const stream = `stores.labels-${odd._id}`
  const poison = await append(history, stream, newEvent('EntityChanged', { store: 'labels', id: 7 }))
  await append(
    history,
    stream,
    newEvent('EntityChanged', { store: 'labels', id: odd._id, set: { name: 'held' } }),
  )
  await history.close()

  const listed = await runScript('quarantine', [], dataDir)
  t.is(listed.code, 0, listed.output)
  // Without a server it is the script that gets there, stops and holds.
  const alone = await runScript('quarantine', ['hold', 'stores-versions'], dataDir)
  t.is(alone.code, 0, alone.output)
  t.regex(
    alone.output,
    new RegExp(`^stores-versions: holds ${stream} from position ${poison} \\(EntityChanged\\) on`, 'm'),
  )

  server = await startServer({ dataDir, unready: true })
  let client = clientOf(server.url, member.headers)
  const said = async (what: RegExp): Promise<void> => {
    while (!what.test((await client.send('GET', '/ready')).text));
  }
  await said(/projection stores: stopped/)
  const stops = await runScript('quarantine', ['--json'], dataDir)
  t.is(stops.code, 1, stops.output)
  t.regex(stops.output, /"projection":"stores","stopped":/)
  const projections = await stoppedProjections(client)
  t.true(projections.includes('stores') && !projections.includes('stores-versions'), projections.join())
  const holding = projections.map((one) => runScript('quarantine', ['hold', one, '--json'], dataDir))
  for (const held of await Promise.all(holding)) {
    t.is(held.code, 0, held.output)
    t.regex(held.output, new RegExp(`"outcome":"held","hold":{"stream":"${stream}","position":"${poison}"`))
  }
  await assertHeld(t, client, { dataDir, odd: odd._id, sound: sound._id })

  const [early, rebuilt, again, ...wrong] = await Promise.all([
    runScript('quarantine', ['release', 'stores'], dataDir),
    runScript('rebuild', ['stores-versions'], dataDir),
    runScript('quarantine', ['hold', 'stores'], dataDir),
    ...[['hold'], ['release', 'nothing'], ['keep', 'stores']].map((one) =>
      runScript('quarantine', one, dataDir),
    ),
  ])
  t.is(early.code, 1, early.output)
  t.regex(early.output, new RegExp(`stops at position ${poison}, EntityChanged in ${stream}`))
  t.is(rebuilt.code, 0, rebuilt.output)
  t.is(again.code, 0, again.output)
  t.regex(again.output, /has not stopped/)
  for (const { code, output } of wrong) t.is(code, 2, output)
  await server.kill()
  server = await startServer({ dataDir })
  client = clientOf(server.url, member.headers)
  await assertHeld(t, client, { dataDir, odd: odd._id, sound: sound._id })
  t.regex(server.output(), /"projection":"stores","holds":\[.*streams are held back/)
})

const stoppedProjections = async (client: Client): Promise<readonly string[]> =>
  [...(await client.send('GET', '/ready')).text.matchAll(/projection ([\w-]+): stopped/g)].map(
    ([, name = '']) => name,
  )

type Labels = { readonly dataDir: string; readonly odd: string; readonly sound: string }

const assertHeld = async (
  t: ExecutionContext,
  client: Client,
  { dataDir, odd, sound }: Labels,
): Promise<void> => {
  const isReady = async (): Promise<boolean> => (await client.send('GET', '/ready')).status === 200
  await until(isReady, 'a server that is ready: what an operator wanted is no fault', 60_000)
  const refused = await client.patch(`/labels/${odd}`, { color: 'red' })
  t.is(refused.status, 503)
  t.is(refused.text, errorText(503, 'Service Unavailable', ['error_unavailable']))
  t.not(await nameOf(client, odd), 'held')
  t.is((await client.patch(`/labels/${sound}`, { color: 'red' })).status, 200)
  t.is((await client.get(`/labels/${sound}`)).entity().color, 'red')
  const { status } = await client.post('/labels', { name: `another ${Math.random()}` })
  t.true(status === 200 || status === 201, String(status))
  const metrics = (await client.send('GET', '/metrics')).text
  t.regex(metrics, /headwater_projection_held_streams\{projection="stores"\} 1/)
  t.regex(metrics, /headwater_projection_stopped\{projection="stores"\} 0/)
  const [shown, checked] = await Promise.all([
    runScript('status', [], dataDir),
    runScript('rebuild', ['stores', 'stores-versions', '--check'], dataDir),
  ])
  t.is(shown.code, 0, shown.output)
  t.regex(shown.output, /^stores@\d+\.\d+: serving, 1 stream held, position \d+, \d+ behind$/m)
  t.is(checked.code, 0, checked.output)
}

const nameOf = async (client: Client, id: string) => (await client.get(`/labels/${id}`)).entity().name
