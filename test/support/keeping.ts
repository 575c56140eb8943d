/** A runner over stores in memory, what it reported, and what a reader sees. */
import { memoryDocuments } from '../../src/documents/memory/memory.ts'
import type { Documents } from '../../src/documents/port.ts'
import { memoryHistory } from '../../src/history/memory/memory.ts'
import type { History } from '../../src/history/port.ts'
import type { Projection } from '../../src/projecting/projection.ts'
import { startRunner, type RunnerParts } from '../../src/projecting/runner.ts'
import { createReader } from '../../src/queries/reader.ts'
import { people } from './people.ts'
import { until } from './waiting.ts'

export type Given = Partial<RunnerParts>

export const startKeeping = async ({
  history = memoryHistory(),
  documents = memoryDocuments(),
  projections = [people()],
  ...more
}: Given) => {
  const stops: string[] = []
  const runner = await startRunner({
    ...{ history, documents, projections },
    onApplied: () => undefined,
    onStopped: (name, { position }) => void stops.push(`${name} ${position}`),
    onBroken: (error) => {
      throw error
    },
    ...more,
  })
  return { history, documents, runner, reader: createReader(documents, runner.serving), stops }
}

/** `people` that cannot take an event of the type `Odd`. */
export const poisonable = (version = 1): Projection =>
  people(version, {
    Odd: () => {
      throw new Error('cannot read this')
    },
  })

/** Every document of the collection, tombstones as absent, as text. */
export const dump = async (documents: Documents, collection: string): Promise<readonly string[]> => {
  const found: string[] = []
  for await (const page of documents.scan(collection))
    for (const { id, at, value } of page) if (value) found.push(`${id} ${at} ${JSON.stringify(value)}`)
  return found
}

/** What a projection made from the beginning, without anything before it, would show. */
export const fromScratch = async (
  history: History,
  projection: Projection,
  collection: string,
): Promise<readonly string[]> => {
  const { documents, runner } = await startKeeping({ history, projections: [projection] })
  await until(() => runner.status().every(({ caughtUp }) => caughtUp))
  await runner.close()
  return dump(documents, `${collection}@${projection.version}`)
}

/** Once closed, writes wait until it is opened; those of records do not. */
export const slowly = (documents: Documents) => {
  let opened: Promise<void> | undefined
  let open = (): void => undefined
  let isWaiting = false
  const slow: Documents = {
    ...documents,
    apply: async (writes, checkpoints) => {
      if (opened !== undefined && checkpoints.length > 0) {
        isWaiting = true
        await opened
      }
      return documents.apply(writes, checkpoints)
    },
  }
  const gate = {
    close: () => {
      opened = new Promise((resolve) => (open = resolve))
    },
    open: () => open(),
    waiting: () => until(() => isWaiting),
  }
  return [slow, gate] as const
}
