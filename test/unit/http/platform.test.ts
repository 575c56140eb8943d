/** Proves what operators see: `/live`, `/ready`, `/metrics` and who may see it, through a real server. */
import test from 'ava'
import { ask, echoProtocol, startHttp } from '../../support/http.ts'

const protocols = [echoProtocol('rightech')]

test('/live answers while the process can, and other methods are 405', async (t) => {
  const { port } = await startHttp(t, { protocols })
  const live = await ask(port, '/live')
  t.is(
    `${live.status} ${live.headers['content-type']} ${live.body}`,
    '200 application/json; charset=utf-8 {"status":"live"}',
  )
  const head = await ask(port, '/live', { method: 'HEAD' })
  t.is(`${head.status} ${head.body} ${head.headers['content-length']}`, '200  17')
  for (const method of ['POST', 'DELETE', 'PUT', 'OPTIONS']) {
    const other = await ask(port, '/live', { method })
    t.is(
      `${other.status} ${other.headers.allow} ${other.body}`,
      '405 GET, HEAD {"error":"method not allowed"}',
    )
  }
})

test('/ready names every part that is not', async (t) => {
  const { port, health } = await startHttp(t, { protocols })
  t.is((await ask(port, '/ready')).status, 200)
  let behind: string | undefined = '12 s behind'
  health.add('projection labels', () => behind)
  health.add('history', () => {
    throw new Error('secret detail')
  })
  const red = await ask(port, '/ready')
  t.is(red.status, 503)
  t.deepEqual(JSON.parse(red.body), {
    status: 'not ready',
    reasons: ['projection labels: 12 s behind', 'history: check failed'],
  })
  t.true(Number(red.headers['retry-after']) > 0)
  behind = undefined
  t.deepEqual(JSON.parse((await ask(port, '/ready')).body), {
    status: 'not ready',
    reasons: ['history: check failed'],
  })
})

test('/metrics counts requests by owner and status, and the process', async (t) => {
  const { port } = await startHttp(t, { protocols })
  await Promise.all(Array.from({ length: 5 }, () => ask(port, '/api/v1')))
  const { headers, body } = await ask(port, '/metrics')
  t.regex(headers['content-type'] ?? '', /^text\/plain; version=0\.0\.4/)
  t.regex(body, /^headwater_http_requests_total\{owner="rightech",status="2xx"\} 5$/m)
  t.regex(body, /^headwater_http_request_duration_seconds_count\{owner="rightech"\} 5$/m)
  t.regex(body, /^headwater_http_request_duration_seconds_bucket\{owner="rightech",le="\+Inf"\} 5$/m)
  t.regex(body, /^headwater_process_cpu_seconds_total /m)
  t.regex(body, /^headwater_nodejs_eventloop_lag_seconds /m)
  const names = body.match(/^# TYPE \S+/gm) ?? []
  t.is(new Set(names).size, names.length)
})

test('/metrics in production: loopback itself, else the token', async (t) => {
  const production = {
    production: true,
    metricsToken: 'a-token',
    trustProxy: { _tag: 'Hops', hops: 1 },
  } as const
  const { port } = await startHttp(t, { protocols, settings: production })
  const status = async (headers: Record<string, string>) => (await ask(port, '/metrics', { headers })).status
  t.is(await status({}), 200)
  t.is(await status({ 'x-forwarded-for': '1.2.3.4' }), 401)
  t.is(await status({ 'x-forwarded-for': '127.0.0.1' }), 401)
  t.is(await status({ 'x-forwarded-for': '1.2.3.4', authorization: 'Bearer a-token' }), 200)
  t.is(await status({ 'x-forwarded-for': '1.2.3.4', authorization: 'Bearer other' }), 401)
  const closed = await startHttp(t, { protocols, settings: { production: true } })
  t.is((await ask(closed.port, '/metrics', { headers: { 'x-forwarded-for': '1.2.3.4' } })).status, 403)
})

test('/openapi.json and /history are there when somebody serves them', async (t) => {
  const without = await startHttp(t, { protocols })
  t.is((await ask(without.port, '/openapi.json')).body, '{"error":"not found"}')
  t.is((await ask(without.port, '/history/x')).body, '{"error":"not found"}')
  const { port } = await startHttp(t, {
    protocols,
    openapi: (ctx) => void (ctx.body = { openapi: '3.1.0' }),
    history: {
      handle: (ctx, next) =>
        ctx.state.request.path === '/history/heads' ? void (ctx.body = { heads: [] }) : next(),
      renderError: protocols[0]?.renderError ?? (() => ({ status: 500, headers: {}, body: '' })),
    },
  })
  t.is((await ask(port, '/openapi.json')).body, '{"openapi":"3.1.0"}')
  t.is((await ask(port, '/history/heads')).body, '{"heads":[]}')
  t.is((await ask(port, '/history/other')).body, 'rightech:NotFound')
})
