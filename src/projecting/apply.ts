import { setTimeout as pause } from 'node:timers/promises'
import { DocumentsUnavailable, type Documents, type Write } from '../documents/port.ts'
import type { Page, StoredEvent } from '../history/port.ts'
import { projectInto, type Build, type Stopped } from './build.ts'

const UNAVAILABLE_PAUSE_MS = 200

/** Where to write, and until when an unreachable store is waited for. */
export type Target = { readonly documents: Documents; readonly signal: AbortSignal }

/**
 * Brings builds that stand at the same position over a page of events, up to `upTo`: one apply for all of them. A build that cannot get
 * over an event stops in front of it, keeps what came before, and holds up nobody else. Throws `DocumentsUnavailable` when the signal
 * aborts while the store cannot be reached.
 */
export const applyPage = async (
  target: Target,
  builds: readonly Build[],
  page: Page,
  upTo: bigint,
): Promise<void> => {
  const moving = builds.filter((build) => build.stopped === undefined)
  const writes: Write[] = []
  const poisoned: Build[] = []
  for (const build of moving) {
    const before = writes.length
    if (projectAll(writes, build, page)) continue
    writes.length = before
    poisoned.push(build)
  }
  const sound = moving.filter((build) => !poisoned.includes(build))
  if ((await refusalOf(target, sound, writes, upTo)) !== undefined) poisoned.push(...sound)
  for (const build of poisoned) await applyOneByOne(target, build, page, upTo)
}

const projectAll = (writes: Write[], build: Build, page: Page): boolean => {
  try {
    for (const event of page) projectInto(writes, build, event)
    return true
  } catch {
    return false
  }
}

/** Why the documents refuse the writes, if they do; an unreachable store is waited for. */
const refusalOf = async (
  { documents, signal }: Target,
  builds: readonly Build[],
  writes: readonly Write[],
  upTo: bigint,
): Promise<string | undefined> => {
  if (builds.length === 0) return undefined
  const checkpoints = builds.map((build) => ({ name: build.checkpoint, position: upTo }))
  for (;;) {
    try {
      await documents.apply(writes, checkpoints)
      for (const build of builds) build.position = upTo
      return undefined
    } catch (error) {
      if (!(error instanceof DocumentsUnavailable)) return String(error)
      if (signal.aborted) throw error
      await pause(UNAVAILABLE_PAUSE_MS, undefined, { signal }).catch(() => undefined)
    }
  }
}

const applyOneByOne = async (target: Target, build: Build, page: Page, upTo: bigint): Promise<void> => {
  for (const event of page) {
    const fault = await applyEvent(target, build, event)
    if (fault === undefined) continue
    const { position, stream, type } = event
    build.stopped = { position, stream, type, ...fault }
    return
  }
  await refusalOf(target, [build], [], upTo)
}

const applyEvent = async (
  target: Target,
  build: Build,
  event: StoredEvent,
): Promise<Pick<Stopped, 'error' | 'refused'> | undefined> => {
  const writes: Write[] = []
  try {
    projectInto(writes, build, event)
  } catch (error) {
    return { error: String(error) }
  }
  const error = await refusalOf(target, [build], writes, event.position)
  return error === undefined ? undefined : { error, refused: true }
}
