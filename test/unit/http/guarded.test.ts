/**
 * Proves that nothing but the internet can be asked through the guard, whatever a URL's host looks like and whatever its name resolves to,
 * and that an answer is bounded in time and size and never followed elsewhere: by addresses of every kind, and servers on this machine.
 */
import test from 'ava'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { LookupAddress } from 'node:dns'
import { createGuarded, guardedLookup, isPublicAddress, NotReachable } from '../../../src/http/guarded.ts'

const INSIDE = [
  ...[
    '127.0.0.1',
    '127.8.8.8',
    '0.0.0.0',
    '0.1.2.3',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
  ],
  ...[
    '100.64.0.1',
    '100.127.255.255',
    '169.254.169.254',
    '192.0.0.8',
    '192.0.2.1',
    '198.18.0.1',
    '198.19.255.255',
  ],
  ...['198.51.100.1', '203.0.113.1', '192.88.99.1', '224.0.0.1', '239.1.2.3', '240.0.0.1', '255.255.255.255'],
  ...['::', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:a9fe:a9fe', '::ffff:10.0.0.1', '::127.0.0.1'],
  ...[
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'fc00::1',
    'fd12:3456::1',
    'ff02::1',
    '100::1',
    '5f00::1',
    '4000::1',
  ],
  ...['64:ff9b::7f00:1', '64:ff9b:1::1', '2002:7f00:1::', '2001::1', '2001:20::1', '2001:db8::1', '3fff::1'],
  ...['', 'localhost', 'example.org'],
]
const OUTSIDE = [
  '8.8.8.8',
  '1.1.1.1',
  '172.32.0.1',
  '100.128.0.1',
  '2606:4700::1111',
  '2a00::1',
  '::ffff:8.8.8.8',
]

test('only addresses of the internet are public', (t) => {
  t.deepEqual(INSIDE.filter(isPublicAddress), [])
  t.deepEqual(OUTSIDE.filter(isPublicAddress), OUTSIDE)
})

const resolving = (...addresses: readonly string[]) => {
  const found: LookupAddress[] = addresses.map((address) => ({
    address,
    family: address.includes(':') ? 6 : 4,
  }))
  return (
    _host: string,
    _options: unknown,
    done: (error: NodeJS.ErrnoException | null, found: readonly LookupAddress[]) => void,
  ) => done(null, found)
}

const looked = (
  lookup: ReturnType<typeof guardedLookup>,
  all: boolean,
): Promise<string | LookupAddress[] | Error> =>
  new Promise((done) => lookup('some.example', { all }, (error, found) => done(error ?? found)))

test('of a name only public addresses are asked', async (t) => {
  const mixed = guardedLookup('public', resolving('10.0.0.1', '8.8.8.8', '::1', '2606:4700::1111'))
  t.is(await looked(mixed, false), '8.8.8.8')
  t.deepEqual(await looked(mixed, true), [
    { address: '8.8.8.8', family: 4 },
    { address: '2606:4700::1111', family: 6 },
  ])
  for (const address of INSIDE)
    t.true((await looked(guardedLookup('public', resolving(address)), true)) instanceof NotReachable, address)
  const none = guardedLookup('public', (_host, _options, done) =>
    done(Object.assign(new Error('away'), { code: 'ENOTFOUND' }), []),
  )
  t.like(await looked(none, true), { code: 'ENOTFOUND' })
})

const LIMITS = { timeoutMs: 60_000, bytesMax: 1_000 }

test('a host that is an address is judged in all its spellings', async (t) => {
  const guarded = createGuarded('public')
  const hosts = [
    ...['127.0.0.1', '2130706433', '0x7f.1', '0177.0.0.1', '127.1', '0', '169.254.169.254', '10.0.0.1:8080'],
    ...['[::1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[fd00::1]', '[64:ff9b::7f00:1]', '127。0。0。1'],
  ]
  for (const host of hosts)
    await t.throwsAsync(guarded.request(`http://${host}/`, LIMITS), { instanceOf: NotReachable }, host)
  await t.throwsAsync(guarded.request('https://localhost/', LIMITS), { instanceOf: NotReachable })
})

test('what is no plain URL of the web is not followed', async (t) => {
  const guarded = createGuarded('local')
  const urls = ['file:///etc/passwd', 'ftp://example.org/', 'gopher://127.0.0.1/', 'data:,x', 'nothing', '']
  for (const url of [...urls, 'http://me:pass@127.0.0.1/', 'http://10.0.0.1/', 'http://0.0.0.0/'])
    await t.throwsAsync(guarded.request(url, LIMITS), { instanceOf: NotReachable }, url)
})

const withServer = async (listener: RequestListener, work: (url: string) => Promise<void>): Promise<void> => {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  try {
    await work(`http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

test('an answer comes as it is: a redirect too, and no more than was asked for', async (t) => {
  const guarded = createGuarded('local')
  t.teardown(guarded.close)
  const heard: string[] = []
  const listener: RequestListener = (request, response) => {
    heard.push(`${request.method ?? ''} ${request.url ?? ''} ${request.headers['x-mine']?.toString() ?? ''}`)
    if (request.url === '/away') response.writeHead(302, { Location: '/' }).end('gone')
    else if (request.url === '/long') response.end(Buffer.alloc(50_000_000))
    else request.pipe(response)
  }
  await withServer(listener, async (url) => {
    const body = Buffer.from('hello')
    const post = { ...LIMITS, method: 'POST', headers: { 'X-Mine': 'yes' }, body } as const
    const echoed = await guarded.request(`${url}/echo`, post)
    t.is(echoed.body.toString(), 'hello')
    t.like(echoed, { status: 200, isWhole: true })
    t.like(await guarded.request(`${url}/away`, LIMITS), { status: 302, isWhole: true })
    const long = await guarded.request(`${url}/long`, LIMITS)
    t.is(long.body.length, LIMITS.bytesMax)
    t.false(long.isWhole)
  })
  t.deepEqual(heard, ['POST /echo yes', 'GET /away ', 'GET /long '])
})

test('an answer that does not end in its time fails, before its head and after', async (t) => {
  const guarded = createGuarded('local')
  t.teardown(guarded.close)
  const listener: RequestListener = (request, response) => {
    if (request.url === '/half') response.write('and then')
  }
  await withServer(listener, async (url) => {
    for (const path of ['/never', '/half'])
      await t.throwsAsync(guarded.request(url + path, { ...LIMITS, timeoutMs: 100 }), undefined, path)
  })
})
