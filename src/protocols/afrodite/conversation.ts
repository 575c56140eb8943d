import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Either } from 'fp-ts/lib/Either.js'
import * as E from 'fp-ts/lib/Either.js'
import type { Exchanged, Sessions } from '../../commands/afrodite/sessions.ts'
import type { MinClient } from '../../config/decoders.ts'
import type { AccountState } from '../../domain/afrodite/account.ts'
import type { ClientInfo } from '../../domain/afrodite/session.ts'
import type { SyncType } from '../../domain/afrodite/sync-types.ts'
import { reaction } from '../../domain/afrodite/sync-versions.ts'
import type { Rejection } from '../../domain/rejection.ts'
import type { Log } from '../../http/log.ts'
import type { Connection } from './connection.ts'
import type { Farewell, Step } from './ending.ts'
import { snapshotFrames } from './messages.ts'
import type { StoreChanges, StoreSync } from './store-changes.ts'
import { isSupported, readClientInfo, readSyncList, type Message, type SyncItem } from './wire.ts'

export type ConversationParts = {
  readonly sessions: Pick<Sessions, 'exchange'>
  readonly accounts: {
    readonly load: (aid: string) => Promise<AccountState>
    readonly run: (
      aid: string,
      command: { readonly type: 'ResetSyncVersion' },
    ) => Promise<Either<Rejection, { readonly state: AccountState }>>
  }
  /** This process among all, new with every start. */
  readonly node: string
  readonly storeChanges: StoreChanges
  readonly settings: { readonly minClients: readonly MinClient[] }
  readonly log: Pick<Log, 'error'>
}

/** Who opened the socket, and from where. */
export type Peer = {
  readonly aid: string
  readonly connectionId: string
  readonly ip: string
  readonly port: number
}

/** Steps 1 to 6 of a connection (afrodite 3.2), one after the other whatever the client sends in advance. Never rejects. */
export const converse = async (
  parts: ConversationParts,
  connection: Connection,
  peer: Peer,
): Promise<void> => {
  try {
    const opened = await exchangeTokens(parts, connection, peer)
    if (opened === undefined) return
    const message = await connection.next()
    if (message === undefined) return
    const list = message.isBinary ? readSyncList(message.data) : undefined
    if (list === undefined) {
      await refuse(connection, 5, message)
      return
    }
    const who = { aid: peer.aid, loginId: opened.loginId }
    const { events, stores } = await synchronise(parts, connection, who, list)
    connection.goLive({ position: opened.position, events })
    // Behind what was kept of the account, which is older.
    stores?.start()
  } catch (error) {
    parts.log.error({ err: error, connection: peer.connectionId }, 'a handshake failed')
    await connection.end(OUR_FAULT)
  }
}

const OUR_FAULT: Farewell = { code: 1011, cause: 'server-failed' }

const refuse = (connection: Connection, step: Step, { isBinary }: Message): Promise<undefined> =>
  bye(connection, { code: isBinary ? 1002 : 1003, refused: step, cause: 'malformed' })

const bye = async (connection: Connection, farewell: Farewell): Promise<undefined> => {
  await connection.end(farewell)
  return undefined
}

type Presented = { readonly client: ClientInfo; readonly presented: Buffer }

/** Steps 1 and 2; undefined: the connection ends. */
const readPresented = async (connection: Connection): Promise<Presented | undefined> => {
  const first = await connection.next()
  if (first === undefined) return undefined
  const client = first.isBinary ? readClientInfo(first.data) : undefined
  if (client === undefined) return refuse(connection, 1, first)
  const second = await connection.next()
  if (second === undefined) return undefined
  return second.isBinary ? { client, presented: second.data } : refuse(connection, 2, second)
}

type Opened = Extract<Exchanged, { readonly _tag: 'Exchanged' }>

/** Steps 1 to 4; undefined: the connection ends. */
const exchangeTokens = async (
  parts: ConversationParts,
  connection: Connection,
  peer: Peer,
): Promise<Opened | undefined> => {
  const presented = await readPresented(connection)
  // A close frame may have come right behind: then nobody would record the end of what is opened now.
  if (presented === undefined || connection.isOver()) return undefined
  // Before the append: nothing that happens behind it may be missed.
  connection.listen()
  const exchanged = await exchange(parts, connection, peer, presented)
  if (connection.isOver()) return undefined
  switch (exchanged?._tag) {
    case 'Exchanged':
      connection.sendBinary(exchanged.pair.refresh)
      connection.sendBinary(exchanged.pair.access)
      return exchanged
    case 'Unsupported':
      connection.send('')
      return bye(connection, {})
    case 'Refused':
      return bye(connection, { code: 1008, reason: 'refresh' })
    case undefined:
      return bye(connection, OUR_FAULT)
  }
}

/** Undefined: it failed, perhaps behind the append, so that the connection counts as one that may be open. */
const exchange = async (
  { sessions, node, settings, log }: ConversationParts,
  connection: Connection,
  { aid, connectionId: id, ip, port }: Peer,
  { client, presented }: Presented,
): Promise<Exchanged | undefined> => {
  const exchanging = sessions
    .exchange(aid, presented, { id, node, ip, port, client }, isSupported(client, settings.minClients))
    .then(E.getOrElseW(() => undefined))
    .catch((error: unknown) => {
      log.error({ err: error, connection: id }, 'an exchange of tokens failed')
      return undefined
    })
  connection.opening(exchanging.then((done) => done === undefined || done._tag === 'Exchanged'))
  return exchanging
}

type Who = { readonly aid: string; readonly loginId: string }

/** How many events of the account's stream the client has got with its list, and the extension types that it named. */
type Synchronised = { readonly events: number; readonly stores: StoreSync | undefined }

/** Step 5. */
const synchronise = async (
  { accounts, storeChanges }: ConversationParts,
  connection: Connection,
  who: Who,
  list: readonly SyncItem[],
): Promise<Synchronised> => {
  let account: AccountState | undefined
  let stores: StoreSync | undefined
  const answerAccount = async (version: number): Promise<void> => {
    account ??= await accounts.load(who.aid)
    const answer = reaction(version, account.version)
    if (answer === 'nothing') return
    // What is 0 already is as good as reset (afrodite 7.4).
    if (answer === 'reset' && account.version > 0) account = await reset(accounts, who.aid)
    snapshotFrames(account).forEach(connection.send)
  }
  const answerStores = async (type: SyncType, version: number): Promise<void> => {
    if (stores === undefined) {
      stores = storeChanges.open(who, connection.send)
      connection.attach(stores)
    }
    await stores.item(type, version)
  }
  for (const [index, { type, version }] of list.entries()) {
    if (index % ITEMS_AT_A_STRETCH === ITEMS_AT_A_STRETCH - 1) await nextTurn()
    if (connection.isOver()) break
    if (type.source?.of === 'account') await answerAccount(version)
    else if (type.source !== undefined) await answerStores(type, version)
  }
  return { events: account?.events ?? 0, stores }
}

const reset = async (accounts: ConversationParts['accounts'], aid: string): Promise<AccountState> => {
  const done = await accounts.run(aid, { type: 'ResetSyncVersion' })
  if (E.isRight(done)) return done.right.state
  throw new Error(`a sync version could not be reset: ${done.left.reason}`)
}

/** Others get their turn after so many: a list of full size has 32,768. */
const ITEMS_AT_A_STRETCH = 100
