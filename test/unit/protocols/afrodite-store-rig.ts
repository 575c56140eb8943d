/** Connections that follow stores, on everything in memory: the stores' entities by the real engine, families as facts, the real hub. */
import { randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import { afroditeSyncCounts } from '../../../projections/afrodite-sync-counts.ts'
import { stores } from '../../../projections/stores.ts'
import { timelimit } from '../../../projections/timelimit.ts'
import { createAccounts, type Accounts } from '../../../src/commands/afrodite/accounts.ts'
import { CLAIMS_SEALED } from '../../../src/commands/claims.ts'
import { createEngine } from '../../../src/commands/engine.ts'
import { eventOf } from '../../../src/commands/facts.ts'
import { createSnapshots } from '../../../src/commands/snapshots.ts'
import { memoryDocuments } from '../../../src/documents/memory/memory.ts'
import type { Versioned } from '../../../src/documents/port.ts'
import { AFRODITE_SEALED } from '../../../src/domain/afrodite/events.ts'
import { syncType } from '../../../src/domain/afrodite/sync-types.ts'
import type { Fact } from '../../../src/domain/decider.ts'
import type { Caller, StoresCommand } from '../../../src/domain/stores/commands.ts'
import { storesDecider } from '../../../src/domain/stores/decide.ts'
import { STORES_SEALED } from '../../../src/domain/stores/events.ts'
import { entityStream } from '../../../src/domain/stores/names.ts'
import { TIMELIMIT_SEALED } from '../../../src/domain/timelimit/events.ts'
import { memoryHistory } from '../../../src/history/memory/memory.ts'
import { sealedHistory } from '../../../src/history/sealing.ts'
import type { JsonObject } from '../../../src/json.ts'
import { startHub } from '../../../src/live/hub.ts'
import { startRunner } from '../../../src/projecting/runner.ts'
import { createStoreChanges, type StoreSync } from '../../../src/protocols/afrodite/store-changes.ts'
import { createReader } from '../../../src/queries/reader.ts'
import { memoryKeyring } from '../../../src/vault/memory/keyring.ts'
import { memoryVault } from '../../../src/vault/memory/vault.ts'
import type { Vault } from '../../../src/vault/port.ts'
import { caller, createCommand, hex, patchCommand, ROOT } from '../../support/stores-domain.ts'
import { STREAM } from '../../support/timelimit-domain.ts'
import { turns } from '../../support/waiting.ts'

export type Told = {
  readonly type: number
  readonly version: number
  readonly count: number
  readonly ids?: readonly string[]
}

export type Connection = StoreSync & {
  readonly loginId: string
  readonly frames: readonly string[]
  /** `store_changed` of the frames since the last call. */
  readonly news: () => readonly Told[]
  /** Every item, and the start. */
  readonly list: (...items: readonly (readonly [type: number, byte: number])[]) => Promise<void>
  readonly name: (type: number, byte: number) => Promise<void>
}

export type Rig = {
  readonly accounts: Accounts
  readonly vault: Vault
  readonly clock: { now: number }
  readonly warnings: string[]
  /** Called before every read of a document; may wait or throw. */
  readonly onRead: { before: (collection: string, id: string) => Promise<void> | void }
  readonly reads: string[]
  readonly listeners: () => number
  readonly create: (store: string, id: string, body?: JsonObject, by?: Caller) => Promise<void>
  readonly patch: (store: string, id: string, body: JsonObject) => Promise<void>
  readonly remove: (store: string, id: string) => Promise<void>
  /** So many changes of one label of the group, in few appends. */
  readonly touchLabels: (times: number, branch?: readonly string[]) => Promise<void>
  readonly append: (stream: string, ...facts: readonly Fact[]) => Promise<void>
  readonly family: (...facts: readonly Fact[]) => Promise<void>
  /** A user of the stores with a role of these scopes, in a group of the own below the root. */
  readonly user: (name: string, credentials: readonly string[], group?: string) => Promise<string>
  readonly account: (links: { readonly rightech?: string; readonly timelimit?: string }) => Promise<string>
  readonly connect: (aid: string, loginId?: string) => Connection
}

export const startRig = async (t: ExecutionContext): Promise<Rig> => {
  const keyring = memoryKeyring()
  const sealed = { ...CLAIMS_SEALED, ...AFRODITE_SEALED, ...STORES_SEALED, ...TIMELIMIT_SEALED }
  const history = sealedHistory(memoryHistory(), keyring, sealed)
  const documents = memoryDocuments()
  const clock = { now: 1_700_000_000_000 }
  const vault = memoryVault({ now: () => clock.now })
  const runner = await startRunner({
    ...{ history, documents, projections: [stores, timelimit, afroditeSyncCounts] },
    onApplied: () => undefined,
    onStopped: (name, { error }) => t.fail(`${name} stopped: ${error}`),
    onBroken: (error) => t.fail(String(error)),
  })
  t.teardown(() => runner.close())
  while (!runner.status().every(({ caughtUp }) => caughtUp)) await pause(1)
  const warnings: string[] = []
  const log = { warn: (_details: object, message: string) => void warnings.push(message) }
  const hub = startHub({ history, applied: runner.applied, reached: runner.reached, log })
  t.teardown(() => hub.close())
  const engine = createEngine({
    ...{ history, keyring, refusal: runner.refusal, shown: runner.shown },
    snapshots: createSnapshots(documents, keyring),
  })
  const now = (): number => clock.now
  const accounts = createAccounts({ engine, now })
  const plain = createReader(documents, runner.serving)
  const reads: string[] = []
  const onRead: Rig['onRead'] = { before: () => undefined }
  const reader = {
    get: async (collection: string, id: string): Promise<Versioned | undefined> => {
      reads.push(`${collection} ${id}`)
      await onRead.before(collection, id)
      return plain.get(collection, id)
    },
  }
  const listeners = new Set<object>()
  const counting: typeof hub = {
    ...hub,
    listen: (feed, listener) => {
      const listening = hub.listen(feed, listener)
      listeners.add(listening)
      return {
        ...listening,
        stop: () => {
          listeners.delete(listening)
          listening.stop()
        },
      }
    },
  }
  const changes = createStoreChanges({ hub: counting, reader, accounts, vault, now, log, retryMs: 1 })

  const append: Rig['append'] = async (stream, ...facts) => {
    const cause = { commandId: randomUUID(), actor: 'test', at: clock.now }
    const events = facts.map((fact, index) => eventOf(cause, String(index), fact))
    const done = await history.append(stream, 'any', events)()
    if (E.isLeft(done)) throw new Error(done.left._tag)
    await runner.reached(done.right.position, [''])
  }
  const run = async (store: string, id: string, command: StoresCommand): Promise<void> => {
    const stream = entityStream(store, id)
    const cause = { commandId: randomUUID(), actor: 'test', at: clock.now }
    const done = await engine.execute({ ...cause, stream, decider: storesDecider(store), command })()
    if (E.isLeft(done)) throw new Error(JSON.stringify(done.left))
  }
  const create: Rig['create'] = (store, id, body, by = caller()) =>
    run(
      store,
      id,
      createCommand(store, body, { id, caller: by, group: { _id: by.group, branch: by.branch } }),
    )
  const root = { ...createCommand('groups', { name: 'Root' }), id: ROOT, group: { _id: ROOT, branch: [] } }
  await run('groups', ROOT, root)

  return {
    ...{ accounts, vault, clock, warnings, onRead, reads, create, append },
    listeners: () => listeners.size,
    patch: (store, id, body) => run(store, id, { ...patchCommand(store, body), id }),
    remove: (store, id) =>
      run(store, id, { type: 'DeleteEntity', store, id, at: clock.now, caller: caller(), blocked: false }),
    touchLabels: async (times, branch = [ROOT]) => {
      const id = hex('4abe1')
      const scope = { store: 'labels', owner: 'x', group: branch.at(-1) ?? '', branch, access: [] }
      const one = { type: 'EntityChanged', data: { store: 'labels', id, set: {}, unset: [], at: 1 }, scope }
      await append(entityStream('labels', id), ...Array.from({ length: times }, () => one))
    },
    family: (...facts) => append(STREAM, ...facts),
    user: async (name, credentials, group = ROOT) => {
      const id = randomBytes(12).toString('hex')
      const branch = group === ROOT ? [ROOT] : [ROOT, group]
      const by = caller({ group, branch })
      await create('roles', roleOf(id), { name, credentials }, by)
      await create(
        'users',
        id,
        { ...USER, name, login: name, email: `${name}@x.example`, role: roleOf(id) },
        by,
      )
      return id
    },
    account: async (links) => {
      const aid = randomUUID()
      await accounts.run(aid, { type: 'Register', aid, origin: 'bot' })
      for (const protocol of ['rightech', 'timelimit'] as const) {
        const user = links[protocol]
        if (user !== undefined) await accounts.run(aid, { type: 'Link', protocol, user })
      }
      return aid
    },
    connect: (aid, loginId = randomUUID()) => {
      const frames: string[] = []
      let seen = 0
      const sync = changes.open({ aid, loginId }, (frame) => void frames.push(frame))
      t.teardown(sync.close)
      const name = async (number: number, byte: number): Promise<void> => {
        const type = syncType(number)
        if (type === undefined) throw new Error(`no type ${number}`)
        await sync.item(type, byte)
      }
      return {
        ...sync,
        ...{ loginId, frames, name },
        news: () => frames.slice(seen, (seen = frames.length)).map(toldIn),
        list: async (...items) => {
          for (const [type, byte] of items) await name(type, byte)
          sync.start()
        },
      }
    },
  }
}

/** The role that `user` gives. */
export const roleOf = (user: string): string => `${user.slice(0, -1)}${user.endsWith('0') ? '1' : '0'}`

const USER = { password: 'Secret123' }

const toldIn = (frame: string): Told => (JSON.parse(frame) as { readonly store_changed: Told }).store_changed

/** Until it is so, and a moment more, in which what must not come would. */
export const until = async (isSo: () => boolean, what = ''): Promise<void> => {
  const end = performance.now() + 30_000
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`it never came ${what}`)
    await pause(1)
  }
  await turns(5)
}

export const labelled = async (rig: Rig, credentials: readonly string[] = ['GET /labels']) => {
  const user = await rig.user(`u${randomBytes(6).toString('hex')}`, credentials)
  return { user, aid: await rig.account({ rightech: user }) }
}

/** Time in which what must not come would. */
export const silent = (): Promise<void> => turns(25)
