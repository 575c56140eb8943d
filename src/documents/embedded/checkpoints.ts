import { refuseEnded, transact, type Engine } from './engine.ts'

export const checkpointKey = (name: string): string =>
  `checkpoint ${Buffer.from(name, 'utf8').toString('latin1')}`

export const readCheckpoint = (engine: Engine, name: string): bigint | undefined => {
  refuseEnded(engine)
  return engine.store.meta.get(checkpointKey(name))?.readBigInt64BE()
}

export const forgetCheckpoint = (engine: Engine, name: string): void =>
  transact(engine, () => void engine.store.meta.remove(checkpointKey(name)))
