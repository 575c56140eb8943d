import { isDuplicate, type Mongo } from '../../mongodb/connection.ts'
import { counterName } from '../names.ts'
import type { Vault, VaultHolding } from '../port.ts'
import { pagesOf } from './pages.ts'
import { inTurns, reaching, unlessDuplicate, untilWon } from './turns.ts'

/**
 * Counters as documents of `vault.counters`. All who ask for a number while the server answers for that counter share the next
 * request. A number whose answer is lost is a gap.
 */
export const countersOf = ({
  db,
}: Mongo): Pick<Vault, 'next' | 'raise'> & { readonly held: VaultHolding['counters'] } => {
  const counters = db.collection<CounterDocument>('vault.counters')
  const turn = inTurns()
  const waiting = new Map<string, Batch>()

  const advance = (name: string, by: number): Promise<bigint> =>
    untilWon(async () => {
      const after = await counters
        .findOneAndUpdate(
          { _id: name },
          { $inc: { steps: BigInt(by) }, $setOnInsert: { base: '0' } },
          { upsert: true, returnDocument: 'after' },
        )
        .catch((error: unknown) => {
          if (isDuplicate(error)) return null
          throw error
        })
      return after === null ? undefined : lastOf(after)
    })

  const batchFor = (name: string): Batch => {
    const there = waiting.get(name)
    if (there !== undefined) return there
    const leave = (): void => {
      if (waiting.get(name) === batch) waiting.delete(name)
    }
    const last = turn(name, () => {
      leave()
      return reaching(() => advance(name, batch.size))
    })
    const batch: Batch = { size: 0, last }
    waiting.set(name, batch)
    last.catch(leave)
    return batch
  }

  const raise = (name: string, atLeast: bigint): Promise<true> =>
    untilWon(async () => {
      const old = await counters.findOne({ _id: name })
      if ((old === null ? 0n : lastOf(old)) >= atLeast) return true
      const raised = { base: String(atLeast), steps: 0n }
      if (old === null) return unlessDuplicate(() => counters.insertOne({ _id: name, ...raised }))
      const { matchedCount } = await counters.updateOne(
        { _id: name, base: old.base, steps: { $lt: atMost(atLeast - BigInt(old.base)) } },
        { $set: raised },
      )
      return matchedCount === 1 ? true : undefined
    })

  return {
    next: async (counter) => {
      const batch = batchFor(counterName(counter).toString())
      batch.size += 1
      const place = batch.size
      return (await batch.last) - BigInt(batch.size - place)
    },
    raise: async (counter, atLeast) => {
      const name = counterName(counter).toString()
      await turn(name, () => reaching(() => raise(name, atLeast)))
    },
    held: async function* () {
      for await (const page of pagesOf(counters))
        yield page.map((document) => ({ name: document._id, last: lastOf(document) }))
    },
  }
}

/** The last number is `base`, a decimal of any length, plus `steps`, which the server can count up. */
type CounterDocument = { readonly _id: string; readonly base: string; readonly steps: bigint }

/** How many numbers one request is for, and the last of them. */
type Batch = { size: number; readonly last: Promise<bigint> }

const lastOf = ({ base, steps }: CounterDocument): bigint => BigInt(base) + steps

const atMost = (steps: bigint): bigint => (steps < INT64_MAX ? steps : INT64_MAX)
const INT64_MAX = 2n ** 63n - 1n
