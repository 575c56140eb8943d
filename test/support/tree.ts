/** A tree kept beside a history, as tests of it need it: events without a history, a keeper that is waited for, and all that is stored of a tree. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Documents } from '../../src/documents/port.ts'
import type { History, Page, StoredEvent } from '../../src/history/port.ts'
import { AUDIT, TREE } from '../../src/proofs/collections.ts'
import { startKeeper, type Keeper, type KeeperParts } from '../../src/proofs/keeper.ts'
import { newEvent } from './events.ts'
import { leafOf } from './merkle.ts'

/** Positions have gaps, as in a shared store. */
export const storedEvents = (count: number, first = 0): Page =>
  Array.from({ length: count }, (_, at) => storedEvent(first + at))

export const storedEvent = (n: number): StoredEvent => ({
  ...newEvent(n % 3 === 0 ? 'Begun' : 'Changed', { n }, { at: 1_000 + n, actor: `test:user:${n % 7}` }),
  id: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
  meta: {
    at: 1_000 + n,
    actor: `test:user:${n % 7}`,
    commandId: `c-${n}`,
    correlationId: `c-${n}`,
    schema: 1 + (n % 2),
    ...(n % 5 === 0 ? { subject: `test.person-${n % 25}` } : {}),
  },
  stream: `test.thing-${n % 10}`,
  revision: BigInt(Math.floor(n / 10)),
  position: BigInt(7 * n + 3),
})

/** The leaf by the words of its definition: JSON with sorted keys, everything but the position. */
export const definedLeaf = ({ position: _position, revision, ...event }: StoredEvent): Buffer =>
  leafOf(
    JSON.stringify({ ...event, revision: String(revision) }, (_key, value: unknown) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
        : value,
    ),
  )

export type Told = { readonly anew: string[]; readonly differs: string[]; readonly failures: unknown[] }

export const keeping = (
  parts: Pick<KeeperParts, 'history' | 'documents'> & Partial<KeeperParts>,
): { readonly keeper: Keeper; readonly told: Told } => {
  const told: Told = { anew: [], differs: [], failures: [] }
  const keeper = startKeeper({
    onAnew: (reason) => void told.anew.push(reason),
    onDiffers: (reason) => told.differs.push(reason),
    onFailure: (error) => told.failures.push(error),
    gatherMs: 1,
    ...parts,
  })
  return { keeper, told }
}

/** Until the tree has everything of the history, or the keeper says why not. */
export const untilKept = async ({ status }: Keeper, history: Pick<History, 'head'>): Promise<void> => {
  const deadline = performance.now() + 60_000
  while (status().stopped === undefined && status().position < (await history.head())) {
    if (performance.now() > deadline) throw new Error('the tree does not get to the end of the history')
    await pause(2)
  }
}

/** Everything that is stored of it; nothing about when it was stored. */
export const treeIn = async (documents: Documents): Promise<ReadonlyMap<string, unknown>> => {
  const all = new Map<string, unknown>()
  for (const collection of [TREE, AUDIT])
    for await (const page of documents.scan(collection))
      for (const { id, value } of page) all.set(`${collection} ${id}`, value)
  return all
}
