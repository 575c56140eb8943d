import type { Either } from 'fp-ts/lib/Either.js'
import type { JsonObject } from '../json.ts'
import type { Rejection } from './rejection.ts'

/**
 * The only maker of facts. All three functions are pure: ids, times, randomness and what other streams say arrive in the command.
 */
export type Decider<State, Command> = {
  readonly initial: State
  /** Raise it when `State` or `evolve` changes: older snapshots are dropped. */
  readonly stateVersion: number
  /**
   * `data` of sealed fields is open here; of an erased subject they are null. Unknown event types leave the state alone. `via` is the
   * event's `meta.via`, the same at the decision and at every later replay; nothing else of how it came in is there.
   */
  readonly evolve: (state: State, event: Fact) => State
  readonly decide: (command: Command, state: State) => Either<Rejection, readonly Fact[]>
  /**
   * Names that must be unique in the installation and that a stream in this state holds. The engine claims what a decision
   * adds before it appends, and releases what it takes away afterwards (decisions 4). A taken one is refused with `onTaken`.
   * It is asked before and after every decision: the same array instance both times costs nothing more.
   */
  readonly claims?: (state: State) => readonly Claim[]
  /** Whose key seals what is kept of this stream outside the history: its snapshot, and who holds its claims. */
  readonly subject?: (stream: string) => string | undefined
  /** False: the state holds words of several subjects, which no one key can seal, so none is taken or looked for. */
  readonly hasSnapshots?: false
}

/** An event before it has an id and a place. */
export type Fact = {
  readonly type: string
  readonly data: JsonObject
  /** What live delivery filters by: goes to `meta.scope`. */
  readonly scope?: JsonObject
  /** What of how it came in belongs to the fact: merged over the command's own into `meta.via`, where `evolve` finds it again. */
  readonly via?: JsonObject
}

export type Claim = {
  /** `user-login`: part of the claim's stream name. */
  readonly kind: string
  /** Folded by the decider: two values that must not coexist are the same string. */
  readonly value: string
  readonly onTaken: Rejection
}
