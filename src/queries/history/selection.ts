import type { Filter } from '../../documents/port.ts'
import { erasureStream } from '../../domain/platform/erasure.ts'
import type { Direction, StoredEvent } from '../../history/port.ts'

/** What an auditor asks for; all that is given has to hold. */
export type Selection = {
  readonly stream?: string
  readonly type?: string
  readonly actor?: string
  /** Whose key seals the event, or whose erasure it tells of. */
  readonly subject?: string
  /** `meta.commandId`. */
  readonly command?: string
  /** Milliseconds since the Unix epoch, both included. Times need not grow with positions. */
  readonly since?: number
  readonly until?: number
}

/** Events of the selection between two positions, neither of them included. */
export type Wanted = {
  readonly selection: Selection
  readonly after: bigint
  readonly before?: bigint
  readonly direction: Direction
}

/** A step of a walk through the history. */
export type Step = {
  /** The selected ones, in the direction of the walk. */
  readonly events: readonly StoredEvent[]
  /** Everything on this side of it was looked at: where a later walk goes on (`after` forwards, `before` backwards). */
  readonly place: bigint
  /** Events that were looked at, or what it cost to pass over them. */
  readonly looked: number
}

export const selects = (selection: Selection): ((event: StoredEvent) => boolean) => {
  const { stream, type, actor, subject, command, since, until } = selection
  const tests = [
    stream !== undefined && ((event: StoredEvent) => event.stream === stream),
    type !== undefined && ((event: StoredEvent) => event.type === type),
    actor !== undefined && ((event: StoredEvent) => event.meta.actor === actor),
    subject !== undefined && isAbout(subject),
    command !== undefined && ((event: StoredEvent) => event.meta.commandId === command),
    since !== undefined && ((event: StoredEvent) => event.meta.at >= since),
    until !== undefined && ((event: StoredEvent) => event.meta.at <= until),
  ].filter((test) => test !== false)
  return (event) => tests.every((test) => test(event))
}

/** Every event is wanted. */
export const isEverything = (selection: Selection): boolean => Object.keys(selection).length === 0

/** What every tile has to meet that may hold an event of the selection; empty if tiles do not tell. */
export const tileFilter = ({ type, actor, subject, since, until }: Selection): Filter => ({
  ...(type === undefined ? {} : { types: type }),
  ...(actor === undefined ? {} : { actors: actor }),
  ...(subject === undefined ? {} : { subjects: subject }),
  ...(since === undefined ? {} : { atMax: { $gte: since } }),
  ...(until === undefined ? {} : { atMin: { $lte: until } }),
})

const isAbout = (subject: string): ((event: StoredEvent) => boolean) => {
  const erasure = erasureStream(subject)
  return ({ stream, meta }) => meta.subject === subject || stream === erasure
}
