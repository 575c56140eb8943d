import { setTimeout as pause } from 'node:timers/promises'
import { MongoBulkWriteError, type AnyBulkWriteOperation } from 'mongodb'
import { DocumentsUnavailable } from '../port.ts'
import { encodeText } from './encoding.ts'
import { doesNotFit, DUPLICATE_KEY, isTaken } from './errors.ts'
import { loosenIndexes } from './indexes.ts'
import { ask, collectionOf, documentIn, idOf, type Engine, type Form, type Stored } from './stored.ts'

/** Documents of one collection that are to be brought forward. */
export type Batch = {
  readonly name: string
  readonly ids: readonly string[]
  /** What becomes of a document, or `undefined` if it stays. May be asked again, with what another process made of it. */
  readonly next: (id: string, stored: Stored | undefined) => Stored | undefined
  readonly form: Form
}

export type Found = {
  /** By id; what is not there is absent. */
  readonly stored: ReadonlyMap<string, Stored>
  /** Milliseconds of `performance.now()` before it was read. */
  readonly since: number
}
type Change = { readonly id: string; readonly before: Stored | undefined; readonly after: Stored }

export const readMany = async (engine: Engine, name: string, ids: readonly string[]): Promise<Found> => {
  const since = performance.now()
  const stored = new Map<string, Stored>()
  for (let from = 0; from < ids.length; from += IDS_MAX) {
    const piece = ids.slice(from, from + IDS_MAX).map(encodeText)
    const [first = ''] = piece
    const _id = piece.length === 1 ? first : { $in: piece }
    const page = await ask(() => collectionOf(engine, name).find({ _id }).batchSize(IDS_MAX).toArray())
    for (const each of page) stored.set(idOf(each), each)
  }
  return { stored, since }
}

/**
 * Brings the documents forward from what was read. Each is written only if it still is what was read; where another process was faster, it
 * is read and looked at again. Throws an error that names the index for a value that another document has.
 */
export const writeBatch = async (engine: Engine, batch: Batch, read: Found): Promise<void> => {
  let found = read
  let changes = changesIn(batch, found)
  for (let tries = 1; changes.length > 0; tries++) {
    const outcome = await writeGuarded(engine, batch, { changes, since: found.since })
    if (outcome === 'written') return
    if (outcome === 'unfit') {
      const documents = changes.flatMap(({ after }) => documentIn(after) ?? [])
      await loosenIndexes(engine, batch.name, documents)
    }
    if (tries > 1) await pause(PAUSE_MS * tries * Math.random())
    found = await readMany(engine, batch.name, batch.ids)
    const left = changesIn(batch, found)
    // A slow server gets on with many documents, a few at a time.
    if (left.length < changes.length) tries = 0
    else if (tries === TRIES_MAX) throw await refusal(engine, batch, left)
    changes = left
    // One document may want what another is about to give up.
    if (outcome === 'taken') await release(engine, batch.name, changes)
  }
}

/** Ids of one query. */
const IDS_MAX = 1_000
const TRIES_MAX = 8
const PAUSE_MS = 10

const changesIn = ({ ids, next }: Batch, { stored }: Found): readonly Change[] =>
  ids.flatMap((id) => {
    const before = stored.get(id)
    const after = next(id, before)
    return after ? [{ id, before, after }] : []
  })

/** `behind`: another process changed a document meanwhile. `taken`: or a unique index refused one. `unfit`: another index did. */
type Outcome = 'written' | 'behind' | 'taken' | 'unfit'

const writeGuarded = async (
  engine: Engine,
  { name, form }: Batch,
  { changes, since }: { readonly changes: readonly Change[] } & Pick<Found, 'since'>,
): Promise<Outcome> => {
  const operations = changes.map((change) => operationOf(change, form))
  const size = form.limited ? LIMITED_OPERATIONS : operations.length
  let written = 0
  try {
    for (let from = 0; from < operations.length; from += size) {
      if (form.limited && performance.now() - since > LIMITED_MS_MAX) return 'behind'
      const piece = operations.slice(from, from + size)
      const result = await ask(() => collectionOf(engine, name).bulkWrite(piece, { ordered: false }))
      written += result.insertedCount + result.matchedCount
    }
    return written === changes.length ? 'written' : 'behind'
  } catch (error) {
    return outcomeOf(error)
  }
}

/** FerretDB 1 keeps a connection to its file open for each operation of a command, and stands still when it has none left. */
const LIMITED_OPERATIONS = 8
/**
 * It cannot be asked for a document as it was read without looking at all of them. So what was read longer ago is read again: a process that
 * was frozen meanwhile may have lost its lease to another one. Shorter than `PROJECTOR_LEASE_MS`.
 */
const LIMITED_MS_MAX = 2_000

const operationOf = ({ before, after }: Change, { limited }: Form): AnyBulkWriteOperation<Stored> => {
  if (!before) return { insertOne: { document: after } }
  const { _id, at } = before
  return { replaceOne: { filter: limited ? { _id } : { _id, at }, replacement: after } }
}

const outcomeOf = (error: unknown): Outcome => {
  if (!(error instanceof MongoBulkWriteError)) throw error
  const concern = error.result.getWriteConcernError()
  if (concern) throw new DocumentsUnavailable(`MongoDB: ${concern.errmsg ?? ''}`, { cause: error })
  const faults = [error.writeErrors].flat().map(({ code }) => code)
  if (faults.some(doesNotFit) && faults.every((code) => doesNotFit(code) || code === DUPLICATE_KEY))
    return 'unfit'
  if (faults.length > 0 ? faults.every((code) => code === DUPLICATE_KEY) : isTaken(error)) return 'taken'
  throw error
}

/** Documents that are about to change leave the unique indexes until they are written. */
const release = async (engine: Engine, name: string, changes: readonly Change[]): Promise<void> => {
  const operations = changes.flatMap(({ before, after }): readonly AnyBulkWriteOperation<Stored>[] =>
    before?.u === undefined || JSON.stringify(before.u) === JSON.stringify(after.u)
      ? []
      : [{ updateOne: { filter: { _id: before._id, at: before.at }, update: { $unset: { u: '' } } } }],
  )
  if (operations.length === 0) return
  await ask(() => collectionOf(engine, name).bulkWrite(operations, { ordered: false }))
}

const refusal = async (engine: Engine, batch: Batch, changes: readonly Change[]): Promise<Error> => {
  for (const { id, after } of changes) {
    for (const { name, keys } of batch.form.unique) {
      const taken = after.u?.[name]
      if (taken === undefined) continue
      const holder = { [`u.${name}`]: { $in: [taken].flat() }, _id: { $ne: after._id } }
      const other = await ask(() => collectionOf(engine, batch.name).findOne(holder))
      if (other) return new Error(`unique index ${keys.join(', ')}: ${id} has what ${idOf(other)} has`)
    }
  }
  return new DocumentsUnavailable(
    `documents of ${batch.name} changed ${TRIES_MAX} times while they were written`,
  )
}
