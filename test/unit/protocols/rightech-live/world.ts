/** The stores in memory: a history, documents that follow it at will, sessions that begin and end, and the live doors on a real server. */
import { randomBytes, randomUUID } from 'node:crypto'
import type { ExecutionContext } from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import { eventOf } from '../../../../src/commands/facts.ts'
import type { Fact } from '../../../../src/domain/decider.ts'
import type { Caller, StoresCommand } from '../../../../src/domain/stores/commands.ts'
import { storesDecider, type EntityState } from '../../../../src/domain/stores/decide.ts'
import { collectionOf, entityStream } from '../../../../src/domain/stores/names.ts'
import type { Versioned } from '../../../../src/documents/port.ts'
import { memoryHistory } from '../../../../src/history/memory/memory.ts'
import type { History } from '../../../../src/history/port.ts'
import type { JsonObject } from '../../../../src/json.ts'
import { startHub, type Hub } from '../../../../src/live/hub.ts'
import { hashOf } from '../../../../src/protocols/rightech/credentials.ts'
import type { Principal } from '../../../../src/queries/stores-principals.ts'

export type World = {
  readonly history: History
  readonly hub: Hub
  readonly reader: { readonly get: (collection: string, id: string) => Promise<Versioned | undefined> }
  readonly create: (
    store: string,
    body: JsonObject,
    caller?: Caller,
  ) => Promise<JsonObject & { readonly _id: string }>
  readonly patch: (store: string, id: string, body: JsonObject, caller?: Caller) => Promise<void>
  readonly remove: (store: string, id: string) => Promise<void>
  readonly append: (store: string, id: string, command: StoresCommand) => Promise<EntityState>
  /** The documents stay where they are until released. */
  readonly holdDocuments: () => void
  readonly releaseDocuments: () => void
  readonly warnings: object[]
}

export const ROOT = 'a00000000000000000000000'
export const CHILD = 'b00000000000000000000000'
export const SIBLING = 'c00000000000000000000000'
export const admin: Caller = {
  user: '100000000000000000000000',
  group: ROOT,
  branch: [ROOT],
  role: '900000000000000000000000',
  credentials: ['*'],
}
export const member = (user: string, group: string, more: Partial<Caller> = {}): Caller => ({
  ...admin,
  user: user.padEnd(24, '0'),
  group,
  branch: [ROOT, group],
  credentials: ['GET /*'],
  ...more,
})

export const newId = (): string => randomBytes(12).toString('hex')

export const makeWorld = (t: ExecutionContext): World => {
  const history = memoryHistory()
  const documents = new Map<string, Versioned>()
  const states = new Map<string, EntityState>()
  const warnings: object[] = []
  let pending: (() => void)[] = []
  let held = false
  let shown = 0n
  let waiting: { readonly position: bigint; readonly resolve: () => void }[] = []
  const show = (): void => {
    for (const step of pending) step()
    pending = []
    for (const { position, resolve } of waiting) if (position <= shown) resolve()
    waiting = waiting.filter(({ position }) => position > shown)
  }
  const hub = startHub({
    history,
    applied: () => shown,
    reached: (position) =>
      new Promise((resolve) => {
        waiting.push({ position, resolve: () => resolve(true) })
        if (!held) show()
      }),
    log: { warn: (details) => void warnings.push(details) },
  })
  t.teardown(() => hub.close())

  const record = async (
    store: string,
    id: string,
    facts: readonly Fact[],
    at: number,
  ): Promise<EntityState> => {
    const stream = entityStream(store, id)
    const { initial, evolve } = storesDecider(store)
    const cause = { commandId: randomUUID(), actor: 'stores:user:test', at }
    const events = facts.map((fact, index) => eventOf(cause, String(index), fact))
    const appended = await history.append(stream, 'any', events)()
    if (E.isLeft(appended)) throw new Error(appended.left._tag)
    const { position } = appended.right
    const state = facts.reduce(evolve, states.get(stream) ?? initial)
    states.set(stream, state)
    const lastEntity = facts.findLastIndex(({ type }) => type.startsWith('Entity'))
    pending.push(() => {
      shown = position
      const key = `${collectionOf(store)} ${id}`
      const entityAt = position - BigInt(facts.length - 1 - lastEntity)
      if (lastEntity === -1) return
      if (state.entity === undefined) documents.delete(key)
      else documents.set(key, { at: entityAt, value: { _s: ['x'], ...state.entity, _id: id } })
    })
    if (!held) show()
    return state
  }
  const append: World['append'] = (store, id, command) => {
    const { initial, decide } = storesDecider(store)
    const decided = decide(command, states.get(entityStream(store, id)) ?? initial)
    if (E.isLeft(decided)) throw new Error(JSON.stringify(decided.left))
    return record(store, id, decided.right, 'at' in command ? command.at : Date.now())
  }
  return {
    history,
    hub,
    warnings,
    append,
    reader: {
      get: (collection, id) => Promise.resolve(documents.get(`${collection} ${id}`)),
    },
    create: async (store, body, caller = admin) => {
      const id = newId()
      const command = {
        type: 'CreateEntity' as const,
        store,
        id,
        body,
        at: Date.now(),
        caller,
        group: { _id: caller.group, branch: caller.branch },
        references: {},
        defaults: {},
        passwordHash: '$argon2id$secret',
        tokenHash: 'tokenhash',
        roleCredentials: [],
      }
      return { ...(await append(store, id, command)).entity, _id: id }
    },
    patch: async (store, id, body, caller = admin) => {
      const command = {
        type: 'PatchEntity' as const,
        store,
        id,
        body,
        at: Date.now(),
        caller,
        references: {},
      }
      await append(store, id, command)
    },
    remove: async (store, id) => {
      await append(store, id, {
        type: 'DeleteEntity',
        store,
        id,
        at: Date.now(),
        caller: admin,
        blocked: false,
      })
    },
    holdDocuments: () => (held = true),
    releaseDocuments: () => {
      held = false
      show()
    },
  }
}

/** Sessions by their secret, as the real look-up would find them. */
export const makePrincipals = () => {
  const known = new Map<string, Principal>()
  const set = (kind: Principal['kind'], secret: string, caller: Caller): void => {
    const hash = hashOf(secret)
    const way = kind === 'cookie' ? 'cookie' : 'bearer'
    known.set(`${way} ${hash}`, {
      kind,
      hash,
      id: newId(),
      expiresAt: Date.now() + 60_000,
      caller,
      everything: caller.credentials.includes('*') && caller.scopes === undefined,
    })
  }
  return {
    set,
    end: (secret: string): void => {
      for (const way of ['cookie', 'bearer']) known.delete(`${way} ${hashOf(secret)}`)
    },
    find: (kind: 'cookie' | 'bearer', hash: string) => Promise.resolve(known.get(`${kind} ${hash}`)),
  }
}
