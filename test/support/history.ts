/** What tests of the history share: events to append, and ways to take what reads and subscriptions give. */
import { randomUUID } from 'node:crypto'
import type { JsonObject } from '../../src/json.ts'
import type {
  Appended,
  AppendFailure,
  Delivery,
  Expected,
  History,
  NewEvent,
  Page,
  StoredEvent,
} from '../../src/history/port.ts'

export const newEvent = (data: JsonObject = {}, id: string = randomUUID()): NewEvent => ({
  id,
  type: 'Tested',
  data,
  meta: { at: 1_700_000_000_000, actor: 'test:user:1', commandId: 'c-1', correlationId: 'r-1', schema: 1 },
})

/** Events numbered from `first` on in `data.n`. */
export const numbered = (count: number, first = 0): readonly NewEvent[] =>
  Array.from({ length: count }, (_, index) => newEvent({ n: first + index }))

export const numbersOf = (events: Page): readonly unknown[] => events.map(({ data }) => data['n'])
export const idsOf = (events: readonly { readonly id: string }[]): readonly string[] =>
  events.map(({ id }) => id)
export const range = (first: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, index) => first + index)

/** Of stream names that no other case uses: a store that outlives the run holds what others wrote. */
export const freshPrefix = (): string => `contract${randomUUID().replaceAll('-', '')}.`

/** Appends and insists on success. */
export const appended = async (
  history: History,
  stream: string,
  expected: Expected,
  events: readonly NewEvent[],
): Promise<Appended> => {
  const answer = await history.append(stream, expected, events)()
  if (answer._tag === 'Left') throw new Error(`${stream} was refused: ${answer.left._tag}`)
  return answer.right
}

/** Appends and insists on a refusal. */
export const refused = async (
  history: History,
  stream: string,
  expected: Expected,
  events: readonly NewEvent[],
): Promise<AppendFailure> => {
  const answer = await history.append(stream, expected, events)()
  if (answer._tag === 'Right') throw new Error(`${stream} was written at ${answer.right.revision.toString()}`)
  return answer.left
}

export const pagesOf = async (pages: AsyncIterable<Page>): Promise<readonly Page[]> => {
  const all: Page[] = []
  for await (const page of pages) all.push(page)
  return all
}

export const collect = async (pages: AsyncIterable<Page>): Promise<readonly StoredEvent[]> =>
  (await pagesOf(pages)).flat()

export type Following = {
  /** Every delivery that was taken so far. */
  readonly deliveries: readonly Delivery[]
  readonly events: () => readonly StoredEvent[]
  /** Takes deliveries, one after another, until `enough`; throws after 10 s, or if the subscription ends before. */
  readonly until: (enough: () => boolean) => Promise<void>
  /** Takes deliveries until this many events have come. */
  readonly count: (events: number) => Promise<void>
  /** Aborts and takes what is left; throws if the subscription does not end. */
  readonly stop: () => Promise<void>
}

export const following = (
  history: History,
  options: { readonly after: bigint; readonly prefixes?: readonly string[] },
): Following => {
  const abort = new AbortController()
  const deliveries: Delivery[] = []
  const iterator = history.subscribe({ ...options, signal: abort.signal })[Symbol.asyncIterator]()
  const take = async (): Promise<boolean> => {
    const result = await inTime(iterator.next())
    if (result.done === true) return false
    deliveries.push(result.value)
    return true
  }
  const events = (): readonly StoredEvent[] => deliveries.flatMap((delivery) => delivery.events)
  const until = async (enough: () => boolean): Promise<void> => {
    while (!enough()) {
      if (!(await take())) throw new Error('the subscription ended by itself')
    }
  }
  return {
    deliveries,
    events,
    until,
    count: (wanted) => until(() => events().length >= wanted),
    stop: async () => {
      abort.abort()
      while (await take());
    },
  }
}

/** The promise's value, or a failure after 30 s. */
export const inTime = async <A>(promise: Promise<A>, ms = 30_000): Promise<A> => {
  const clock = new AbortController()
  const late = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => reject(new Error(`nothing came within ${ms} ms`)), ms)
    clock.signal.addEventListener('abort', () => clearTimeout(timer))
  })
  return Promise.race([promise, late]).finally(() => clock.abort())
}
