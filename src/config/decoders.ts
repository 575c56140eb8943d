import * as t from 'io-ts'
import { isIP } from 'node:net'
import { isLoopback, readNetwork } from '../http/address.ts'
import type { TrustProxy } from '../http/address.ts'

/** Reads one environment variable; a refusal says what it must be. */
export type TextDecoder<A> = t.Decoder<string, A>

export const text: TextDecoder<string> = t.string

export const boolean = decoder('must be true or false (yes/no, 1/0)', (value) =>
  BOOLEANS.get(value.toLowerCase()),
)

export const wholeNumber = (min: number, max: number): TextDecoder<number> =>
  decoder(`must be a whole number from ${min} to ${max}`, (value) => {
    const number = Number(value)
    return /^\d{1,16}$/.test(value) && number >= min && number <= max ? number : undefined
  })

/** Seconds with a fraction. */
export const seconds = (min: number): TextDecoder<number> =>
  decoder(`must be a number of seconds, at least ${min}`, (value) => {
    const number = Number(value)
    return /^\d{1,9}(?:\.\d{1,9})?$/.test(value) && number >= min ? number : undefined
  })

/** 0 takes a free one. */
export const port = wholeNumber(0, 65_535)

export const host = decoder('must be a host name or an IP address', (value) =>
  isIP(value) !== 0 || /^[a-z\d](?:[a-z\d.-]*[a-z\d])?$/i.test(value) ? value : undefined,
)

export const oneOf = <A extends string>(names: readonly A[]): TextDecoder<A> =>
  decoder(`must be one of ${names.join(', ')}`, (value) => names.find((name) => name === value))

/** Names between commas, each one known. */
export const setOf = <A extends string>(names: readonly A[]): TextDecoder<ReadonlySet<A>> =>
  decoder(`must be a list out of ${names.join(', ')}`, (value) => {
    const items = itemsOf(value)
    const known = names.filter((name) => items.includes(name))
    return items.length > 0 && known.length === new Set(items).size ? new Set(known) : undefined
  })

export const list = decoder<readonly string[]>('must be a list with commas', (value) => itemsOf(value))

/** @param schemes each with its colon, as `https:` */
export const url = (...schemes: readonly string[]): TextDecoder<string> =>
  decoder(`must be a URL that begins with ${schemes.join(' or ')}`, (value) =>
    schemes.some((scheme) => value.startsWith(scheme)) && URL.canParse(value) ? value : undefined,
  )

/** A connection string may name several hosts with ports, which makes it no URL. */
export const connectionString = (...schemes: readonly string[]): TextDecoder<string> =>
  decoder(`must be a connection string that begins with ${schemes.join(' or ')}`, (value) =>
    schemes.some((scheme) => value.startsWith(scheme) && value.length > scheme.length) && !/\s/.test(value)
      ? value
      : undefined,
  )

/** Where we are for others: no query, no fragment; without a trailing slash. */
export const publicUrl = decoder('must be an http: or https: URL without query and fragment', (value) => {
  const parsed = URL.canParse(value) ? new URL(value) : undefined
  const plain = parsed !== undefined && /^https?:$/.test(parsed.protocol) && !/[?#]/.test(value)
  return plain && parsed.username === '' ? parsed.href.replace(/\/+$/, '') : undefined
})

export const corsOrigins = decoder<'*' | readonly string[]>(
  'must be * or a list of origins such as https://example.org',
  (value) => {
    const items = itemsOf(value)
    if (items.length === 1 && items[0] === '*') return '*'
    return items.every((item) => URL.canParse(item) && new URL(item).origin === item) ? items : undefined
  },
)

export const trustProxy = decoder<TrustProxy>(
  'must be a number of proxies or a list of networks',
  (value) => {
    if (/^\d{1,2}$/.test(value))
      return Number(value) === 0 ? { _tag: 'None' } : { _tag: 'Hops', hops: Number(value) }
    const networks = itemsOf(value).map(readNetwork)
    const known = networks.filter((network) => network !== undefined)
    return known.length > 0 && known.length === networks.length
      ? { _tag: 'Networks', networks: known }
      : undefined
  },
)

export type HostAndPort = { readonly host: string; readonly port: number }

/** `host:port`, `[address]:port`, or a port on the loopback address. */
export const hostAndPort = decoder<HostAndPort>('must be host:port', (value) => {
  const [, name = '', digits = ''] = /^(?:(\[[\da-f:]+\]|[^:[\]]+):)?(\d{1,5})$/i.exec(value) ?? []
  if (digits === '' || Number(digits) > 65_535) return undefined
  return { host: name === '' ? '127.0.0.1' : name.replace(/[[\]]/g, ''), port: Number(digits) }
})

export type MinClient = { readonly clientType: number; readonly version: readonly [number, number, number] }

export const minClients = decoder<readonly MinClient[]>(
  'must be a list of type:major.minor.patch, as 0:1.2.0,2:0.9.0',
  (value) => {
    const items = itemsOf(value)
    const clients = items.map(minClient).filter((client) => client !== undefined)
    const types = new Set(clients.map(({ clientType }) => clientType))
    return items.length > 0 && types.size === items.length ? clients : undefined
  },
)

/** The rule of the stores for passwords (rightech 1.6, users). */
export const password = decoder(
  'must have at least 8 characters with a lower-case letter, an upper-case letter and a digit',
  (value) =>
    value.length >= 8 && [/[a-z]/, /[A-Z]/, /\d/].every((rule) => rule.test(value)) ? value : undefined,
)

export const isLoopbackHost = (name: string): boolean =>
  name.toLowerCase() === 'localhost' || (isIP(name) !== 0 && isLoopback(name))

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['yes', true],
  ['1', true],
  ['false', false],
  ['no', false],
  ['0', false],
])

const itemsOf = (value: string): readonly string[] =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')

const minClient = (item: string): MinClient | undefined => {
  if (!/^\d{1,3}:\d{1,9}\.\d{1,9}\.\d{1,9}$/.test(item)) return undefined
  const [clientType, version] = item.split(':')
  const [major, minor, patch] = version?.split('.') ?? []
  return Number(clientType) > 255
    ? undefined
    : { clientType: Number(clientType), version: [Number(major), Number(minor), Number(patch)] }
}

function decoder<A>(expected: string, parse: (value: string) => A | undefined): TextDecoder<A> {
  const validate: t.Validate<string, A> = (value, context) => {
    const parsed = parse(value)
    return parsed === undefined ? t.failure(value, context, expected) : t.success(parsed)
  }
  return { name: expected, validate, decode: (value) => validate(value, []) }
}
