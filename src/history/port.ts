import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { JsonObject } from '../json.ts'

/**
 * The port of the event store: one append-only history, cut into streams.
 *
 * A *revision* counts a stream's events from 0n. A *position* places an event in the whole history; positions only grow,
 * the first is greater than 0n, gaps mean nothing. Both are `bigint`.
 */
export type History = {
  /**
   * All or nothing, and flushed to disk when it answers `Right`.
   *
   * Called twice before the first answers, appends of one stream take effect in the order of the calls, so a caller may
   * expect a revision that is still being flushed. The same event ids at the same expected revision are answered with the
   * place they got the first time (`none` and a revision; with `any` nothing is promised: never retry it).
   * An empty `events` succeeds, writes nothing and answers the stream's present end.
   */
  readonly append: (
    stream: string,
    expected: Expected,
    events: readonly NewEvent[],
  ) => TaskEither<AppendFailure, Appended>
  /** Pages of a stream's events: forwards from `from` up, or backwards from `from` down, `from` included. A missing stream is empty. */
  readonly read: (
    stream: string,
    options?: {
      readonly from?: bigint | 'start' | 'end'
      readonly direction?: Direction
      readonly limit?: number
    },
  ) => AsyncIterable<Page>
  /** Pages of the whole history behind `after` (0n = from its beginning), in order of position. */
  readonly readAll: (options: {
    readonly after: bigint
    readonly limit?: number
    readonly prefixes?: readonly string[]
  }) => AsyncIterable<Page>
  /**
   * Everything behind `after`, then whatever comes, until `signal` aborts (the iteration then just ends). Never skips, repeats or
   * reorders; reconnects by itself. The next page is read only when the last one was taken: that is the back-pressure.
   */
  readonly subscribe: (options: {
    readonly after: bigint
    readonly prefixes?: readonly string[]
    readonly signal: AbortSignal
  }) => AsyncIterable<Delivery>
  /** Position of the last event; 0n if there is none. */
  readonly head: () => Promise<bigint>
  readonly close: () => Promise<void>
}

export type Direction = 'forwards' | 'backwards'
/** `none`: the stream has no event yet. A revision: that of its last event. `any`: only for what need not be retried. */
export type Expected = 'none' | 'any' | bigint
export type Page = readonly StoredEvent[]

export type Delivery = {
  /** In order; may be empty, when only `upTo` or `caughtUp` has news. */
  readonly events: Page
  /** All of the history up to here was looked at, also what `prefixes` left out. */
  readonly upTo: bigint
  /** Nothing newer was there when this was made. */
  readonly caughtUp: boolean
}

export type NewEvent = {
  /** A UUID. */
  readonly id: string
  readonly type: string
  readonly data: JsonObject
  readonly meta: EventMeta
}

export type StoredEvent = NewEvent & {
  readonly stream: string
  readonly revision: bigint
  readonly position: bigint
}

/** Who, when and why (decisions 15). Nothing in here may be a secret or an address. */
export type EventMeta = {
  /** Milliseconds since the Unix epoch. */
  readonly at: number
  /** `<context>:<kind>:<id>` */
  readonly actor: string
  readonly commandId: string
  readonly correlationId: string
  /** Number of the data's shape: the upcasting decorator sets the current one, and brings older events up when they are read. */
  readonly schema: number
  /** How it came in: the protocol and what its auditor asks for. */
  readonly via?: JsonObject
  /** What live delivery filters by. */
  readonly scope?: JsonObject
  /** Whose key seals the sealed fields of `data`; set by the sealing decorator. */
  readonly subject?: string
  /** W3C `traceparent` of the append, if somebody traces it: for tracing alone, nothing else may depend on it. */
  readonly trace?: string
}

export type Appended = { readonly revision: bigint; readonly position: bigint }

export type AppendFailure =
  | { readonly _tag: 'WrongRevision'; readonly actual: bigint | 'none' }
  /** More than `APPEND_BYTES_MAX` in one append (decisions 16), on every adapter. */
  | { readonly _tag: 'TooLarge'; readonly bytes: number }
  /** Refused before anything was written. */
  | { readonly _tag: 'Unavailable'; readonly reason: string }
  /** May or may not be written: append the same ids with the same expectation again. */
  | { readonly _tag: 'Unknown'; readonly reason: string }

/** Thrown by reads when the store cannot be reached; appends answer `Unavailable` instead. */
export class HistoryUnavailable extends Error {
  override readonly name = 'HistoryUnavailable'
}
