import * as E from 'fp-ts/lib/Either.js'
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { uuidV5 } from '../uuid.ts'
import type { Rejection } from '../domain/rejection.ts'
import type { CreateEntity } from '../domain/stores/commands.ts'
import { storesDecider } from '../domain/stores/decide.ts'
import { FOUNDING_STREAM, foundingDecider } from '../domain/stores/founding.ts'
import type { Foundation } from '../domain/stores/founding.ts'
import { entityStream } from '../domain/stores/names.ts'
import type { JsonObject } from '../json.ts'
import type { ObjectIds } from '../object-id.ts'
import type { Keyring, Vault } from '../vault/port.ts'
import type { Engine } from './engine.ts'
import { createLease } from './lease.ts'
import { CLAIM_KEY, markOf } from './own-keyring.ts'
import type { Passwords } from './passwords.ts'

export type Founding = {
  readonly engine: Engine
  readonly vault: Vault
  readonly keyring: Keyring
  readonly passwords: Passwords
  readonly now: () => number
  readonly random: (bytes: number) => Uint8Array
  readonly newId: ObjectIds
  readonly login: string
  /** Without it one is made and announced. */
  readonly password?: string
  /** Called with a password that was made, before the user is: it is nowhere else. */
  readonly announce: (login: string, password: string) => void
  /** Ends the wait for another node that is at it. */
  readonly signal?: AbortSignal
}

/**
 * The first start (rightech 4.4): a root group, the roles `admin` and `auditor`, and a user who may do everything. Goes on where a
 * crash stopped it; of two nodes that start at once, one does it. What was deleted since stays deleted.
 * Throws if the history or the documents cannot take it, if the login breaks the rules of the store, or if the signal aborts.
 */
export const foundStores = async (founding: Founding): Promise<void> => {
  const lease = createLease(founding.vault, 'stores-foundation', LEASE_MS)
  for (;;) {
    const ids = await fixedIds(founding)
    const missing = await missingOf(founding, ids)
    if (missing.length === 0) return
    if (await lease.hold()) return createMissing(founding, ids).finally(lease.release)
    await pause(POLL_MS, undefined, { signal: founding.signal })
  }
}

const LEASE_MS = 30_000
const POLL_MS = 250
const ACTOR = 'platform:job:stores-foundation'
/** Namespace of the command ids: the same entity of the same foundation is the same command. */
const NAMESPACE = '2a6e3c0e-6a4c-4f0b-9f0f-5b1f0d9c7a35'

type First = { readonly store: string; readonly id: string; readonly body: JsonObject }

const fixedIds = async ({ engine, keyring, newId, now }: Founding): Promise<Foundation> => {
  const at = now()
  const ids = { group: newId(at), admin: newId(at), auditor: newId(at), user: newId(at) }
  const outcome = await engine.execute({
    stream: FOUNDING_STREAM,
    decider: foundingDecider,
    command: { type: 'FoundStores', ...ids, keyring: markOf(await keyring.installation(CLAIM_KEY)) },
    commandId: randomUUID(),
    actor: ACTOR,
    at,
  })()
  if (E.isLeft(outcome)) throw failed('foundation', outcome.left)
  if (outcome.right.state === undefined) throw new Error('the foundation has no ids')
  return outcome.right.state
}

/** In the order of their references. */
const firstEntities = ({ login }: Founding, ids: Foundation): readonly First[] => [
  { store: 'groups', id: ids.group, body: { name: 'Root', role: ids.admin } },
  { store: 'roles', id: ids.admin, body: { name: 'admin', credentials: ['*'] } },
  { store: 'roles', id: ids.auditor, body: { name: 'auditor', credentials: ['GET /history/*'] } },
  { store: 'users', id: ids.user, body: { name: login, login, email: emailOf(login), role: ids.admin } },
]

const emailOf = (login: string): string =>
  /^[^@]+@[^@]+$/.test(login) ? login : `${login.replaceAll('@', '')}@localhost`

const missingOf = async (founding: Founding, ids: Foundation): Promise<readonly First[]> => {
  const known = await Promise.all(
    firstEntities(founding, ids).map(async (entity) => {
      const { state } = await founding.engine.load(
        entityStream(entity.store, entity.id),
        storesDecider(entity.store),
      )
      return { entity, there: state.exists || state.deleted }
    }),
  )
  return known.filter(({ there }) => !there).map(({ entity }) => entity)
}

/** Looks once more, because another node may have been at it until the lease was free. */
const createMissing = async (founding: Founding, ids: Foundation): Promise<void> => {
  for (const entity of await missingOf(founding, ids)) await create(founding, ids, entity)
}

const create = async (founding: Founding, ids: Foundation, { store, id, body }: First): Promise<void> => {
  const at = founding.now()
  const branch = [ids.group]
  const command: CreateEntity = {
    type: 'CreateEntity',
    store,
    id,
    body,
    at,
    caller: { user: ids.user, group: ids.group, branch, role: ids.admin, credentials: ['*'] },
    group: { _id: ids.group, branch: store === 'groups' ? [] : branch },
    references: {},
    roleCredentials: ['*'],
    defaults:
      store === 'groups' ? { code: Buffer.from(founding.random(9)).toString('base64url').slice(0, 9) } : {},
  }
  const outcome = await founding.engine.execute({
    stream: entityStream(store, id),
    decider: storesDecider(store),
    command: store === 'users' ? await withPassword(founding, command) : command,
    commandId: uuidV5(id, NAMESPACE),
    actor: ACTOR,
    at,
  })()
  if (E.isLeft(outcome)) throw failed(store, outcome.left)
}

const withPassword = async (founding: Founding, command: CreateEntity): Promise<CreateEntity> => {
  const password = founding.password ?? randomPassword(founding.random)
  const hashed = await founding.passwords.run((hasher) => hasher.hash(password))
  if (E.isLeft(hashed)) throw failed('users', hashed.left)
  if (founding.password === undefined) founding.announce(founding.login, password)
  return { ...command, body: { ...command.body, password }, passwordHash: hashed.right }
}

/** 144 random bits, with what the password rule of the stores asks for. */
const randomPassword = (random: Founding['random']): string =>
  `${Buffer.from(random(18)).toString('base64url').replaceAll(/[-_]/g, 'x')}aA1`

const failed = (what: string, { kind, reason, fields }: Rejection): Error =>
  new Error(
    `the first start could not make its ${what}: ${kind} ${reason} ${fields === undefined ? '' : JSON.stringify(fields)}`,
  )
