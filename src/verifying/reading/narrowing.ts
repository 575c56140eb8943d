import type { Fault } from '../faults.ts'
import { createPart, type Part } from '../parts.ts'
import { ReadFailed } from './child.ts'
import type { Job, Reads } from './jobs.ts'

type RangeJob = Extract<Job, { readonly kind: 'range' }>

/**
 * What there is of a range whose reading failed over damage. `closely`: also finds the first position that cannot be read, with one reader that
 * may die for each halving.
 */
export const readAround = async (
  reads: Reads,
  job: RangeJob,
  { why, closely }: { readonly why: ReadFailed; readonly closely: boolean },
): Promise<Part> => {
  const bare = { ...job, leaves: 0 }
  const without = job.leaves > job.leaf ? await attempt(reads, bare) : why
  if (!(without instanceof ReadFailed)) {
    const detail = `the stored leaves of the events from here on cannot be read: ${why.message}`
    return { ...without, faults: [...without.faults, { kind: 'tree', position: String(job.from), detail }] }
  }
  const first = closely ? await firstUnreadable(reads, bare) : job.from
  const before = first > job.from ? await attempt(reads, { ...job, to: first - 1 }) : undefined
  return lost(job, first, before instanceof ReadFailed ? undefined : before, without.message)
}

const attempt = (reads: Reads, job: RangeJob): Promise<Part | ReadFailed> =>
  reads.run(job).catch((error: unknown) => {
    if (error instanceof ReadFailed && error.isDamage) return error
    throw error
  })

/** Everything before it can be read together. */
const firstUnreadable = async (reads: Reads, job: RangeJob): Promise<number> => {
  let [good, bad] = [job.from - 1, job.to]
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2)
    if ((await attempt(reads, { ...job, to: middle })) instanceof ReadFailed) bad = middle
    else good = middle
  }
  return bad
}

const lost = (job: RangeJob, first: number, before: Part | undefined, why: string): Part => {
  const count = job.to - first + 1
  const part = createPart(count)
  part.holes(BigInt(first), count)
  const rest = part.build()
  const last = first - 1
  const detail = `${why}; ${last < job.from ? 'nothing' : `position ${last}`} could still be read before it${count > 1 ? `, nothing up to ${job.to} was looked at` : ''}`
  const fault: Fault = { kind: 'unreadable', position: String(first), detail }
  if (before === undefined) return { ...rest, faults: [fault] }
  const positions = new BigUint64Array(job.to - job.from + 1)
  positions.set(before.positions)
  positions.set(rest.positions, before.positions.length)
  const hashes = Buffer.concat([before.hashes, rest.hashes])
  return { ...before, hashes, positions, faults: [...before.faults, fault] }
}
