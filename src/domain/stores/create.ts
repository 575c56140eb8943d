import * as E from 'fp-ts/lib/Either.js'
import type { Json, JsonObject } from '../../json.ts'
import type { Fact } from '../decider.ts'
import { rejection, type Rejection } from '../rejection.ts'
import type { CreateEntity } from './commands.ts'
import type { EntityState } from './evolve.ts'
import {
  conflict,
  createdFact,
  forbidden,
  invalid,
  isTooLarge,
  passwordFact,
  tooLarge,
  type Whole,
} from './facts.ts'
import { mayGive } from './grants.ts'
import { prepared, withDefaults } from './prepare.ts'
import { takeSecrets } from './sealed.ts'
import type { StoreDef } from './store-def.ts'
import { bodyFields, brokenRules, NO_FIELDS, safeFields, withoutWriteOnly } from './validate.ts'

/** POST (rightech 1.4). */
export const create = (
  def: StoreDef,
  command: CreateEntity,
  state: EntityState,
): E.Either<Rejection, readonly Fact[]> => {
  if (state.exists || state.deleted) return E.left(conflict(def.path, '_id', 'unique'))
  const { fields, unsafe } = safeFields(bodyFields(def, command.body, 'create'))
  const { at, caller, group } = command
  const complete = prepared(def, withDefaults(def, fields, command.defaults), {
    mode: 'create',
    at,
    caller,
    group,
  })
  const broken = brokenRules(def, complete, { unsafe, references: command.references })
  if (broken !== NO_FIELDS) return E.left(invalid(def.path, broken))
  if (!mayGive(def, command, undefined, complete)) return E.left(forbidden(def.path))
  const whole = assembled(def, command, complete)
  return isTooLarge(whole) ? E.left(tooLarge(def.path)) : facts(def, command, whole)
}

const assembled = (def: StoreDef, command: CreateEntity, complete: JsonObject): Whole => {
  const { id, group, caller, at, tokenHash } = command
  const { doc, secrets } = takeSecrets(def, withoutWriteOnly(def, complete))
  const entity: { [name: string]: Json } = {
    _id: id,
    ...doc,
    owner: caller.user,
    group: def.ownGroup ? id : group._id,
    access: def.ownAccess ? [id] : [],
    branch: def.ownGroup ? [...group.branch, id] : group.branch,
    links: {},
    time: at,
  }
  return { entity, secrets: tokenHash === undefined ? secrets : { ...secrets, hash: tokenHash } }
}

const facts = (def: StoreDef, command: CreateEntity, whole: Whole): E.Either<Rejection, readonly Fact[]> => {
  const created = createdFact(def, command.id, whole)
  if (!Object.values(def.fields).some(({ writeOnly }) => writeOnly)) return E.right([created])
  if (command.passwordHash === undefined)
    return E.left(rejection('Unavailable', 'password_not_hashed', { about: def.path }))
  return E.right([created, passwordFact(command.id, command.passwordHash, whole.entity)])
}
