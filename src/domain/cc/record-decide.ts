import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { equalJson } from '../../json.ts'
import { CC_RECORD_BYTES_MAX } from '../../limits.ts'
import type { Decider, Fact } from '../decider.ts'
import { rejection, type Rejection } from '../rejection.ts'
import { own, type Fields } from './field-types.ts'
import { wordsSubject } from './names.ts'
import { allows, RECORD_DEFAULT, type RecordAction, type Rule, type Who } from './permissions.ts'
import { recordEvents } from './record-events.ts'
import { applySteps } from './record-operators.ts'
import {
  evolveRecord,
  NO_RECORD,
  withFields,
  type DataRecord,
  type Place,
  type RecordCommand,
  type RecordState,
} from './record.ts'

/**
 * Records of custom data (connectycube 6).
 * @param owner whose words they are: of a record that is there, by its document
 */
export const recordDecider = (app: number, owner: number): Decider<RecordState, RecordCommand> => ({
  initial: NO_RECORD,
  stateVersion: 1,
  evolve: evolveRecord,
  decide,
  subject: () => wordsSubject(app, owner),
})

type Of<T extends RecordCommand['type']> = Extract<RecordCommand, { readonly type: T }>
type Decision = Either<Rejection, readonly Fact[]>

const decide = (command: RecordCommand, state: RecordState): Decision => {
  switch (command.type) {
    case 'Create':
      return create(command, state)
    case 'Change':
      return E.chain((record: DataRecord) => change(command, record))(permitted('update', command, state))
    case 'Delete':
      return E.map((record: DataRecord) => [deleted(record, command.who.user, command)])(
        permitted('delete', command, state),
      )
    case 'DeleteWith':
      return deleteWith(command, state)
    case 'EndCascade':
      return E.right(
        state.cascading === undefined ? [] : [recordEvents.fact('RecordCascadeEnded', state.cascading)],
      )
  }
}

const FORBIDDEN = rejection('Forbidden', 'no_permission')
const NOT_FOUND = rejection('NotFound', 'no_record')

/** A record of another generation was its class's predecessor's. */
const permitted = (
  action: RecordAction,
  {
    generation,
    who,
    rule,
  }: { readonly generation: number; readonly who: Who; readonly rule: Rule | undefined },
  { record }: RecordState,
): Either<Rejection, DataRecord> => {
  if (record?.generation !== generation) return E.left(NOT_FOUND)
  return allows(rule ?? record.permissions[action], who, record.owner) ? E.right(record) : E.left(FORBIDDEN)
}

const create = (command: Of<'Create'>, state: RecordState): Decision => {
  if (!command.isAllowed) return E.left(FORBIDDEN)
  if (state.isUsed) return E.left(rejection('Conflict', 'id_taken'))
  const { place, parent, at, permissions } = command
  return E.map((fields: Fields) => [
    recordEvents.fact('RecordCreated', {
      ...{ ...place, parent, at },
      sealed: { fields, permissions: { ...RECORD_DEFAULT, ...permissions } },
    }),
  ])(after({}, command))
}

const change = (command: Of<'Change'>, record: DataRecord): Decision =>
  E.map((fields: Fields) => [changed(command, record, fields)])(after(record.fields, command.change))

/** It is said even if nothing differs: `updated_at` moves with every update. */
const changed = ({ who, at, change: wanted }: Of<'Change'>, record: DataRecord, fields: Fields): Fact => {
  const permissions = { ...record.permissions, ...wanted.permissions }
  const set = differing(record.fields, fields)
  const sealed = {
    ...(Object.keys(set).length === 0 ? {} : { set }),
    ...(wanted.files === undefined ? {} : { files: wanted.files }),
    ...(equalJson(permissions, record.permissions) ? {} : { permissions }),
  }
  const { parent } = wanted
  return recordEvents.fact('RecordChanged', {
    ...{ ...placeOf(record), by: who.user, at },
    ...(parent === undefined || parent === record.parent ? {} : { parent }),
    ...(Object.keys(sealed).length === 0 ? {} : { sealed }),
  })
}

/** The fields after the steps, nulls left out. 422 by field for an operator on what it does not work on, TooLarge past the limit. */
const after = (
  fields: Fields,
  wanted: Pick<Of<'Change'>['change'], 'steps' | 'permissions'>,
): Either<Rejection, Fields> => {
  const { fields: applied, wrong } = applySteps(fields, wanted.steps)
  if (wrong.length > 0) {
    const broken = Object.fromEntries(wrong.map((field) => [field, ['is invalid']]))
    return E.left(rejection('Unprocessable', 'wrong_type', { fields: broken }))
  }
  const next = withFields({}, applied)
  const bytes = Buffer.byteLength(JSON.stringify({ fields: next, permissions: wanted.permissions }))
  return bytes > CC_RECORD_BYTES_MAX ? E.left(rejection('TooLarge', 'record_too_large')) : E.right(next)
}

const differing = (before: Fields, next: Fields): Fields =>
  Object.fromEntries(
    [...new Set([...Object.keys(before), ...Object.keys(next)])].flatMap((field) => {
      const value = own(next, field) ?? null
      return equalJson(own(before, field) ?? null, value) ? [] : [[field, value]]
    }),
  )

const placeOf = ({ app, class: name, generation, id, owner }: DataRecord): Place => ({
  ...{ app, class: name, generation, owner },
  record: id,
})

const deleted = (
  record: DataRecord,
  by: number,
  { at, cascades = false, of }: { readonly at: number; readonly cascades?: boolean; readonly of?: string },
): Fact =>
  recordEvents.fact('RecordDeleted', {
    ...{ ...placeOf(record), by, at, cascades },
    ...(of === undefined ? {} : { of }),
  })

/** Nothing of one that is gone already. */
const deleteWith = ({ by, at, of }: Of<'DeleteWith'>, { record }: RecordState): Decision =>
  E.right(record === undefined ? [] : [deleted(record, by, { at, of })])
