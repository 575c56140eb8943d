import type { IncomingHttpHeaders } from 'node:http'
import type { ListenerName, Owner, ProtocolName } from './protocol.ts'
import {
  cookieHas,
  offersSubprotocol,
  queryHas,
  readTarget,
  withoutJsonSuffix,
  withoutTrailingSlash,
} from './target.ts'

/** Who answers a request (one-port 1, 2 and 7): pure, from the request line and the named headers alone. */
export const owner = (request: OwnedRequest, listener: ListenerName, table: OwnerTable): Owned => {
  const { path, query } = readTarget(request.target)
  const bare = withoutTrailingSlash(path)
  const name =
    listener === 'shared' ? ownerOnShared({ request, path: bare, query }, table) : ownerOf(listener)
  const hadSuffix = name === 'connectycube' && bare.endsWith('.json')
  return { owner: name, path: pathFor(name, path, bare), query, hadSuffix }
}

export type OwnedRequest = {
  readonly method: string
  /** The raw request target. */
  readonly target: string
  /** Whether it asks for a WebSocket; any other upgrade is an ordinary request. */
  readonly upgrade: boolean
  readonly headers: IncomingHttpHeaders
}
export type Owned = Pick<Read, 'path' | 'query'> & {
  readonly owner: Owner
  /** ConnectyCube's path lost its `.json`. */
  readonly hadSuffix: boolean
}

/** The rows of the protocols that are on, by first segment. */
export type OwnerTable = {
  readonly rows: ReadonlyMap<string, readonly Row[]>
  readonly on: ReadonlySet<ProtocolName>
  readonly fallback: ProtocolName
}

/** @param internalRoutes row 10 is there: `AFRODITE_BOT_LOGIN` without a port of its own. */
export const ownerTable = (on: ReadonlySet<ProtocolName>, internalRoutes: boolean): OwnerTable => {
  const rows = new Map<string, Row[]>()
  for (const row of ROWS) {
    if (row.owner !== 'platform' && !on.has(row.owner)) continue
    if (row.internal === true && !internalRoutes) continue
    for (const segment of row.segments) rows.set(segment, [...(rows.get(segment) ?? []), row])
  }
  // With nothing on there is no server; the type wants a name.
  return { rows, on, fallback: FALLBACKS.find((name) => on.has(name)) ?? 'rightech' }
}

type Read = { readonly request: OwnedRequest; readonly path: string; readonly query: string }
type Row = {
  readonly owner: Owner
  /** First segments of the path. */
  readonly segments: readonly string[]
  /** Without it the row owns every path with that segment. */
  readonly when?: (read: Read, table: OwnerTable) => boolean
  readonly internal?: true
}

const paths =
  (...exact: readonly string[]) =>
  ({ path }: Read): boolean =>
    exact.includes(path)

const storesOwnSocketIo = ({ request: { headers }, query }: Read, { on }: OwnerTable): boolean =>
  !on.has('timelimit') ||
  cookieHas(headers, 'sid') ||
  /^bearer(?: |$)/i.test(headers.authorization ?? '') ||
  queryHas(query, 'accessToken')

const isRead = (method: string): boolean => method === 'GET' || method === 'HEAD'

const CONNECTYCUBE_SEGMENTS = [
  ...[
    'session',
    'login',
    'users',
    'address_book',
    'data',
    'blobs',
    'storage',
    'chat',
    'subscriptions',
    'events',
  ],
  ...['meetings', 'whiteboards', 'calls', 'unfurl', 'admin', 'xmpp'],
]

/** Rows 1 to 11 in order but for row 9, a pattern that no segment here has the length of. */
const ROWS: readonly Row[] = [
  {
    owner: 'platform',
    segments: ['live', 'ready', 'metrics', 'openapi.json'],
    when: paths('/live', '/ready', '/metrics', '/openapi.json'),
  },
  { owner: 'platform', segments: ['history'] },
  {
    owner: 'rightech',
    segments: ['api'],
    when: ({ path }) => path === '/api/v1' || path.startsWith('/api/v1/'),
  },
  { owner: 'rightech', segments: ['events'], when: paths('/events/stream') },
  {
    owner: 'rightech',
    segments: [''],
    when: ({ path, request }) => path === '/' && !request.upgrade && isRead(request.method),
  },
  { owner: 'rightech', segments: ['socket.io'], when: storesOwnSocketIo },
  { owner: 'timelimit', segments: ['socket.io'] },
  { owner: 'timelimit', segments: ['time'], when: paths('/time') },
  { owner: 'timelimit', segments: ['auth', 'parent', 'child', 'sync', 'purchase'] },
  {
    owner: 'timelimit',
    segments: ['admin'],
    when: paths(
      ...['/admin/status', '/admin/reset-counters', '/admin/status-message'],
      ...['/admin/unlock-premium', '/admin/unlock-premium-v2'],
    ),
  },
  {
    owner: 'afrodite',
    segments: ['account_api'],
    when: paths('/account_api/register', '/account_api/login'),
    internal: true,
  },
  {
    owner: 'connectycube',
    segments: [...CONNECTYCUBE_SEGMENTS, ...CONNECTYCUBE_SEGMENTS.map((segment) => `${segment}.json`)],
  },
  {
    owner: 'connectycube',
    segments: [''],
    when: ({ path, request }) =>
      path === '/' && request.upgrade && offersSubprotocol(request.headers, 'xmpp'),
  },
]

/** Row 12. */
const FALLBACKS: readonly ProtocolName[] = ['connectycube', 'rightech', 'timelimit', 'afrodite']

const ownerOnShared = (read: Read, table: OwnerTable): Owner => {
  const end = read.path.indexOf('/', 1)
  const first = read.path.slice(1, end === -1 ? undefined : end)
  const rows = table.rows.get(first)
  if (rows !== undefined) {
    for (const row of rows) if (row.when === undefined || row.when(read, table)) return row.owner
  } else if (first.length === 27 && table.on.has('afrodite') && /^[\w-]+$/.test(first)) {
    return 'afrodite'
  }
  return table.fallback
}

const ownerOf = (listener: Exclude<ListenerName, 'shared'>): ProtocolName =>
  listener === 'internal' ? 'afrodite' : listener

const pathFor = (name: Owner, path: string, bare: string): string => {
  if (name === 'afrodite') return path
  return name === 'connectycube' ? withoutJsonSuffix(bare) : bare
}
