/**
 * Proves that a preview is fetched within its limits, and of public hosts only, whatever a redirect or a name says: by servers on this machine,
 * which the guard is told to let through, and by a guard as it is in production.
 */
import test from 'ava'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { createGuarded, guardedLookup } from '../../../src/http/guarded.ts'
import { CC_UNFURL_BYTES_MAX } from '../../../src/limits.ts'
import { createUnfurler } from '../../../src/unfurling/unfurl.ts'

const HTML = { 'Content-Type': 'text/html; charset=utf-8' }
const PAGE = '<title>Here</title>'

const withServer = async (
  listener: RequestListener,
  work: (url: string, heard: readonly string[]) => Promise<void>,
): Promise<void> => {
  const heard: string[] = []
  const server = createServer((request, response) => {
    heard.push(request.url ?? '')
    listener(request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  try {
    await work(
      `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
      heard,
    )
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

/** `/N` redirects to `/N-1`, down to the page; `/to?url` to that. */
const hops: RequestListener = ({ url = '' }, response) => {
  const left = Number(url.slice(1))
  const target = url.startsWith('/to?') ? decodeURIComponent(url.slice(4)) : `/${left - 1}`
  if (left === 0) response.writeHead(200, HTML).end(PAGE)
  else response.writeHead(302, { Location: target }).end()
}

test('three redirects are followed, and not to hosts that are not public', async (t) => {
  const unfurler = createUnfurler(createGuarded('local'))
  t.teardown(unfurler.close)
  await withServer(hops, async (url, heard) => {
    t.is((await unfurler.unfurl(new URL(`${url}/3`)))?.title, 'Here')
    t.is(await unfurler.unfurl(new URL(`${url}/4`)), undefined)
    t.deepEqual(heard, ['/3', '/2', '/1', '/0', '/4', '/3', '/2', '/1'])
    const inside = [
      'http://169.254.169.254/latest/',
      'http://10.0.0.1/',
      'file:///etc/passwd',
      'http://me:x@127.0.0.1/',
      '',
    ]
    for (const target of inside)
      t.is(await unfurler.unfurl(new URL(`${url}/to?${encodeURIComponent(target)}`)), undefined, target)
  })
})

test('nothing of this machine or its network is looked at in production', async (t) => {
  const name = guardedLookup('public', (_host, _options, done) =>
    done(null, [{ address: '127.0.0.1', family: 4 }]),
  )
  const unfurler = createUnfurler(createGuarded('public', name))
  t.teardown(unfurler.close)
  await withServer(hops, async (url, heard) => {
    const { port } = new URL(url)
    const hosts = [
      '127.0.0.1',
      '2130706433',
      '0x7f000001',
      '127.1',
      '[::1]',
      '[::ffff:127.0.0.1]',
      'localhost',
      'some.example',
    ]
    for (const host of hosts)
      t.is(await unfurler.unfurl(new URL(`http://${host}:${port}/0`)), undefined, host)
    t.is(await unfurler.unfurl(new URL('http://169.254.169.254/latest/meta-data/')), undefined)
    t.deepEqual(heard, [])
  })
})

test('a page is HTML that came whole or whose beginning says enough', async (t) => {
  const answers: { readonly [path: string]: RequestListener } = {
    '/long': (_, response) => response.writeHead(200, HTML).end(PAGE + ' '.repeat(2 * CC_UNFURL_BYTES_MAX)),
    '/xhtml': (_, response) => response.writeHead(200, { 'Content-Type': 'application/xhtml+xml' }).end(PAGE),
    '/late': (_, response) => response.writeHead(200, HTML).end(' '.repeat(CC_UNFURL_BYTES_MAX) + PAGE),
    '/image': (_, response) => response.writeHead(200, { 'Content-Type': 'image/png' }).end(PAGE),
    '/untyped': (_, response) => response.writeHead(200).end(PAGE),
    '/missing': (_, response) => response.writeHead(404, HTML).end(PAGE),
    '/packed': (_, response) => response.writeHead(200, { ...HTML, 'Content-Encoding': 'gzip' }).end(PAGE),
    '/broken': (_, response) => response.destroy(),
  }
  const unfurler = createUnfurler(createGuarded('local'))
  t.teardown(unfurler.close)
  const listener: RequestListener = (request, response) => answers[request.url ?? '']?.(request, response)
  await withServer(listener, async (url) => {
    const titles: (string | undefined)[] = []
    for (const path of Object.keys(answers)) titles.push((await unfurler.unfurl(new URL(url + path)))?.title)
    t.deepEqual(titles, ['Here', 'Here', '127.0.0.1', ...Array.from({ length: 5 }, () => undefined)])
  })
})

test('a page is asked once for all who want it, and one that does not answer holds nobody for long', async (t) => {
  const unfurler = createUnfurler(createGuarded('local'))
  t.teardown(unfurler.close)
  const listener: RequestListener = ({ url }, response) => {
    if (url !== '/never') response.writeHead(200, HTML).end(PAGE)
  }
  await withServer(listener, async (url, heard) => {
    const same = ['/x', '/x', '/x#part'].map((path) => unfurler.unfurl(new URL(url + path)))
    t.deepEqual(
      (await Promise.all(same)).map((page) => page?.title),
      ['Here', 'Here', 'Here'],
    )
    await unfurler.unfurl(new URL(`${url}/x`))
    t.deepEqual(heard, ['/x'])
    t.is(await unfurler.unfurl(new URL(`${url}/never`)), undefined)
    t.is(await unfurler.unfurl(new URL(`${url}/never`)), undefined)
    t.deepEqual(heard, ['/x', '/never'])
  })
})
