import { randomUUID } from 'node:crypto'
import type { History, NewEvent } from '../../src/history/port.ts'

const IN_FLIGHT = 200

export const idOf = (n: number): string => n.toString(16).padStart(24, '0')

export type Place = { readonly owner: string; readonly group: string }

/** What creating a label appends. */
export const labelCreated = (n: number, { owner, group }: Place): NewEvent => {
  const id = idOf(n)
  const at = 1_795_345_200_000 + n
  const commandId = randomUUID()
  const place = { owner, group, branch: [group], access: [] }
  const doc = { _id: id, name: `label ${n}`, color: '#cc0000', time: at, links: {}, ...place }
  const meta = { at, actor: `stores:user:${owner}`, commandId, correlationId: commandId, schema: 1 }
  return {
    id: randomUUID(),
    type: 'EntityCreated',
    data: { store: 'labels', id, doc },
    meta: { ...meta, scope: { store: 'labels', ...place } },
  }
}

/** Keeps so many promises under way until `count` have been made; answers how many a second. */
export const inFlight = async (
  count: number,
  work: (n: number) => Promise<unknown>,
  lanes = IN_FLIGHT,
): Promise<number> => {
  const started = performance.now()
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return count / ((performance.now() - started) / 1000)
}

/** Appends the creation of so many labels, each to its stream. */
export const fill = (
  history: History,
  { from, count, ...place }: Place & { readonly from: number; readonly count: number },
): Promise<number> =>
  inFlight(count, (n) =>
    history.append(`stores.labels-${idOf(from + n)}`, 'none', [labelCreated(from + n, place)])(),
  )
