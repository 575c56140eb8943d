import type { Signal } from '../../domain/timelimit/signals.ts'
import { TIMELIMIT_MERGE_MS, TIMELIMIT_TOLD_MS } from '../../limits.ts'

/** Somebody who may be told: a connection of a device, by a token. */
export type Recipient = { readonly device: string; readonly hash: string }
export type Level = Signal['level']

/** The signals of a family's events, request by request: each recipient is told once about all events of one request (timelimit 3.5). */
export type Requests = {
  readonly add: (request: string, signal: Signal) => void
  readonly stop: () => void
}

export type RequestsParts<R extends Recipient> = {
  readonly recipients: () => Iterable<R>
  /** Called for one request at a time: who is told important, who unimportant, and which tokens have ended with it. */
  readonly tell: (important: readonly R[], unimportant: readonly R[], ended: ReadonlySet<string>) => void
  readonly mergeMs?: number
}

export const createRequests = <R extends Recipient>(parts: RequestsParts<R>): Requests => {
  const { recipients, tell, mergeMs = TIMELIMIT_MERGE_MS } = parts
  const open = new Map<string, OpenRequest<R>>()

  const flush = (id: string, request: OpenRequest<R>): void => {
    request.timer = setTimeout(() => open.delete(id), TIMELIMIT_TOLD_MS).unref()
    const groups: { readonly [level in 1 | 2]: R[] } = { 1: [], 2: [] }
    for (const recipient of recipients()) {
      const level = levelFor(recipient, request.signals)
      // What came late is told only to those for whom it makes a difference.
      if (level === 0 || level <= (request.told.get(recipient) ?? 0)) continue
      request.told.set(recipient, level)
      groups[level].push(recipient)
    }
    tell(groups[2], groups[1], new Set(request.signals.flatMap(({ tokens = [] }) => tokens)))
  }

  return {
    add: (id, signal) => {
      const request = open.get(id) ?? { signals: [], told: new Map<R, Level>(), timer: undefined }
      open.set(id, request)
      request.signals.push(signal)
      clearTimeout(request.timer)
      request.timer = setTimeout(() => flush(id, request), mergeMs)
    },
    stop: () => {
      for (const { timer } of open.values()) clearTimeout(timer)
      open.clear()
    },
  }
}

type OpenRequest<R> = {
  readonly signals: Signal[]
  readonly told: Map<R, Level>
  timer: NodeJS.Timeout | undefined
}

export const levelFor = ({ device, hash }: Recipient, signals: readonly Signal[]): Level => {
  let highest: Level = 0
  for (const { level, devices, except, tokens } of signals) {
    if (tokens?.includes(hash)) return 2
    if (device === except) continue
    const own = devices !== undefined && Object.hasOwn(devices, device) ? 2 : level
    if (own > highest) highest = own
  }
  return highest
}
