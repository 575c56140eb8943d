import type { History, NewEvent, StoredEvent } from '../../../src/history/port.ts'
import type { Refusal } from './refusals.ts'

/** What the service shows over gRPC. */
export type Served = {
  readonly history: History
  readonly codec: EventCodec
  readonly positions: Positions
  /** Asked in the turn in which an append arrives and before anything is written. */
  readonly refuse?: (stream: string) => Refusal | undefined
  /** Asked when an append is done: a refusal ends the call without the answer. */
  readonly beforeAnswer?: () => Promise<Refusal | undefined>
  /** Told how to end a call that stays open; answers how to forget it. */
  readonly opened?: (kind: 'subscription' | 'batch', end: (refusal: Refusal) => void) => () => void
  /** Events that wait for a slow subscriber in the live phase before it is dropped. */
  readonly liveBuffer?: number
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
}

export type EventCodec = {
  readonly toNew: (event: Proposed) => NewEvent
  readonly toRecorded: (event: StoredEvent) => Recorded
  readonly typeOf: (event: StoredEvent) => string
}

/** Between the history's positions and those on the wire; both only grow. */
export type Positions = {
  readonly toWire: (position: bigint) => bigint
  /** `undefined`: no event can be there. */
  readonly fromWire: (position: bigint) => bigint | undefined
}
