import type { History } from '../../history/port.ts'
import { createFrontier } from '../../proofs/incremental.ts'
import { leafHash } from '../../proofs/leaf.ts'
import { CopyInterrupted, CopyRefused } from './format.ts'
import type { Progress } from './make.ts'
import type { CopiedEvent, Copy } from './reading.ts'
import type { Targets } from './targets.ts'
import { createWriter } from './writing.ts'

export type Watch = {
  readonly signal: AbortSignal
  readonly onProgress: (progress: Progress) => void
}

export type EventOptions = Watch & {
  /** Position of the last event that was there before. */
  readonly there: bigint
  readonly mayWrite: boolean
}

/** Answers how many events were there before. */
export const putEvents = async (
  copy: Copy,
  { history, kind }: Targets,
  options: EventOptions,
): Promise<number> => {
  const head = BigInt(copy.manifest.lastPosition)
  const present = presentIn(copy, leavesOf(history, options.there))
  const writer = createWriter(history, {
    keepsPositions: kind === 'embedded' && copy.manifest.source.history === 'embedded',
    isPipelined: kind === 'embedded',
  })
  let compared = 0
  let done = 0
  for await (const page of copy.events()) {
    const missing = await present.behind(page)
    compared += page.length - missing.length
    if (missing.length > 0 && !options.mayWrite) throw lost(copy)
    await writer.write(missing)
    done += page.length
    options.onProgress({ doing: 'history', events: done, position: page.at(-1)?.event.position ?? 0n, head })
    if (options.signal.aborted) {
      await writer.flush()
      throw new CopyInterrupted()
    }
  }
  await writer.flush()
  await present.assertEnd()
  return compared
}

type Leaf = { readonly leaf: Buffer; readonly position: bigint }

/** Compares what is there with the copy's events, from the first on. */
const presentIn = (copy: Copy, leaves: AsyncGenerator<Leaf, void>) => ({
  /** What of the page is behind all that is there. */
  behind: async (page: readonly CopiedEvent[]): Promise<readonly CopiedEvent[]> => {
    for (const [index, { leaf }] of page.entries()) {
      const found = await leaves.next()
      if (found.done === true) return page.slice(index)
      if (!leaf.equals(found.value.leaf)) throw notThe(copy, found.value.position)
    }
    return []
  },
  assertEnd: async (): Promise<void> => {
    const found = await leaves.next()
    if (found.done !== true) throw notThe(copy, found.value.position)
  },
})

async function* leavesOf(history: History, upTo: bigint): AsyncGenerator<Leaf, void> {
  if (upTo === 0n) return
  for await (const page of history.readAll({ after: 0n }))
    for (const event of page) {
      if (event.position > upTo) return
      yield { leaf: leafHash(event), position: event.position }
    }
}

const notThe = ({ directory }: Copy, position: bigint): CopyRefused =>
  new CopyRefused(
    `The stores are not empty: their event at position ${position} is not the one of ${directory}. Name an empty place`,
  )

const lost = ({ directory }: Copy): CopyRefused =>
  new CopyRefused(`The stores have the keys of ${directory}, but not all of its events. Name an empty place`)

export type PutHistory = {
  readonly events: number
  readonly firstPosition: bigint
  readonly lastPosition: bigint
  /** In base64. */
  readonly root: string
}

/** What stands in the target now: as many events, and the same root. */
export const readBack = async (
  { manifest }: Copy,
  history: History,
  { signal, onProgress }: Watch,
): Promise<PutHistory> => {
  const frontier = createFrontier()
  let firstPosition: bigint | undefined
  let lastPosition = 0n
  for await (const page of history.readAll({ after: 0n })) {
    for (const event of page) {
      frontier.add(leafHash(event))
      firstPosition ??= event.position
      lastPosition = event.position
    }
    onProgress({ doing: 'checking', count: frontier.size() })
    if (signal.aborted) throw new CopyInterrupted()
  }
  const events = frontier.size()
  const root = frontier.root().toString('base64')
  if (events !== manifest.events || root !== manifest.root)
    throw new CopyRefused(
      `Read back, the history has ${events} events and the root ${root}, not ${manifest.events} and ${manifest.root}`,
    )
  return { events, firstPosition: firstPosition ?? 0n, lastPosition, root }
}
