import { randomUUID } from 'node:crypto'
import type { ExecutionContext, TestFn } from 'ava'
import type { Documents } from '../../src/documents/port.ts'
import type { Case } from './documents/helpers.ts'
import { filterCases } from './documents/filters.ts'
import { indexCases } from './documents/indexes.ts'
import { modelCases } from './documents/model.ts'
import { pagingCases } from './documents/paging.ts'
import { rewriteCases } from './documents/rewrites.ts'
import { sortingCases } from './documents/sorting.ts'
import { updateCases } from './documents/updates.ts'
import { writeCases } from './documents/writes.ts'

/** Everything that an adapter of `src/documents/port.ts` has to do; each adapter mounts all of it. */
export const documentsCases: readonly Case[] = [
  ...writeCases,
  ...updateCases,
  ...filterCases,
  ...sortingCases,
  ...pagingCases,
  ...indexCases,
  ...modelCases,
  ...rewriteCases,
]

/** Runs every case against a store of its own or, if `open` gives the same one again, in collections of their own. */
export const mountDocuments = (
  test: TestFn,
  open: (t: ExecutionContext) => Promise<Documents>,
  cases: readonly Case[] = documentsCases,
): void => {
  for (const [name, run] of cases) {
    test(name, async (t) => run(t, await open(t), `contract_${randomUUID().slice(0, 13)}`))
  }
}
