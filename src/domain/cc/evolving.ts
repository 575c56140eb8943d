import type * as t from 'io-ts'
import type { Fact } from '../decider.ts'
import type { Events, EventTable } from './codec.ts'

/** What the events of a table do to a state: one row for each, so that none is forgotten. */
export type Rows<State, Table extends EventTable> = {
  readonly [K in keyof Table & string]: (state: State, data: t.TypeOf<Table[K]>) => State
}

/** Folds by a table. Unknown types leave the state alone. Throws if a known one has data of another shape. */
export const evolveBy = <State, Table extends EventTable>(
  events: Events<Table>,
  rows: Rows<State, Table>,
): ((state: State, fact: Fact) => State) => {
  const applyOf =
    <K extends keyof Table & string>(type: K) =>
    (state: State, fact: Fact): State =>
      rows[type](state, events.dataOf(type, fact))
  const apply = new Map<string, (state: State, fact: Fact) => State>()
  for (const type in rows) apply.set(type, applyOf(type))
  return (state, fact) => apply.get(fact.type)?.(state, fact) ?? state
}
