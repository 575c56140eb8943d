import type { History, Page, StoredEvent } from '../../history/port.ts'
import { createFrontier, type Frontier } from '../../proofs/incremental.ts'
import { leafHash } from '../../proofs/leaf.ts'
import { linePages, type PartFile } from './files.ts'
import {
  CopyInterrupted,
  CopyRefused,
  eventLine,
  readEventLine,
  type EventLine,
  type HistoryEnd,
} from './format.ts'

export type HistoryPart = {
  readonly events: number
  /** 0n if there are no events. */
  readonly firstPosition: bigint
  readonly lastPosition: bigint
  /** In base64. */
  readonly root: string
  /** Events that were in the file already. */
  readonly kept: number
}

export type HistoryPartOptions = {
  /** Position of the last event that is copied. */
  readonly head: bigint
  readonly signal: AbortSignal
  readonly onProgress: (events: number, position: bigint) => void
  /** What stood in the file and had to be copied anew. */
  readonly onDamage: (line: number) => void
  /** Its positions follow each other one by one, as an embedded history's do. */
  readonly isGapless: boolean
}

/**
 * Writes the history up to `head` behind what is in the part already: that is read again, leaf by leaf, and its first and its last event
 * are compared with the source, so that two histories are never mixed, and none is without its beginning. Throws `CopyRefused` if they are
 * not the source's.
 */
export const writeHistory = async (
  history: History,
  part: PartFile,
  options: HistoryPartOptions,
): Promise<HistoryPart> => {
  const kept = await keepWhole(part, options)
  const { frontier } = kept
  await assertIn(history, part, kept)
  await part.cut(kept.end)
  let { firstPosition, lastPosition } = kept
  for await (const page of pagesUpTo(history, lastPosition, options.head)) {
    for (const event of page) {
      const leaf = leafHash(event)
      frontier.add(leaf)
      await part.write(eventLine(event, leaf))
      firstPosition ||= event.position
      lastPosition = event.position
    }
    options.onProgress(frontier.size(), lastPosition)
    if (options.signal.aborted) throw new CopyInterrupted()
  }
  const events = frontier.size()
  const root = frontier.root().toString('base64')
  await part.write(`${JSON.stringify({ end: { events, lastPosition: String(lastPosition), root } })}\n`)
  return { events, firstPosition, lastPosition, root, kept: kept.events }
}

async function* pagesUpTo(history: History, after: bigint, head: bigint): AsyncGenerator<Page, void> {
  if (after >= head) return
  for await (const page of history.readAll({ after })) {
    const within = page.filter(({ position }) => position <= head)
    if (within.length > 0) yield within
    if ((page.at(-1)?.position ?? 0n) >= head) return
  }
}

type Kept = {
  /** Of the events. */
  readonly frontier: Frontier
  readonly events: number
  /** Where the next line goes. */
  readonly end: number
  readonly firstPosition: bigint
  readonly lastPosition: bigint
  /** The first event and the last one. */
  readonly ends: readonly EventLine[]
}

const nothingKept = (): Kept => {
  const frontier = createFrontier()
  return { frontier, events: 0, end: 0, firstPosition: 0n, lastPosition: 0n, ends: [] }
}

/**
 * What is whole, from the beginning on. Behind the first line that is not, everything is copied anew; all of it, if the last line of a complete
 * copy tells of other events.
 */
const keepWhole = async (
  { path }: PartFile,
  { signal, onProgress, onDamage, isGapless }: HistoryPartOptions,
): Promise<Kept> => {
  let kept = nothingKept()
  for await (const page of linePages(path)) {
    for (const { number, text, end } of page) {
      const line = wholeLine(text)
      if (isEndOf(kept, line)) return kept
      if (line === undefined || 'end' in line || !isBehind(kept, line.event, isGapless)) {
        onDamage(number)
        // Nobody knows which of its events it lacks.
        return line !== undefined && 'end' in line ? nothingKept() : kept
      }
      kept.frontier.add(line.leaf)
      kept = keptWith(kept, line, end)
    }
    onProgress(kept.events, kept.lastPosition)
    if (signal.aborted) throw new CopyInterrupted()
  }
  return kept
}

const isEndOf = ({ frontier, lastPosition }: Kept, line: Line | undefined): boolean =>
  line !== undefined &&
  'end' in line &&
  line.end.events === frontier.size() &&
  line.end.lastPosition === String(lastPosition) &&
  line.end.root === frontier.root().toString('base64')

const isBehind = ({ lastPosition }: Kept, { position }: StoredEvent, isGapless: boolean): boolean =>
  isGapless && lastPosition > 0n ? position === lastPosition + 1n : position > lastPosition

const keptWith = (
  { frontier, events, firstPosition, ends: [first] }: Kept,
  line: EventLine,
  end: number,
): Kept => ({
  frontier,
  events: events + 1,
  end,
  firstPosition: firstPosition || line.event.position,
  lastPosition: line.event.position,
  ends: first === undefined ? [line] : [first, line],
})

type Line = EventLine | { readonly end: HistoryEnd }

/** `undefined`: damaged, by a loss of power for example. */
const wholeLine = (text: string): Line | undefined => {
  try {
    return readEventLine(text)
  } catch (error) {
    if (error instanceof CopyRefused) return undefined
    throw error
  }
}

const assertIn = async (history: History, { path }: PartFile, { ends }: Kept): Promise<void> => {
  const [first] = ends
  if (first !== undefined && !(await isFirst(history, first.event.position)))
    throw new CopyRefused(
      `${path} begins at position ${first.event.position}, and the source does not: name an empty directory`,
    )
  for (const line of ends)
    if (!(await isIn(history, line)))
      throw new CopyRefused(
        `${path} is the copy of another history, or of a later state of this one: its event at position ${line.event.position} is not in the source`,
      )
}

const isFirst = async (history: History, position: bigint): Promise<boolean> => {
  for await (const [found] of history.readAll({ after: 0n, limit: 1 })) return found?.position === position
  return false
}

const isIn = async (history: History, { event, leaf }: EventLine): Promise<boolean> => {
  for await (const [found] of history.read(event.stream, { from: event.revision, limit: 1 }))
    return found?.position === event.position && leafHash(found).equals(leaf)
  return false
}
