import { refuseEnded, transact, type Engine } from './engine.ts'

export const checkpointKey = (name: string): string =>
  `${PREFIX}${Buffer.from(name, 'utf8').toString('latin1')}`

const PREFIX = 'checkpoint '
/** Behind every key of a checkpoint. */
const END = 'checkpoint!'

export const readCheckpoint = (engine: Engine, name: string): bigint | undefined => {
  refuseEnded(engine)
  return engine.store.meta.get(checkpointKey(name))?.readBigInt64BE()
}

export const readCheckpoints = (engine: Engine): ReadonlyMap<string, bigint> => {
  refuseEnded(engine)
  const entries = engine.store.meta.getRange({ start: PREFIX, end: END })
  return new Map(entries.map(({ key, value }) => [nameOf(key), value.readBigInt64BE()]))
}

const nameOf = (key: string): string => Buffer.from(key.slice(PREFIX.length), 'latin1').toString('utf8')

export const forgetCheckpoint = (engine: Engine, name: string): void =>
  transact(engine, () => void engine.store.meta.remove(checkpointKey(name)))
