import { setTimeout as pause } from 'node:timers/promises'
import { Gauge, type Registry } from 'prom-client'
import type { Health } from '../http/health.ts'
import type { Metrics } from '../http/metrics.ts'
import type { History } from '../history/port.ts'
import { METRICS_HEAD_MS_MAX, PROJECTIONS_LOOK_MS } from '../limits.ts'
import type { ReadModels } from '../projecting/read-models.ts'
import { NO_PACES, paced, slowness, type Pace } from './standstill.ts'

/**
 * `/ready` and `/metrics` say of each projection how far it is behind, whether it stopped, and whether it moves on with the history. What it holds
 * is a metric only: an operator wanted the rest to go on.
 */
export const watchProjections = (
  readModels: ReadModels,
  history: History,
  { health, metrics }: { readonly health: Health; readonly metrics: Metrics },
): { readonly close: () => Promise<void> } => {
  const paces = watchPaces(readModels, history)
  for (const { name } of readModels.status()) {
    health.add(`projection ${name}`, () => {
      const status = readModels.status().find((one) => one.name === name)
      if (status?.stopped !== undefined)
        return `stopped at ${status.stopped.type} at position ${status.stopped.position}`
      if (status?.caughtUp !== true) return 'catching up with the history'
      const pace = paces.of(name)
      return pace && slowness(pace)
    })
  }
  const registers = [metrics.registry]
  showPositions(readModels, history, registers)
  showHolds(readModels, registers)
  showPaces(readModels, paces, registers)
  return paces
}

type Status = Pick<ReadModels, 'status'>

const showPositions = (readModels: Status, history: History, registers: Registry[]): void => {
  new Gauge({
    name: 'headwater_history_head',
    help: 'Position of the last event of the history',
    registers,
    collect: async function () {
      const head = await headOf(history)
      if (head === undefined) this.remove()
      else this.set(Number(head))
    },
  })
  new Gauge({
    name: 'headwater_projection_lag',
    help: 'Distance of a projection to the head, as positions count',
    labelNames: ['projection'],
    registers,
    collect: async function () {
      const head = await headOf(history)
      if (head === undefined) return this.reset()
      for (const { name, position } of readModels.status())
        this.set({ projection: name }, behind(head, position))
    },
  })
  new Gauge({
    name: 'headwater_projection_stopped',
    help: '1 while a projection stands in front of a poison event',
    labelNames: ['projection'],
    registers,
    collect() {
      for (const { name, stopped } of readModels.status())
        this.set({ projection: name }, stopped === undefined ? 0 : 1)
    },
  })
}

/** Not below 0: it may have moved since the head was asked for. */
export const behind = (head: bigint, position: bigint): number =>
  position < head ? Number(head - position) : 0

const showHolds = (readModels: Status, registers: Registry[]): void => {
  new Gauge({
    name: 'headwater_projection_held_streams',
    help: 'Streams of which a projection shows nothing from some event on, by order of an operator',
    labelNames: ['projection'],
    registers,
    collect() {
      for (const { name, holds } of readModels.status()) this.set({ projection: name }, holds.size)
    },
  })
}

const showPaces = (readModels: Status, paces: WatchedPaces, registers: Registry[]): void => {
  const paceGauge = (name: string, help: string, msOf: (pace: Pace) => number): void => {
    new Gauge({
      ...{ name, help, labelNames: ['projection'], registers },
      collect() {
        for (const { name: projection } of readModels.status()) {
          const pace = paces.of(projection)
          this.set({ projection }, pace === undefined ? 0 : msOf(pace) / 1_000)
        }
      },
    })
  }
  paceGauge(
    'headwater_projection_still_seconds',
    'For how long a projection stands still while there are events that it does not show',
    ({ stillMs }) => stillMs,
  )
  paceGauge(
    'headwater_projection_late_seconds',
    'For how long there has been an event that a projection does not show',
    ({ lateMs }) => lateMs,
  )
}

type WatchedPaces = {
  /** As of the last look; `undefined` while it is built, or has stopped. */
  readonly of: (projection: string) => Pace | undefined
  readonly close: () => Promise<void>
}

const watchPaces = (readModels: Status, history: Pick<History, 'head'>): WatchedPaces => {
  const closing = new AbortController()
  const { signal } = closing
  let paces = NO_PACES
  const look = async (): Promise<void> => {
    const head = await headOf(history)
    if (head === undefined) return
    const marks = readModels.status().map(({ name, position, caughtUp, stopped }) => ({
      ...{ name, position },
      follows: caughtUp && stopped === undefined,
    }))
    paces = paced(paces, { at: performance.now(), head, marks })
  }
  const looking = async (): Promise<void> => {
    while (!signal.aborted) {
      await look()
      await pause(PROJECTIONS_LOOK_MS, undefined, { signal, ref: false }).catch(() => undefined)
    }
  }
  const ended = looking()
  return {
    of: (name) => paces.of.get(name),
    close: async () => {
      closing.abort()
      await ended
    },
  }
}

/** `undefined` if it does not answer: everything else is to be seen just then. */
const headOf = (history: Pick<History, 'head'>): Promise<bigint | undefined> =>
  Promise.race([history.head(), pause(METRICS_HEAD_MS_MAX, undefined)]).catch(() => undefined)
