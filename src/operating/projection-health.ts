import { setTimeout as pause } from 'node:timers/promises'
import { Gauge } from 'prom-client'
import type { Health } from '../http/health.ts'
import type { Metrics } from '../http/metrics.ts'
import type { History } from '../history/port.ts'
import { METRICS_HEAD_MS_MAX } from '../limits.ts'
import type { ReadModels } from '../projecting/read-models.ts'

/** `/ready` and `/metrics` say of each projection how far it is behind and whether it stopped. */
export const watchProjections = (
  readModels: ReadModels,
  history: History,
  { health, metrics }: { readonly health: Health; readonly metrics: Metrics },
): void => {
  for (const { name } of readModels.status()) {
    health.add(`projection ${name}`, () => {
      const status = readModels.status().find((one) => one.name === name)
      if (status?.stopped !== undefined)
        return `stopped at ${status.stopped.type} at position ${status.stopped.position}`
      return status?.caughtUp === true ? undefined : 'catching up with the history'
    })
  }
  const registers = [metrics.registry]
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
    help: 'Events of the history that a projection does not show yet',
    labelNames: ['projection'],
    registers,
    collect: async function () {
      this.reset()
      const head = await headOf(history)
      if (head === undefined) return
      for (const { name, position } of readModels.status())
        this.set({ projection: name }, Number(head - position))
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

/** `undefined` if it does not answer: everything else is to be seen just then. */
const headOf = (history: Pick<History, 'head'>): Promise<bigint | undefined> =>
  Promise.race([history.head(), pause(METRICS_HEAD_MS_MAX, undefined)]).catch(() => undefined)
