/** Lists over real HTTP (rightech 2): their bytes, their headers, and what happens when reading fails. */
import test from 'ava'
import { DocumentsUnavailable } from '../../../../src/documents/port.ts'
import { create, startStack } from './stack.ts'
import type { Stack } from './stack.ts'

test('lists: bytes, version, stream, HEAD and meta', async (t) => {
  const stack = await startStack(t)
  const { call } = stack
  const admin = await stack.signIn()
  const empty = await call(admin, 'GET /api/v1/labels')
  t.is(empty.body, '[\n]\n')
  t.like(empty.headers, { 'x-ric-version': '0', 'content-length': '4' })
  const ids = [
    await create(stack, admin, 'labels', { name: 'a' }),
    await create(stack, admin, 'labels', { name: 'b' }),
  ]
  const body = `[\n{"_id":"${ids[0]}","name":"a"}\n,\n{"_id":"${ids[1]}","name":"b"}\n]\n`
  const whole = await call(admin, 'GET /api/v1/labels/?only=name')
  t.is(whole.body, body)
  t.true(Number(whole.headers['x-ric-version']) > 0)
  const streamed = await call(admin, 'GET /api/v1/labels?only=name&streamed=true&nolimit=true')
  t.is(streamed.body, body)
  t.is(streamed.headers['transfer-encoding'], 'chunked')
  t.is(streamed.headers['content-length'], undefined)
  const head = await call(admin, 'HEAD /api/v1/labels?only=name')
  t.like(head, { status: 200, body: '' })
  t.is(head.headers['content-length'], String(Buffer.byteLength(body)))
  const { reader } = stack.services
  const unread = () => t.fail('HEAD of a stream reads nothing')
  Object.assign(stack.services, { reader: { ...reader, find: unread } })
  const streamHead = await call(admin, 'HEAD /api/v1/labels?streamed=true')
  Object.assign(stack.services, { reader })
  t.like(streamHead, { status: 200, body: '' })
  t.is(streamHead.headers['transfer-encoding'], 'chunked')
  t.is(streamHead.headers['x-ric-version'], streamed.headers['x-ric-version'])
  t.deepEqual((await call(admin, 'GET /api/v1/labels?meta=true&only=name')).json, {
    ...{ count: 2, first: { _id: ids[0], name: 'a' }, last: { _id: ids[1], name: 'b' }, success: true },
  })
  const counted = await call(admin, 'GET /api/v1/labels?meta=count&where.name=a')
  t.is(counted.body, '{"count":1,"success":true}')
  t.is(counted.headers['x-ric-version'], whole.headers['x-ric-version'])
  t.is((await call(admin, 'GET /api/v1/labels?limit=0')).body, '[\n]\n')
  const unchanged = await call(admin, `PATCH /api/v1/labels/${ids[0]}`, { owner: 'x', name: 'a' })
  t.is(unchanged.entity['_at'], undefined)
  t.is((await call(admin, 'GET /api/v1/labels')).headers['x-ric-version'], whole.headers['x-ric-version'])
})

test('a list that cannot be read is 503 before it begins, and a cut connection after', async (t) => {
  const good = await startStack(t)
  const { reader } = good.services
  let failAfter = 0
  const failing = {
    ...reader,
    async *find(...query: Parameters<typeof reader.find>) {
      let pages = 0
      for await (const page of reader.find(...query)) {
        for (const document of page) {
          if (query[0] === 'stores_labels' && pages === failAfter) throw new DocumentsUnavailable('gone')
          pages += 1
          yield [document]
        }
      }
    },
  }
  const { call, signIn } = await startStack(t, { reader: failing, ...withoutReader(good) })
  const admin = await signIn()
  for (const name of ['a', 'b', 'c']) await call(admin, 'POST /api/v1/labels', { name })
  for (const query of ['', '?streamed=true']) {
    const refused = await call(admin, `GET /api/v1/labels${query}`)
    t.is(refused.status, 503)
    t.regex(refused.headers['retry-after'] ?? '', /^\d+$/)
  }
  failAfter = 2
  await t.throwsAsync(call(admin, 'GET /api/v1/labels?streamed=true'))
  t.is((await call(admin, 'GET /api/v1/labels')).status, 503)
})

/** The second stack shares everything of the first but what it reads by. */
const withoutReader = ({ services }: Stack) => {
  const { engine, vault, principals } = services
  return { engine, vault, principals }
}
