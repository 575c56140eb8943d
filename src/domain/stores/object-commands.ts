import * as E from 'fp-ts/lib/Either.js'
import { isObject, type Json, type JsonObject } from '../../json.ts'
import { COMMAND_PARAMS_BYTES_MAX } from '../../limits.ts'
import type { Fact } from '../decider.ts'
import { rejection, type Rejection } from '../rejection.ts'
import type { SendCommand } from './commands.ts'
import type { EntityState } from './evolve.ts'
import { invalid, notFound, tooLarge } from './facts.ts'
import { findNode } from './nodes.ts'
import type { StoreDef } from './store-def.ts'
import { safeFields } from './validate.ts'
import { mayWrite, scopeOf } from './visibility.ts'

/** What a command that is no action of the object's model is about. */
export const COMMANDS = 'commands'

/** A refused command is recorded too, so this is what the protocol answers and not what deciding refuses. */
export const OBJECT_OFFLINE = rejection('Conflict', 'object_offline', { about: 'objects' })

/**
 * A command of an object (rightech 3.4). No hardware is driven here: that it was asked for and accepted is all that is recorded, and
 * a `result` there is not.
 */
export const sendCommand = (
  def: StoreDef,
  { id, caller, command, params, isRefused }: SendCommand,
  { entity }: EntityState,
): E.Either<Rejection, readonly Fact[]> => {
  if (!entity || !mayWrite(caller, entity, def)) return E.left(notFound(def.path))
  const { unsafe } = safeFields(params)
  if (unsafe.length > 0)
    return E.left(invalid(def.path, Object.fromEntries(unsafe.map((name) => [name, ['format']]))))
  if (bytesOf(params) > COMMAND_PARAMS_BYTES_MAX) return E.left(tooLarge(def.path))
  const data = { object: id, command, params }
  const scope = scopeOf(def.path, entity)
  const outcome: Fact = isRefused
    ? { type: 'CommandFailed', data: { ...data, error: 'error_object_offline' }, scope }
    : { type: 'CommandCompleted', data: { ...data, result: null }, scope }
  return E.right([{ type: 'CommandRequested', data, scope }, outcome])
}

/** The own parameters of the action of that id in a model's tree; `undefined`: there is none, or it is not active. */
export const actionParams = (tree: Json | undefined, command: string): JsonObject | undefined => {
  const node = findNode(tree, command)
  if (node?.['type'] !== 'action' || node['active'] === false) return undefined
  return isObject(node['params']) ? node['params'] : {}
}

const bytesOf = (params: JsonObject): number => new TextEncoder().encode(JSON.stringify(params)).length
