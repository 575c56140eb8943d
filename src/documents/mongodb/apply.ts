import type { JsonObject } from '../../json.ts'
import { documentOf } from '../entries.ts'
import { compileFilter, type Matches } from '../filter.ts'
import type { Checkpoint, Write } from '../port.ts'
import { applyUpdate } from '../update.ts'
import { storeCheckpoints } from './checkpoints.ts'
import { formOf } from './indexes.ts'
import { queryOn } from './query.ts'
import {
  ask,
  checkId,
  collectionOf,
  documentIn,
  idOf,
  storedOf,
  type Engine,
  type Form,
  type Stored,
} from './stored.ts'
import { readMany, writeBatch } from './write.ts'

type WriteById = Extract<Write, { id: unknown }>
type WriteWhere = Extract<Write, { where: unknown }>

/**
 * Writes meet in memory first, so a document is read and stored once, in one round trip each for all of a collection. The collection
 * with the last write is written last, behind all others, so that who reads that one first reads no older part beside it
 * (decisions 13). What is cut off midway is right again when the same writes are applied again, by this process or another.
 */
export const applyWrites = async (
  engine: Engine,
  writes: readonly Write[],
  checkpoints: readonly Checkpoint[],
): Promise<void> => {
  for (const write of writes) if ('id' in write) checkId(write.id)
  const pending: Pending = new Map()
  for (const write of writes) {
    const { collection } = write
    const before = pending.get(collection) ?? new Map<string, WriteById[]>()
    pending.delete(collection)
    if ('id' in write) {
      pending.set(collection, withWrite(before, write))
    } else {
      await store(engine, new Map([[collection, before]]))
      await applyWhere(engine, write)
    }
  }
  await store(engine, pending)
  await storeCheckpoints(engine, checkpoints)
}

/** Collection, id, writes in order; the collection written last is the last. */
type Pending = Map<string, Map<string, WriteById[]>>

const withWrite = (byId: Map<string, WriteById[]>, write: WriteById): Map<string, WriteById[]> => {
  const earlier = byId.get(write.id)
  if (earlier) earlier.push(write)
  else byId.set(write.id, [write])
  return byId
}

const store = async (engine: Engine, pending: Pending): Promise<void> => {
  const read = await Promise.all(
    [...pending].map(async ([name, byId]) => {
      const ids = [...byId.keys()]
      const [form, found] = await Promise.all([formOf(engine, name), readMany(engine, name, ids)])
      const next = (id: string, stored: Stored | undefined): Stored | undefined =>
        afterAll(id, byId.get(id) ?? [], { stored, form })
      return { batch: { name, ids, next, form }, found }
    }),
  )
  const last = read.pop()
  await Promise.all(read.map(({ batch, found }) => writeBatch(engine, batch, found)))
  if (last !== undefined) await writeBatch(engine, last.batch, last.found)
}

type Before = { readonly stored: Stored | undefined; readonly form: Form }

/** The guard: only a write that is newer than the document changes it. */
const afterAll = (id: string, writes: readonly WriteById[], { stored, form }: Before): Stored | undefined => {
  const before: State = { at: stored?.at, value: stored && documentIn(stored) }
  const after = writes.reduce((state, write) => afterOne(id, write, state), before)
  if (after === before || after.at === undefined) return undefined
  return storedOf(id, after.at, after.value, form)
}

type State = { readonly at: bigint | undefined; readonly value: JsonObject | undefined }

const afterOne = (id: string, write: WriteById, state: State): State => {
  const { at } = write
  if (state.at !== undefined && at <= state.at) return state
  if ('put' in write) return { at, value: documentOf(id, write.put) }
  if ('delete' in write) return { at, value: undefined }
  return state.value ? { at, value: applyUpdate(state.value, write.update) } : state
}

/** Documents of one round trip. */
const PIECE = 500

const applyWhere = async (engine: Engine, write: WriteWhere): Promise<void> => {
  const matches = compileFilter(write.where)
  const form = await formOf(engine, write.collection)
  const { query } = await queryOn(engine, write.collection, write.where)
  const older = { at: { $lt: write.at } }
  const next = (id: string, stored: Stored | undefined): Stored | undefined =>
    afterWhere(id, write, { stored, form, matches })
  let after = ''
  for (;;) {
    const since = performance.now()
    const page = await ask(() =>
      collectionOf(engine, write.collection)
        .find({ $and: [query, older, { _id: { $gt: after } }] })
        .sort({ _id: 1 })
        .limit(PIECE)
        .batchSize(PIECE)
        .toArray(),
    )
    const last = page.at(-1)
    if (!last) return
    after = last._id
    const stored = new Map(page.map((each) => [idOf(each), each]))
    await writeBatch(
      engine,
      { name: write.collection, ids: [...stored.keys()], next, form },
      { stored, since },
    )
  }
}

const afterWhere = (
  id: string,
  write: WriteWhere,
  { stored, form, matches }: Before & { readonly matches: Matches },
): Stored | undefined => {
  const value = stored && documentIn(stored)
  if (!value || stored.at >= write.at || !matches(value)) return undefined
  const changed = 'delete' in write ? undefined : applyUpdate(value, write.update)
  return storedOf(id, write.at, changed, form)
}
