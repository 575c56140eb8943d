import * as E from 'fp-ts/lib/Either.js'
import { equalJson, type JsonObject } from '../../json.ts'
import type { Fact } from '../decider.ts'
import { rejection, type Fields, type Rejection } from '../rejection.ts'
import type { PatchEntity } from './commands.ts'
import type { EntityState } from './evolve.ts'
import {
  changedFacts,
  forbidden,
  invalid,
  isTooLarge,
  notFound,
  passwordFact,
  tooLarge,
  wholeOf,
  type Whole,
} from './facts.ts'
import { mayGive } from './grants.ts'
import { deepMerge, ownValue } from './paths.ts'
import { prepared } from './prepare.ts'
import { takeSecrets } from './sealed.ts'
import type { StoreDef } from './store-def.ts'
import { bodyFields, brokenRules, NO_FIELDS, safeFields, withoutWriteOnly } from './validate.ts'
import { mayWrite } from './visibility.ts'

/** PATCH (rightech 1.4): a deep merge; one that changes nothing decides nothing. */
export const patch = (
  def: StoreDef,
  command: PatchEntity,
  state: EntityState,
): E.Either<Rejection, readonly Fact[]> => {
  const before = wholeOf(state)
  if (!before || !mayWrite(command.caller, before.entity, def)) return E.left(notFound(def.path))
  const { fields, unsafe } = safeFields(bodyFields(def, command.body, 'patch'))
  const merged = prepared(def, deepMerge(before.entity, fields), {
    mode: 'patch',
    at: command.at,
    caller: command.caller,
    before: before.entity,
    patch: fields,
  })
  const references = changedOnly(command.references, before.entity, merged)
  const broken = brokenRules(def, merged, { patch: fields, unsafe, references })
  if (broken !== NO_FIELDS) return E.left(invalid(def.path, broken))
  if (!mayGive(def, command, before.entity, merged)) return E.left(forbidden(def.path))
  const { doc: entity, secrets } = takeSecrets(def, withoutWriteOnly(def, merged))
  const after = { entity, secrets }
  if (isTooLarge(after)) return E.left(tooLarge(def.path))
  return withPassword(def, command, state, { before, after, fields })
}

type Change = { readonly before: Whole; readonly after: Whole; readonly fields: JsonObject }

const withPassword = (
  def: StoreDef,
  { id, at, passwordHash }: PatchEntity,
  state: EntityState,
  { before, after, fields }: Change,
): E.Either<Rejection, readonly Fact[]> => {
  const sent = Object.keys(fields).some((name) => ownField(def, name)?.writeOnly)
  if (!sent) return E.right(changedFacts(def, id, { before, after, at }))
  if (passwordHash === undefined)
    return E.left(rejection('Unavailable', 'password_not_hashed', { about: def.path }))
  const renewed = passwordHash !== state.passwordHash
  const changes = changedFacts(def, id, { before, after, at, anyway: renewed })
  return E.right(renewed ? [passwordFact(id, passwordHash, after.entity), ...changes] : changes)
}

/** What a client reads and sends back is not refused because something it refers to has gone since. */
const changedOnly = (references: Fields, before: JsonObject, after: JsonObject): Fields => {
  const paths = Object.keys(references)
  if (paths.length === 0) return references
  const changed = paths.filter((path) => !equalJson(ownValue(before, path), ownValue(after, path)))
  return Object.fromEntries(changed.map((path) => [path, references[path] ?? []]))
}

const ownField = (def: StoreDef, name: string) =>
  Object.hasOwn(def.fields, name) ? def.fields[name] : undefined
