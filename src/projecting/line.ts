import type { Documents } from '../documents/port.ts'
import type { History, Page } from '../history/port.ts'
import { applyPage } from './apply.ts'
import type { Build } from './build.ts'
import { createWaiters } from './waiters.ts'

/**
 * The main line: all builds that keep up with the history, brought forward together, one apply a page. A build that comes from behind
 * catches up on its own and then joins between two pages.
 */
export type Line = {
  readonly builds: () => readonly Build[]
  readonly position: () => bigint
  /** Whether the line gets there within `ms`. */
  readonly reached: (position: bigint, ms: number) => Promise<boolean>
  /** Between two pages: nothing moves while `work` runs. */
  readonly exclusive: <T>(work: () => Promise<T>) => Promise<T>
  /** Takes a build in that is close behind; only within `exclusive`. */
  readonly join: (build: Build) => Promise<void>
  readonly leave: (build: Build) => void
  /** Resolves when it has ended, after the signal. */
  readonly ended: () => Promise<void>
}

export type LineParts = {
  readonly history: History
  readonly documents: Documents
  /** After the documents show these events and before anybody who waits for them is told. */
  readonly onApplied: (page: Page) => void
  readonly onStopped: (build: Build) => void
  /** The line cannot go on: a fault of ours or a history that cannot be read. */
  readonly onBroken: (error: unknown) => void
  /** Ends it. */
  readonly signal: AbortSignal
}

export const startLine = (parts: LineParts, start: readonly Build[], from: bigint): Line => {
  const builds = new Set(start)
  const waiters = createWaiters(from)
  let position = from
  let turn: Promise<unknown> = Promise.resolve()

  const exclusive: Line['exclusive'] = (work) => {
    const mine = turn.then(work)
    turn = mine.catch(() => undefined)
    return mine
  }

  const advance = async (page: Page, upTo: bigint): Promise<void> => {
    await applyPage(parts, [...builds], page, upTo)
    position = upTo
    for (const build of builds) {
      if (build.stopped === undefined) continue
      builds.delete(build)
      parts.onStopped(build)
    }
  }

  const run = async (): Promise<void> => {
    const deliveries = parts.history.subscribe({ after: position, signal: parts.signal })
    for await (const { events, upTo, caughtUp } of deliveries) {
      if (upTo > position) await exclusive(() => advance(events, upTo))
      if (caughtUp) for (const build of builds) build.caughtUp = true
      parts.onApplied(events)
      waiters.moved(position)
    }
  }

  const running = run().catch((error: unknown) => {
    if (!parts.signal.aborted) parts.onBroken(error)
  })

  return {
    builds: () => [...builds],
    position: () => position,
    reached: waiters.until,
    exclusive,
    join: async (build) => {
      for await (const page of parts.history.readAll({ after: build.position })) {
        const due = page.filter((event) => event.position <= position)
        if (due.length > 0) await applyPage(parts, [build], due, due.at(-1)?.position ?? position)
        if (due.length < page.length || build.stopped !== undefined) break
      }
      if (build.stopped !== undefined) return
      await applyPage(parts, [build], [], position)
      build.caughtUp = true
      builds.add(build)
    },
    leave: (build) => void builds.delete(build),
    ended: async () => {
      await running
      await turn
      waiters.close()
    },
  }
}
