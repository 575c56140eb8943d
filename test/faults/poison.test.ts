/**
 * Proves what an event does that a projection cannot take (put into the history while the server was stopped): the server starts, says so
 * everywhere an operator looks, goes on reading and refuses only writes that could not be shown.
 */
import test from 'ava'
import { historyPath } from '../../src/embedded/directory.ts'
import { openEmbeddedHistory } from '../../src/history/embedded/history.ts'
import { clientOf, errorText } from '../support/client.ts'
import { append, newEvent } from '../support/events.ts'
import { create, newMember, signInAdmin } from '../support/members.ts'
import { differences, pictureOf } from '../support/pictures.ts'
import { cleanUp, runScript, startServer, type RunningServer } from '../support/server.ts'

let server: RunningServer | undefined
test.after.always(() => cleanUp(server))

test('a malformed event stops what reads it, visibly, and nothing else', async (t) => {
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
