import { isDuplicate, orUnavailable } from '../../mongodb/connection.ts'
import { VaultUnavailable } from '../port.ts'

/** Runs one work after the other for each name. */
export type Turns = <A>(name: string, work: () => Promise<A>) => Promise<A>

/**
 * What one process does to one document waits for its turn: sent at once, the server would refuse all but one for a moment and try
 * them again and again. If the server is away, whoever waits is told so together with the first.
 */
export const inTurns = (): Turns => {
  const last = new Map<string, Promise<unknown>>()
  return (name, work) => {
    const before = last.get(name) ?? Promise.resolve()
    const mine = before.then(work, (error: unknown) => {
      if (error instanceof VaultUnavailable) throw error
      return work()
    })
    const done = (): void => {
      if (last.get(name) === mine) last.delete(name)
    }
    last.set(name, mine)
    mine.then(done, done)
    return mine
  }
}

/** `work`, with `VaultUnavailable` for whatever says that the server is away. */
export const reaching = <A>(work: () => Promise<A>): Promise<A> => orUnavailable(work, VaultUnavailable)

/** `work`, until it answers something: it lost a race that somebody else has won. */
export const untilWon = async <A>(work: () => Promise<A | undefined>): Promise<A> => {
  for (let tries = 1; tries <= TRIES_MAX; tries += 1) {
    const answer = await work()
    if (answer !== undefined) return answer
  }
  throw new VaultUnavailable('too many write the same entry')
}

/** `undefined`: somebody else made the document in between. */
export const unlessDuplicate = async (write: () => Promise<unknown>): Promise<true | undefined> => {
  try {
    await write()
    return true
  } catch (error) {
    if (isDuplicate(error)) return undefined
    throw error
  }
}

const TRIES_MAX = 20
