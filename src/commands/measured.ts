import * as E from 'fp-ts/lib/Either.js'
import type { Rejection } from '../domain/rejection.ts'
import type { Engine, Outcome } from './engine.ts'

/** Is told how each command ended, and how long it took until its answer. */
export type CommandObserver = {
  readonly ended: (stream: string, outcome: CommandOutcome, ms: number) => void
  readonly rejected: (stream: string, kind: Rejection['kind']) => void
}

/** `unchanged`: decided, with nothing to append. `repeated`: done before under the same id. `failed`: it threw. */
export type CommandOutcome = 'done' | 'unchanged' | 'repeated' | 'rejected' | 'failed'

/** The same engine, with its commands told to an observer. */
export const measuredEngine = (engine: Engine, observer: CommandObserver): Engine => ({
  ...engine,
  execute: (request) => {
    const task = engine.execute(request)
    return async () => {
      const start = performance.now()
      let outcome: CommandOutcome = 'failed'
      try {
        const answer = await task()
        outcome = outcomeOf(answer)
        if (E.isLeft(answer)) observer.rejected(request.stream, answer.left.kind)
        return answer
      } finally {
        observer.ended(request.stream, outcome, performance.now() - start)
      }
    }
  },
})

export const outcomeOf = (answer: E.Either<Rejection, Outcome<unknown>>): CommandOutcome => {
  if (E.isLeft(answer)) return 'rejected'
  if (answer.right.repeated) return 'repeated'
  return answer.right.facts.length === 0 ? 'unchanged' : 'done'
}
