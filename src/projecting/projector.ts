import { setTimeout as pause } from 'node:timers/promises'
import type { Lease } from '../commands/lease.ts'
import { PROJECTOR_LEASE_MS, PROJECTOR_RENEW_MS } from '../limits.ts'
import type { Runner } from './runner.ts'

/**
 * The projector role of one process among several (decisions 18, 19): whoever has the lease keeps the documents, the others stand by. A late
 * write of one that lost it does no harm, because every document and checkpoint is guarded by its position.
 */
export type Projector = {
  /** The runner while this process keeps the documents. */
  readonly runner: () => Runner | undefined
  /** Why there is none although this process has the lease, or could not ask for it. */
  readonly trouble: () => string | undefined
  readonly close: () => Promise<void>
}

export type ProjectorParts = {
  /** Of `PROJECTOR_LEASE_MS`. */
  readonly lease: Lease
  /** `onBroken` ends it, and another one is started. */
  readonly start: (onBroken: (error: unknown) => void) => Promise<Runner>
  readonly onStarted: (runner: Runner) => Promise<() => Promise<void>>
  readonly onFailure: (error: unknown, message: string) => void
}

export const startProjector = (parts: ProjectorParts): Projector => {
  const { lease, onFailure } = parts
  const stopping = new AbortController()
  const { signal } = stopping
  let runner: Runner | undefined
  let trouble: string | undefined

  const failed = (error: unknown, message: string): void => {
    trouble = error instanceof Error ? error.message : String(error)
    onFailure(error, message)
  }
  /** Until the lease is lost, the runner breaks, or this stops. It is renewed from the beginning: to start may take longer than it lasts. */
  const keep = async (): Promise<void> => {
    const broken = new AbortController()
    const stop = (): void => broken.abort()
    signal.addEventListener('abort', stop, { once: true })
    const held = keepLease(lease, broken.signal)
    try {
      await whileRunning(held, (error) => {
        failed(error, 'the projector cannot go on and begins again')
        stop()
      })
    } finally {
      stop()
      await held
      signal.removeEventListener('abort', stop)
    }
  }
  const whileRunning = async (held: Promise<void>, onBroken: (error: unknown) => void): Promise<void> => {
    const started = await parts.start(onBroken)
    try {
      const ended = await parts.onStarted(started)
      runner = started
      trouble = undefined
      await held.finally(() => (runner = undefined)).finally(ended)
    } finally {
      await started.close()
    }
  }
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        if (await lease.hold()) await keep().finally(giveWay)
        else trouble = undefined
      } catch (error) {
        failed(error, 'the projector could not start and tries again')
      }
      await pause(PROJECTOR_RENEW_MS, undefined, { signal }).catch(() => undefined)
    }
  }
  /** Somebody who stands by may be able to do what this one was not. */
  const giveWay = async (): Promise<void> => {
    await lease.release().catch(() => undefined)
    await pause(PROJECTOR_RENEW_MS, undefined, { signal }).catch(() => undefined)
  }
  const running = run()
  return {
    runner: () => runner,
    trouble: () => trouble,
    close: () => {
      stopping.abort()
      return running
    },
  }
}

/** Renews it until the signal aborts, somebody else has it, or it must have run out because nobody could be asked. */
export const keepLease = async (lease: Lease, signal: AbortSignal): Promise<void> => {
  let heldAt = performance.now()
  while (performance.now() - heldAt < PROJECTOR_LEASE_MS - PROJECTOR_RENEW_MS) {
    await pause(PROJECTOR_RENEW_MS, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return
    const asked = performance.now()
    const holds = await lease.hold().catch(() => undefined)
    if (holds === false) return
    if (holds === true) heldAt = asked
  }
}
