/** Accounts and sessions as a history would hold them, and their documents, without stores. */
import { afrodite } from '../../projections/afrodite.ts'
import type { Documents, Write } from '../../src/documents/port.ts'
import type { Fact } from '../../src/domain/decider.ts'
import { fact } from '../../src/domain/afrodite/events.ts'
import { accountStream, sessionStream } from '../../src/domain/afrodite/names.ts'
import type { StoredEvent } from '../../src/history/port.ts'
import type { JsonObject } from '../../src/json.ts'
import { createBuild, projectInto } from '../../src/projecting/build.ts'

export const AT = 1_700_000_000_000
export const ANN = '0a000000-0000-4000-8000-000000000001'
export const BEN = '0b000000-0000-4000-8000-000000000002'
export const EVE = '0e000000-0000-4000-8000-000000000003'
export const CLIENT = { type: 255, major: 1, minor: 2, patch: 3 } as const

/** Facts of streams in the order in which they happened. */
export type Happened = readonly (readonly [stream: string, ...facts: Fact[]])[]

/** As a history gives them back: each stream counts for itself; positions leave gaps. The n-th event happened n ms after `AT`. */
export const stored = (happened: Happened): readonly StoredEvent[] => {
  const revisions = new Map<string, bigint>()
  const all = happened.flatMap(([stream, ...facts]) => facts.map((one) => ({ stream, one })))
  return all.map(({ stream, one: { type, data } }, index) => {
    const revision = revisions.get(stream) ?? 0n
    revisions.set(stream, revision + 1n)
    return {
      stream,
      revision,
      position: BigInt(3 * index + 1),
      id: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
      type,
      data: JSON.parse(JSON.stringify(data)) as JsonObject,
      meta: { at: AT + index, actor: 'afrodite:test', commandId: 'c', correlationId: 'c', schema: 1 },
    }
  })
}

/** As it reads when the account's key is destroyed. */
export const erased = (events: readonly StoredEvent[]): readonly StoredEvent[] =>
  events.map((event) =>
    'sealed' in event.data ? { ...event, data: { ...event.data, sealed: null } } : event,
  )

export const erasure = (aid: string): Happened[number] => [
  `platform.erasure-${accountStream(aid)}`,
  { type: 'SubjectErased', data: { subject: accountStream(aid) } },
]

/** As the projector makes them, under the collections' logical names. */
export const writesOf = (event: StoredEvent): readonly Write[] => {
  const writes: Write[] = []
  projectInto(writes, createBuild(afrodite, 0), event)
  return writes.map((write) => ({ ...write, collection: write.collection.replace(/@.*$/, '') }))
}

export const project = async (documents: Documents, ...events: readonly StoredEvent[]): Promise<void> =>
  documents.apply(events.flatMap(writesOf), [])

/** With the projection's indexes, so that unique ones are kept. */
export const prepared = async <D extends Documents>(documents: D): Promise<D> => {
  for (const [name, { indexes }] of Object.entries(afrodite.collections))
    await documents.ensureIndexes(name, indexes)
  return documents
}

export const registered = (aid: string, demoEntry?: number): Happened[number] => [
  accountStream(aid),
  fact(
    'AccountRegistered',
    demoEntry === undefined ? { aid, origin: 'bot' } : { aid, origin: 'demo', demoEntry },
  ),
]

/** A first pair. */
export const loggedIn = (aid: string, pair: string): Happened[number] => [
  sessionStream(aid),
  fact('LoginStarted', {
    loginId: `login of ${pair}`,
    method: 'bot',
    sealed: { accessHash: `access ${pair}`, refreshHash: `refresh ${pair}`, ip: '192.0.2.1' },
  }),
]

/** The next pair, and the connection that it came with; `replaced` is the one that was open. */
export const exchanged = (
  aid: string,
  pair: string,
  { connection, node = 'node', replaced }: { connection: string; node?: string; replaced?: string },
): Happened[number] => {
  const about = { loginId: `login of ${aid}`, connectionId: connection }
  return [
    sessionStream(aid),
    ...(replaced === undefined ? [] : [closed(replaced, 'replaced')]),
    fact('RefreshTokenRotated', { ...about, sealed: { refreshHash: `refresh ${pair}` } }),
    fact('AccessTokenIssued', { ...about, sealed: { accessHash: `access ${pair}` } }),
    fact('ConnectionOpened', {
      connectionId: connection,
      node,
      client: CLIENT,
      sealed: { ip: '192.0.2.2', port: 4_000 },
    }),
  ]
}

export const closed = (connectionId: string, cause: 'client' | 'replaced' | 'revoked' | 'node-lost'): Fact =>
  fact('ConnectionClosed', { connectionId, cause })

export const revoked = (aid: string, connection?: string): Happened[number] => [
  sessionStream(aid),
  ...(connection === undefined ? [] : [closed(connection, 'revoked')]),
  fact('SessionRevoked', { loginId: `login of ${aid}`, cause: 'refresh-mismatch' }),
]
