import * as E from 'fp-ts/lib/Either.js'
import { checkAppend, tooLarge } from '../checking.ts'
import {
  HistoryUnavailable,
  type Appended,
  type AppendFailure,
  type Expected,
  type History,
  type NewEvent,
} from '../port.ts'
import { openCommits, type Pending } from './commits.ts'
import { lastPosition, lastRevision, type Databases } from './databases.ts'
import { makeHeads } from './heads.ts'
import { endOf, placeOfRepeated } from './places.ts'
import { jsonOf, recordOf, REVISION_MAX } from './record.ts'

export type Writer = {
  readonly append: History['append']
  /** Position of the last event that is flushed. */
  readonly head: () => number
  /** Takes nothing any more and waits for what was taken. */
  readonly close: () => Promise<void>
}

export type WriterOptions = {
  /** The first event of an empty history gets this position. */
  readonly firstPosition: number
  /** Told what is flushed, in order of position and up to `head`, before the appends are answered. */
  readonly onFlushed: (taken: readonly Pending[], head: number) => void
  /** Told once when the disk has refused a write: the process has to end. */
  readonly onFatal: (error: Error) => void
  readonly commitEventsMax?: number | undefined
}

/**
 * An append is checked, and gets its place, in the turn in which it is run, against what is flushed and what is on its way;
 * nothing is held across an await. So appends of one stream may be run before the first of them answers.
 */
export const openWriter = (databases: Databases, options: WriterOptions): Writer => {
  const heads = makeHeads(databases)
  let head = lastPosition(databases)
  let next = Math.max(head + 1, options.firstPosition)
  let closed = false
  const commits = openCommits({
    put: (pending) => put(databases, pending),
    onFlushed: (taken) => {
      head = taken.reduce((_, { firstPosition, records }) => firstPosition + records.length - 1, head)
      heads.flushed(taken)
      options.onFlushed(taken, head)
    },
    onRefused: databases.fail,
    onFailed: options.onFatal,
    eventsMax: options.commitEventsMax,
  })

  const append = (stream: string, expected: Expected, events: readonly NewEvent[]): Promise<Answer> => {
    checkAppend(stream, expected, events)
    if (closed) return refused({ _tag: 'Unavailable', reason: 'the history was closed' })
    if (commits.hasFailed()) return refused({ _tag: 'Unavailable', reason: 'stopped after a failed write' })
    if (events.length === 0) return whenFlushed(() => E.right(endOf(databases, stream))).catch(unavailable)
    const texts = events.map(jsonOf)
    const failure = tooLarge(events, texts)
    if (failure !== undefined) return refused(failure)
    const wanted = expected === 'any' || expected === 'none' ? -1 : toNumber(expected)
    const last = heads.get(stream, wanted)
    if (last !== wanted && expected !== 'any')
      return whenFlushed(() => repeated(databases, stream, wanted + 1, events)).catch(unavailable)
    const firstRevision = last + 1
    const firstPosition = next
    next += events.length
    heads.advance(stream, last + events.length)
    return new Promise((resolve) => {
      commits.enqueue({
        stream,
        events,
        records: texts.map((text, index) => recordOf(stream, firstRevision + index, text)),
        firstRevision,
        firstPosition,
        answer: (failed) => {
          const more = events.length - 1
          resolve(failed === undefined ? placed(firstRevision + more, firstPosition + more) : E.left(failed))
        },
      })
    })
  }

  /** Looks only after all that was on its way is on the disk, where the caller can read it too. */
  const whenFlushed = async (look: () => Answer): Promise<Answer> => {
    const failure = await commits.flushed()
    if (failure !== undefined) return E.left(failure)
    databases.assertReadable()
    return look()
  }

  return {
    append: (stream, expected, events) => () => attempt(() => append(stream, expected, events)),
    head: () => head,
    close: async () => {
      closed = true
      await commits.flushed()
    },
  }
}

type Answer = E.Either<AppendFailure, Appended>

const put = (databases: Databases, { records, firstPosition }: Pending): PromiseLike<unknown> => {
  let last: PromiseLike<unknown> = Promise.resolve()
  for (const [index, record] of records.entries()) {
    void databases.events.put(firstPosition + index, record)
    last = databases.streams.put(record, firstPosition + index)
  }
  return last
}

/** Not the expected revision: either these very events are there already, or others are. */
const repeated = (
  databases: Databases,
  stream: string,
  firstRevision: number,
  events: readonly NewEvent[],
): Answer => {
  const place = placeOfRepeated(databases, stream, firstRevision, events)
  if (place !== undefined) return E.right({ revision: place.revision, position: place.position })
  const actual = lastRevision(databases, stream, -1)
  return E.left({ _tag: 'WrongRevision', actual: actual < 0 ? 'none' : BigInt(actual) })
}

const placed = (revision: number, position: number): Answer =>
  E.right({ revision: BigInt(revision), position: BigInt(position) })

const refused = (failure: AppendFailure): Promise<Answer> => Promise.resolve(E.left(failure))

/** A revision no stream can have stays one. */
const toNumber = (revision: bigint): number => Number(revision < REVISION_MAX ? revision : REVISION_MAX - 1)

const attempt = (start: () => Promise<Answer>): Promise<Answer> => {
  try {
    return start()
  } catch (error) {
    return unavailable(error)
  }
}

const unavailable = (error: unknown): Promise<Answer> => {
  if (error instanceof HistoryUnavailable) return refused({ _tag: 'Unavailable', reason: error.message })
  return Promise.reject(error instanceof Error ? error : new Error(String(error)))
}
