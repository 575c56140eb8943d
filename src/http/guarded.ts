import { lookup as resolve, type LookupAddress, type LookupAllOptions } from 'node:dns'
import {
  Agent as HttpAgent,
  request as httpRequest,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'
import { GUARDED_SOCKETS_AN_ADDRESS_MAX, GUARDED_SOCKETS_MAX } from '../limits.ts'

/** Which hosts a URL may name. `local`: also this machine, for development and tests. `anywhere`: the operator himself named it. */
export type Reach = 'public' | 'local' | 'anywhere'

/** A URL that is not followed: its host is not public, or it is none of ours to follow. */
export class NotReachable extends Error {
  override readonly name = 'NotReachable'
}

export type GuardedRequest = {
  readonly method?: 'GET' | 'HEAD' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer
  /** From the look-up of the name to the last byte of the answer. */
  readonly timeoutMs: number
  /** Of the answer's body; what comes behind is not read. */
  readonly bytesMax: number
}

export type GuardedAnswer = {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** As it came: `Content-Encoding` is not undone. */
  readonly body: Buffer
  /** False if `body` is only the first `bytesMax` of more. */
  readonly isWhole: boolean
}

export type Guarded = {
  /**
   * One request; a redirect is an answer like any other, and each hop is for the caller to ask for. Rejects with `NotReachable`, or with
   * whatever kept the answer from coming.
   */
  readonly request: (url: string, options: GuardedRequest) => Promise<GuardedAnswer>
  /** Ends connections that are kept. */
  readonly close: () => void
}

/**
 * The way out to URLs that clients chose: a browser's push service, a page to preview. The address is looked at when the connection is made,
 * so a name that says something else the second time gains nothing; nothing inside our network is asked, nor is a cloud's metadata service.
 */
export const createGuarded = (reach: Reach, lookup = guardedLookup(reach)): Guarded => {
  const options = { lookup, ...SOCKETS }
  const agents = { 'http:': new HttpAgent(options), 'https:': new HttpsAgent(options) }
  return {
    request: async (url, asked) => {
      const target = URL.canParse(url) ? new URL(url) : undefined
      const refused = target === undefined ? 'no URL' : refusalOf(target, reach)
      if (target === undefined || refused !== undefined) throw new NotReachable(refused)
      return target.protocol === 'https:'
        ? answerTo((more) => httpsRequest(target, { ...more, agent: agents['https:'] }), asked)
        : answerTo((more) => httpRequest(target, { ...more, agent: agents['http:'] }), asked)
    },
    close: () => Object.values(agents).forEach((agent) => agent.destroy()),
  }
}

/** Whether packets to it leave for the internet. An IPv4 address inside an IPv6 one counts as itself; transition networks are not public. */
export const isPublicAddress = (address: string): boolean => {
  if (!ipaddr.isValid(address)) return false
  const parsed = ipaddr.process(address)
  if (parsed.range() !== 'unicast') return false
  // No other addresses of version 6 are given out.
  return !(parsed instanceof ipaddr.IPv6) || parsed.match(GLOBAL_UNICAST)
}

/** Finds a name's addresses that may be asked; fails if it has none. For an agent: it is not called for a host that is an address. */
export const guardedLookup =
  (reach: Reach, find: Find = resolve): LookupFunction =>
  (host, { all, ...options }, done) => {
    find(host, { ...options, all: true }, (error, found) => {
      const addresses = error === null ? found.filter(({ address }) => isAdmitted(address, reach)) : []
      const [first] = addresses
      if (error !== null) done(error, [])
      else if (first === undefined) done(new NotReachable(NOT_PUBLIC), [])
      else if (all === true) done(null, addresses)
      else done(null, first.address, first.family)
    })
  }

type Find = (
  host: string,
  options: LookupAllOptions,
  done: (error: NodeJS.ErrnoException | null, found: readonly LookupAddress[]) => void,
) => void

const NOT_PUBLIC = 'its host is not public'
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3')
const SOCKETS = {
  keepAlive: true,
  /** Of a connection that nobody uses. */
  timeout: 15_000,
  maxSockets: GUARDED_SOCKETS_AN_ADDRESS_MAX,
  maxTotalSockets: GUARDED_SOCKETS_MAX,
}

const isAdmitted = (address: string, reach: Reach): boolean =>
  reach === 'anywhere' ||
  isPublicAddress(address) ||
  (reach === 'local' && ipaddr.isValid(address) && ipaddr.process(address).range() === 'loopback')

/** A host that is an address is never looked up, so it is judged here; the parser has brought its odd spellings into one. */
const refusalOf = ({ protocol, username, password, hostname }: URL, reach: Reach): string | undefined => {
  const host = hostname.replace(/^\[|\]$/g, '')
  if (protocol !== 'https:' && protocol !== 'http:') return 'neither https: nor http:'
  if (username !== '' || password !== '') return 'it carries a password'
  return isIP(host) !== 0 && !isAdmitted(host, reach) ? NOT_PUBLIC : undefined
}

const answerTo = async (
  send: (options: RequestOptions) => ClientRequest,
  { method = 'GET', headers, body, timeoutMs, bytesMax }: GuardedRequest,
): Promise<GuardedAnswer> => {
  const request = send({ method, headers: { ...headers }, signal: AbortSignal.timeout(timeoutMs) })
  const answer = await new Promise<IncomingMessage>((done, failed) => {
    request.on('response', done).on('error', failed).end(body)
  })
  const { statusCode = 0, headers: answered } = answer
  return { status: statusCode, headers: answered, ...(await bodyOf(answer, bytesMax)) }
}

const bodyOf = async (
  answer: AsyncIterable<Buffer>,
  bytesMax: number,
): Promise<Pick<GuardedAnswer, 'body' | 'isWhole'>> => {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of answer) {
    chunks.push(chunk)
    bytes += chunk.length
    // Leaving the loop ends the connection.
    if (bytes > bytesMax) return { body: Buffer.concat(chunks).subarray(0, bytesMax), isWhole: false }
  }
  return { body: Buffer.concat(chunks), isWhole: true }
}
