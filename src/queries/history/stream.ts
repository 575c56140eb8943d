import type { Direction, History, StoredEvent } from '../../history/port.ts'
import type { Range } from './between.ts'
import type { Step } from './selection.ts'

type Reads = Pick<History, 'read'>
type Options = Range & {
  readonly direction: Direction
  readonly wanted: (event: StoredEvent) => boolean
}

/** The wanted events of one stream; positions grow with its revisions, so where to begin is found by halving. */
export async function* walkStream(
  history: Reads,
  stream: string,
  { after, upTo, direction, wanted }: Options,
): AsyncGenerator<Step, void> {
  const isForwards = direction === 'forwards'
  const last = await eventAt(history, stream, 'end')
  if (last === undefined) return
  const from = isForwards
    ? await revisionBehind(history, last, after)
    : (await revisionBehind(history, last, upTo)) - 1n
  if (from < 0n || from > last.revision) return
  for await (const page of history.read(stream, { from, direction })) {
    const within = page.filter(({ position }) => position > after && position <= upTo)
    const end = within.at(-1)
    if (end !== undefined) yield { events: within.filter(wanted), place: end.position, looked: within.length }
    if (within.length < page.length) return
  }
}

/** The first revision whose event is behind that position; one more than the last if there is none. */
const revisionBehind = async (history: Reads, last: StoredEvent, position: bigint): Promise<bigint> => {
  if (last.position <= position) return last.revision + 1n
  let [low, high] = [0n, last.revision]
  if (position === 0n) return low
  while (low < high) {
    const middle = (low + high) / 2n
    const event = await eventAt(history, last.stream, middle)
    if (event === undefined || event.position > position) high = middle
    else low = middle + 1n
  }
  return low
}

const eventAt = async (
  history: Reads,
  stream: string,
  from: bigint | 'end',
): Promise<StoredEvent | undefined> => {
  for await (const [event] of history.read(stream, { from, direction: 'backwards', limit: 1 })) return event
  return undefined
}
