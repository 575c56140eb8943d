import type { IncomingMessage } from 'node:http'
import { BlockList, isIP, SocketAddress } from 'node:net'

/** `TRUST_PROXY`: nobody, that many proxies in front of us, or the networks that they are in. */
export type TrustProxy =
  | { readonly _tag: 'None' }
  | { readonly _tag: 'Hops'; readonly hops: number }
  | { readonly _tag: 'Networks'; readonly networks: readonly Network[] }
/** An address without a prefix is a network of one. */
export type Network = { readonly address: string; readonly prefix?: number }

export type Addresses = {
  /** The client's: the socket's, or the last one of `X-Forwarded-For` that is not a trusted proxy's. */
  readonly client: (message: IncomingMessage) => string
  /** Whether the peer is a trusted proxy, whose `X-Request-Id` and `X-Forwarded-Proto` count. */
  readonly trusted: (message: IncomingMessage) => boolean
}

export const addresses = (trust: TrustProxy): Addresses => {
  const isProxy = proxyTest(trust)
  return {
    client: (message) => {
      const peer = peerOf(message)
      const forwarded = trust._tag === 'None' ? undefined : message.headers['x-forwarded-for']
      return forwarded === undefined ? peer : lastUntrusted(peer, String(forwarded), isProxy)
    },
    trusted: (message) => trust._tag !== 'None' && isProxy(peerOf(message), 0),
  }
}

/** `::ffff:10.0.0.1` is `10.0.0.1`. */
const normalAddress = (address: string): string =>
  address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address

export const isLoopback = (address: string): boolean =>
  LOOPBACK.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')

/** Undefined unless the text is an IP address or a network in CIDR form. */
export const readNetwork = (text: string): Network | undefined => {
  const [address = '', prefix, ...rest] = text.split('/')
  const version = isIP(address)
  if (version === 0 || rest.length > 0) return undefined
  if (prefix === undefined) return { address }
  const bits = Number(prefix)
  return /^\d{1,3}$/.test(prefix) && bits <= (version === 6 ? 128 : 32)
    ? { address, prefix: bits }
    : undefined
}

type ProxyTest = (address: string, hop: number) => boolean

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8)
LOOPBACK.addAddress('::1', 'ipv6')

const peerOf = (message: IncomingMessage): string => normalAddress(message.socket.remoteAddress ?? '')

const proxyTest = (trust: TrustProxy): ProxyTest => {
  if (trust._tag === 'None') return () => false
  if (trust._tag === 'Hops') return (_address, hop) => hop < trust.hops
  const list = new BlockList()
  for (const { address, prefix } of trust.networks) {
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    list.addSubnet(address, prefix ?? (family === 'ipv6' ? 128 : 32), family)
  }
  return (address) => isIP(address) !== 0 && list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
}

/** Walks from the peer towards the client; an entry that is no address ends the walk, because nobody we trust wrote it. */
const lastUntrusted = (peer: string, forwarded: string, isProxy: ProxyTest): string => {
  const chain = forwarded.split(',')
  let client = peer
  for (let hop = 0; isProxy(client, hop) && hop < chain.length; hop += 1) {
    const next = withoutPort(chain[chain.length - 1 - hop]?.trim() ?? '')
    if (isIP(next) === 0) break
    client = normalAddress(canonical(next))
  }
  return client
}

/** Proxies may write an IPv6 address in any of its forms; the operating system has one, and addresses are compared as texts. */
const canonical = (address: string): string =>
  isIP(address) === 6 ? new SocketAddress({ address, family: 'ipv6' }).address : address

const withoutPort = (text: string): string => {
  const match = /^(?:\[(?<six>[^\]]+)\]|(?<four>[\d.]+))(?::\d+)?$/.exec(text)
  return match?.groups?.['six'] ?? match?.groups?.['four'] ?? text
}
