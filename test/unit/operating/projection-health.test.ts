/** `/metrics` and `/ready` are there just when a store is not: with a history that fails, and one that never answers. */
import test from 'ava'
import { createHealth } from '../../../src/http/health.ts'
import { createMetrics } from '../../../src/http/metrics.ts'
import { memoryHistory } from '../../../src/history/memory/memory.ts'
import { HistoryUnavailable } from '../../../src/history/port.ts'
import { watchProjections } from '../../../src/operating/projection-health.ts'
import type { ReadModels } from '../../../src/projecting/read-models.ts'

const readModels: ReadModels = {
  serving: { physical: (name) => name, hold: () => () => undefined },
  shown: () => Promise.resolve(true),
  applied: () => 3n,
  reached: () => Promise.resolve(true),
  refusal: () => undefined,
  isHeld: () => false,
  status: () => [
    {
      name: 'people',
      version: 1,
      generation: 0,
      position: 3n,
      caughtUp: true,
      holds: new Map(),
      stopped: undefined,
    },
  ],
}

test('what is known is shown while the history fails or hangs, and nothing about it that may be wrong', async (t) => {
  const [health, metrics] = [createHealth(), createMetrics()]
  let head: () => Promise<bigint> = () => Promise.resolve(5n)
  watchProjections(readModels, { ...memoryHistory(), head: () => head() }, { health, metrics })
  const well = await metrics.text()
  t.regex(well, /^headwater_history_head 5$/m)
  t.regex(well, /^headwater_projection_lag\{projection="people"\} 2$/m)
  const away = [
    () => Promise.reject(new HistoryUnavailable('away')),
    () => new Promise<bigint>(() => undefined),
  ]
  for (const one of away) {
    head = one
    const since = performance.now()
    const text = await metrics.text()
    t.true(performance.now() - since < 20_000)
    t.notRegex(text, /^headwater_(history_head|projection_lag\S*) /m)
    t.regex(text, /^headwater_projection_stopped\{projection="people"\} 0$/m)
  }
  head = () => Promise.resolve(6n)
  t.regex(await metrics.text(), /^headwater_projection_lag\{projection="people"\} 3$/m)
  head = () => Promise.resolve(2n)
  t.regex(await metrics.text(), /^headwater_projection_lag\{projection="people"\} 0$/m, 'it moved meanwhile')
})
