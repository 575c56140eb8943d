import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { randomUUID } from 'node:crypto'
import type { Outcome } from '../../commands/engine.ts'
import type { Rejection } from '../../domain/rejection.ts'
import type { DeleteEntity, PatchEntity, StoresCommand } from '../../domain/stores/commands.ts'
import { storesDecider } from '../../domain/stores/decide.ts'
import type { EntityState } from '../../domain/stores/evolve.ts'
import { entityStream, subjectOf } from '../../domain/stores/names.ts'
import { withStateOf } from '../../domain/stores/present.ts'
import { referencesOf } from '../../domain/stores/validate.ts'
import { mayWrite } from '../../domain/stores/visibility.ts'
import type { Document } from '../../documents/port.ts'
import type { JsonObject } from '../../json.ts'
import { findEntity, isInUse, lookUpReferences } from '../../queries/stores.ts'
import { readBody } from './bodies.ts'
import { rejected } from './errors.ts'
import type { Call } from './reads.ts'
import { entityText, reply, replyJson } from './replies.ts'
import { withVerifier } from './verifiers.ts'

/** `PATCH /:store/:id`: the whole entity after the change (rightech 1.4). */
export const patchOne = async (call: Call, id: string): Promise<void> => {
  const entity = await writable(call, id)
  const body = entity && (await readBody(call.ctx))
  if (entity === undefined || body === undefined) return
  const patched = await patch(call, entity, body)
  if (E.isLeft(patched)) return reply(call.ctx, rejected(patched.left))
  const { path } = call.route.def
  replyJson(call.ctx, entityText(path, withStateOf(path, patched.right.state.entity ?? entity, entity)))
}

/** `DELETE /:store/:id`: the entity as it was just before it went. */
export const deleteOne = async (call: Call, id: string): Promise<void> => {
  const entity = await writable(call, id)
  if (entity === undefined) return
  const deleted = await remove(call, entity._id)
  if (E.isLeft(deleted)) return reply(call.ctx, rejected(deleted.left))
  const { path } = call.route.def
  replyJson(call.ctx, entityText(path, withStateOf(path, deleted.right ?? entity, entity)))
}

/** Deletes as the caller; answers the entity before. */
export const remove = async (call: Call, id: string): Promise<Either<Rejection, JsonObject | undefined>> => {
  const { services, route, principal } = call
  const { path } = route.def
  const itself = path === 'users' && id === principal.caller.user
  const blocked = itself || (await isInUse(services.reader, route.def, id))
  const at = services.now()
  const command: DeleteEntity = {
    type: 'DeleteEntity',
    store: path,
    id,
    at,
    caller: principal.caller,
    blocked,
  }
  let before: JsonObject | undefined
  const deletion = () =>
    execute(call, id, at, (state) => {
      before = state.entity
      return Promise.resolve(command)
    })
  // A token's owner stays.
  const subject = route.def.subject === 'owner' ? undefined : subjectOf(path, id)
  const outcome = await (subject === undefined ? deletion() : services.ending(subject, deletion))
  return E.map(() => before)(outcome)
}

/** Runs a command on an entity's stream; what the caller changes holds for the next request. */
export const execute = (
  call: Call,
  id: string,
  at: number,
  command: Execution['command'],
): Promise<Either<Rejection, Outcome<EntityState>>> =>
  executeAs(call, { id, at, command, commandId: randomUUID() })

type Execution = {
  /** The entity's. */
  readonly id: string
  readonly at: number
  readonly command: StoresCommand | ((state: EntityState) => Promise<StoresCommand>)
  readonly commandId: string
}

/** `execute` for who has to know the ids of the events before. */
export const executeAs = async (
  { services, ctx, route, principal }: Call,
  { id, at, command, commandId }: Execution,
): Promise<Either<Rejection, Outcome<EntityState>>> => {
  const { path } = route.def
  const isNew = !(command instanceof Function) && command.type === 'CreateEntity'
  const outcome = await services.engine.execute({
    stream: entityStream(path, id),
    decider: storesDecider(path),
    command,
    ...(isNew ? { isNew } : {}),
    commandId,
    actor: `stores:user:${principal.caller.user}`,
    at,
    correlationId: ctx.state.request.id,
    via: { protocol: 'rightech', auth: principal.kind },
  })()
  services.principals.changed(path, id)
  return outcome
}

const patch = async (
  call: Call,
  entity: Document,
  body: JsonObject,
): Promise<Either<Rejection, Outcome<EntityState>>> => {
  const { services, route, principal } = call
  const { def } = route
  const { caller } = principal
  const { found, broken } = await lookUpReferences(services.reader, referencesOf(def, body, 'patch'), caller)
  const at = services.now()
  const command: PatchEntity = {
    type: 'PatchEntity',
    store: def.path,
    id: entity._id,
    body,
    at,
    caller,
    references: broken,
    roleCredentials: credentialsOf(found.get('role')),
  }
  const complete = await withVerifier(services, command)
  return E.isLeft(complete) ? complete : execute(call, entity._id, at, complete.right)
}

/** The entity that the path means if the caller may change it, or the answer that it is not there. */
export const writable = async (
  { services, ctx, route, principal }: Call,
  id: string,
): Promise<Document | undefined> => {
  const entity = await findEntity(services.reader, route.def, id)
  if (entity !== undefined && mayWrite(principal.caller, entity, route.def)) return entity
  reply(ctx, route.notFound)
  return undefined
}

/** Scopes of a role that somebody is about to be given. */
export const credentialsOf = (role: Document | undefined): readonly string[] | undefined => {
  const credentials = role?.['credentials']
  return Array.isArray(credentials)
    ? (credentials as readonly unknown[]).filter((scope) => typeof scope === 'string')
    : undefined
}
