import type { Collection } from 'mongodb'
import type { Checkpoint } from '../port.ts'
import { isTaken } from './errors.ts'
import { ask, type Engine } from './stored.ts'

export const CHECKPOINTS = 'platform_checkpoints'

/**
 * What moves together is one document, so a page of the main line costs one update however many projections it moved. A name may stand in
 * several documents, as builds join the line and leave it; the furthest one counts. A checkpoint never goes back: of two projectors the
 * one that is behind changes nothing.
 */
export const storeCheckpoints = async (engine: Engine, checkpoints: readonly Checkpoint[]): Promise<void> => {
  if (checkpoints.length === 0) return
  const together = new Map<bigint, string[]>()
  for (const { name, position } of checkpoints) {
    const names = together.get(position)
    if (names) names.push(name)
    else together.set(position, [name])
  }
  const operations = [...together].map(([position, names]) => ({
    updateOne: { filter: { _id: idOf(names) }, update: { $max: { position } }, upsert: true },
  }))
  const write = (): Promise<unknown> =>
    ask(() => collectionOf(engine).bulkWrite(operations, { ordered: false }))
  try {
    await write()
  } catch (error) {
    // Two made the first one at once.
    if (!isTaken(error)) throw error
    await write()
  }
}

export const readCheckpoint = async (engine: Engine, name: string): Promise<bigint | undefined> =>
  (await readCheckpoints(engine)).get(name)

export const readCheckpoints = async (engine: Engine): Promise<ReadonlyMap<string, bigint>> => {
  const furthest = new Map<string, bigint>()
  for (const { _id, position } of await readAll(engine))
    for (const name of namesIn(_id)) if (position > (furthest.get(name) ?? -1n)) furthest.set(name, position)
  return furthest
}

/** What moved together with it keeps its place, also while others go on moving it. */
export const forgetCheckpoint = async (engine: Engine, name: string): Promise<void> => {
  for (const { _id, position } of await readAll(engine)) {
    const names = namesIn(_id)
    if (!names.includes(name)) continue
    const others = names.filter((other) => other !== name)
    await storeCheckpoints(
      engine,
      others.map((other) => ({ name: other, position })),
    )
    const { deletedCount } = await ask(() => collectionOf(engine).deleteOne({ _id, position }))
    if (deletedCount === 0) return forgetCheckpoint(engine, name)
  }
}

/** The names as JSON: `_id` tells them, and is the same whoever writes. */
type StoredCheckpoints = { readonly _id: string; readonly position: bigint }

const idOf = (names: readonly string[]): string => JSON.stringify(names.toSorted())

/** One that is no JSON is a name alone, as each was written before. */
const namesIn = (_id: string): readonly string[] =>
  _id.startsWith('[') ? (JSON.parse(_id) as readonly string[]) : [_id]

const readAll = (engine: Engine): Promise<readonly StoredCheckpoints[]> =>
  ask(() => collectionOf(engine).find().toArray())

const collectionOf = ({ db }: Engine): Collection<StoredCheckpoints> =>
  db.collection<StoredCheckpoints>(CHECKPOINTS)
