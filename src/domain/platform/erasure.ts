import * as E from 'fp-ts/lib/Either.js'
import type { JsonObject } from '../../json.ts'
import type { Decider } from '../decider.ts'

/**
 * How far the erasure of a subject is (decisions 8). `erased` is the receipt: the key, the vault's entries and the blobs are gone, and every
 * projection deletes what it shows of the subject. `completed`: the bytes are gone too.
 */
export type ErasureState = 'none' | 'requested' | 'erased' | 'completed'

/** The subject stands in the events in the clear: without its key it is nobody's name, and it has to outlive the key. */
export type ErasureCommand =
  | {
      /** `…Again`: of somebody who was erased, and whose key came back. */
      readonly type: 'RequestErasure' | 'RequestErasureAgain'
      readonly subject: string
      readonly reason: string
    }
  | { readonly type: 'RecordErased'; readonly subject: string }
  | { readonly type: 'RecordCompleted'; readonly subject: string }

const STREAMS = 'platform.erasure-'
export const erasureStream = (subject: string): string => `${STREAMS}${subject}`

/** The receipt. What other applications call so in streams of their own is none. */
export const isErasure = ({ type, stream }: { readonly type: string; readonly stream: string }): boolean =>
  type === 'SubjectErased' && stream.startsWith(STREAMS)

export const erasureDecider: Decider<ErasureState, ErasureCommand> = {
  initial: 'none',
  stateVersion: 1,
  evolve: (state, { type }) => AFTER[type] ?? state,
  // Each step once, and in order: what is repeated after a crash, or comes from two sides at once, changes nothing.
  decide: (command, state) => {
    const { from, event } = STEPS[command.type]
    return E.right(from.includes(state) ? [{ type: event, data: dataOf(command) }] : [])
  },
}

const AFTER: { readonly [type: string]: ErasureState | undefined } = {
  ErasureRequested: 'requested',
  SubjectErased: 'erased',
  ErasureCompleted: 'completed',
}

const STEPS: {
  readonly [command in ErasureCommand['type']]: {
    readonly from: readonly ErasureState[]
    readonly event: string
  }
} = {
  RequestErasure: { from: ['none'], event: 'ErasureRequested' },
  RequestErasureAgain: { from: ['erased', 'completed'], event: 'ErasureRequested' },
  RecordErased: { from: ['requested'], event: 'SubjectErased' },
  RecordCompleted: { from: ['erased'], event: 'ErasureCompleted' },
}

const dataOf = ({ type: _type, ...data }: ErasureCommand): JsonObject => data
