import type { Fact } from '../decider.ts'
import { dataOf, type FamilyEventType } from './events.ts'
import { CATEGORY_ROWS } from './evolve/categories.ts'
import { DEVICE_ROWS } from './evolve/devices.ts'
import { FAMILY_ROWS } from './evolve/family.ts'
import { inDevice, type Rows } from './evolve/rows.ts'
import { RULE_ROWS } from './evolve/rules.ts'
import { USER_ROWS } from './evolve/users.ts'
import { at, type FamilyState } from './state.ts'

/**
 * The family after an event. Also folds the number that the event's action used up on the device that pushed it (timelimit 3.2). Unknown
 * types leave the state alone. Throws if a known one has data of another shape.
 */
export const evolve = (state: FamilyState, fact: Fact): FamilyState => {
  const apply = APPLY.get(fact.type)
  return apply === undefined ? state : advanced(apply(state, fact), fact)
}

const ROWS: Rows<FamilyEventType> = {
  ...FAMILY_ROWS,
  ...USER_ROWS,
  ...DEVICE_ROWS,
  ...CATEGORY_ROWS,
  ...RULE_ROWS,
}

type Apply = (state: FamilyState, fact: Fact) => FamilyState

const applyOf = <T extends FamilyEventType>(type: T): Apply => {
  const row = ROWS[type]
  return (state, fact) => row(state, dataOf(type, fact))
}

const APPLY: ReadonlyMap<string, Apply> = new Map(
  (Object.keys(ROWS) as readonly FamilyEventType[]).map((type) => [type, applyOf(type)]),
)

const advanced = (state: FamilyState, { via }: Fact): FamilyState => {
  const deviceId = via?.['device']
  const number = via?.['sequenceNumber']
  if (typeof deviceId !== 'string' || typeof number !== 'number') return state
  const next = number + 1
  return at(state.devices, deviceId)?.nextSequenceNumber === next
    ? state
    : inDevice(state, deviceId, { nextSequenceNumber: next })
}
