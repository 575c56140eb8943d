/** Proves which address counts as the client's and which origins may act with a cookie, by asking the pure functions. */
import test from 'ava'
import { IncomingMessage } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import { Socket } from 'node:net'
import { addresses, isLoopback, readNetwork } from '../../../src/http/address.ts'
import type { TrustProxy } from '../../../src/http/address.ts'
import { origins } from '../../../src/http/origin.ts'

const message = (remoteAddress: string, headers: IncomingHttpHeaders = {}): IncomingMessage => {
  const socket = new Socket()
  Object.defineProperty(socket, 'remoteAddress', { value: remoteAddress })
  return Object.assign(new IncomingMessage(socket), { headers })
}
const client = (trust: TrustProxy, peer: string, forwarded?: string): string =>
  addresses(trust).client(message(peer, forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }))

const NONE: TrustProxy = { _tag: 'None' }
const hops = (count: number): TrustProxy => ({ _tag: 'Hops', hops: count })
const NETWORKS: TrustProxy = {
  _tag: 'Networks',
  networks: [{ address: '10.0.0.0', prefix: 8 }, { address: '::1' }],
}

test('without trusted proxies the peer is the client, whatever is forwarded', (t) => {
  t.is(client(NONE, '10.0.0.1', '1.2.3.4'), '10.0.0.1')
  t.is(client(NONE, '::ffff:10.0.0.1'), '10.0.0.1')
  t.is(client(NONE, '2001:db8::1'), '2001:db8::1')
})

test('so many proxies are passed, and no more', (t) => {
  t.is(client(hops(1), '10.0.0.1', '6.6.6.6, 1.2.3.4'), '1.2.3.4')
  t.is(client(hops(2), '10.0.0.1', '6.6.6.6, 1.2.3.4'), '6.6.6.6')
  t.is(client(hops(5), '10.0.0.1', '6.6.6.6, 1.2.3.4'), '6.6.6.6')
  t.is(client(hops(1), '10.0.0.1'), '10.0.0.1')
})

test('the last address that is in no trusted network is the client', (t) => {
  t.is(client(NETWORKS, '::ffff:10.0.0.1', '6.6.6.6, 1.2.3.4, 10.9.9.9'), '1.2.3.4')
  t.is(client(NETWORKS, '5.5.5.5', '1.2.3.4'), '5.5.5.5')
  t.is(client(NETWORKS, '::1', '10.1.1.1, 10.2.2.2'), '10.1.1.1')
  t.is(client(NETWORKS, '::1', '::ffff:1.2.3.4'), '1.2.3.4')
  t.is(client(NETWORKS, '::1', '[2001:db8::1]:443'), '2001:db8::1')
  t.is(client(NETWORKS, '::1', '1.2.3.4:5678'), '1.2.3.4')
  t.is(client(NETWORKS, '::1', '1.2.3.4, unknown, 10.0.0.1'), '10.0.0.1')
})

test('an IPv6 address is one text, however a proxy writes it', (t) => {
  for (const form of ['::ffff:102:304', '::FFFF:1.2.3.4', '0:0:0:0:0:ffff:1.2.3.4'])
    t.is(client(hops(1), '10.0.0.1', form), '1.2.3.4')
  for (const form of ['2001:DB8::1', '2001:db8:0:0:0:0:0:1', '[2001:0db8::0001]:443'])
    t.is(client(hops(1), '10.0.0.1', form), '2001:db8::1')
})

test('loopback in every form; networks are read strictly', (t) => {
  t.true(isLoopback('127.9.9.9') && isLoopback('::1'))
  t.false(isLoopback('128.0.0.1') || isLoopback('') || isLoopback('::2'))
  t.deepEqual(readNetwork('10.0.0.0/8'), { address: '10.0.0.0', prefix: 8 })
  t.deepEqual(readNetwork('::1'), { address: '::1' })
  for (const text of ['10.0.0.0/33', '10.0.0/8', 'localhost', '10.0.0.0/8/1', '10.0.0.0/x', '']) {
    t.is(readNetwork(text), undefined)
  }
})

test('a cookie counts with no Origin, our own one or a listed one', (t) => {
  const { cookieAllowed } = origins({ corsOrigins: ['https://app.example'] }, addresses(NONE))
  const allowed = (origin?: string) =>
    cookieAllowed(
      message('1.1.1.1', { host: 'Api.Example:8080', ...(origin === undefined ? {} : { origin }) }),
    )
  t.true(allowed() && allowed('https://app.example') && allowed('http://api.example:8080'))
  t.false(allowed('https://evil.example') || allowed('null') || allowed('http://api.example'))
})

test('with PUBLIC_URL only its origin is our own; * never carries cookies', (t) => {
  const { cookieAllowed } = origins(
    { publicUrl: 'https://api.example/base', corsOrigins: '*' },
    addresses(NONE),
  )
  t.true(cookieAllowed(message('1.1.1.1', { host: 'x', origin: 'https://api.example' })))
  t.false(cookieAllowed(message('1.1.1.1', { host: 'x', origin: 'http://x' })))
})

test('absolute URLs: PUBLIC_URL, else scheme and Host; a scheme counts from a trusted proxy only', (t) => {
  const forwarded = message('::1', { host: 'a.example', 'x-forwarded-proto': 'https' })
  t.is(origins({ corsOrigins: [] }, addresses(NONE)).baseUrl(forwarded), 'http://a.example')
  t.is(origins({ corsOrigins: [] }, addresses(NETWORKS)).baseUrl(forwarded), 'https://a.example')
  t.is(
    origins({ corsOrigins: [], publicUrl: 'https://b/x' }, addresses(NONE)).baseUrl(forwarded),
    'https://b/x',
  )
})
