import * as E from 'fp-ts/lib/Either.js'
import { equalJson } from '../../json.ts'
import type { Decider, Fact } from '../decider.ts'
import { rejection } from '../rejection.ts'
import { classEvents } from './class-events.ts'
import type { FieldType } from './field-types.ts'
import { CLASS_DEFAULT, type Action, type ClassPermissions, type Rule } from './permissions.ts'

/** A class has a stream of its own, not a place in its application's: two deciders on one stream would share a cached state. */
export const classStream = (app: number, name: string): string => `cc.class-${app}-${name}`

/** Names the records of one generation of a class. */
export const recordSet = (app: number, name: string, generation: number): string =>
  `${app}-${name}-${generation}`

export type Definition = {
  readonly fields: { readonly [field: string]: FieldType }
  readonly permissions: ClassPermissions
  readonly useClassPermissions: readonly Action[]
  /** Any field is taken, with its JSON type. */
  readonly schemaless: boolean
}
export type DataClass = Definition & {
  readonly app: number
  readonly name: string
  readonly generation: number
}

export type ClassState = {
  readonly generation: number
  readonly definition: Definition | undefined
  /** Generations that are removed and not cleared yet. */
  readonly clearing: readonly number[]
}

/** What a definition says; what it leaves out stays as it is (connectycube 12.2). */
export type DefinitionChange = {
  readonly fields: { readonly [field: string]: FieldType }
  readonly permissions: { readonly [action in Action]?: Rule }
  readonly useClassPermissions?: readonly Action[] | undefined
  readonly schemaless?: boolean | undefined
}

export type ClassCommand =
  | {
      readonly type: 'Define'
      readonly app: number
      readonly class: string
      readonly change: DefinitionChange
    }
  /** `at`: milliseconds since the Unix epoch. */
  | { readonly type: 'Remove'; readonly app: number; readonly class: string; readonly at: number }
  | { readonly type: 'Clear'; readonly app: number; readonly class: string; readonly generation: number }

/** Classes of records (connectycube 12.2). */
export const classDecider: Decider<ClassState, ClassCommand> = {
  initial: { generation: 0, definition: undefined, clearing: [] },
  stateVersion: 1,
  evolve: (state, event) => evolve(state, event),
  decide: (command, state) => {
    const place = { app: command.app, class: command.class }
    if (command.type === 'Clear') {
      const { generation } = command
      return E.right(
        state.clearing.includes(generation)
          ? [classEvents.fact('DataClassCleared', { ...place, generation })]
          : [],
      )
    }
    if (command.type === 'Define') return E.right(define(place, command.change, state))
    const { generation } = state
    return state.definition === undefined
      ? E.left(rejection('NotFound', 'no_class'))
      : E.right([classEvents.fact('DataClassRemoved', { ...place, generation, at: command.at })])
  },
}

const NEW: Definition = { fields: {}, permissions: CLASS_DEFAULT, useClassPermissions: [], schemaless: false }

const define = (
  place: { readonly app: number; readonly class: string },
  { fields, permissions, useClassPermissions, schemaless }: DefinitionChange,
  { definition, generation }: ClassState,
): readonly Fact[] => {
  const now = definition ?? NEW
  const next: Definition = {
    fields: { ...now.fields, ...fields },
    permissions: { ...now.permissions, ...permissions },
    useClassPermissions: useClassPermissions ?? now.useClassPermissions,
    schemaless: schemaless ?? now.schemaless,
  }
  if (definition === undefined)
    return [classEvents.fact('DataClassDefined', { ...place, generation: generation + 1, ...next })]
  return equalJson({ ...definition }, { ...next })
    ? []
    : [classEvents.fact('DataClassChanged', { ...place, generation, ...next })]
}

const evolve = (state: ClassState, event: Fact): ClassState => {
  switch (event.type) {
    case 'DataClassDefined':
    case 'DataClassChanged': {
      const { generation, fields, permissions, useClassPermissions, schemaless } = classEvents.dataOf(
        event.type,
        event,
      )
      return { ...state, generation, definition: { fields, permissions, useClassPermissions, schemaless } }
    }
    case 'DataClassRemoved': {
      const { generation } = classEvents.dataOf('DataClassRemoved', event)
      return { ...state, definition: undefined, clearing: [...state.clearing, generation] }
    }
    case 'DataClassCleared': {
      const { generation } = classEvents.dataOf('DataClassCleared', event)
      return { ...state, clearing: state.clearing.filter((one) => one !== generation) }
    }
    default:
      return state
  }
}
