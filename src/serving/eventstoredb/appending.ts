import * as E from 'fp-ts/lib/Either.js'
import type { AppendFailure, Expected } from '../../history/port.ts'
import { APPEND_BYTES_MAX } from '../../limits.ts'
import { invalid, Refusal, refusalOf, tooLarge, unavailable } from './refusals.ts'
import type { Proposed, Served } from './served.ts'

/** What a client expects of the stream's end. */
export type WireExpected = Expected | 'exists'

export type Placed = {
  /** `undefined`: nothing was written and the stream is missing. */
  readonly revision: bigint | undefined
  /** On the wire. */
  readonly position: bigint | undefined
}

/** `WrongRevision` is an answer, a `Refusal` ends the call. */
export type Outcome = E.Either<WrongRevision | Refusal, Placed>
export type WrongRevision = { readonly _tag: 'WrongRevision'; readonly actual: bigint | 'none' }

export type Appending = (
  stream: string,
  expected: WireExpected,
  events: readonly Proposed[],
) => Promise<Outcome>

/** One for all calls of a service: appends take effect in the order in which it is called. */
export const makeAppending = (served: Served): Appending => {
  const { history, codec, positions } = served
  let behind: Promise<unknown> | undefined

  const append = async (
    stream: string,
    expected: Expected,
    events: readonly Proposed[],
  ): Promise<Outcome> => {
    const appended = await history.append(
      stream,
      expected,
      events.map((event) => codec.toNew(event, stream)),
    )()
    if (E.isLeft(appended)) return E.left(failed(appended.left))
    const { revision, position } = appended.right
    return revision < 0n
      ? E.right({ revision: undefined, position: undefined })
      : E.right({ revision, position: positions.toWire(position) })
  }

  const appendExisting = async (stream: string, events: readonly Proposed[]): Promise<Outcome> => {
    const end = await history.append(stream, 'any', [])()
    if (E.isRight(end) && end.right.revision < 0n) return E.left({ _tag: 'WrongRevision', actual: 'none' })
    return append(stream, 'any', events)
  }

  const start = (stream: string, expected: WireExpected, events: readonly Proposed[]): Promise<Outcome> => {
    const refusal = served.refuse?.(stream, events)
    if (refusal !== undefined) return Promise.resolve(E.left(refusal))
    return expected === 'exists' ? appendExisting(stream, events) : append(stream, expected, events)
  }

  return (stream, expected, events) => {
    const started =
      behind === undefined
        ? start(stream, expected, events)
        : behind.then(() => start(stream, expected, events))
    const outcome = started.catch((error: unknown): Outcome => E.left(refusalOf(error)))
    if (expected === 'exists' || behind !== undefined) {
      // Looking at the stream takes a turn: what comes meanwhile must not pass it.
      const last: Promise<unknown> = outcome.then(() => {
        if (behind === last) behind = undefined
      })
      behind = last
    }
    return outcome
  }
}

export const isWrongRevision = (left: WrongRevision | Refusal): left is WrongRevision =>
  !(left instanceof Refusal)

/** Of one append: its events' data and metadata, as on EventStoreDB. What the history takes of it as JSON is a little less. */
export const WIRE_APPEND_BYTES_MAX = 1024 * 1024

const failed = (failure: AppendFailure): WrongRevision | Refusal => {
  switch (failure._tag) {
    case 'WrongRevision':
      return failure
    case 'TooLarge':
      return tooLarge(APPEND_BYTES_MAX)
    case 'Unavailable':
      return unavailable(failure.reason)
    case 'Unknown':
      return invalid(failure.reason)
  }
}
