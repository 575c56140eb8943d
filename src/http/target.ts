import type { IncomingHttpHeaders } from 'node:http'

/** A request target as one-port 1 reads it: never `new URL`, which takes `//session.json` for a host and resolves `..`. */
export type Target = {
  /** Undecoded, runs of `/` as one, a trailing one still there. */
  readonly path: string
  /** Behind the first `?`, undecoded. */
  readonly query: string
}

export const readTarget = (target: string): Target => {
  const origin = target.charCodeAt(0) === SLASH ? target : withoutAuthority(target)
  const mark = origin.indexOf('?')
  const path = mark === -1 ? origin : origin.slice(0, mark)
  return {
    path: path.includes('//') ? path.replace(/\/{2,}/g, '/') : path,
    query: mark === -1 ? '' : origin.slice(mark + 1),
  }
}

export const withoutTrailingSlash = (path: string): string =>
  path.length > 1 && path.charCodeAt(path.length - 1) === SLASH ? path.slice(0, -1) : path

export const withoutJsonSuffix = (path: string): string =>
  path.endsWith('.json') ? path.slice(0, -5).padStart(1, '/') : path

/** The path's segments, undecoded: `/a/b` is `['a', 'b']`, `/` is `[]`. */
export const segmentsOf = (path: string): readonly string[] =>
  path.length < 2 ? [] : path.slice(1).split('/')

/** A captured segment, decoded once; `undefined` (a 404) if it cannot be. */
export const decodeSegment = (segment: string): string | undefined => {
  if (!segment.includes('%')) return segment
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}

/** Whether the query has a parameter of that name, with or without a value. */
export const queryHas = (query: string, name: string): boolean =>
  query !== '' &&
  query.split('&').some((pair) => {
    const end = pair.indexOf('=')
    return decodeSegment(end === -1 ? pair : pair.slice(0, end)) === name
  })

/** Whether a cookie of that name is there, whatever its value. */
export const cookieHas = (headers: IncomingHttpHeaders, name: string): boolean =>
  headers.cookie?.split(';').some((pair) => {
    const end = pair.indexOf('=')
    return end !== -1 && pair.slice(0, end).trim() === name
  }) ?? false

/** Whether `Sec-WebSocket-Protocol` offers it. */
export const offersSubprotocol = (headers: IncomingHttpHeaders, name: string): boolean =>
  headers['sec-websocket-protocol']?.split(',').some((offer) => offer.trim() === name) ?? false

const SLASH = 0x2f

/** What is left of an absolute target, at least `/`. `*` and whatever else has no authority stays. */
const withoutAuthority = (target: string): string => {
  const scheme = /^[a-z][a-z\d+.-]*:\/\/[^/?]*/i.exec(target)
  if (scheme === null) return target === '' || target.startsWith('?') ? `/${target}` : target
  const rest = target.slice(scheme[0].length)
  return rest.startsWith('/') ? rest : `/${rest}`
}
