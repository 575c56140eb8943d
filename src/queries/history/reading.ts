import { eventJson } from '../../history/event-json.ts'
import type { StoredEvent } from '../../history/port.ts'
import { HISTORY_ANSWER_CHARACTERS_MAX, HISTORY_LOOKED_EVENTS_MAX } from '../../limits.ts'
import { isEverything, type Step, type Wanted } from './selection.ts'
import { openTiles, type TileDocuments } from './tiles.ts'
import { walk, type Walking } from './walk.ts'

/** The history as auditors read it: sealed fields stay sealed. */
export type HistoryReading = {
  /** Everything wanted up to the head at the beginning, in steps; some of them are empty. */
  readonly all: (wanted: Wanted) => AsyncGenerator<Step, void>
  /** At most `limit` of it, for a bounded amount of work. */
  readonly page: (wanted: Wanted, limit: number) => Promise<EventPage>
  readonly at: (position: bigint) => Promise<StoredEvent | undefined>
}

export type EventPage = {
  /** As JSON. */
  readonly events: readonly string[]
  /** Where to go on (`after` forwards, `before` backwards); `undefined`: nothing is left at present. */
  readonly next: bigint | undefined
}

/** @param documents without them every selection that names no stream reads the whole history. */
export const createHistoryReading = (
  history: Walking['history'],
  documents?: TileDocuments,
): HistoryReading => {
  const walking = { history, tiles: documents && openTiles(documents) }
  return {
    all: (wanted) => walk(walking, wanted),
    page: (wanted, limit) => pageOf(walk(walking, wanted, limit), wanted, limit),
    at: (position) => eventAt(walking, position),
  }
}

export const eventText = (event: StoredEvent): string => JSON.stringify(eventJson(event))

const pageOf = async (steps: AsyncIterable<Step>, wanted: Wanted, limit: number): Promise<EventPage> => {
  const lookedMax = isEverything(wanted.selection) ? Infinity : HISTORY_LOOKED_EVENTS_MAX
  const texts: string[] = []
  let characters = 0
  let looked = 0
  for await (const { events, place, looked: more } of steps) {
    for (const event of events) {
      const text = eventText(event)
      texts.push(text)
      characters += text.length
      if (texts.length >= limit || characters >= HISTORY_ANSWER_CHARACTERS_MAX)
        return { events: texts, next: event.position }
    }
    looked += more
    if (looked >= lookedMax) return { events: texts, next: place }
  }
  return { events: texts, next: undefined }
}

/** The event just before it is where the store has to read from: a position that is no event's may cost it a search. */
const eventAt = async ({ history, tiles }: Walking, position: bigint): Promise<StoredEvent | undefined> => {
  if (position < 1n || position > (await history.head())) return undefined
  const after = await placeBefore(tiles, position)
  if (after === undefined) return undefined
  for await (const [event] of history.readAll({ after, limit: 1 }))
    return event?.position === position ? event : undefined
  return undefined
}

/** `undefined`: there is no event at that position. */
const placeBefore = async (tiles: Walking['tiles'], position: bigint): Promise<bigint | undefined> => {
  const covered = await tiles?.covered()
  if (tiles === undefined || covered === undefined || position > covered.position) return position - 1n
  return tiles.placeBefore(position)
}
