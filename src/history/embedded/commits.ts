import type { AppendFailure, NewEvent } from '../port.ts'

/** An append on its way to the disk: checked, placed and encoded. */
export type Pending = {
  readonly stream: string
  readonly events: readonly NewEvent[]
  readonly records: readonly Buffer[]
  readonly firstRevision: number
  readonly firstPosition: number
  readonly answer: (failure: AppendFailure | undefined) => void
}

export type Commits = {
  readonly enqueue: (pending: Pending) => void
  /** Answers when all that was enqueued before is flushed, or with the failure. */
  readonly flushed: () => Promise<AppendFailure | undefined>
  /** After a failed write: nothing may be enqueued any more. */
  readonly hasFailed: () => boolean
}

export type CommitOptions = {
  /** Issues the writes of one append and returns LMDB's promise; all of one turn are one transaction. */
  readonly put: (pending: Pending) => PromiseLike<unknown>
  /** Told in order of position, before the appends are answered. */
  readonly onFlushed: (taken: readonly Pending[]) => void
  /** Told at once, before anybody is answered. */
  readonly onRefused: (error: unknown) => void
  /** Told once, after everything on its way was answered. */
  readonly onFailed: (error: Error) => void
  /** Of one transaction, unless a single append has more. */
  readonly eventsMax?: number | undefined
}

/**
 * Group commit: what is enqueued in one turn of the event loop, and all that comes while the disk is busy, becomes one
 * transaction with one flush. Only one is on its way at a time: if it fails, nothing that builds on it can be written. After a
 * failure nothing is written ever again: going on after a full disk can corrupt the heap.
 */
export const openCommits = ({
  put,
  onFlushed,
  onRefused,
  onFailed,
  eventsMax = COMMIT_EVENTS_MAX,
}: CommitOptions): Commits => {
  let queue: Pending[] = []
  let enqueued = 0
  let done = 0
  let waiting: Waiting[] = []
  let busy = false
  let failure: AppendFailure | undefined

  const schedule = (): void => {
    busy = true
    setImmediate(commit)
  }
  const commit = (): void => {
    const taken = takeFrom(queue, eventsMax)
    queue = queue.slice(taken.length)
    issue(put, taken).then(
      () => succeed(taken),
      (error: unknown) => fail(taken, error),
    )
  }
  const succeed = (taken: readonly Pending[]): void => {
    onFlushed(taken)
    for (const { answer } of taken) answer(undefined)
    done += taken.length
    wake()
    if (queue.length > 0) schedule()
    else busy = false
  }
  const fail = (taken: readonly Pending[], error: unknown): void => {
    failure = { _tag: 'Unknown', reason: 'the disk refused the write' }
    onRefused(error)
    for (const { answer } of [...taken, ...queue]) answer(failure)
    queue = []
    done = enqueued
    wake()
    void causeOf(error).then(onFailed)
  }
  const wake = (): void => {
    if (waiting.length === 0) return
    const ready = waiting.filter(({ behind }) => behind <= done)
    waiting = waiting.filter(({ behind }) => behind > done)
    for (const { resolve } of ready) resolve(failure)
  }

  return {
    enqueue: (pending) => {
      queue.push(pending)
      enqueued += 1
      if (!busy) schedule()
    },
    flushed: () =>
      done === enqueued
        ? Promise.resolve(failure)
        : new Promise((resolve) => waiting.push({ behind: enqueued, resolve })),
    hasFailed: () => failure !== undefined,
  }
}

type Waiting = { readonly behind: number; readonly resolve: (failure: AppendFailure | undefined) => void }

/** Events of one transaction: so many that the flush costs nothing an event, so few that nobody waits long. */
const COMMIT_EVENTS_MAX = 10_000

const takeFrom = (queue: readonly Pending[], eventsMax: number): readonly Pending[] => {
  let events = 0
  const end = queue.findIndex(({ records }) => (events += records.length) > eventsMax)
  return end < 0 ? queue : queue.slice(0, Math.max(end, 1))
}

const issue = (put: CommitOptions['put'], taken: readonly Pending[]): PromiseLike<unknown> => {
  try {
    let last: PromiseLike<unknown> = Promise.resolve()
    for (const pending of taken) last = put(pending)
    return last
  } catch (error) {
    return Promise.reject(asError(error))
  }
}

/** LMDB says only that the commit failed; the reason comes as the rejection of a promise that the error carries. */
const causeOf = async (error: unknown): Promise<Error> => {
  const { commitError } = asError(error) as Error & { readonly commitError?: Promise<unknown> }
  const cause = commitError?.then(undefined, (reason: unknown) => reason)
  const late = new Promise((resolve) => setTimeout(resolve, CAUSE_MS_MAX).unref())
  const reason = await Promise.race([cause, late])
  return new Error('the history could not be written', { cause: reason ?? error })
}

const CAUSE_MS_MAX = 1_000

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))
