import * as E from 'fp-ts/lib/Either.js'
import { setTimeout as pause } from 'node:timers/promises'
import { APPEND_BYTES_MAX } from '../../limits.ts'
import { HistoryUnavailable, type Appended, type AppendFailure, type History } from '../../history/port.ts'
import { CopyRefused } from './format.ts'
import type { CopiedEvent } from './reading.ts'

/** Appends events to a history in the order in which they come, each where it was in its stream. */
export type Writer = {
  readonly write: (events: readonly CopiedEvent[]) => Promise<void>
  /** Answers when all are there. */
  readonly flush: () => Promise<void>
}

export type WriterOptions = {
  /** Positions have to stay what they were. */
  readonly keepsPositions: boolean
  /** Appends are handed over before the ones before them are answered: the embedded history keeps their order, whatever becomes of them. */
  readonly isPipelined: boolean
}

/** Throws `CopyRefused` if something else is where an event belongs, and `HistoryUnavailable` if the history stays away. */
export const createWriter = (history: History, { keepsPositions, isPipelined }: WriterOptions): Writer => {
  const append = async (run: readonly CopiedEvent[]): Promise<void> => {
    const [first] = run
    const last = run.at(-1)
    if (first === undefined || last === undefined) return
    const { stream, revision } = first.event
    const expected = revision === 0n ? 'none' : revision - 1n
    const events = run.map(({ event: { id, type, data, meta } }) => ({ id, type, data, meta }))
    const place = await appended(() => history.append(stream, expected, events)(), last)
    if (keepsPositions && place.position !== last.event.position)
      throw new CopyRefused(
        `the event at position ${last.event.position} got position ${place.position}: an embedded history has no gaps`,
      )
  }
  const onTheirWay: Promise<unknown>[] = []
  const settle = async (atMost: number): Promise<void> => {
    while (onTheirWay.length > atMost) await onTheirWay.shift()
  }
  return {
    write: async (events) => {
      const written: Promise<void>[] = []
      for (const run of runsOf(events)) {
        const one = append(run)
        if (isPipelined) written.push(one)
        else await one
      }
      if (written.length > 0) onTheirWay.push(quiet(Promise.all(written)))
      await settle(PAGES_MAX)
    },
    flush: () => settle(0),
  }
}

/** Pages of some hundred events, a quarter of a megabyte each: about what is committed at once, and as much that comes meanwhile. */
const PAGES_MAX = 160

/** Whoever awaits it is told; until then nobody need know. */
const quiet = <A>(written: Promise<A>): Promise<A> => {
  written.catch(() => undefined)
  return written
}

/** Events behind each other of one stream share an append, as far as they fit. */
function* runsOf(events: readonly CopiedEvent[]): Generator<readonly CopiedEvent[], void> {
  let run: CopiedEvent[] = []
  let bytes = 0
  for (const event of events) {
    const last = run.at(-1)?.event
    const goesOn = last?.stream === event.event.stream && last.revision + 1n === event.event.revision
    if (run.length > 0 && (!goesOn || bytes + event.bytes > APPEND_BYTES_MAX)) {
      yield run
      run = []
      bytes = 0
    }
    run.push(event)
    bytes += event.bytes
  }
  if (run.length > 0) yield run
}

/** The same again while the store is away, or when nobody knows what became of it: the ids make it one. */
const appended = async (
  append: () => Promise<E.Either<AppendFailure, Appended>>,
  { event }: CopiedEvent,
): Promise<Appended> => {
  for (let tries = 1; ; tries += 1) {
    const outcome = await append()
    if (E.isRight(outcome)) return outcome.right
    const failure = outcome.left
    if (failure._tag === 'WrongRevision')
      throw new CopyRefused(
        `${event.stream} has something else at revision ${event.revision} (${failure.actual} is its last)`,
      )
    if (failure._tag === 'TooLarge')
      throw new CopyRefused(`revision ${event.revision} of ${event.stream} has ${failure.bytes} bytes`)
    if (tries >= TRIES_MAX) throw new HistoryUnavailable(`The history takes no events: ${failure.reason}`)
    await pause(TRY_PAUSE_MS)
  }
}

const TRIES_MAX = 60
const TRY_PAUSE_MS = 500
