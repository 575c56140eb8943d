import type { Fact } from '../decider.ts'
import { dataOf, type AfroditeEventType, type DataOf } from './events.ts'

/** What the events of a table do to a state: one row for each, so that none is forgotten. */
export type Rows<State, T extends AfroditeEventType> = {
  readonly [K in T]: (state: State, data: DataOf<K>) => State
}

/** Folds by a table. Unknown types leave the state alone. Throws if a known one has data of another shape. */
export const evolveBy = <State, T extends AfroditeEventType>(
  rows: Rows<State, T>,
): ((state: State, fact: Fact) => State) => {
  const applyOf =
    <K extends T>(type: K) =>
    (state: State, fact: Fact): State =>
      rows[type](state, dataOf(type, fact))
  const apply = new Map<string, (state: State, fact: Fact) => State>()
  for (const type in rows) apply.set(type, applyOf(type))
  return (state, fact) => apply.get(fact.type)?.(state, fact) ?? state
}
