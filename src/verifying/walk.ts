import { HASH_BYTES } from './hashing.ts'
import type { Part } from './parts.ts'
import { ReadFailed } from './reading/child.ts'
import { PART_BYTES, PART_LEAVES, type Description, type PartJob } from './reading/jobs.ts'
import { readAround } from './reading/narrowing.ts'
import type { Pool } from './reading/pool.ts'
import { createTower, TILE_LEAVES } from './tower.ts'

/** The history read once, part after part, and what is kept of it to look back. */
export type Walk = {
  /** Parts in order, each already in the tree. Reading goes on ahead of who takes them. */
  readonly parts: () => AsyncIterable<Part>
  readonly size: () => number
  /** The root of the first `size` leaves, of those that came. */
  readonly rootAt: (size: number) => Promise<Buffer>
  /** The position of a leaf that came. */
  readonly positionOf: (leaf: number) => Promise<bigint>
  /** The roots of full subtrees of `256 ** level` leaves, one behind the other. */
  readonly tiles: (level: number) => Buffer
}

export const createWalk = (pool: Pool, description: Description): Walk => {
  const tower = createTower()
  const read: { readonly start: number; readonly job: PartJob }[] = []
  const recent = new Map<number, Part>()
  let hasNarrowed = false

  const readPart = async (job: PartJob): Promise<Part> => {
    try {
      return await pool.run(job)
    } catch (error) {
      if (!(error instanceof ReadFailed && error.isDamage && job.kind === 'range')) throw error
      const closely = !hasNarrowed && !error.message.includes('hung')
      hasNarrowed = true
      return readAround(pool, job, { why: error, closely })
    }
  }
  const keep = (part: Part, job: PartJob): void => {
    recent.set(read.length, part)
    recent.delete(read.length - RECENT_PARTS)
    read.push({ start: tower.size(), job })
    tower.add(part.hashes)
  }
  /** The part that holds a leaf: read again if it came long ago. */
  const partWith = async (leaf: number): Promise<{ readonly part: Part; readonly start: number }> => {
    const number = read.findLastIndex(({ start }) => start <= leaf)
    const found = read[number]
    if (found === undefined) throw new RangeError(`leaf ${leaf} was not read`)
    const part = recent.get(number) ?? (await readPart(found.job))
    return { part, start: found.start }
  }
  const leaves = async (from: number, to: number): Promise<Buffer> => {
    const found: Buffer[] = []
    for (let at = from; at < to;) {
      const { part, start } = await partWith(at)
      const piece = part.hashes.subarray((at - start) * HASH_BYTES, (to - start) * HASH_BYTES)
      if (piece.length === 0) throw new RangeError(`leaf ${at} is not there any more`)
      found.push(piece)
      at += piece.length / HASH_BYTES
    }
    return Buffer.concat(found)
  }
  return {
    parts: () => partsOf(description, pool.size, readPart, keep),
    size: tower.size,
    rootAt: async (size) =>
      size === tower.size()
        ? tower.root()
        : tower.rootAt(size, await leaves(size - (size % TILE_LEAVES), size)),
    positionOf: async (leaf) => {
      const { part, start } = await partWith(leaf)
      return part.positions[leaf - start] ?? 0n
    },
    tiles: (level) => tower.level(8 * level),
  }
}

type ReadPart = (job: PartJob) => Promise<Part>
type Keep = (part: Part, job: PartJob) => void

const partsOf = (
  description: Description,
  readers: number,
  readPart: ReadPart,
  keep: Keep,
): AsyncGenerator<Part> =>
  description.reads === 'after'
    ? inOrder(description, readPart, keep)
    : ahead(jobsOf(description), readers * PARTS_AHEAD, readPart, keep)

function* jobsOf({ reads, first, last, bytes, tree }: Description): Generator<PartJob> {
  if (reads === 'range') {
    for (let from = first; from <= last; from += PART_LEAVES) {
      const to = Math.min(last, from + PART_LEAVES - 1)
      yield { kind: 'range', from, to, leaf: from - first, leaves: tree?.size ?? 0 }
    }
    return
  }
  for (let offset = 0; offset < bytes; offset += PART_BYTES)
    yield { kind: 'bytes', offset, length: PART_BYTES }
}

async function* ahead(
  jobs: Iterator<PartJob>,
  most: number,
  readPart: ReadPart,
  keep: Keep,
): AsyncGenerator<Part> {
  const running: { readonly job: PartJob; readonly part: Promise<Part> }[] = []
  for (;;) {
    for (
      let next = running.length < most ? jobs.next() : undefined;
      next !== undefined && next.done !== true;
    ) {
      const part = readPart(next.value)
      // Failures are met when their turn comes.
      part.catch(() => undefined)
      running.push({ job: next.value, part })
      next = running.length < most ? jobs.next() : undefined
    }
    const due = running.shift()
    if (due === undefined) return
    const part = await due.part
    keep(part, due.job)
    yield part
  }
}

/** Each part begins where the one before it ended. */
async function* inOrder({ tree }: Description, readPart: ReadPart, keep: Keep): AsyncGenerator<Part> {
  let after = '0'
  let leaf = 0
  const leaves = tree?.size ?? 0
  for (;;) {
    const job: PartJob = { kind: 'after', after, leaf, leaves }
    const part = await readPart(job)
    keep(part, job)
    yield part
    const last = part.positions.at(-1)
    if (part.isLast === true || last === undefined || last <= BigInt(after)) return
    after = String(last)
    leaf += part.positions.length
  }
}

/** Parts that heads look back into without reading them again. */
const RECENT_PARTS = 32
/** Parts that wait for each reader. */
const PARTS_AHEAD = 3
