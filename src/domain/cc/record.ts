import type { Json } from '../../json.ts'
import type { Fact } from '../decider.ts'
import { own, type Fields, type Files, type StoredFile } from './field-types.ts'
import type { RecordPermissions, Rule, Who } from './permissions.ts'
import { recordEvents } from './record-events.ts'
import type { Step } from './record-operators.ts'

/** A record as it is (connectycube 6.1). Times are milliseconds since the Unix epoch; fields that are null are left out. */
export type DataRecord = {
  readonly id: string
  readonly app: number
  readonly class: string
  readonly generation: number
  readonly owner: number
  readonly parent: string | null
  readonly createdAt: number
  readonly updatedAt: number
  readonly fields: Fields
  readonly files: Files
  readonly permissions: RecordPermissions
}

export type RecordState = {
  /** Not of one that was deleted, or whose owner's words were erased. */
  readonly record?: DataRecord
  /** It is deleted, and what hangs on it goes too. */
  readonly cascading?: Place
  readonly isUsed: boolean
}
export type Place = {
  readonly app: number
  readonly class: string
  readonly generation: number
  readonly record: string
  readonly owner: number
}

/** `rule` is the class's where it counts; without one the record's own does. `at`: milliseconds since the Unix epoch. */
export type RecordCommand =
  | {
      readonly type: 'Create'
      readonly place: Place
      readonly isAllowed: boolean
      readonly parent: string | null
      readonly steps: readonly Step[]
      readonly permissions: Partial<RecordPermissions>
      readonly at: number
    }
  | {
      readonly type: 'Change'
      readonly generation: number
      readonly who: Who
      readonly rule: Rule | undefined
      readonly change: Change
      readonly at: number
    }
  | {
      readonly type: 'Delete'
      readonly generation: number
      readonly who: Who
      readonly rule: Rule | undefined
      readonly cascades: boolean
      readonly at: number
    }
  /** It hung on `of`: whatever its permissions are. */
  | { readonly type: 'DeleteWith'; readonly of: string; readonly by: number; readonly at: number }
  | { readonly type: 'EndCascade' }

/** What somebody wants changed; what is not in it stays. */
export type Change = {
  readonly parent?: string | null | undefined
  readonly steps: readonly Step[]
  readonly permissions: Partial<RecordPermissions>
  readonly files?: { readonly [field: string]: StoredFile | null }
}

export const NO_RECORD: RecordState = { isUsed: false }

/** Unknown types leave the state alone. Throws if a known one has data of another shape. */
export const evolveRecord = (state: RecordState, event: Fact): RecordState => {
  switch (event.type) {
    case 'RecordCreated':
      return created(event)
    case 'RecordChanged':
      return changed(state, event)
    case 'RecordDeleted': {
      const { cascades, app, class: name, generation, record, owner } = recordEvents.dataOf(event.type, event)
      const place = { app, class: name, generation, record, owner }
      return { isUsed: true, ...(cascades ? { cascading: place } : {}) }
    }
    case 'RecordCascadeEnded':
      return { isUsed: true }
    default:
      return state
  }
}

const created = (event: Fact): RecordState => {
  const {
    app,
    class: name,
    generation,
    record,
    owner,
    parent,
    at,
    sealed,
  } = recordEvents.dataOf('RecordCreated', event)
  if (sealed === null) return { isUsed: true }
  const times = { createdAt: at, updatedAt: at }
  const { fields, permissions } = sealed
  return {
    isUsed: true,
    record: {
      ...{ id: record, app, class: name, generation, owner, parent, ...times },
      ...{ fields, files: {}, permissions },
    },
  }
}

const changed = (state: RecordState, event: Fact): RecordState => {
  const { parent, at, sealed } = recordEvents.dataOf('RecordChanged', event)
  const { record } = state
  if (record === undefined) return state
  return {
    ...state,
    record: {
      ...record,
      ...(parent === undefined ? {} : { parent }),
      updatedAt: at,
      fields: withFields(record.fields, sealed?.set ?? {}),
      files: withFields(record.files, sealed?.files ?? {}),
      permissions: sealed?.permissions ?? record.permissions,
    },
  }
}

/** Null fields are as good as absent. */
export const withFields = <T extends Json>(
  fields: { readonly [field: string]: T },
  set: { readonly [field: string]: T | null },
): { readonly [field: string]: T } => {
  const next: { [field: string]: T } = {}
  for (const field of new Set([...Object.keys(fields), ...Object.keys(set)])) {
    const value = Object.hasOwn(set, field) ? own(set, field) : own(fields, field)
    if (value !== undefined && value !== null) next[field] = value
  }
  return next
}
