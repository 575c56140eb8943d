import { storeDef } from './registry.ts'
import { defineStore, type StoreDef } from './store-def.ts'

/**
 * The rows of tables (rightech 3.7). Their visibility and their paths are those of the table, so they are no store of the registry; what is
 * told about them is that of any store.
 */
export const ROWS: StoreDef = defineStore('tables/rows', {
  stem: 'table-row',
  operations: [],
  fields: { data: { type: 'object', filled: true } },
})

/** The store whose events clients are told of: of the registry, or one below an entity of it. */
export const toldStore = (path: string): StoreDef | undefined => (path === ROWS.path ? ROWS : storeDef(path))
