import type { AppendFailure, History } from './port.ts'

/** Is told what became of each append. */
export type AppendObserver = {
  /** How long it took until it was flushed, and how many events it was. */
  readonly appended: (ms: number, events: number) => void
  readonly failed: (tag: AppendFailure['_tag']) => void
}

/** The same history, with its appends told to an observer: metrics stay out of the adapters. */
export const measured = (history: History, observer: AppendObserver): History => ({
  ...history,
  append: (stream, expected, events) => {
    const task = history.append(stream, expected, events)
    return async () => {
      const start = performance.now()
      const answer = await task()
      if (answer._tag === 'Left') observer.failed(answer.left._tag)
      else observer.appended(performance.now() - start, events.length)
      return answer
    }
  },
})
