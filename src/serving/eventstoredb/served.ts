import type { History, NewEvent, StoredEvent } from '../../history/port.ts'
import type { Output, Response } from './output.ts'
import type { Refusal } from './refusals.ts'

/** What the service shows over gRPC. */
export type Served = {
  readonly history: History
  readonly codec: EventCodec
  readonly positions: Positions
  /** Asked in the turn in which an append arrives and before anything is written. */
  readonly refuse?: (stream: string, events: readonly Proposed[]) => Refusal | undefined
  /** Asked when an append is done: a refusal ends the call without the answer. */
  readonly beforeAnswer?: () => Promise<Refusal | undefined>
  /** Told how to end a call that is open; answers how to forget it. */
  readonly opened?: (kind: CallKind, end: (refusal: Refusal) => void) => () => void
  /** How a subscriber is handed what comes; without it he is waited for. */
  readonly subscriber?: (output: Output) => Subscriber
}

export type CallKind = 'read' | 'subscription' | 'batch'

export type Subscriber = {
  /** A promise if the subscriber has to be waited for. */
  readonly push: (response: Response) => Promise<void> | undefined
  /** He has everything that was there. */
  readonly goLive: () => void
}

/** An event as a client sends it. */
export type Proposed = {
  readonly id: string
  readonly type: string
  readonly contentType: string
  readonly data: Uint8Array
  readonly metadata: Uint8Array
}

/** An event as clients read it; `position` is the history's own, `created` in milliseconds. */
export type Recorded = Proposed & {
  readonly stream: string
  readonly revision: bigint
  readonly position: bigint
  readonly created: number
  /** More of its system metadata: a name and a text. */
  readonly more?: readonly [string, string]
}

export type EventCodec = {
  /** Throws a call's failure if the event cannot be one of that stream. */
  readonly toNew: (event: Proposed, stream: string) => NewEvent
  readonly toRecorded: (event: StoredEvent) => Recorded
  readonly typeOf: (event: StoredEvent) => string
}

/** Between the history's positions and those on the wire; both only grow. */
export type Positions = {
  readonly toWire: (position: bigint) => bigint
  /** `undefined`: no event can be there. */
  readonly fromWire: (position: bigint) => bigint | undefined
}
