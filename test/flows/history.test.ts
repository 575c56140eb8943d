/**
 * Proves of the auditors' reading, against the real server, who may read it and that he may nothing else, and what a request gets that is malformed
 * or asks for anything but reading.
 */
import assert from 'node:assert/strict'
import type { OutgoingHttpHeaders } from 'node:http'
import test from 'ava'
import type { StoredEvent } from '../../src/history/port.ts'
import { bearer, clientOf, errorText, FORBIDDEN, NO_ROUTE, UNAUTHORIZED } from '../support/client.ts'
import { ADMIN, APP, send, tokenOf } from '../support/connectycube.ts'
import { newMember, newToken, signInByCookie } from '../support/members.ts'
import { startAudited, type Audited } from '../support/auditing.ts'
import { cleanUp } from '../support/server.ts'
import { until } from '../support/stores-clients.ts'

let audited: Audited | undefined
const it = (): Audited => audited ?? assert.fail('no server')
test.before(async () => {
  audited = await startAudited(5)
})
test.after.always(() => cleanUp(audited?.server))

test('only users of the root group whose rights cover it may read, whatever they bring along', async (t) => {
  const stranger = await newMember(it().admin)
  const narrow = await newMember(it().admin, {
    group: it().admin.group,
    credentials: ['GET /history/events', 'GET /users'],
  })
  const wide = await newMember(it().admin, { group: it().admin.group, credentials: ['GET /*'] })
  const byCookie = await signInByCookie(it().auditor)
  const [token, weak] = [
    await newToken(it().admin, ['GET /history/*']),
    await newToken(it().admin, ['GET /users']),
  ]
  const foreign = await newToken(stranger, ['GET /history/*'])
  for (const path of ['events?limit=1', 'tree', 'heads']) {
    for (const may of [it().admin, it().auditor, wide, byCookie, token])
      t.is((await it().read(path, may)).status, 200, path)
    for (const mayNot of [stranger, narrow, weak, foreign]) {
      const refused = await it().read(path, mayNot)
      t.is(refused.status, 403)
      t.is(refused.text, FORBIDDEN)
    }
    for (const nobody of [clientOf(it().admin.url), clientOf(it().admin.url, { Cookie: 'sid=x' })]) {
      const refused = await it().read(path, nobody)
      t.is(refused.status, 401)
      t.is(refused.text, UNAUTHORIZED)
      t.is(refused.headers['www-authenticate'], 'Bearer')
    }
  }
})

test('credentials of another protocol, or in the place of another one, let nobody in', async (t) => {
  const { url } = it().admin
  const session = tokenOf(await send('POST', `${url}/session`, { json: APP }))
  t.truthy(session)
  const elsewhere: readonly OutgoingHttpHeaders[] = [session, it().auditor.token].flatMap((token) => [
    { 'CB-Token': token },
    { 'X-Access-Token': token },
    { 'Sec-WebSocket-Protocol': token },
    { Cookie: `sid=${token}` },
    { Authorization: `Basic ${Buffer.from(`admin:${token}`).toString('base64')}` },
  ])
  for (const headers of [...elsewhere, bearer(session), ADMIN]) {
    const refused = await clientOf(url, headers).send('GET', '/history/events?limit=1')
    t.is(refused.text, UNAUTHORIZED, JSON.stringify(headers))
  }
  for (const name of ['accessToken', 'token'])
    t.is((await clientOf(url).send('GET', `/history/tree?${name}=${it().auditor.token}`)).text, UNAUTHORIZED)
})

test('who was erased reads no more, and what is said of him can be read, sealed', async (t) => {
  const { admin, auditor } = it()
  const gone = await newMember({ ...admin, role: auditor.role }, { group: admin.group })
  t.is((await it().read('tree', gone)).status, 200)
  t.is((await admin.delete(`/users/${gone.user}`)).status, 200)
  t.is((await it().read('tree', gone)).text, UNAUTHORIZED)
  const subject = `stores.user-${gone.user}`
  const of = (): Promise<readonly StoredEvent[]> => it().lines(`subject=${subject}`)
  const events = await until(of, (found) => found.some(({ type }) => type === 'ErasureCompleted'))
  t.deepEqual(
    events.filter(({ stream }) => stream === `platform.erasure-${subject}`).map(({ type }) => type),
    ['ErasureRequested', 'SubjectErased', 'ErasureCompleted'],
  )
  t.true(events.some(({ data }) => JSON.stringify(data).includes('$sealed')))
  t.false(
    JSON.stringify(events, (_, value: unknown) => (typeof value === 'bigint' ? '' : value)).includes(
      gone.login,
    ),
  )
})

test('an auditor may read the history, and nothing else', async (t) => {
  t.is((await it().auditor.get('/auth')).status, 200)
  for (const path of ['/users', '/labels', '/events', '/roles', `/users/${it().admin.user}`])
    t.is((await it().auditor.get(path)).text, FORBIDDEN, path)
  t.is((await it().auditor.post('/labels', { name: 'x' })).text, FORBIDDEN)
  t.is((await it().auditor.delete(`/users/${it().auditor.user}`)).text, FORBIDDEN)
})

test('other methods are refused, HEAD reads nothing, unknown paths are not found after the credentials', async (t) => {
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
    const refused = await it().auditor.send(method, '/history/events')
    t.is(refused.status, 405)
    t.is(refused.headers.allow, 'GET, HEAD')
    t.is(refused.text, errorText(405, 'Method Not Allowed', ['error_method_not_allowed']))
  }
  const head = await it().auditor.send('HEAD', '/history/events')
  t.is(head.status, 200)
  t.is(head.text, '')
  t.is(head.headers['content-type'], 'application/json; charset=utf-8')
  t.is((await it().auditor.send('HEAD', '/history/events?limit=0')).status, 400)
  for (const path of ['', '/none', '/events/1/2', '/events/99999999', '/events/0', '/heads/1']) {
    t.is((await it().auditor.send('GET', `/history${path}`)).text, NO_ROUTE, path)
    t.is((await clientOf(it().admin.url).send('GET', `/history${path}`)).text, UNAUTHORIZED, path)
  }
  const { headers } = await it().read('events?limit=1')
  t.is(headers['cache-control'], 'no-store')
  t.truthy(headers['x-request-id'])
})

test('a malformed parameter is named, with its rule', async (t) => {
  const broken: readonly (readonly [string, string, string])[] = [
    ['limit=0', 'limit', 'range'],
    ['limit=1001', 'limit', 'range'],
    ['limit=-1', 'limit', 'format'],
    ['limit=1e3', 'limit', 'format'],
    ['after=x', 'after', 'format'],
    ['after=9999999999999999999', 'after', 'range'],
    ['before=-1', 'before', 'format'],
    ['before=99999999999999999999999', 'before', 'format'],
    ['direction=up', 'direction', 'enum'],
    ['since=yesterday', 'since', 'format'],
    ['until=2026-02-30', 'until', 'format'],
    ['type=', 'type', 'format'],
    ['type=%FF', 'type', 'format'],
    ['type=A&type=B', 'type', 'repeated'],
    ['actor', 'actor', 'format'],
    ['tpye=A', 'tpye', 'unknown'],
    ['__proto__=1', '__proto__', 'unknown'],
    ['toString=1', 'toString', 'unknown'],
    [`stream=${'%C3%A4'.repeat(600)}`, 'stream', 'max'],
    [`subject=${'x'.repeat(1_025)}`, 'subject', 'max'],
  ]
  for (const [query, name, rule] of broken) {
    const refused = await it().read(`events?${query}`)
    t.is(refused.status, 400, query)
    t.deepEqual(refused.object()['tags'], ['error_validation'])
    t.is(refused.text.includes(`"fields":{"${name}":["${rule}"]}`), true, refused.text)
  }
  const proofs = [
    'inclusion',
    'inclusion?position=x',
    'inclusion?position=1&size=0',
    'inclusion?position=1&size=9999999',
  ]
  for (const query of [
    ...proofs,
    'consistency',
    'consistency?from=0',
    'consistency?from=2&to=1',
    'consistency?from=1&to=9999999',
  ])
    t.is((await it().read(`proofs/${query}`)).status, 400, query)
  t.is((await it().read('events/x')).status, 400)
  t.is((await it().read('proofs/inclusion?position=9999999')).status, 404)
  for (const odd of [
    'stream=%00',
    'type=%00',
    'actor=%F0%9F%98%80',
    'since=99999999999999999999',
    'stream=$all',
  ])
    t.deepEqual((await it().page(odd)).events, [], odd)
})
