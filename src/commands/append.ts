import { setTimeout as pause } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import { rejection, type Rejection } from '../domain/rejection.ts'
import type { Appended, AppendFailure, Expected, History, NewEvent } from '../history/port.ts'
import { UNKNOWN_OUTCOME_MS_MAX, UNKNOWN_OUTCOME_PAUSE_MS, UNKNOWN_OUTCOME_PAUSE_MS_MAX } from '../limits.ts'
import { confirm, moveOn, type Slot } from './slot.ts'

/** Reason of a refusal after which the events may be there all the same. */
export const OUTCOME_UNKNOWN = 'outcome_unknown'

/**
 * Moves the slot to the tip at once and appends: the next command of this stream is decided on it without waiting for the flush.
 * `moved`: somebody else appended first, or the outcome was found only by reading; load and decide again.
 */
export const appendToSlot = async (
  history: History,
  to: { readonly stream: string; readonly commandId: string },
  slot: Slot,
  step: { readonly events: readonly NewEvent[]; readonly next: unknown },
): Promise<E.Either<Rejection | 'moved', Appended>> => {
  const expected = slot.revision
  moveOn(slot, to.commandId, step.events, step.next)
  const settling = settle(slot, appendResolved(history, to.stream, expected, step.events), (appended) =>
    confirm(slot, to.commandId, { expected, state: step.next, appended }),
  )
  const written = settling.then(E.isRight, () => false)
  slot.pending = written
  const answer = await settling
  if (slot.pending === written) slot.pending = undefined
  return E.mapLeft(refused)(answer)
}

/** Whoever waits for an append finds the slot as the append left it. */
const settle = async (
  slot: Slot,
  appending: Promise<E.Either<AppendFailure, Appended>>,
  onWritten: (appended: Appended) => void,
): Promise<E.Either<AppendFailure, Appended>> => {
  try {
    const answer = await appending
    if (E.isLeft(answer)) slot.broken = true
    else onWritten(answer.right)
    return answer
  } catch (error) {
    slot.broken = true
    throw error
  }
}

/** An unknown outcome is found out by appending the same ids with the same expectation again, never by guessing. */
const appendResolved = async (
  history: History,
  stream: string,
  expected: Expected,
  events: readonly NewEvent[],
): Promise<E.Either<AppendFailure, Appended>> => {
  let answer = await history.append(stream, expected, events)()
  const until = performance.now() + UNKNOWN_OUTCOME_MS_MAX
  for (let tries = 0; performance.now() < until; tries++) {
    if (E.isRight(answer) || answer.left._tag !== 'Unknown') return answer
    await pause(Math.min(UNKNOWN_OUTCOME_PAUSE_MS * 2 ** tries, UNKNOWN_OUTCOME_PAUSE_MS_MAX))
    const again = await history.append(stream, expected, events)()
    if (E.isRight(again) || again.left._tag !== 'Unavailable') answer = again
  }
  return answer
}

const refused = (failure: AppendFailure): Rejection | 'moved' => {
  switch (failure._tag) {
    case 'WrongRevision':
      return 'moved'
    case 'TooLarge':
      return rejection('TooLarge', 'events_too_large')
    case 'Unavailable':
      return rejection('Unavailable', 'history_unavailable', { retryAfterSeconds: 5 })
    case 'Unknown':
      return rejection('Unavailable', OUTCOME_UNKNOWN, { retryAfterSeconds: 5 })
  }
}
