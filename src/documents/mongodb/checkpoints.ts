import type { Collection } from 'mongodb'
import type { Checkpoint } from '../port.ts'
import { decodeText, encodeText } from './encoding.ts'
import { isTaken } from './errors.ts'
import { ask, type Engine } from './stored.ts'

export const CHECKPOINTS = 'platform_checkpoints'

/** A checkpoint never goes back: of two projectors the one that is behind changes nothing. */
export const storeCheckpoints = async (engine: Engine, checkpoints: readonly Checkpoint[]): Promise<void> => {
  if (checkpoints.length === 0) return
  const operations = checkpoints.map(({ name, position }) => ({
    updateOne: { filter: { _id: encodeText(name) }, update: { $max: { position } }, upsert: true },
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

export const readCheckpoint = async (engine: Engine, name: string): Promise<bigint | undefined> => {
  const found = await ask(() => collectionOf(engine).findOne({ _id: encodeText(name) }))
  return found?.position
}

export const readCheckpoints = async (engine: Engine): Promise<ReadonlyMap<string, bigint>> => {
  const found = await ask(() => collectionOf(engine).find().toArray())
  return new Map(found.map(({ _id, position }) => [decodeText(_id), position]))
}

export const forgetCheckpoint = async (engine: Engine, name: string): Promise<void> => {
  await ask(() => collectionOf(engine).deleteOne({ _id: encodeText(name) }))
}

type StoredCheckpoint = { readonly _id: string; readonly position: bigint }

const collectionOf = ({ db }: Engine): Collection<StoredCheckpoint> =>
  db.collection<StoredCheckpoint>(CHECKPOINTS)
