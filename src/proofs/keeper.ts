import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import { DocumentsUnavailable, type Documents } from '../documents/port.ts'
import { HistoryUnavailable, type History, type Page } from '../history/port.ts'
import { TREE_CLOSE_MS_MAX, TREE_GATHER_MS, TREE_SLICE_EVENTS } from '../limits.ts'
import { NOTHING, startBuilding, type Building } from './building.ts'
import { forgetTree, openStanding } from './opening.ts'

/**
 * Keeps the tree of the stored history: one process at a time, but a second one does no harm, because the same history gives the same tiles
 * and the write that knows more of one wins.
 */
export type Keeper = {
  readonly status: () => KeeperStatus
  /** Ends where the history ends, if that is reached in `TREE_CLOSE_MS_MAX`. */
  readonly close: () => Promise<void>
}

export type KeeperStatus = {
  /** Leaves that are stored. */
  readonly size: number
  /** Of the last one. */
  readonly position: bigint
  readonly caughtUp: boolean
  /** Why it does not go on, although the stores can be reached. */
  readonly stopped?: string
}

export type KeeperParts = {
  /** As it is stored: what is sealed stays sealed. */
  readonly history: Pick<History, 'subscribe' | 'readAll' | 'head'>
  readonly documents: Documents
  /** The stored tree is not of this history, or is damaged, and will begin anew unless this rejects. */
  readonly onAnew: (reason: string) => void | Promise<void>
  /** The history has another event at the tree's end: it was changed. The tree stays as it is, as evidence, and nothing is added to it. */
  readonly onDiffers: (reason: string) => void
  /** Something else; it is tried again. */
  readonly onFailure: (error: unknown) => void
  /** How long the tree may be ahead of a shared history before it begins anew. */
  readonly aheadMs?: number
  readonly gatherMs?: number
}

export const startKeeper = (parts: KeeperParts): Keeper => {
  const closing = new AbortController()
  const { signal } = closing
  const hurry = new AbortController()
  const standing: Mutable = { size: 0, position: 0n, caughtUp: false, looked: 0n, stopped: undefined }
  const ended = run(parts, standing, { signal, hurry: hurry.signal })
  return {
    status: () => {
      const { size, position, caughtUp, stopped } = standing
      return { size, position, caughtUp, ...(stopped === undefined ? {} : { stopped }) }
    },
    close: async () => {
      hurry.abort()
      await untilHead(parts, standing)
      closing.abort()
      await ended
    },
  }
}

/** `looked`: everything in the history up to here is in the tree. */
type Mutable = { -readonly [name in 'size' | 'position' | 'caughtUp']: KeeperStatus[name] } & {
  looked: bigint
  stopped: string | undefined
}
/** `hurry` ends the gathering, `signal` everything. */
type Signals = { readonly signal: AbortSignal; readonly hurry: AbortSignal }

const run = async (parts: KeeperParts, standing: Mutable, signals: Signals): Promise<void> => {
  const { signal, hurry } = signals
  const isOver = (): boolean => signal.aborted
  while (!isOver()) {
    try {
      if (!(await keep(parts, standing, signals))) return
    } catch (error) {
      if (isOver()) return
      standing.caughtUp = false
      if (!(error instanceof DocumentsUnavailable || error instanceof HistoryUnavailable)) {
        standing.stopped = error instanceof Error ? error.message : String(error)
        parts.onFailure(error)
      }
      const ms = standing.stopped === undefined ? UNAVAILABLE_PAUSE_MS : FAILURE_PAUSE_MS
      await pause(ms, undefined, { signal: hurry, ref: false }).catch(() => undefined)
      if (hurry.aborted) await pause(HURRIED_PAUSE_MS, undefined, { signal }).catch(() => undefined)
    }
  }
}

const UNAVAILABLE_PAUSE_MS = 200
const FAILURE_PAUSE_MS = 5_000
const HURRIED_PAUSE_MS = 20

/** From what is stored on, until the signal aborts; false if the history differs. */
const keep = async (parts: KeeperParts, standing: Mutable, signals: Signals): Promise<boolean> => {
  const { history, documents, aheadMs = 0, gatherMs = TREE_GATHER_MS } = parts
  const { signal, hurry } = signals
  const opened = await openStanding({ history, documents, aheadMs, signal })
  if (opened.is === 'differs') {
    standing.stopped = opened.reason
    parts.onDiffers(opened.reason)
    return false
  }
  if (opened.is === 'anew') {
    await parts.onAnew(opened.reason)
    await forgetTree(documents)
  }
  const building = startBuilding(opened.is === 'standing' ? opened.standing : NOTHING)
  const { size, position: after } = building.state()
  Object.assign(standing, { size, position: after, looked: after })
  for await (const { events, upTo, caughtUp } of history.subscribe({ after, signal })) {
    if (events.length > 0) await advance(documents, building, events)
    const { size, position } = building.state()
    Object.assign(standing, { size, position, caughtUp, looked: upTo, stopped: undefined })
    // Few events that come one by one share what storing their tile costs.
    if (caughtUp) await pause(gatherMs, undefined, { signal: hurry, ref: false }).catch(() => undefined)
  }
  return true
}

const advance = async (documents: Documents, building: Building, page: Page): Promise<void> => {
  for (const [at, event] of page.entries()) {
    if (at > 0 && at % TREE_SLICE_EVENTS === 0) await nextTurn()
    building.add(event)
  }
  const { tiles, state } = building.changes()
  await documents.apply(tiles, [])
  await documents.apply([state], [])
}

const untilHead = async ({ history }: KeeperParts, standing: Mutable): Promise<void> => {
  const deadline = performance.now() + TREE_CLOSE_MS_MAX
  const head = await Promise.race([
    history.head().catch(() => 0n),
    pause(TREE_CLOSE_MS_MAX, 0n, { ref: false }),
  ])
  const isThere = (): boolean => standing.looked >= head || standing.stopped !== undefined
  while (!isThere() && performance.now() < deadline) await pause(CLOSE_POLL_MS)
}

const CLOSE_POLL_MS = 5
