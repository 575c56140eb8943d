import * as E from 'fp-ts/lib/Either.js'
import type { Decider } from '../../src/domain/decider.ts'
import { rejection } from '../../src/domain/rejection.ts'

/** A small domain for tests of what carries domains: a tally with a unique name. */
export type Tally = { readonly count: number; readonly name: string | null; readonly closed: boolean }
export type TallyCommand =
  | { readonly type: 'Add'; readonly by: number }
  | { readonly type: 'Rename'; readonly name: string }
  | { readonly type: 'Close' }

export const tallyDecider: Decider<Tally, TallyCommand> = {
  initial: { count: 0, name: null, closed: false },
  stateVersion: 1,
  evolve: (state, { type, data }) => {
    if (type === 'Added' && typeof data.by === 'number') return { ...state, count: state.count + data.by }
    if (type === 'Renamed' && typeof data.name === 'string') return { ...state, name: data.name }
    return type === 'Closed' ? { ...state, closed: true, name: null } : state
  },
  decide: (command, state) => {
    if (state.closed) return E.left(rejection('Gone', 'closed'))
    if (command.type === 'Add')
      return E.right(command.by === 0 ? [] : [{ type: 'Added', data: { by: command.by } }])
    if (command.type === 'Rename') return E.right([{ type: 'Renamed', data: { name: command.name } }])
    return E.right([{ type: 'Closed', data: {} }])
  },
  claims: ({ name }) =>
    name === null
      ? []
      : [{ kind: 'tally-name', value: name.toLowerCase(), onTaken: rejection('Conflict', 'name_taken') }],
  subject: (stream) => stream,
}
