/** Stores whose process kills itself at a named point between what a command does, at a passage that is told from outside. */
import { readFileSync, writeFileSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import type { Documents, Write } from '../../../src/documents/port.ts'
import type { History } from '../../../src/history/port.ts'
import { RECORDS } from '../../../src/projecting/serving.ts'
import type { Stores } from '../../../src/stores.ts'

export const POINTS = [
  'before append',
  'after append before answer',
  'after documents before checkpoint',
  'after checkpoint before live',
  'during take-over',
] as const

/** Passages count since it was told. */
export type Fault = { readonly point: (typeof POINTS)[number]; readonly passage: number }

/** What was under way: the ids of the events, the positions of the writes, or the step. */
export type Death = Fault & {
  readonly ids: readonly string[]
  readonly positions: readonly string[]
  readonly step: string
}

/** @param path of a file with a `Fault` in JSON; while it is not there the stores are what they are. The death goes to `deathPath`. */
export const mortalStores = (stores: Stores, path: string): Stores => {
  const points = pointsOf(path)
  return {
    ...stores,
    history: mortalHistory(stores.history, points),
    documents: duringTakeOver(mortalDocuments(stores.documents, points), points),
  }
}

export const deathPath = (path: string): string => `${path}.died`

type Points = {
  readonly isTold: (point: Fault['point']) => boolean
  readonly pass: (point: Fault['point'], about: Partial<Death>) => void
}

const pointsOf = (path: string): Points => {
  let passed = 0
  const told = (): Fault | undefined => {
    try {
      return JSON.parse(readFileSync(path, 'utf8')) as Fault
    } catch {
      return undefined
    }
  }
  return {
    isTold: (point) => told()?.point === point,
    pass: (point, about) => {
      const fault = told()
      if (fault?.point !== point || (passed += 1) < fault.passage) return
      const death: Death = { ids: [], positions: [], step: '', ...fault, ...about }
      writeFileSync(deathPath(path), JSON.stringify(death))
      process.kill(process.pid, 'SIGKILL')
    },
  }
}

const mortalHistory = (history: History, { pass }: Points): History => ({
  ...history,
  append: (stream, expected, events) => async () => {
    const ids = events.map(({ id }) => id)
    pass('before append', { ids })
    const answer = await history.append(stream, expected, events)()
    if (E.isRight(answer)) pass('after append before answer', { ids })
    return answer
  },
})

/**
 * The embedded documents store writes and checkpoint in one transaction. Here they come one after the other, as in a server without
 * transactions: what the port promises has to be enough.
 */
const mortalDocuments = (documents: Documents, { isTold, pass }: Points): Documents => ({
  ...documents,
  apply: async (writes, checkpoints) => {
    const positions = positionsOf(writes)
    const isSplit = writes.length > 0 && checkpoints.length > 0 && isTold('after documents before checkpoint')
    if (isSplit) {
      await documents.apply(writes, [])
      pass('after documents before checkpoint', { positions })
    }
    await documents.apply(isSplit ? [] : writes, checkpoints)
    if (writes.length > 0 && checkpoints.length > 0) pass('after checkpoint before live', { positions })
  },
})

const positionsOf = (writes: readonly Write[]): readonly string[] => writes.map(({ at }) => String(at))

/** Each step of a rebuild on the documents is a passage twice, before and after, from its first record until all that it replaces is gone. */
const duringTakeOver = (documents: Documents, { pass }: Points): Documents => {
  let isBegun = false
  const stepping = async <T>(step: string, work: () => Promise<T>): Promise<T> => {
    if (isBegun) pass('during take-over', { step: `before ${step}` })
    const result = await work()
    if (isBegun) pass('during take-over', { step: `after ${step}` })
    return result
  }
  return {
    ...documents,
    apply: (writes, checkpoints) => {
      const record = writes.find(({ collection }) => collection === RECORDS)
      if (record === undefined) return documents.apply(writes, checkpoints)
      const isBuilding = 'put' in record && record.put.building !== undefined
      isBegun ||= isBuilding
      return stepping(isBuilding ? 'the record of what is built' : 'the record of what serves', () =>
        documents.apply(writes, checkpoints),
      )
    },
    flush: () => stepping('a flush', documents.flush),
    forgetCheckpoint: (name) => stepping(`forgetting ${name}`, () => documents.forgetCheckpoint(name)),
    drop: (collection) => stepping(`dropping ${collection}`, () => documents.drop(collection)),
  }
}
