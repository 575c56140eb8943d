import * as E from 'fp-ts/lib/Either.js'
import type { Claim, Decider, Fact } from '../decider.ts'
import { rejection, type Rejection } from '../rejection.ts'
import type { DeleteEntity, EndEntity, ExpireTask, SignIn, SignOut, StoresCommand } from './commands.ts'
import { create } from './create.ts'
import { evolve, NOTHING, type EntityState } from './evolve.ts'
import { changedFacts, conflict, deletedFact, notFound, wholeOf } from './facts.ts'
import { startLink, stopLink } from './links.ts'
import { subjectOf } from './names.ts'
import { addNode, patchNode, removeNode } from './nodes.ts'
import { sendCommand } from './object-commands.ts'
import { patch } from './patch.ts'
import { hasExpired, withDue } from './prepare.ts'
import { STORES } from './registry.ts'
import type { StoreDef } from './store-def.ts'
import { mayWrite, scopeOf } from './visibility.ts'

export type { EntityState } from './evolve.ts'

/** The decider of a store's entities, one stream an entity; `SignIn` and `SignOut` go to a user's, `ExpireTask` to a task's, nodes to a model's, links and commands to an object's. Throws for an unknown store. */
export const storesDecider = (store: string): Decider<EntityState, StoresCommand> => {
  const decider = Object.hasOwn(DECIDERS, store) ? DECIDERS[store] : undefined
  if (!decider) throw new RangeError(`Unknown store ${store}`)
  return decider
}

type Decision = E.Either<Rejection, readonly Fact[]>

const deciderOf = (def: StoreDef): Decider<EntityState, StoresCommand> => ({
  initial: NOTHING,
  stateVersion: 1,
  evolve: (state, event) => evolve(def, state, event),
  // Its own row is the one that takes a command.
  decide: (command, state) => DECISIONS[command.type](def, command as never, state),
  claims: (state) => claims(def, state),
  // A token's owner is not in its stream's name: what is kept of it has a key of its own.
  subject: (stream) =>
    def.subject === 'owner' ? stream : subjectOf(def.path, stream.slice(stream.indexOf('-') + 1)),
})

const remove = (def: StoreDef, { id, caller, blocked }: DeleteEntity, state: EntityState): Decision => {
  const whole = wholeOf(state)
  if (!whole || !mayWrite(caller, whole.entity, def)) return E.left(notFound(def.path))
  const oneself = def.path === 'users' && caller.user === id
  if (blocked || oneself) return E.left(conflict(def.path, '_id', 'in_use'))
  return E.right([deletedFact(def, id, whole)])
}

const end = (def: StoreDef, { id }: EndEntity, state: EntityState): Decision => {
  const whole = wholeOf(state)
  return E.right(whole ? [deletedFact(def, id, whole)] : [])
}

/** Why somebody cannot sign in is not told apart, except that a user may be kept from the web only (rightech 4.3). */
const signIn = (_users: StoreDef, command: SignIn, { entity }: EntityState): Decision => {
  const { user, method, sessionId, verified, expiresAt } = command
  if (!entity || !verified || entity['disabled'] === true)
    return E.left(rejection('Unauthenticated', 'unauthorized'))
  if (method === 'cookie' && entity['webDisabled'] === true)
    return E.left(rejection('Forbidden', 'web_disabled'))
  const data = { id: sessionId, user, method, expiresAt }
  return E.right([{ type: 'SessionOpened', data, scope: scopeOf('users', entity) }])
}

const signOut = (_users: StoreDef, { user, sessionId }: SignOut, { entity }: EntityState): Decision =>
  E.right(
    entity ? [{ type: 'SessionClosed', data: { id: sessionId, user }, scope: scopeOf('users', entity) }] : [],
  )

const expireTask = (def: StoreDef, { id, at }: ExpireTask, state: EntityState): Decision => {
  const before = wholeOf(state)
  if (!before || !hasExpired(before.entity, at)) return E.right([])
  const after = { ...before, entity: withDue({ ...before.entity, expired: true }) }
  const scope = scopeOf(def.path, after.entity)
  return E.right([
    ...changedFacts(def, id, { before, after, at }),
    { type: 'TaskExpired', data: { id }, scope },
  ])
}

const claims = (def: StoreDef, { entity }: EntityState): readonly Claim[] =>
  Object.entries(def.fields).flatMap(([name, { unique }]): readonly Claim[] => {
    const value = unique && entity?.[name]
    if (!unique || typeof value !== 'string' || value === '') return []
    const folded = unique.fold === 'lower' ? value.toLowerCase() : value
    return [{ kind: unique.claim, value: folded, onTaken: conflict(def.path, name, 'unique') }]
  })

type Decisions = {
  readonly [type in StoresCommand['type']]: (
    def: StoreDef,
    command: Extract<StoresCommand, { readonly type: type }>,
    state: EntityState,
  ) => Decision
}

const DECISIONS: Decisions = {
  CreateEntity: create,
  PatchEntity: patch,
  DeleteEntity: remove,
  EndEntity: end,
  SignIn: signIn,
  SignOut: signOut,
  ExpireTask: expireTask,
  AddNode: addNode,
  PatchNode: patchNode,
  RemoveNode: removeNode,
  StartLink: startLink,
  StopLink: stopLink,
  SendCommand: sendCommand,
}

const DECIDERS: { readonly [store: string]: Decider<EntityState, StoresCommand> } = Object.fromEntries(
  Object.values(STORES).map((def) => [def.path, deciderOf(def)]),
)
